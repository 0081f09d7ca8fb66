"""safetensors by its own library, for NumPy: there a tensor is read as a whole.

Settings: the whole tensor at the start of every epoch, then batches by index with one and two
threads; or slice by slice of the file.
"""

import numpy as np
import safetensors
import safetensors.numpy

import contest


def settings(store, shuffle, shape):
    path = store.files(".safetensors")[0]
    normalise = contest.Normaliser(store, shape)

    def whole(way):
        def epoch(seed):
            tensors = safetensors.numpy.load_file(path)
            images, labels = tensors["images"], tensors["labels"]
            load = lambda indices: (normalise(images[indices]), labels[indices])
            return way(load, contest.shuffled_batches(store.count, seed))

        return epoch

    file = safetensors.safe_open(path, "numpy")
    labels = file.get_tensor("labels")
    part = file.get_slice("images")

    def slices(indices):
        out = np.empty((len(indices), *shape), np.uint8)
        for place, index in enumerate(indices):
            out[place] = part[int(index) : int(index) + 1][0]
        return normalise(out), labels[indices]

    found = {f"load_file, {name}": whole(way) for name, way in contest.WAYS.items()}
    return found | contest.global_settings(store.count, {"get_slice": slices})


contest.serve(settings)
