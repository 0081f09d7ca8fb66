"""lmdb by its Python binding: read-only, no lock, no read-ahead (what everyone's data loader sets).

Settings: get for each image, or get_multi of a cursor for a batch; values as views of the map
(buffers=True) or copied; one and two threads.
"""

import lmdb
import numpy as np

import contest


def settings(store, shuffle, shape):
    normalise = contest.Normaliser(store, shape)
    environment = lmdb.open(store.folder, readonly=True, lock=False, readahead=False)
    with environment.begin() as transaction:
        keys = [b"image-%09d" % (at + 1) for at in range(store.count)]
        get = transaction.get
        labels = np.array([int(get(b"label-%09d" % (at + 1))) for at in range(store.count)])

    def with_views(indices):
        out = np.empty((len(indices), *shape), np.uint8)
        flat = out.reshape(len(indices), -1)
        with environment.begin(buffers=True) as transaction:
            for place, index in enumerate(indices):
                flat[place] = np.frombuffer(transaction.get(keys[index]), np.uint8)
            return normalise(out), labels[indices]

    def joined(indices):
        with environment.begin() as transaction:
            values = b"".join([transaction.get(keys[index]) for index in indices])
        return normalise(np.frombuffer(values, np.uint8).reshape(-1, *shape)), labels[indices]

    def cursor(indices):
        with environment.begin() as transaction, transaction.cursor() as entries:
            found = entries.getmulti([keys[index] for index in indices])
        values = b"".join([value for _, value in found])
        return normalise(np.frombuffer(values, np.uint8).reshape(-1, *shape)), labels[indices]

    loads = {"get, views": with_views, "get, joined": joined, "getmulti": cursor}
    return contest.global_settings(store.count, loads)


contest.serve(settings)
