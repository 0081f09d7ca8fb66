//! `tfrecord`, TensorFlow and TensorFlow Datasets.

use crate::{
    foreign_files::{check, check_named, planes, write_samples},
    layouts_of,
    source::MemorySource,
    stores::{expected, make},
};
use ielade_core::{ForeignNames, LayoutId};
use ielade_testing::{Python, Trial, python_with, test};
use std::fs;

const COUNT: usize = 11;

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test(
            "tfrecord: tensorflow_reads_every_store",
            python_with(&["tensorflow"]),
            tensorflow_reads_every_store,
        ),
        test(
            "tfrecord: ours_reads_what_tensorflow_wrote",
            python_with(&["tensorflow"]),
            ours_reads_what_tensorflow_wrote,
        ),
        test(
            "tfrecord: tensorflow_datasets_reads_a_store_and_ours_what_it_wrote",
            python_with(&["tensorflow", "tensorflow_datasets"]),
            tensorflow_datasets_reads_a_store_and_ours_what_it_wrote,
        ),
    ]
}

fn tensorflow_reads_every_store(python: &Python) {
    // Each record by the fast parser and by Protocol Buffers' own; arrays by their own features.
    const SCRIPT: &str = "
import glob, os, struct
import numpy as np, tensorflow as tf
wanted = {'id': tf.io.FixedLenFeature([], tf.string), 'image': tf.io.FixedLenFeature([], tf.string),
          'label': tf.io.FixedLenFeature([], tf.int64)}
for store in sorted(glob.glob('*/')):
    shards = sorted(glob.glob(store + '*.tfrecord'))
    with open(store + 'found', 'wb') as found:
        for record in tf.data.TFRecordDataset(shards):
            fast = tf.io.parse_single_example(record, wanted)
            slow = tf.train.Example.FromString(record.numpy()).features.feature
            assert slow['image'].bytes_list.value[0] == fast['image'].numpy()
            assert slow['label'].int64_list.value[0] == fast['label'].numpy()
            image = fast['image']
            if 'image/dtype' in slow:
                dtype = slow['image/dtype'].bytes_list.value[0].decode()
                shape = slow['image/shape'].int64_list.value
                array = tf.reshape(tf.io.decode_raw(image, tf.as_dtype(dtype)), shape)
                if dtype.startswith('uint'):
                    array = tf.transpose(array, (2, 0, 1))
                    array = tf.cast(array // 257 if dtype == 'uint16' else array, tf.uint8)
                else:
                    array = tf.cast(array, tf.float32)
                values = array.numpy().tobytes()
            else:
                values = image.numpy()
                if store.split('-')[-1][:-1] in ('jpeg', 'png', 'bmp'):
                    assert tf.io.decode_image(image).shape == (9, 12, 3)
            key = fast['id'].numpy()
            found.write(struct.pack('<qqq', fast['label'].numpy(), len(key), len(values)))
            found.write(key + values)
";
    let source = MemorySource::jpeg(COUNT);
    let folder = tempfile::tempdir().unwrap();
    let layouts: Vec<LayoutId> = layouts_of("tfrecord").collect();
    for layout in &layouts {
        make(
            layout,
            &folder.path().join(layout.directory_name()),
            &source,
        );
    }
    python.run(SCRIPT, folder.path());
    for layout in &layouts {
        let found = fs::read(folder.path().join(layout.directory_name()).join("found")).unwrap();
        let mut rest = found.as_slice();
        for index in 0..COUNT {
            let mut number = || {
                let (first, others) = rest.split_first_chunk().unwrap();
                rest = others;
                i64::from_le_bytes(*first)
            };
            let (label, key, values) = (number(), number() as usize, number() as usize);
            assert_eq!(label, source.labels[index].map_or(-1, i64::from));
            assert_eq!(&rest[..key], source.keys[index].as_bytes());
            let found = planes(layout, &rest[key..][..values]);
            assert!(
                found == expected(&source, index, layout),
                "{layout}, sample {index}"
            );
            rest = &rest[key + values..];
        }
        assert!(rest.is_empty(), "{layout}");
    }
}

/// Names that the user gives.
fn names(images: &str, labels: &str) -> ForeignNames {
    ForeignNames {
        images: Some(images.to_owned()),
        labels: Some(labels.to_owned()),
    }
}

fn ours_reads_what_tensorflow_wrote(python: &Python) {
    const SCRIPT: &str = "
import os
import numpy as np, tensorflow as tf
labels = [int(line) for line in open('labels')]
jpegs = [open(f'{index:02}.jpg', 'rb').read() for index in range(len(labels))]
pixels = np.fromfile('pixels', np.uint8).reshape(len(labels), 9, 12, 3)
def ints(*values): return tf.train.Feature(int64_list=tf.train.Int64List(value=values))
def data(value): return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
def floats(values): return tf.train.Feature(float_list=tf.train.FloatList(value=values))
def write(path, features, compression=''):
    if os.path.dirname(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
    with tf.io.TFRecordWriter(path, tf.io.TFRecordOptions(compression_type=compression)) as writer:
        for feature in features:
            example = tf.train.Example(features=tf.train.Features(feature=feature))
            writer.write(example.SerializeToString())
plain = [{'label': ints(label), 'image': data(jpeg)} for label, jpeg in zip(labels, jpegs)]
write('plain.tfrecord', plain)
write('gzip.tfrecord.gz', plain, 'GZIP')
write('zlib', plain, 'ZLIB')
imagenet = [{'image/encoded': data(jpeg), 'image/class/label': ints(label),
             'image/class/text': data(b'cat'), 'image/height': ints(9), 'image/width': ints(12),
             'image/format': data(b'JPEG'), 'image/object/bbox/xmin': floats([0.5, 0.25])}
            for label, jpeg in zip(labels, jpegs)]
for shard, start in enumerate((0, 4, 9)):
    stop = (4, 9, len(labels))[shard]
    write(f'imagenet/train-{shard:05}-of-00003', imagenet[start:stop])
    write(f'imagenet/validation-{shard:05}-of-00003', imagenet[:2])
    write(f'zipped/train-{shard:05}-of-00003.tfrecord', imagenet[start:stop], 'GZIP')
write('raw.tfrecords', [{'image_raw': data(image.tobytes()), 'label': ints(label),
                         'height': ints(9), 'width': ints(12), 'depth': ints(3)}
                        for label, image in zip(labels, pixels)])
write('u16.tfrecord', [{'image': data((image.astype(np.uint16) * 257).tobytes()), 'label': ints(label),
                        'image/shape': ints(9, 12, 3), 'image/dtype': data(b'uint16')}
                       for label, image in zip(labels, pixels)])
mean, std = np.float64([0.49, 0.48, 1 / 3]), np.float64([0.25, 0.24, 0.26])
normal = pixels * np.float32(1 / (255 * std)) + np.float32(-mean / std)
write('floats.tfrecord', [{'x': floats(image.ravel()), 'y': ints(label), 'x/shape': ints(9, 12, 3)}
                          for label, image in zip(labels, normal)])
write('named.tfrecord', [{'a': data(jpeg), 'b': ints(label), 'image': data(b'?'), 'label': ints(0)}
                         for label, jpeg in zip(labels, jpegs)])
write('guessed.tfrecord', [{'picture': data(jpeg), 'note': data(b'x' * 9000), 'cls': ints(label)}
                           for label, jpeg in zip(labels, jpegs)])
write('float-labels.tfrecord', [{'label': floats([label]), 'image': data(jpeg)}
                                for label, jpeg in zip(labels, jpegs)])
lists = tf.train.FeatureLists(feature_list={'x': tf.train.FeatureList(feature=[ints(1)])})
with tf.io.TFRecordWriter('series.tfrecord') as writer:
    writer.write(tf.train.SequenceExample(feature_lists=lists).SerializeToString())
write('empty.tfrecord', [])
";
    let source = MemorySource::jpeg(COUNT);
    let folder = tempfile::tempdir().unwrap();
    write_samples(&source, folder.path());
    python.run(SCRIPT, folder.path());
    let path = |name: &str| folder.path().join(name);
    let jpeg = "tfrecord/jpeg";
    for name in ["plain.tfrecord", "gzip.tfrecord.gz", "zlib", "zipped"] {
        check(&path(name), &source, jpeg);
    }
    let guesses = check(&path("imagenet"), &source, jpeg).join("; ");
    assert!(guesses.contains("train-# was taken"), "{guesses}");
    assert!(guesses.contains("\"image/class/label\""), "{guesses}");
    check(&path("raw.tfrecords"), &source, "tfrecord/u8");
    check(&path("u16.tfrecord"), &source, "tfrecord/u16");
    check(&path("floats.tfrecord"), &source, "tfrecord/f32");
    let guesses = check(&path("guessed.tfrecord"), &source, jpeg).join("; ");
    assert!(guesses.contains("\"picture\""), "{guesses}");
    check_named(&path("named.tfrecord"), &source, jpeg, &names("a", "b"));

    for (name, names, expected) in [
        ("named.tfrecord", names("c", "b"), "no feature \"c\""),
        ("named.tfrecord", names("c", "b"), "there are: "),
        (
            "float-labels.tfrecord",
            ForeignNames::default(),
            "feature \"label\": floats where integers belong",
        ),
        (
            "series.tfrecord",
            ForeignNames::default(),
            "tf.train.SequenceExample",
        ),
        ("empty.tfrecord", ForeignNames::default(), "no record"),
    ] {
        let error = ielade_layout::open_any(&path(name), &names).unwrap_err();
        let error = error.to_string();
        assert!(error.contains(expected), "{name}: {error}");
    }
}

fn tensorflow_datasets_reads_a_store_and_ours_what_it_wrote(python: &Python) {
    // `builder_from_directory` is told nothing but the folder.
    const SCRIPT: &str = "
import glob
import numpy as np
import tensorflow_datasets as tfds
labels = [int(line) for line in open('labels')]
jpegs = [open(f'{index:02}.jpg', 'rb').read() for index in range(len(labels))]
pixels = np.fromfile('pixels', np.uint8).reshape(len(labels), 9, 12, 3)
names = ['ant', 'bee', 'cat dog']
for store in sorted(glob.glob('store-*')):
    builder = tfds.builder_from_directory(store)
    assert builder.info.features['label'].names == names, builder.info
    found = {}
    for sample in tfds.as_numpy(builder.as_dataset(split='samples')):
        found[sample['id'].decode()] = (sample['label'], sample['image'].shape, sample['image'].dtype)
    assert len(found) == builder.info.splits['samples'].num_examples == len(labels)
    assert sorted(int(label) for label, _, _ in found.values()) == sorted(labels)
    (shape, dtype), = {(shape, dtype) for _, shape, dtype in found.values()}
    assert shape == ((3, 9, 12) if 'float' in dtype.name else (9, 12, 3)), shape
    pair = next(iter(tfds.as_numpy(builder.as_dataset(split='all', as_supervised=True))))
    assert pair[0].shape == shape
    print(dtype.name)

class Encoded(tfds.core.GeneratorBasedBuilder):
    VERSION = tfds.core.Version('1.0.0')
    image = tfds.features.Image(shape=(9, 12, 3))
    values = [f'{index:02}.jpg' for index in range(len(labels))]
    def _info(self):
        features = {'image': self.image, 'label': tfds.features.ClassLabel(names=names)}
        return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict(features),
                                     disable_shuffling=True)
    def _split_generators(self, manager):
        return {'train': self._generate_examples(labels), 'test': self._generate_examples(labels[:3])}
    def _generate_examples(self, labels):
        for index, label in enumerate(labels):
            yield index, {'image': self.values[index], 'label': label}
class Raw(Encoded):
    image = tfds.features.Tensor(shape=(9, 12, 3), dtype=np.uint8, encoding='bytes')
    values = pixels
for builder in Encoded, Raw:
    builder = builder(data_dir='written')
    builder.download_and_prepare()
";
    let source = MemorySource::jpeg(COUNT);
    let folder = tempfile::tempdir().unwrap();
    write_samples(&source, folder.path());
    let encodings = ["bf16", "f16", "f32", "jpeg", "png", "u16", "u8"];
    for encoding in encodings {
        let layout = format!("tfrecord:shards=2/{encoding}");
        let store = folder.path().join(format!("store-{encoding}"));
        make(&layout.parse().unwrap(), &store, &source);
    }
    let found = python.run(SCRIPT, folder.path());
    let dtypes = [
        "bfloat16", "float16", "float32", "uint8", "uint8", "uint16", "uint8",
    ];
    let printed: Vec<&str> = found.lines().take(dtypes.len()).collect();
    assert_eq!(printed, dtypes);

    let written = folder.path().join("written");
    for (name, layout) in [("encoded", "tfrecord/jpeg"), ("raw", "tfrecord/u8")] {
        let path = written.join(name).join("1.0.0");
        check(&path, &source, layout);
        let opened = ielade_layout::open_any(&path, &ForeignNames::default()).unwrap();
        assert_eq!(opened.reader.manifest().classes, source.classes);
    }
}
