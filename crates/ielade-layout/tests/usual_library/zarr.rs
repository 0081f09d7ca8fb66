//! `zarr` and zarr-python.

use crate::{
    layouts_of,
    source::{Image, MemorySource},
    stores::{expected, make, output, read},
};
use ielade_codec::{PixelPipeline, ThreadContext};
use ielade_core::{Element, ForeignNames, ImageSpec, LayoutId, OutputSpec};
use ielade_layout::{LayoutReader, open_any, open_store};
use ielade_testing::{Python, Trial, python_with, test};
use std::{collections::BTreeMap, fs, path::Path};

const COUNT: usize = 35;

pub(crate) fn tests() -> Vec<Trial> {
    // All encodings of a variant at once: starting Python takes longer than all else.
    let mut variants: BTreeMap<String, Vec<LayoutId>> = BTreeMap::new();
    for layout in layouts_of("zarr") {
        let variant = layout.container_options.to_string();
        variants.entry(variant).or_default().push(layout);
    }
    let stores = variants.into_iter().map(|(variant, layouts)| {
        let name = format!("zarr:{variant}: zarr_python_loads_a_store");
        test(name, python_with(&["zarr"]), move |python| {
            zarr_python_loads_stores(python, &layouts);
        })
    });
    let groups = test(
        "zarr: ours_loads_what_zarr_python_wrote",
        python_with(&["zarr", "numcodecs"]),
        ours_loads_what_zarr_python_wrote,
    );
    stores.chain([groups]).collect()
}

fn zarr_python_loads_stores(python: &Python, layouts: &[LayoutId]) {
    const SCRIPT: &str = "
import os
import numpy as np
import zarr
for name in sorted(os.listdir()):
    group = zarr.open_group(f'{name}/data.zarr', mode='r')
    images, labels = group['images'], group['labels']
    assert labels.dtype == np.int64 and labels.shape == images.shape[:1]
    labels[:].tofile(f'{name}/labels')
    print(name, images.dtype, images.shape, *labels.attrs['class_names'], sep=';')
    if images.ndim == 1:
        for at, image in enumerate(images[:]):
            open(f'{name}/{at}.image', 'wb').write(bytes(image))
        continue
    values = images[:]
    assert np.array_equal(images[7], values[7])
    if images.attrs.get('ml_dtypes') == 'bfloat16':
        values = (values.astype(np.uint32) << 16).view(np.float32)
    elif values.dtype == np.uint16:
        values = values // 257
    if values.shape[-1] == 3:
        values = np.moveaxis(values, -1, 1)
    values = values.astype(np.float32 if values.dtype.kind == 'f' else np.uint8)
    np.ascontiguousarray(values).tofile(f'{name}/values')
";
    let source = MemorySource::jpeg(COUNT);
    let folder = tempfile::tempdir().unwrap();
    for layout in layouts {
        make(
            layout,
            &folder.path().join(layout.directory_name()),
            &source,
        );
    }
    let told = python.run(SCRIPT, folder.path());
    for layout in layouts {
        let name = layout.directory_name();
        let known = match layout.encoding.element() {
            None => "object;(35,)",
            Some(Element::U8) => "uint8;(35, 9, 12, 3)",
            Some(Element::U16 | Element::Bf16) => {
                if layout.encoding.element() == Some(Element::U16) {
                    "uint16;(35, 9, 12, 3)"
                } else {
                    "uint16;(35, 3, 9, 12)"
                }
            }
            Some(Element::F16) => "float16;(35, 3, 9, 12)",
            Some(Element::F32) => "float32;(35, 3, 9, 12)",
        };
        let line = format!("{name};{known};ant;bee;cat dog");
        assert!(told.lines().any(|told| told == line), "{line}\n{told}");
        let store = folder.path().join(&name);
        let labels: Vec<u8> = (0..COUNT)
            .map(|index| source.labels[index].map_or(-1, i64::from))
            .flat_map(i64::to_le_bytes)
            .collect();
        assert!(
            fs::read(store.join("labels")).unwrap() == labels,
            "{layout}"
        );
        if layout.encoding.is_compressed_image() {
            check_images(&store, layout, &source);
            continue;
        }
        let values: Vec<u8> = (0..COUNT)
            .flat_map(|index| expected(&source, index, layout))
            .collect();
        assert!(
            fs::read(store.join("values")).unwrap() == values,
            "{layout}"
        );
    }
}

