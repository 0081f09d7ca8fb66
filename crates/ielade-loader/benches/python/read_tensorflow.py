"""tfrecord by TensorFlow's tf.data: no random access, so a shuffle buffer of 10,000 samples, as
TensorFlow Datasets has it.

Settings: parsing a whole batch of records at once (the documentation's advice for cheap work) or
one by one; files read in turn or interleaved; all with AUTOTUNE and prefetch.
"""

import os

os.environ["CUDA_VISIBLE_DEVICES"] = ""

import tensorflow as tf

import contest

BUFFER = 10_000
FEATURES = {
    "image": tf.io.FixedLenFeature([], tf.string),
    "label": tf.io.FixedLenFeature([], tf.int64),
}
tf.config.threading.set_intra_op_parallelism_threads(contest.THREADS)
tf.config.threading.set_inter_op_parallelism_threads(contest.THREADS)


def settings(store, shuffle, shape):
    files = store.files(".tfrecord") or [
        store.path(file["path"]) for file in store.manifest["files"] if ".tfrecord" in file["path"]
    ]
    scale, bias = store.scale[:, None, None], store.bias[:, None, None]

    def finish(images, labels):
        images = tf.reshape(images, (-1, *shape))
        return tf.cast(tf.transpose(images, (0, 3, 1, 2)), tf.float32) * scale + bias, labels

    def parse_batch(records):
        parsed = tf.io.parse_example(records, FEATURES)
        return finish(tf.io.decode_raw(parsed["image"], tf.uint8), parsed["label"])

    def parse_one(record):
        parsed = tf.io.parse_single_example(record, FEATURES)
        return tf.io.decode_raw(parsed["image"], tf.uint8), parsed["label"]

    auto = tf.data.AUTOTUNE

    def records(seed, reads):
        data = tf.data.TFRecordDataset(files, num_parallel_reads=reads)
        return data.shuffle(BUFFER, seed=seed)

    def whole_batches(seed, reads):
        return records(seed, reads).batch(contest.BATCH).map(parse_batch, auto).prefetch(auto)

    def one_by_one(seed, reads):
        parsed = records(seed, reads).map(parse_one, auto)
        return parsed.batch(contest.BATCH, num_parallel_calls=auto).map(finish, auto).prefetch(auto)

    return {
        f"{name}, {reads_name}": lambda seed, way=way, reads=reads: way(seed, reads)
        for name, way in {"parse a batch": whole_batches, "parse one by one": one_by_one}.items()
        for reads_name, reads in {"reads in turn": None, "parallel reads": auto}.items()
    }


contest.serve(settings)
