"""What the scripts beside this one share: the work, which is the same for all, and taking turns.

The work: an epoch in random order, batches of 128, float32 (N, channels, height, width) normalised
by the store's mean and standard deviation, labels int64. A script offers several settings of its
library, each a function from a seed to an iterator of batches; all are tried, the fastest is kept.

    python read_LIBRARY.py STORE SHUFFLE REFERENCE SECONDS

STORE is a store's folder, SHUFFLE "global" or "chunks:N", REFERENCE the folder of the same samples
as npy/u8, against which the first batches of every setting are checked, SECONDS the longest turn:
no work is begun after that. Libraries with a shuffle buffer, which has to be filled first, always go
through whole epochs.
Then, for each line of standard input (a seed), an epoch is run, and a line of JSON is answered.
"""

import collections
import concurrent.futures
import json
import os
import sys
import time
import zlib

import numpy as np

BATCH = 128
CHECKED_BATCHES = 8
THREADS = 2


class Store:
    """A store's folder and manifest."""

    def __init__(self, folder):
        self.folder = folder
        with open(os.path.join(folder, "manifest.json")) as file:
            self.manifest = json.load(file)
        self.count = self.manifest["count"]
        normalisation = self.manifest["normalisation"]
        mean, std = np.float64(normalisation["mean"]), np.float64(normalisation["std"])
        self.scale = np.float32(1 / (255 * std))
        self.bias = np.float32(-mean / std)

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def files(self, ending):
        return sorted(
            self.path(file["path"])
            for file in self.manifest["files"]
            if file["path"].endswith(ending)
        )


class Normaliser:
    """uint8 (N, height, width, channels) to float32 (N, channels, height, width), normalised.

    The fastest of three ways of saying it in NumPy, as measured on these images: which one it is
    differs from machine to machine. A table of 256 values is ten times slower than all of them.
    """

    def __init__(self, store, image_shape):
        self.scale, self.bias = store.scale[:, None, None], store.bias[:, None, None]
        images = np.zeros((BATCH, *image_shape), np.uint8)
        self.convert = min(
            (self.planes_first, self.cast_into_planes, self.copy_into_planes),
            key=lambda way: min(seconds_of(lambda: way(images)) for _ in range(20)),
        )

    def __call__(self, images):
        return self.convert(images)

    def planes_first(self, images):
        planes = np.ascontiguousarray(images.transpose(0, 3, 1, 2))
        out = np.multiply(planes, self.scale, dtype=np.float32)
        out += self.bias
        return out

    def cast_into_planes(self, images):
        out = images.transpose(0, 3, 1, 2).astype(np.float32, order="C")
        out *= self.scale
        out += self.bias
        return out

    def copy_into_planes(self, images):
        count, height, width, channels = images.shape
        out = np.empty((count, channels, height, width), np.float32)
        np.copyto(out, images.transpose(0, 3, 1, 2))
        out *= self.scale
        out += self.bias
        return out