/// The bytes that zarr-python found are those of our reader, and of the source where it publishes
/// them.
fn check_images(store: &Path, layout: &LayoutId, source: &MemorySource) {
    let reader = open_store(store).unwrap();
    let manifest = reader.manifest();
    let output = output(layout, MemorySource::SIZE);
    let pipeline = PixelPipeline::new(output, &manifest.normalisation, manifest.orientation);
    let mut context = ThreadContext::new(&pipeline);
    for (index, image) in source.images.iter().enumerate() {
        let found = fs::read(store.join(format!("{index}.image"))).unwrap();
        let ours = reader.sample(index as u32, &mut context).unwrap();
        assert!(ours.payload.bytes() == found, "{layout} {index}");
        if let Image::Encoded(encoding, bytes) = image
            && *encoding == layout.encoding
        {
            assert!(*bytes == found, "{layout} {index}");
        }
    }
}

/// Writes a folder for each way of writing, all of the same images; the first part of the folder's
/// name is what they are.
const WRITERS: &str = "
import glob, os
import numcodecs, numpy as np, zarr
from zarr.codecs import BloscCodec, BytesCodec, Crc32cCodec, GzipCodec, ShardingCodec, TransposeCodec, ZstdCodec
from zarr.dtype import VariableLengthBytes

def pixels(count, height, width):
    at = np.indices((count, height, width, 3)).astype(np.int64)
    return ((at[0] * 7 + at[1] * 5 + at[2] * 3 + at[3] * 11) % 251).astype(np.uint8)

small, large = pixels(23, 8, 12), pixels(23, 64, 48)
labels = (np.arange(23) % 5).astype(np.int64)

def write(name, data, labels=labels, zarr_format=3, label_options={}, **options):
    group = zarr.open_group(name, mode='w', zarr_format=zarr_format)
    group.create_array('images', data=data, **options)
    group.create_array('labels', data=labels, **label_options)
    return group

write('u8 usual', small)
write('large usual', large)
write('u8 none', small, chunks=(4, 8, 12, 3), compressors=None)
write('u8 none one by one', small, chunks=(1, 8, 12, 3), compressors=None)
write('u8 none larger than all', small, chunks=(40, 9, 20, 3), compressors=None)
write('u8 none cut', small, chunks=(5, 3, 5, 2), compressors=None)
write('u8 zstd cut', small, chunks=(5, 3, 5, 2), compressors=ZstdCodec(level=5, checksum=True))
write('u8 sharded', small, chunks=(1, 8, 12, 3), shards=(8, 8, 12, 3), compressors=None)
write('u8 sharded several', small, chunks=(4, 8, 12, 3), shards=(8, 8, 12, 3), compressors=None)
write('u8 sharded zstd', small, chunks=(2, 8, 12, 3), shards=(8, 8, 12, 3))
write('u8 sharded cut', small, chunks=(4, 4, 6, 1), shards=(8, 8, 6, 3), compressors=None)
write('u8 sharded cut gzip', small, chunks=(4, 4, 6, 1), shards=(8, 8, 6, 3), compressors=GzipCodec(level=6))
write('u8 all in one shard', small, chunks=(1, 8, 12, 3), shards=(30, 8, 12, 3), compressors=None)
for checked in (True, False):
    write(f'u8 index first {checked}', small, chunks=(8, 8, 12, 3), compressors=None, serializer=ShardingCodec(
        chunk_shape=(2, 8, 12, 3), codecs=[BytesCodec()], index_location='start',
        index_codecs=[BytesCodec(endian='little')] + [Crc32cCodec()] * checked))
write('u8 crc32c', small, chunks=(4, 8, 12, 3), compressors=[ZstdCodec(), Crc32cCodec()])
write('u8 only crc32c', small, chunks=(4, 8, 12, 3), compressors=Crc32cCodec())
write('u8 turned', small, chunks=(4, 8, 12, 3), filters=[TransposeCodec(order=(3, 0, 2, 1))])
write('u8 turned cut', small, chunks=(4, 3, 5, 3), filters=[TransposeCodec(order=(2, 3, 1, 0))], compressors=None)
for key in ({'name': 'default', 'separator': '.'}, {'name': 'v2', 'separator': '.'}, {'name': 'v2', 'separator': '/'}):
    write(f'u8 keys {key}'.replace('/', 'slash'), small, chunks=(1, 8, 12, 3), compressors=None, chunk_key_encoding=key)
