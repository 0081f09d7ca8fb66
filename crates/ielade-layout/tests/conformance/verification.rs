//! `verify` finds every mistake that is planted, and calls it by its name.

use crate::{
    broken::broken,
    source::{Image, MemorySource},
    stores::{held, layouts, make, normalisation, request, run},
};
use ielade_core::{Element, Encoding, ImageSpec, LayoutId, Payload, Split};
use ielade_layout::{
    DataSetSplit, Verification, data_set_of, open_store,
    prepare::OnBadSample,
    read_manifest,
    store::write_manifest,
    verify::{Difference, Explanation},
    verify_against, verify_store,
};
use std::{
    path::Path,
    sync::{Arc, atomic::AtomicBool},
};

const COUNT: usize = 20;

/// A store compared with its source, as the layout can hold it.
fn against(store: &Path, source: &MemorySource) -> Verification {
    let layout = read_manifest(store).unwrap().layout;
    let source = held(source, &layout);
    verify_against(store, source.as_ref(), &mut |_| {}, &AtomicBool::new(false)).unwrap()
}

/// A store of every layout that was made from `planted`, compared with `source`.
fn planted(
    source: &MemorySource,
    planted: &MemorySource,
    check: impl Fn(&LayoutId, &Verification),
) {
    for layout in layouts() {
        let needs_jpeg = layout.encoding == Encoding::Jpeg;
        if needs_jpeg && !matches!(planted.images[0], Image::Encoded(Encoding::Jpeg, _)) {
            continue;
        }
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        make(&layout, &store, planted);
        let found = against(&store, source);
        assert!(!found.holds(), "{layout}");
        check(&layout, &found);
    }
}

/// The decoded pixels of a data set, as a data set.
fn decoded(source: &MemorySource) -> MemorySource {
    let mut decoded = source.clone();
    for image in &mut decoded.images {
        if let Payload::Encoded { bytes, .. } = image.payload() {
            let mut decoder = ielade_codec::Decoder::default();
            let (pixels, spec) = decoder.decode_any(bytes).unwrap();
            *image = Image::Pixels(spec, pixels.to_vec());
        }
    }
    decoded
}

fn explanations(found: &Verification) -> Vec<&Explanation> {
    found
        .differences
        .iter()
        .filter_map(|difference| match difference {
            Difference::Pixels { explanation, .. } => Some(explanation),
            _ => None,
        })
        .collect()
}

#[test]
fn a_sound_store_holds_with_and_without_its_source() {
    let source = MemorySource::jpeg(COUNT);
    for layout in layouts() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        make(&layout, &store, &source);
        let alone = verify_store(&store, &mut |_| {}, &AtomicBool::new(false)).unwrap();
        assert!(alone.holds(), "{layout}: {:?}", alone.differences);
        assert_eq!(alone.samples, COUNT as u32);
        let found = against(&store, &source);
        assert!(found.holds(), "{layout}: {:?}", found.differences);
        let fidelity = found.fidelity.unwrap();
        assert_eq!(fidelity.samples, COUNT as u32);
        // Half a unit in the last of 11 or 8 bits, of values below 4, in steps of 1 / (255 × 0.25).
        let bounds = match layout.encoding {
            Encoding::Raw(Element::F16) => Some((0.07, 70.0)),
            Encoding::Raw(Element::Bf16) => Some((0.51, 52.0)),
            _ => None,
        };
        if let Some((largest, psnr)) = bounds {
            assert!(fidelity.largest_difference > 0.0);
            assert!(fidelity.largest_difference < largest, "{fidelity:?}");
            assert!(fidelity.worst_psnr_db.unwrap() > psnr, "{fidelity:?}");
        } else {
            assert_eq!(fidelity.identical, COUNT as u32, "{layout}");
            assert_eq!(fidelity.worst_psnr_db, None);
        }
    }
}

#[test]
fn varied_sizes_and_skipped_samples_hold_too() {
    let mut source = MemorySource::varied(COUNT);
    source.images[5] = broken();
    for layout in layouts() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        let mut request = request(&layout, &store);
        request.on_bad_sample = OnBadSample::Skip;
        request.resize = Some((10, 11));
        run(&request, &source).0.unwrap();
        let found = against(&store, &source);
        assert!(found.holds(), "{layout}: {:?}", found.differences);
        let alone = verify_store(&store, &mut |_| {}, &AtomicBool::new(false)).unwrap();
        assert!(alone.holds(), "{layout}: {:?}", alone.differences);
    }
}