def seconds_of(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def shuffled_batches(count, seed):
    """Global shuffle: every order of all samples is equally likely."""
    order = np.random.default_rng(seed).permutation(count)
    return [order[start : start + BATCH] for start in range(0, count, BATCH)]


def one_thread(load, pieces):
    """Batches, each made when it is asked for."""
    for piece in pieces:
        if time_is_over():
            return
        yield load(piece)


def two_threads(load, pieces):
    """Batches made ahead by two threads, in order: NumPy and most libraries let go of the
    interpreter's lock in their inner loops."""
    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        under_way = collections.deque()
        for piece in pieces:
            if time_is_over():
                break
            under_way.append(pool.submit(load, piece))
            if len(under_way) > 2 * THREADS:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()


WAYS = {"1 thread": one_thread, "2 threads": two_threads}


def global_settings(count, loads):
    """Settings of functions from sample indices to a batch, each with one and two threads."""
    return {
        f"{name}, {threads}": lambda seed, load=load, way=way: way(
            load, shuffled_batches(count, seed)
        )
        for name, load in loads.items()
        for threads, way in WAYS.items()
    }


def chunk_settings(chunks, buffer, read, normalise):
    """Settings for chunks in random order, the samples of `buffer` of them mixed at a time.

    `read(chunk)` gives all images and labels of a chunk.
    """

    def mixed(group_and_seed):
        group, seed = group_and_seed
        parts = [read(int(chunk)) for chunk in group]
        images = np.concatenate([part[0] for part in parts])
        labels = np.concatenate([part[1] for part in parts])
        order = np.random.default_rng(seed).permutation(len(labels))
        return [
            (normalise(images[order[start : start + BATCH]]), labels[order[start : start + BATCH]])
            for start in range(0, len(labels), BATCH)
        ]

    def epoch(seed, way):
        order = np.random.default_rng(seed).permutation(chunks)
        groups = [order[start : start + buffer] for start in range(0, chunks, buffer)]
        for batches in way(mixed, [(group, (seed, at)) for at, group in enumerate(groups)]):
            yield from batches

    return {
        f"chunk by chunk, {threads}": lambda seed, way=way: epoch(seed, way)
        for threads, way in WAYS.items()
    }


class Reference:
    """What the samples are, from the store npy/u8: a set of (digest of the pixels, label)."""

    def __init__(self, folder):
        images = np.load(os.path.join(folder, "images.npy"), mmap_mode="r")
        labels = np.load(os.path.join(folder, "labels.npy"))
        self.shape = images.shape[1:]
        self.samples = {
            (zlib.crc32(image.data), int(label)) for image, label in zip(images, labels)
        }

    def check(self, store, images, labels):
        images, labels = np.asarray(images), np.asarray(labels)
        height, width, channels = self.shape
        assert images.dtype == np.float32 and labels.dtype == np.int64, (images.dtype, labels.dtype)
        assert images.shape == (len(labels), channels, height, width), images.shape
        pixels = (images - store.bias[:, None, None]) / store.scale[:, None, None]
        pixels = np.rint(pixels).astype(np.uint8).transpose(0, 2, 3, 1)
        for image, label in zip(np.ascontiguousarray(pixels), labels):
            assert (zlib.crc32(image.data), int(label)) in self.samples, "another sample"


turn_ends = float("inf")


def time_is_over():
    """Whether no further work is to be begun in this turn. What was begun is delivered and counted,
    so that an epoch that is broken off is as fast as a whole one."""
    return time.perf_counter() > turn_ends


def turn(epoch, seed, seconds):
    """An epoch, or as much of it as is begun within the time: images and seconds."""
    global turn_ends
    images, start = 0, time.perf_counter()
    turn_ends = start + seconds
    for batch in epoch(seed):
        images += len(batch[1])
    seconds = time.perf_counter() - start
    turn_ends = float("inf")
    return images, seconds


def serve(settings_of):
    """Tries the settings of `settings_of(store, shuffle, image shape)` and takes turns."""
    folder, shuffle, reference, seconds = sys.argv[1:]
    store, reference, seconds = Store(folder), Reference(reference), float(seconds)
    settings = settings_of(store, shuffle, reference.shape)
    tried = {}
    for name, epoch in settings.items():
        for at, (images, labels) in enumerate(epoch(0)):
            reference.check(store, images, labels)
            if at == CHECKED_BATCHES:
                break
        images, took = turn(epoch, 1, seconds)
        tried[name] = images / took
    best = max(tried, key=tried.get)
    print(json.dumps({"setting": best, "tried": tried}), flush=True)
    for line in sys.stdin:
        images, took = turn(settings[best], int(line), seconds)
        print(json.dumps({"images": images, "seconds": took}), flush=True)


def arrow_images(column, shape):
    """The images of a piece of an Arrow column, without a copy: lists in lists of fixed sizes, or
    binary of a fixed size."""
    import pyarrow

    if pyarrow.types.is_fixed_size_binary(column.type):
        size = int(np.prod(shape))
        values = np.frombuffer(column.buffers()[1], np.uint8)
        return values[column.offset * size :][: len(column) * size].reshape(-1, *shape)
    values = column
    while pyarrow.types.is_fixed_size_list(values.type):
        values = values.flatten()
    return values.to_numpy(zero_copy_only=True).reshape(-1, *shape)


def one_piece(column):
    """A column in one piece, copied where it has several."""
    piece = column.combine_chunks()
    return piece.chunk(0) if hasattr(piece, "chunks") else piece


def buffer_of(shuffle):
    """Chunks that are mixed, of "chunks:N"; None for the global shuffle."""
    return int(shuffle.split(":")[1]) if shuffle.startswith("chunks") else None