for cname in ('lz4', 'lz4hc', 'zstd', 'zlib', 'blosclz'):
    for shuffle in ('noshuffle', 'shuffle', 'bitshuffle'):
        codec = BloscCodec(cname=cname, shuffle=shuffle, clevel=7)
        write(f'large blosc {cname} {shuffle}', large, chunks=(10, 64, 48, 3), compressors=codec)
        write(f'u16 blosc {cname} {shuffle}', small.astype(np.uint16) * 257, compressors=codec)
        write(f'largef32 blosc {cname} {shuffle}', large.astype(np.float32) / 256, chunks=(7, 64, 48, 3), compressors=codec)
for order in ('little', 'big'):
    for name, data in (('u16', small.astype(np.uint16) * 257), ('f32', small.astype(np.float32) / 256), ('f16', small.astype(np.float16) / 256)):
        write(f'{name} {order}', data, chunks=(4, 8, 12, 3), compressors=None, serializer=BytesCodec(endian=order))
        write(f'{name} {order} sharded', data, chunks=(1, 8, 12, 3), shards=(8, 8, 12, 3), serializer=BytesCodec(endian=order))
write('f32 planar', np.ascontiguousarray(np.moveaxis(small.astype(np.float32) / 256, -1, 1)), chunks=(4, 3, 8, 12), compressors=None)
write('u8 planar', np.ascontiguousarray(np.moveaxis(small, -1, 1)), chunks=(1, 3, 8, 12), compressors=None)
write('u8 labels of one byte', small, labels=labels.astype(np.uint8))
write('u8 labels in a column', small, labels=labels.reshape(-1, 1).astype(np.int16), label_options=dict(chunks=(4, 1)))
write('u8 labels sharded', small, label_options=dict(chunks=(3,), shards=(9,)))
zarr.consolidate_metadata(write('u8 consolidated', small).store)
zarr.open_array('u8 alone', mode='w', shape=small.shape, chunks=(4, 8, 12, 3), dtype='u1')[:] = small

# A chunk of fill values is not written.
holes = small.copy()
holes[4:8] = 9
write('holes none', holes, chunks=(4, 8, 12, 3), compressors=None, fill_value=9)
write('holes zstd', holes, chunks=(4, 8, 12, 3), fill_value=9)
write('holes one by one', holes, chunks=(1, 8, 12, 3), compressors=None, fill_value=9)
write('holes sharded', holes, chunks=(2, 8, 12, 3), shards=(4, 8, 12, 3), compressors=None, fill_value=9)
write('holes in a shard', holes, chunks=(2, 8, 12, 3), shards=(12, 8, 12, 3), compressors=None, fill_value=9)
write('holes cut', holes, chunks=(4, 8, 6, 3), compressors=None, fill_value=9)
assert len(glob.glob('holes none/images/c/*')) == 5

for name, options in {
    'usual': {}, 'none': dict(compressors=None), 'zstd': dict(compressors=numcodecs.Zstd()),
    'zlib': dict(compressors=numcodecs.Zlib()), 'gzip': dict(compressors=numcodecs.GZip()),
    'lz4': dict(compressors=numcodecs.LZ4()), 'fortran': dict(order='F'),
    'fortran none': dict(order='F', compressors=None, chunks=(4, 3, 5, 3)),
    'slashes': dict(chunk_key_encoding={'name': 'v2', 'separator': '/'}),
    'cut': dict(chunks=(5, 3, 5, 2)), 'one by one': dict(chunks=(1, 8, 12, 3), compressors=None),
}.items():
    write(f'u8 version 2 {name}', small, zarr_format=2, **options)
write('u16 version 2 big', (small.astype(np.uint16) * 257).astype('>u2'), zarr_format=2)
write('f32 version 2 big', (small.astype(np.float32) / 256).astype('>f4'), zarr_format=2, compressors=None)
group = write('u8 version 2 consolidated', small, zarr_format=2)
group['labels'].attrs['class_names'] = list('abcde')
zarr.consolidate_metadata(group.store)

