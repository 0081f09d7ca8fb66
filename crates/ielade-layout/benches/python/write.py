"""The usual libraries writing the same raw images from an array in memory.

    python write.py LAYOUT STORE IMAGES

LAYOUT is one of ours; the library that made that container writes it in the same form (chunks,
shards, one row an image). STORE is a store npy/u8, which is read into memory first. IMAGES is how
many of its images are written in a turn: fewer than all where a library takes long. A library may
have several settings: each is tried twice and the fastest is kept.

The first line of standard input is a folder for the trials. Then, for each further line (a folder
that is to be made), the images are written there, and a line of JSON is answered: seconds until the
library has closed its files, and seconds that it takes to bring these onto the disk (fsync of every
file), which of all these libraries only sqlite3 does by itself.
"""

import json
import os
import shutil
import sys
import time

import numpy as np


def numpy_settings(images, labels):
    def save(folder):
        np.save(f"{folder}/images.npy", images)
        np.save(f"{folder}/labels.npy", labels)

    return {"save": save}


def cifar_settings(images, labels):
    def tofile(folder):
        planes = images.transpose(0, 3, 1, 2).reshape(len(images), -1)
        records = np.empty((len(images), 1 + planes.shape[1]), np.uint8)
        records[:, 0] = labels
        records[:, 1:] = planes
        records.tofile(f"{folder}/data.bin")

    return {"tofile": tofile}


def h5py_settings(images, labels, chunk):
    import h5py

    def write(folder, version):
        with h5py.File(f"{folder}/data.h5", "w", libver=version) as file:
            chunks = chunk and (chunk, *images.shape[1:])
            file.create_dataset("images", data=images, chunks=chunks)
            file.create_dataset("labels", data=labels)

    return {
        f"libver {version}": lambda folder, version=version: write(folder, version)
        for version in ("earliest", "latest")
    }


def zarr_settings(images, labels, chunk, shard):
    import zarr

    def write(folder, options):
        with zarr.config.set(options):
            group = zarr.create_group(f"{folder}/data.zarr")
            size = images.shape[1:]
            array = group.create_array(
                "images",
                shape=images.shape,
                dtype=images.dtype,
                chunks=(chunk, *size),
                shards=shard and (shard, *size),
                compressors=None,
            )
            array[:] = images
            group.create_array("labels", data=labels, chunks=labels.shape, compressors=None)

    few = {"async.concurrency": 2, "threading.max_workers": 2}
    return {
        "usual concurrency": lambda folder: write(folder, {}),
        "2 workers": lambda folder: write(folder, few),
    }


def tensorflow_settings(images, labels):
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    import tensorflow as tf

    name = "images-00000-of-00001.tfrecord"

    def feature_by_feature(folder):
        with tf.io.TFRecordWriter(f"{folder}/{name}") as writer:
            for image, label in zip(images, labels.tolist()):
                feature = {
                    "image": tf.train.Feature(
                        bytes_list=tf.train.BytesList(value=[image.tobytes()])
                    ),
                    "label": tf.train.Feature(int64_list=tf.train.Int64List(value=[label])),
                }
                example = tf.train.Example(features=tf.train.Features(feature=feature))
                writer.write(example.SerializeToString())

    def one_example(folder):
        example = tf.train.Example()
        features = example.features.feature
        image_values, label_values = features["image"].bytes_list, features["label"].int64_list
        image_values.value.append(b"")
        label_values.value.append(0)
        with tf.io.TFRecordWriter(f"{folder}/{name}") as writer:
            for image, label in zip(images, labels.tolist()):
                image_values.value[0] = image.tobytes()
                label_values.value[0] = label
                writer.write(example.SerializeToString())

    return {"an Example each": feature_by_feature, "one Example": one_example}


def webdataset_settings(images, labels):
    import io

    import webdataset

    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        head, {"descr": "|u1", "fortran_order": False, "shape": images.shape[1:]}
    )
    head = head.getvalue()

    def arrays(folder):
        with webdataset.TarWriter(f"{folder}/images-000000.tar") as writer:
            for at, (image, label) in enumerate(zip(images, labels.tolist())):
                writer.write({"__key__": f"{at:09}", "npy": image, "cls": label})

    def encoded(folder):
        with webdataset.TarWriter(f"{folder}/images-000000.tar", encoder=False) as writer:
            for at, (image, label) in enumerate(zip(images, labels.tolist())):
                npy, cls = head + image.tobytes(), b"%d" % label
                writer.write({"__key__": f"{at:09}", "npy": npy, "cls": cls})

    return {"its encoder": arrays, "encoded before": encoded}


def safetensors_settings(images, labels):
    from safetensors.numpy import save_file

    def save(folder):
        save_file({"images": images, "labels": labels}, f"{folder}/data.safetensors")

    return {"save_file": save}


