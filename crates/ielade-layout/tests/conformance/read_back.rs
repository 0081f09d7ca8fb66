use crate::{
    source::{Image, MemorySource},
    stores::{expected, held, layouts, make, output, read, request, run},
};
use ielade_core::{Encoding, ImageShape, ImageSpec, OutputSpec, random::KeyedRandom};
use ielade_layout::{LayoutError, LayoutReader, open_store};

const COUNT: usize = 45;

/// Calls `check` with a store of every layout, made from `source`.
fn for_every_layout(source: &MemorySource, check: impl Fn(&dyn LayoutReader)) {
    for layout in layouts() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        make(&layout, &store, source);
        check(open_store(&store).unwrap().as_ref());
    }
}

fn compare(reader: &dyn LayoutReader, source: &MemorySource, indices: &[u32]) {
    let layout = &reader.manifest().layout;
    let source = held(source, layout);
    let output = output(layout, MemorySource::SIZE);
    let batch = read(reader, indices, output).unwrap();
    assert_eq!(batch.sample_indices(), indices, "{layout}");
    for (place, index) in indices.iter().enumerate() {
        let found = &batch.image_bytes()[place * output.image_bytes()..][..output.image_bytes()];
        let index = *index as usize;
        assert!(
            found == expected(&source, index, layout),
            "{layout}, sample {index}"
        );
        let label = source.labels[index].map_or(-1, i64::from);
        assert_eq!(batch.labels()[place], label, "{layout}, sample {index}");
    }
}

#[test]
fn every_sample_is_read_as_it_was_written() {
    let source = MemorySource::jpeg(COUNT);
    for_every_layout(&source, |reader| {
        let all: Vec<u32> = (0..COUNT as u32).collect();
        compare(reader, &source, &all);
        for index in 0..COUNT {
            assert_eq!(reader.key(index as u32), source.keys[index]);
        }
    });
}

#[test]
fn samples_are_read_in_any_order_and_more_than_once() {
    let source = MemorySource::jpeg(COUNT);
    for_every_layout(&source, |reader| {
        let mut random = KeyedRandom::new(&[7]);
        for len in [0, 1, 5, 64] {
            let indices: Vec<u32> = (0..len).map(|_| random.below(COUNT as u32)).collect();
            compare(reader, &source, &indices);
        }
    });
}

#[test]
fn eight_threads_read_what_one_reads() {
    let source = MemorySource::jpeg(COUNT);
    for_every_layout(&source, |reader| {
        std::thread::scope(|scope| {
            for thread in 0..8_u32 {
                let source = &source;
                scope.spawn(move || {
                    let indices: Vec<u32> = (0..40)
                        .map(|at| (at * 7 + thread * 5) % COUNT as u32)
                        .collect();
                    compare(reader, source, &indices);
                });
            }
        });
    });
}

#[test]
fn a_position_behind_the_end_is_refused() {
    let source = MemorySource::jpeg(3);
    for_every_layout(&source, |reader| {
        let output = output(&reader.manifest().layout, MemorySource::SIZE);
        for index in [3, u32::MAX] {
            let error = read(reader, &[0, index], output).unwrap_err();
            assert!(
                matches!(error, LayoutError::NoSuchSample { count: 3, .. }),
                "{error}"
            );
        }
    });
}

#[test]
fn a_raw_mapped_layout_gives_its_images_in_one_piece() {
    let source = MemorySource::jpeg(4);
    for_every_layout(&source, |reader| {
        let manifest = reader.manifest();
        match (reader.contiguous(), manifest.encoding().element()) {
            (Some(region), Some(element)) => {
                let bytes = 4 * MemorySource::SIZE.values() * element.size();
                assert_eq!(region.bytes.len(), bytes);
            }
            (None, None) => {}
            // Between the images of other containers lies something else.
            (None, Some(_)) => {
                let container = &manifest.layout.container;
                assert!(
                    !matches!(container.as_str(), "npy" | "safetensors"),
                    "{}",
                    manifest.layout
                );
            }
            other => panic!("{}: {other:?}", manifest.layout),
        }
    });
}

#[test]
fn pixels_and_pngs_are_sources_too() {
    for layout in layouts()
        .iter()
        .filter(|layout| layout.encoding != Encoding::Jpeg)
    {
        let images = [Image::raw as fn(usize, ImageSpec) -> Image, Image::png];
        for image in images {
            let source = MemorySource::of(5, |index| image(index, MemorySource::SIZE));
            let folder = tempfile::tempdir().unwrap();
            let store = folder.path().join("store");
            make(layout, &store, &source);
            compare(open_store(&store).unwrap().as_ref(), &source, &[4, 0, 2]);
        }
    }
}