#[test]
fn swapped_labels_are_told_for_both_samples() {
    let source = MemorySource::jpeg(COUNT);
    let mut swapped = source.clone();
    swapped.labels.swap(3, 4);
    planted(&source, &swapped, |layout, found| {
        assert_eq!(
            found.difference_count, 2,
            "{layout}: {:?}",
            found.differences
        );
        for (difference, index) in found.differences.iter().zip([3, 4]) {
            let key = source.keys[index].clone();
            let expected = Difference::Label {
                index: index as u32,
                key,
                expected: source.labels[index],
                found: swapped.labels[index],
            };
            assert_eq!(*difference, expected, "{layout}");
            assert!(difference.to_string().contains("label"));
        }
    });
}

#[test]
fn a_label_changed_in_the_data_alone_is_told() {
    let source = MemorySource::jpeg(COUNT);
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    make(&"npy/u8".parse().unwrap(), &store, &source);
    let path = store.join("labels.npy");
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.len() - COUNT * 8;
    bytes[at..at + 8].copy_from_slice(&2_i64.to_le_bytes());
    std::fs::write(&path, bytes).unwrap();
    let expected = Difference::Label {
        index: 0,
        key: source.keys[0].clone(),
        expected: Some(0),
        found: Some(2),
    };
    let alone = verify_store(&store, &mut |_| {}, &AtomicBool::new(false)).unwrap();
    assert!(alone.differences.contains(&expected), "{alone:?}");
    let found = against(&store, &source);
    assert!(found.differences.contains(&expected), "{found:?}");
    let file = |difference: &Difference| matches!(difference, Difference::File { path, .. } if path == "labels.npy");
    assert!(found.differences.iter().any(file), "{found:?}");
}

#[test]
fn a_flipped_channel_order_is_called_by_its_name() {
    let source = MemorySource::jpeg(COUNT);
    let mut flipped = decoded(&source);
    for image in &mut flipped.images {
        if let Image::Pixels(_, values) = image {
            values.chunks_exact_mut(3).for_each(<[u8]>::reverse);
        }
    }
    planted(&source, &flipped, |layout, found| {
        let explanations = explanations(found);
        assert_eq!(explanations.len(), COUNT, "{layout}");
        for explanation in explanations {
            assert_eq!(*explanation, Explanation::ChannelsReversed, "{layout}");
            assert!(explanation.to_string().contains("channel order"));
        }
    });
}

#[test]
fn an_off_by_one_is_called_by_its_name() {
    let source = MemorySource::jpeg(COUNT);
    let mut shifted = source.clone();
    shifted.images.rotate_right(1);
    planted(&source, &shifted, |layout, found| {
        let explanations = explanations(found);
        assert_eq!(explanations.len(), COUNT, "{layout}");
        for (index, explanation) in explanations.iter().enumerate().skip(1) {
            let key = source.keys[index - 1].clone();
            assert_eq!(**explanation, Explanation::OffByOne { key }, "{layout}");
            assert!(explanation.to_string().contains("off by one"));
        }
    });
}

#[test]
fn a_wrong_normalisation_is_called_by_its_name() {
    let source = MemorySource::jpeg(COUNT);
    let layouts = layouts().into_iter();
    for layout in layouts.filter(|layout| layout.encoding.element().is_some_and(Element::is_float))
    {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        let mut request = request(&layout, &store);
        request.normalisation.mean[1] = 0.3;
        request.normalisation.std[2] = 0.5;
        let mut manifest = run(&request, &source).0.unwrap().manifest;
        manifest.normalisation = normalisation();
        write_manifest(&store, &manifest).unwrap();
        let found = against(&store, &source);
        let explanations = explanations(&found);
        assert_eq!(explanations.len(), COUNT, "{layout}");
        for explanation in explanations {
            let Explanation::OtherNormalisation(used) = explanation else {
                panic!("{layout}: {explanation}")
            };
            // One small image tells it only as well as its type keeps values.
            let near = match layout.encoding {
                Encoding::Raw(Element::Bf16) => 0.02,
                _ => 0.01,
            };
            assert!((used.mean[1] - 0.3).abs() < near, "{explanation}");
            assert!((used.std[2] - 0.5).abs() < near, "{explanation}");
            assert!(explanation.to_string().contains("wrong normalisation"));
        }
    }
}

#[test]
fn other_pixels_and_other_published_bytes_are_told() {
    let source = MemorySource::jpeg(COUNT);
    let mut other = source.clone();
    other.images[7] = Image::jpeg(1000, MemorySource::SIZE);
    planted(&source, &other, |layout, found| {
        assert_eq!(
            found.difference_count, 2,
            "{layout}: {:?}",
            found.differences
        );
        let key = source.keys[7].clone();
        assert_eq!(
            found.differences[0],
            Difference::Published { index: 7, key }
        );
        assert!(
            matches!(
                found.differences[1],
                Difference::Pixels {
                    index: 7,
                    explanation: Explanation::Unknown,
                    ..
                }
            ),
            "{:?}",
            found.differences
        );
    });
}

