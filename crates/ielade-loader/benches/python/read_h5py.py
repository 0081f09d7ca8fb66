"""hdf5 by h5py. One lock lets one thread in at a time; a second thread can only normalise.

Settings: one list of sorted indices a batch (h5py wants them sorted; slow on chunks), or image by
image into one array (read_direct); each with h5py's own chunk cache of 1 MiB and with one that
holds the whole file.
"""

import h5py
import numpy as np

import contest

WHOLE_FILE = dict(rdcc_nbytes=4 << 30, rdcc_nslots=1_000_003)


def settings(store, shuffle, shape):
    normalise = contest.Normaliser(store, shape)
    buffer = contest.buffer_of(shuffle)
    found = {}
    for cache, options in {"usual cache": {}, "cache for all": WHOLE_FILE}.items():
        file = h5py.File(store.files(".h5")[0], "r", **options)
        images, labels = file["images"], file["labels"][:]

        def sorted_list(indices, images=images, labels=labels):
            indices = np.sort(indices)
            return normalise(images[indices]), labels[indices]

        def one_by_one(indices, images=images, labels=labels):
            out = np.empty((len(indices), *shape), np.uint8)
            for place, index in enumerate(indices):
                images.read_direct(out, np.s_[index], np.s_[place])
            return normalise(out), labels[indices]

        if buffer is not None:
            size = images.chunks[0]

            def read(chunk, images=images, labels=labels, size=size):
                start = chunk * size
                return images[start : start + size], labels[start : start + size]

            chunks = -(-store.count // size)
            ways = contest.chunk_settings(chunks, buffer, read, normalise)
        else:
            loads = {"sorted list": sorted_list, "one by one": one_by_one}
            ways = contest.global_settings(store.count, loads)
        found |= {f"{name}, {cache}": way for name, way in ways.items()}
    return found


contest.serve(settings)
