"""parquet and arrow by Hugging Face's datasets, which keeps what it read as Arrow in its cache and
maps it into memory; that conversion is not counted.

Settings: NumPy format; Arrow format, of which the values are taken without a copy; each with one and
two threads.
"""

import os
import tempfile

CACHE = tempfile.mkdtemp(prefix="ielade-datasets-")
os.environ["HF_HOME"] = CACHE
os.environ["HF_HUB_OFFLINE"] = "1"

import atexit
import shutil

import datasets
import numpy as np

import contest

atexit.register(shutil.rmtree, CACHE, True)
datasets.disable_progress_bars()


def settings(store, shuffle, shape):
    kind = store.manifest["layout"].split("/")[0].split(":")[0]
    rows = datasets.load_dataset(
        kind, data_files=store.files("." + kind), split="train", cache_dir=CACHE
    )
    normalise = contest.Normaliser(store, shape)
    numpy_rows, arrow_rows = rows.with_format("numpy"), rows.with_format("arrow")

    def numpy_format(indices):
        batch = numpy_rows[indices]
        images = batch["image"]
        if images.dtype.kind == "S":
            # Of binary, an array of bytes, whose elements would lose the zeros at their ends.
            images = np.frombuffer(images.tobytes(), np.uint8).reshape(-1, *shape)
        else:
            # Of lists, always int64.
            images = images.astype(np.uint8)
        return normalise(images), np.asarray(batch["label"], np.int64)

    def arrow_format(indices):
        batch = arrow_rows[indices]
        image = contest.one_piece(batch["image"])
        return normalise(contest.arrow_images(image, shape)), batch["label"].to_numpy()

    loads = {"numpy format": numpy_format, "arrow format": arrow_format}
    return contest.global_settings(store.count, loads)


contest.serve(settings)