#[test]
fn another_split_is_told_by_its_names_or_its_number() {
    let source = MemorySource::jpeg(COUNT);
    let mut renamed = source.clone();
    renamed.keys[2] = "another.jpg".to_owned();
    planted(&source, &renamed, |layout, found| {
        assert_eq!(found.difference_count, 1, "{layout}");
        assert!(matches!(
            found.differences[0],
            Difference::Key { index: 2, .. }
        ));
    });
    planted(&source, &MemorySource::jpeg(COUNT - 1), |layout, found| {
        let count = Difference::Count {
            source: COUNT,
            store: COUNT as u32 - 1,
        };
        assert_eq!(found.differences, [count], "{layout}");
    });
}

#[test]
fn another_image_size_is_told() {
    let source = MemorySource::jpeg(COUNT);
    let other = MemorySource::of(COUNT, |index| Image::jpeg(index, ImageSpec::rgb(8, 8)));
    planted(&source, &other, |layout, found| {
        let sized = |difference: &&Difference| matches!(difference, Difference::Size { found, .. } if *found == ImageSpec::rgb(8, 8));
        let count = found.differences.iter().filter(sized).count();
        assert_eq!(count, COUNT, "{layout}: {:?}", found.differences);
    });
}

#[test]
fn many_differences_are_counted_but_not_all_listed() {
    let source = MemorySource::jpeg(300);
    let mut other = source.clone();
    for label in &mut other.labels {
        *label = Some(label.map_or(0, |label| (label + 1) % 3));
    }
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    make(&"npy/u8".parse().unwrap(), &store, &other);
    let found = against(&store, &source);
    assert_eq!(found.difference_count, 300);
    assert_eq!(found.differences.len(), ielade_layout::verify::MAX_LISTED);
}

#[test]
fn the_source_digest_is_the_same_in_every_layout() {
    let mut source = MemorySource::jpeg(COUNT);
    source.labels = vec![Some(1); COUNT];
    let digests: Vec<String> = layouts()
        .iter()
        .map(|layout| {
            let folder = tempfile::tempdir().unwrap();
            let store = folder.path().join("store");
            make(layout, &store, &source);
            open_store(&store).unwrap().manifest().source_digest.clone()
        })
        .collect();
    assert!(
        digests.windows(2).all(|pair| pair[0] == pair[1]),
        "{digests:?}"
    );
}

#[test]
fn a_store_can_be_the_source_that_another_is_compared_with() {
    // With a label each, so that every container holds them as they are.
    let mut source = MemorySource::jpeg(COUNT);
    for label in &mut source.labels {
        label.get_or_insert(0);
    }
    let folder = tempfile::tempdir().unwrap();
    let mut stores = Vec::new();
    for layout in layouts() {
        let store = folder.path().join(layout.directory_name());
        make(&layout, &store, &source);
        stores.push(store);
    }
    let references = ["files/jpeg", "npy/u8", "npy/u16", "npy/f16", "npy/f32"];
    for (at, layout) in references.iter().enumerate() {
        let reference = folder.path().join(format!("reference-{at}"));
        make(&layout.parse().unwrap(), &reference, &source);
        let data_set = data_set_of(Arc::from(open_store(&reference).unwrap()), "a store").unwrap();
        let as_source = DataSetSplit::of(&data_set, Split::Train).unwrap();
        for store in &stores {
            let found =
                verify_against(store, &as_source, &mut |_| {}, &AtomicBool::new(false)).unwrap();
            let context = || format!("{layout} and {}: {found}", store.display());
            assert!(found.holds(), "{}", context());
            assert_eq!(found.samples, COUNT as u32, "{}", context());
        }
        let mut swapped = source.clone();
        swapped.images.swap(3, 4);
        let planted = folder.path().join(format!("planted-{at}"));
        make(&"npy/u8".parse().unwrap(), &planted, &swapped);
        let found =
            verify_against(&planted, &as_source, &mut |_| {}, &AtomicBool::new(false)).unwrap();
        assert_eq!(found.difference_count, 2, "{layout}: {found}");
    }
    let store = folder.path().join("bf16");
    make(&"npy/bf16".parse().unwrap(), &store, &source);
    let error = data_set_of(Arc::from(open_store(&store).unwrap()), "a store").unwrap_err();
    assert!(error.to_string().contains("another store"), "{error}");
}
