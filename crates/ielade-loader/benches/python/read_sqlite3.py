"""sqlite by Python's sqlite3: immutable, mapped, a connection a thread.

Settings: a query for each image, or one for a batch; one and two threads (SQLite runs without the
interpreter's lock).
"""

import sqlite3
import threading

import numpy as np

import contest

ONE = "select image, label from samples where id = ?"
MANY = "select image, label from samples where id in (%s)"


def settings(store, shuffle, shape):
    normalise = contest.Normaliser(store, shape)
    local = threading.local()

    def database():
        if not hasattr(local, "database"):
            uri = f"file:{store.path('data.sqlite')}?immutable=1"
            local.database = sqlite3.connect(uri, uri=True, check_same_thread=False)
            local.database.execute("pragma mmap_size = 4294967296")
            local.database.execute("pragma cache_size = -16384")
        return local.database

    def batch(rows):
        images = np.frombuffer(b"".join([image for image, _ in rows]), np.uint8)
        labels = np.array([label for _, label in rows], np.int64)
        return normalise(images.reshape(-1, *shape)), labels

    def one_by_one(indices):
        execute = database().execute
        return batch([execute(ONE, (index,)).fetchone() for index in indices.tolist()])

    def at_once(indices):
        query = MANY % ",".join("?" * len(indices))
        return batch(database().execute(query, indices.tolist()).fetchall())

    loads = {"one by one": one_by_one, "in (...)": at_once}
    return contest.global_settings(store.count, loads)


contest.serve(settings)