def lmdb_settings(images, labels):
    import lmdb

    count = len(images)
    image_keys = [b"image-%09d" % (at + 1) for at in range(count)]
    label_keys = [b"label-%09d" % (at + 1) for at in range(count)]
    flat = images.reshape(count, -1)

    def write(folder, append, **options):
        environment = lmdb.open(folder, map_size=4 * images.nbytes + (1 << 24), sync=False, **options)
        with environment.begin(write=True) as transaction:
            if append:
                entries = zip(image_keys, map(memoryview, flat))
                with transaction.cursor() as cursor:
                    cursor.putmulti(entries, append=True)
                    cursor.putmulti(zip(label_keys, (b"%d" % label for label in labels.tolist())))
            else:
                for key, image in zip(image_keys, flat):
                    transaction.put(key, memoryview(image))
                for key, label in zip(label_keys, labels.tolist()):
                    transaction.put(key, b"%d" % label)
        environment.close()

    return {
        "put": lambda folder: write(folder, False),
        "putmulti, append": lambda folder: write(folder, True),
        "putmulti, append, writemap": lambda folder: write(folder, True, writemap=True),
    }


def table_of(images, labels):
    import pyarrow

    size = images[0].nbytes
    values = pyarrow.py_buffer(images)
    column = pyarrow.FixedSizeBinaryArray.from_buffers(
        pyarrow.binary(size), len(images), [None, values]
    )
    return pyarrow.table({"image": column, "label": labels})


def parquet_settings(images, labels):
    import pyarrow.parquet

    table = table_of(images, labels)

    def write(folder, rows):
        pyarrow.parquet.write_table(
            table,
            f"{folder}/train-00000-of-00001.parquet",
            row_group_size=rows,
            compression="none",
            use_dictionary=False,
            write_statistics=False,
        )

    return {
        f"groups of {rows}": lambda folder, rows=rows: write(folder, rows)
        for rows in (1024, len(images))
    }


def arrow_settings(images, labels):
    import pyarrow

    column = pyarrow.array(images.reshape(-1))
    for length in reversed(images.shape[1:]):
        column = pyarrow.FixedSizeListArray.from_arrays(column, length)
    table = pyarrow.table({"image": column, "label": labels})

    def write(folder):
        with pyarrow.OSFile(f"{folder}/train.arrow", "wb") as file:
            with pyarrow.ipc.new_file(file, table.schema) as writer:
                writer.write_table(table, max_chunksize=1000)

    return {"batches of 1000": write}


def sqlite_settings(images, labels):
    import sqlite3

    flat = images.reshape(len(images), -1)
    schema = "create table samples (id integer primary key, label integer, image blob)"

    def write(folder, page, *pragmas):
        database = sqlite3.connect(f"{folder}/data.sqlite")
        for pragma in (f"page_size = {page}", *pragmas):
            database.execute(f"pragma {pragma}")
        database.execute(schema)
        rows = zip(range(len(flat)), labels.tolist(), map(memoryview, flat))
        with database:
            database.executemany("insert into samples values (?, ?, ?)", rows)
        database.close()

    journals = {
        "usual journal": (),
        "no journal": ("journal_mode = off", "synchronous = off"),
    }
    return {
        f"{name}, pages of {page}": lambda folder, page=page, pragmas=pragmas: write(
            folder, page, *pragmas
        )
        for page in (8192, 16384)
        for name, pragmas in journals.items()
    }


def settings_of(layout, images, labels):
    name, _, options = layout.split("/")[0].partition(":")
    values = dict(option.split("=") for option in options.split(",") if option)
    chunk, shard = (int(values[key]) if key in values else None for key in ("chunk", "shard"))
    if name == "hdf5":
        return h5py_settings(images, labels, chunk)
    if name == "zarr":
        return zarr_settings(images, labels, chunk or 1, shard or (None if chunk else 1024))
    return {
        "npy": numpy_settings,
        "cifar-bin": cifar_settings,
        "tfrecord": tensorflow_settings,
        "webdataset": webdataset_settings,
        "safetensors": safetensors_settings,
        "lmdb": lmdb_settings,
        "parquet": parquet_settings,
        "arrow": arrow_settings,
        "sqlite": sqlite_settings,
    }[name](images, labels)


def seconds_of(work, *arguments):
    start = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - start


def written(write, folder):
    os.makedirs(folder)
    return seconds_of(write, folder)


def sync(folder):
    for place, _, names in os.walk(folder):
        for name in (*names, ""):
            handle = os.open(os.path.join(place, name), os.O_RDONLY)
            os.fsync(handle)
            os.close(handle)


def main():
    layout, store, count = sys.argv[1:]
    images = np.load(f"{store}/images.npy")[: int(count)]
    labels = np.load(f"{store}/labels.npy")[: int(count)]
    settings = settings_of(layout, images, labels)
    trial = sys.stdin.readline().strip()
    tried = {}
    for name, write in 2 * list(settings.items()):
        rate = len(images) / written(write, trial)
        tried[name] = max(rate, tried.get(name, 0))
        shutil.rmtree(trial)
    best = max(tried, key=tried.get)
    print(json.dumps({"setting": best, "tried": tried}), flush=True)
    for line in sys.stdin:
        folder = line.strip()
        seconds = written(settings[best], folder)
        answer = {
            "images": len(images),
            "seconds": seconds,
            "sync_seconds": seconds_of(sync, folder),
        }
        print(json.dumps(answer), flush=True)


main()