names = sorted(glob.glob('*.jpg'))
files = np.array([open(name, 'rb').read() for name in names] + [None], dtype=object)[:-1]
for name, options in {
    'usual': {}, 'none': dict(compressors=None), 'one by one': dict(chunks=(1,), compressors=None),
    'several': dict(chunks=(5,), compressors=None), 'sharded': dict(chunks=(1,), shards=(8,), compressors=None),
    'sharded several': dict(chunks=(4,), shards=(8,)), 'blosc': dict(chunks=(5,), compressors=BloscCodec()),
    'version 2': dict(chunks=(5,)), 'version 2 none': dict(chunks=(5,), compressors=None),
}.items():
    group = zarr.open_group(f'jpeg {name}', mode='w', zarr_format=2 if 'version 2' in name else 3)
    images = group.create_array('images', shape=files.shape, dtype=VariableLengthBytes(), **options)
    images[:] = files
    group.create_array('labels', data=labels)
";

/// The value of a channel, as the script makes it.
fn value(image: usize, y: usize, x: usize, channel: usize) -> u8 {
    ((image * 7 + y * 5 + x * 3 + channel * 11) % 251) as u8
}

/// Images as they are delivered: planes.
fn planes(size: ImageSpec, hole: bool) -> Vec<u8> {
    let (height, width) = (size.height as usize, size.width as usize);
    let mut planes = Vec::new();
    for image in 0..23 {
        for channel in 0..3 {
            for y in 0..height {
                for x in 0..width {
                    let is_filled = hole && (4..8).contains(&image);
                    planes.push(if is_filled {
                        9
                    } else {
                        value(image, y, x, channel)
                    });
                }
            }
        }
    }
    planes
}

fn ours_loads_what_zarr_python_wrote(python: &Python) {
    let folder = tempfile::tempdir().unwrap();
    let jpegs = MemorySource::jpeg(23);
    for (index, image) in jpegs.images.iter().enumerate() {
        let path = folder.path().join(format!("{index:02}.jpg"));
        fs::write(path, image.payload().bytes()).unwrap();
    }
    python.run(WRITERS, folder.path());
    let mut seen = 0;
    for entry in fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            check_group(&path, &jpegs);
            seen += 1;
        }
    }
    assert!(seen > 100, "{seen}");
}

fn check_group(path: &Path, jpegs: &MemorySource) {
    let name = path.file_name().unwrap().to_str().unwrap();
    let (kind, _) = name.split_once(' ').unwrap();
    let opened = open_any(path, &ForeignNames::default());
    let opened = opened.unwrap_or_else(|error| panic!("{name}: {error}"));
    let reader = opened.reader.as_ref();
    assert_eq!(reader.manifest().count, 23, "{name}");
    let size = match kind {
        "large" | "largef32" => ImageSpec::rgb(64, 48),
        "jpeg" => MemorySource::SIZE,
        _ => ImageSpec::rgb(8, 12),
    };
    let is_float = kind.starts_with('f') || kind == "largef32";
    let element = if is_float { Element::F32 } else { Element::U8 };
    let wanted: Vec<u8> = match kind {
        "jpeg" => {
            let layout: LayoutId = "files/jpeg".parse().unwrap();
            (0..23)
                .flat_map(|index| expected(jpegs, index, &layout))
                .collect()
        }
        _ if is_float => planes(size, false)
            .iter()
            .flat_map(|value| (f32::from(*value) / 256.0).to_le_bytes())
            .collect(),
        _ => planes(size, kind == "holes"),
    };
    let found = all(
        reader,
        OutputSpec {
            element,
            image: size,
        },
    );
    let (values, labels) = found.unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(values == wanted, "{name}: other pixels");
    let has_labels = name != "u8 alone";
    let wanted = (0..23).map(|index| if has_labels { index % 5 } else { -1 });
    assert!(labels.into_iter().eq(wanted), "{name}: other labels");
    let classes = &reader.manifest().classes;
    if name == "u8 version 2 consolidated" {
        assert_eq!(classes[..], ["a", "b", "c", "d", "e"], "{name}");
    }
}

/// All samples, in an order that goes back and forth.
fn all(
    reader: &dyn LayoutReader,
    output: OutputSpec,
) -> Result<(Vec<u8>, Vec<i64>), ielade_layout::LayoutError> {
    let order: Vec<u32> = (0..23).map(|place| place * 9 % 23).collect();
    let batch = read(reader, &order, output)?;
    let bytes = output.image_bytes();
    let (mut values, mut labels) = (vec![0; 23 * bytes], vec![0; 23]);
    for (place, index) in order.iter().enumerate() {
        let image = &batch.image_bytes()[place * bytes..][..bytes];
        values[*index as usize * bytes..][..bytes].copy_from_slice(image);
        labels[*index as usize] = batch.labels[place];
    }
    Ok((values, labels))
}
