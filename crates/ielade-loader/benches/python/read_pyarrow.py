"""parquet and arrow by pyarrow.

arrow: the file is mapped and its batches used where they lie. Settings: Table.take, or a NumPy view
of each batch and a copy image by image. parquet: there is no random access, so row groups are read in
random order and the samples of 16 mixed; settings: with and without a mapping, one and two threads.
"""

import bisect

import numpy as np
import pyarrow
import pyarrow.parquet

import contest

MIXED_GROUPS = 16


def arrow(store, shape, normalise):
    file = pyarrow.ipc.open_file(pyarrow.memory_map(store.files(".arrow")[0]))
    batches = [file.get_batch(at) for at in range(file.num_record_batches)]
    table = pyarrow.Table.from_batches(batches).select(["image", "label"])
    labels = table["label"].to_numpy()
    views = [contest.arrow_images(batch["image"], shape) for batch in batches]
    starts = list(np.cumsum([0] + [len(part) for part in views]))

    def take(indices):
        rows = table.take(indices)
        image = contest.one_piece(rows["image"])
        return normalise(contest.arrow_images(image, shape)), rows["label"].to_numpy()

    def views_of_batches(indices):
        out = np.empty((len(indices), *shape), np.uint8)
        for place, index in enumerate(indices):
            at = bisect.bisect_right(starts, index) - 1
            out[place] = views[at][index - starts[at]]
        return normalise(out), labels[indices]

    return contest.global_settings(store.count, {"take": take, "views": views_of_batches})


def parquet(store, shape, normalise):
    found = {}
    for name, mapped in {"mapped": True, "read": False}.items():
        files = [pyarrow.parquet.ParquetFile(path, memory_map=mapped) for path in store.files(".parquet")]
        groups = [(file, at) for file in files for at in range(file.num_row_groups)]

        def read(number, groups=groups):
            file, at = groups[number]
            rows = file.read_row_group(at, columns=["image", "label"], use_threads=False)
            parts = [contest.arrow_images(part, shape) for part in rows["image"].chunks]
            images = parts[0] if len(parts) == 1 else np.concatenate(parts)
            return images, rows["label"].to_numpy()

        ways = contest.chunk_settings(len(groups), MIXED_GROUPS, read, normalise)
        found |= {f"{way}, {name}": epoch for way, epoch in ways.items()}
    return found


def settings(store, shuffle, shape):
    normalise = contest.Normaliser(store, shape)
    kind = arrow if store.manifest["layout"].startswith("arrow") else parquet
    return kind(store, shape, normalise)


contest.serve(settings)
