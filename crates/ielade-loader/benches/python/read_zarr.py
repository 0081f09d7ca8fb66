"""zarr by zarr-python, whose calls go through an event loop and a pool of threads.

Settings: a batch's indices at once (orthogonal selection) or image by image; with its own
concurrency and with none, which is faster for chunks of one image.
"""

import numpy as np
import zarr

import contest

CONCURRENCY = {
    "usual concurrency": {},
    "no concurrency": {"async.concurrency": 1, "threading.max_workers": 1},
    "2 workers": {"async.concurrency": 2, "threading.max_workers": 2},
}


def settings(store, shuffle, shape):
    normalise = contest.Normaliser(store, shape)
    buffer = contest.buffer_of(shuffle)
    group = zarr.open_group(store.path("data.zarr"), mode="r")
    images, labels = group["images"], group["labels"][:]

    def at_once(indices):
        return normalise(images.oindex[indices]), labels[indices]

    def one_by_one(indices):
        out = np.empty((len(indices), *shape), np.uint8)
        for place, index in enumerate(indices):
            out[place] = images[int(index)]
        return normalise(out), labels[indices]

    # What is read together: a shard where there are shards, whose chunks zarr-python reads one by
    # one otherwise.
    size = (images.shards or images.chunks)[0] if buffer is None else images.chunks[0]

    def read(chunk):
        start = chunk * size
        return images[start : start + size], labels[start : start + size]

    if buffer is not None:
        ways = contest.chunk_settings(-(-store.count // size), buffer, read, normalise)
    else:
        loads = {"at once": at_once, "one by one": one_by_one}
        ways = {
            name: way
            for name, way in contest.global_settings(store.count, loads).items()
            if "1 thread" in name
        }
    return {
        f"{name}, {concurrency}": configured(way, options)
        for name, way in ways.items()
        for concurrency, options in CONCURRENCY.items()
    }


def configured(way, options):
    def epoch(seed):
        with zarr.config.set(options):
            yield from way(seed)

    return epoch


contest.serve(settings)