#[test]
fn published_bytes_are_kept_byte_for_byte() {
    let source = MemorySource::jpeg(9);
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    make(&"files/jpeg".parse().unwrap(), &store, &source);
    let mut files = csv::Reader::from_path(store.join("files.csv")).unwrap();
    for (index, row) in files.records().enumerate() {
        let Image::Encoded(_, published) = &source.images[index] else {
            panic!()
        };
        let path = store.join("images").join(&row.unwrap()[0]);
        assert!(
            std::fs::read(&path).unwrap() == *published,
            "{}",
            path.display()
        );
        let class = path
            .parent()
            .unwrap()
            .file_name()
            .unwrap()
            .to_str()
            .unwrap();
        let label = source.labels[index];
        let expected = label.map_or("_unlabelled", |label| &source.classes[label as usize]);
        assert_eq!(class, expected);
    }
}

#[test]
fn compressed_layouts_keep_images_of_several_sizes() {
    let source = MemorySource::varied(12);
    for layout in layouts()
        .iter()
        .filter(|layout| layout.encoding.is_compressed_image())
    {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        let manifest = make(layout, &store, &source).manifest;
        assert_eq!(manifest.shape, ImageShape::Varies);
        let reader = open_store(&store).unwrap();
        for index in 0..12 {
            let spec = ImageSpec::rgb(8 + index % 5, 16);
            let batch = read(reader.as_ref(), &[index], output(layout, spec)).unwrap();
            assert!(batch.image_bytes() == expected(&source, index as usize, layout));
        }
    }
}

#[test]
fn a_raw_layout_is_resized_when_asked_and_says_so() {
    let source = MemorySource::varied(12);
    for layout in layouts()
        .iter()
        .filter(|layout| layout.encoding.element().is_some())
    {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        let mut request = request(layout, &store);
        request.resize = Some((6, 5));
        let manifest = run(&request, &source).0.unwrap().manifest;
        assert_eq!(manifest.shape, ImageShape::Fixed(ImageSpec::rgb(6, 5)));
        assert_eq!(manifest.resized_to, Some((6, 5)));
        let reader = open_store(&store).unwrap();
        read(
            reader.as_ref(),
            &[11, 0],
            output(layout, ImageSpec::rgb(6, 5)),
        )
        .unwrap();
    }
}

#[test]
fn many_classes_are_read_without_a_folder_held_open_for_each() {
    let mut source = MemorySource::jpeg(600);
    source.classes = (0..600).map(|class| format!("class {class}")).collect();
    source.labels = (0..600).map(Some).collect();
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    make(&"files/jpeg".parse().unwrap(), &store, &source);
    let reader = open_store(&store).unwrap();
    let open = std::fs::read_dir("/proc/self/fd").unwrap().count();
    assert!(open < 400, "{open} files are open");
    compare(reader.as_ref(), &source, &[599, 0, 300]);
}

#[test]
fn an_array_that_is_not_aligned_in_its_file_is_read_all_the_same() {
    let source = MemorySource::jpeg(5);
    for name in ["npy/u16", "npy/f16", "npy/bf16", "npy/f32"] {
        let layout = name.parse().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        let mut manifest = make(&layout, &store, &source).manifest;
        let path = store.join("images.npy");
        let mut bytes = std::fs::read(&path).unwrap();
        // One more space in the header moves all data by a byte.
        bytes.insert(100, b' ');
        let length = u16::from_le_bytes([bytes[8], bytes[9]]) + 1;
        bytes[8..10].copy_from_slice(&length.to_le_bytes());
        std::fs::write(&path, &bytes).unwrap();
        manifest.files[0].bytes += 1;
        ielade_layout::store::write_manifest(&store, &manifest).unwrap();
        compare(open_store(&store).unwrap().as_ref(), &source, &[4, 1, 1, 0]);
    }
}

#[test]
fn a_wrong_output_is_an_error_of_the_sample_with_its_place() {
    let source = MemorySource::jpeg(3);
    for_every_layout(&source, |reader| {
        let manifest = reader.manifest();
        let output = OutputSpec {
            image: ImageSpec::rgb(5, 5),
            ..output(&manifest.layout, MemorySource::SIZE)
        };
        let error = read(reader, &[2], output).unwrap_err();
        assert!(
            matches!(
                error,
                LayoutError::BadSample {
                    place: 0,
                    index: 2,
                    ..
                }
            ),
            "{error}"
        );
    });
}
