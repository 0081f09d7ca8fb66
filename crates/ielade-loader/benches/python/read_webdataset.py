"""webdataset by its own library: tar files are read from front to back, so a shuffle buffer of
5,000 samples. Worker processes would need PyTorch, and make small arrays slower.

Settings: the library's decoders, or the few lines that an .npy member needs; normalised one by one
by the library's batching, or a batch at once.
"""

import random

import numpy as np
import webdataset

import contest

BUFFER = 5_000


def array_of(member):
    """An .npy member of version 1 that is known to be uint8 and in order: its last bytes."""
    return np.frombuffer(member, np.uint8, offset=10 + int.from_bytes(member[8:10], "little"))


def settings(store, shuffle, shape):
    shards = store.files(".tar")
    normalise = contest.Normaliser(store, shape)

    def samples(seed):
        data = webdataset.WebDataset(shards, shardshuffle=False, empty_check=False)
        return data.shuffle(BUFFER, rng=random.Random(seed))

    def finish(images, labels):
        return normalise(np.asarray(images).reshape(-1, *shape)), np.asarray(labels, np.int64)

    def own_decoders(seed):
        data = samples(seed).decode().to_tuple("npy", "cls").batched(contest.BATCH)
        return (finish(*batch) for batch in data)

    def few_lines(seed):
        data = samples(seed).to_tuple("npy", "cls").map_tuple(array_of, int)
        return (finish(*batch) for batch in data.batched(contest.BATCH))

    return {"decode()": own_decoders, "few lines": few_lines}


contest.serve(settings)
