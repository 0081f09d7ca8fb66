//! Sources that cannot be stored, and targets that cannot be written.

use crate::{
    broken::broken,
    source::{Image, MemorySource},
    stores::{layouts, make, output, read, request, run},
};
use ielade_core::{Encoding, ImageSpec, LayoutId};
use ielade_layout::{LayoutError, open_store, prepare, prepare::OnBadSample, registry};
use std::{fs, sync::atomic::AtomicBool};

fn refused(layout: &str, source: &MemorySource) -> LayoutError {
    let folder = tempfile::tempdir().unwrap();
    let layout: LayoutId = layout.parse().unwrap();
    let error = run(&request(&layout, &folder.path().join("store")), source)
        .0
        .unwrap_err();
    // What can never be continued leaves nothing behind.
    if !matches!(
        error,
        LayoutError::BadSource { .. } | LayoutError::Io { .. }
    ) {
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{error}");
    }
    error
}

#[test]
fn what_is_no_jpeg_is_never_encoded_as_one() {
    for image in [Image::png as fn(usize, ImageSpec) -> Image, Image::raw] {
        let source = MemorySource::of(3, |index| image(index, MemorySource::SIZE));
        let error = refused("files/jpeg", &source).to_string();
        assert!(error.contains("would change the pixels"), "{error}");
        assert!(error.contains("use png"), "{error}");
    }
}

#[test]
fn images_of_several_sizes_need_a_size_in_an_array() {
    let error = refused("npy/u8", &MemorySource::varied(6)).to_string();
    assert!(error.starts_with("1/train/0000"), "{error}");
    assert!(error.contains("9×16×3"), "{error}");
    assert!(error.contains("8×16×3"), "{error}");
    assert!(error.contains("--resize HEIGHTxWIDTH"), "{error}");
}

#[test]
fn names_that_lead_out_of_the_store_are_refused_by_files() {
    for key in ["../../evil.jpg", "/etc/evil.jpg", "a/\0.jpg"] {
        let mut source = MemorySource::jpeg(3);
        source.keys[1] = key.to_owned();
        let error = refused("files/jpeg", &source);
        assert!(matches!(error, LayoutError::HostileKey { .. }), "{error}");
    }
}

#[test]
fn a_label_without_a_class_is_refused() {
    for layout in layouts() {
        let mut source = MemorySource::jpeg(3);
        source.labels[1] = Some(3);
        let error = refused(&layout.to_string(), &source);
        assert!(
            matches!(
                error,
                LayoutError::LabelOutOfRange {
                    label: 3,
                    classes: 3,
                    ..
                }
            ),
            "{error}"
        );
    }
}

#[test]
fn a_sample_without_a_label_is_refused_where_each_needs_one() {
    let source = MemorySource::jpeg(9);
    for layout in layouts() {
        let labels = registry::check(&layout).unwrap().labels;
        if labels.or_none() {
            continue;
        }
        let folder = tempfile::tempdir().unwrap();
        let request = request(&layout, &folder.path().join("store"));
        let stop = AtomicBool::new(false);
        let error = prepare(&request, &source, &mut |_| {}, &stop).unwrap_err();
        assert!(matches!(error, LayoutError::NeedsLabel { .. }), "{error}");
        assert!(error.to_string().starts_with(&source.keys[6]), "{error}");
        let mut many = MemorySource::jpeg(3);
        many.classes = (0..=labels.most_classes()).map(|c| c.to_string()).collect();
        let error = run(&request, &many).0.unwrap_err();
        assert!(
            matches!(error, LayoutError::TooManyClasses { .. }),
            "{error}"
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        many.classes.pop();
        run(&request, &many).0.unwrap();
    }
}

#[test]
fn a_bad_sample_is_named_or_left_out_and_listed() {
    let mut source = MemorySource::jpeg(30);
    source.images[0] = broken();
    source.images[17] = broken();
    for layout in layouts() {
        let error = refused(&layout.to_string(), &source).to_string();
        assert!(error.starts_with(&source.keys[0]), "{error}");
        assert!(error.contains("--on-bad-sample skip"), "{error}");

        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        let mut request = request(&layout, &store);
        request.on_bad_sample = OnBadSample::Skip;
        let prepared = run(&request, &source).0.unwrap();
        assert_eq!((prepared.skipped, prepared.manifest.count), (2, 28));
        let skipped = fs::read_to_string(store.join("skipped.csv")).unwrap();
        for key in [&source.keys[0], &source.keys[17]] {
            assert!(skipped.contains(key.as_str()), "{skipped}");
        }
        assert!(skipped.contains("not an image"), "{skipped}");
        let reader = open_store(&store).unwrap();
        assert_eq!(reader.key(0), source.keys[1]);
        assert_eq!(reader.key(27), source.keys[29]);
        let all: Vec<u32> = (0..28).collect();
        read(reader.as_ref(), &all, output(&layout, MemorySource::SIZE)).unwrap();
        assert!(run(&request, &source).0.unwrap().already_there);
    }
}

#[test]
fn a_split_without_a_sound_sample_is_refused() {
    for layout in layouts() {
        let folder = tempfile::tempdir().unwrap();
        let mut request = request(&layout, &folder.path().join("store"));
        request.on_bad_sample = OnBadSample::Skip;
        for source in [MemorySource::jpeg(0), MemorySource::of(3, |_| broken())] {
            let error = run(&request, &source).0.unwrap_err();
            assert!(matches!(error, LayoutError::NoSamples { .. }), "{error}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

#[test]
fn a_target_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    for layout in layouts() {
        let error = run(
            &request(&layout, &file.join("store")),
            &MemorySource::jpeg(2),
        )
        .0
        .unwrap_err()
        .to_string();
        assert!(error.contains(file.to_str().unwrap()), "{error}");
    }
}

#[test]
fn a_store_larger_than_the_disk_is_refused_before_anything_is_read() {
    // 100,000 samples of one size that are never read but for the first.
    let mut source = MemorySource::jpeg(1);
    source.keys = (0..100_000).map(|index| index.to_string()).collect();
    source.labels = vec![None; 100_000];
    let folder = tempfile::tempdir().unwrap();
    let mut request = request(&"npy/f32".parse().unwrap(), &folder.path().join("store"));
    request.resize = Some((9_000, 9_000));
    let error = run(&request, &source).0.unwrap_err();
    let LayoutError::NoRoom { needed, free, .. } = error else {
        panic!("{error}")
    };
    assert_eq!(needed, 100_000 * 9_000 * 9_000 * 3 * 4);
    assert!(free < needed);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn unknown_layouts_are_refused_with_the_known_ones() {
    let source = MemorySource::jpeg(1);
    let error = refused("npy/jpeg", &source).to_string();
    assert!(error.contains("npy cannot hold jpeg"), "{error}");
    let error = refused("fils/jpeg", &source).to_string();
    assert!(error.contains("did you mean \"files\""), "{error}");
}

#[test]
fn equal_names_in_one_class_become_different_files() {
    let mut source = MemorySource::jpeg(4);
    source.keys = ["a/1.jpg", "b/1.jpg", "c/1.jpg", "d/1-2.jpg"]
        .map(str::to_owned)
        .to_vec();
    source.labels = vec![Some(0); 4];
    for encoding in [Encoding::Jpeg, Encoding::Png] {
        let layout = LayoutId::new("files", encoding);
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        make(&layout, &store, &source);
        let mut names: Vec<String> = fs::read_dir(store.join("images/ant"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        let ending = encoding.file_extension();
        let expected = ["1-2-2", "1-2", "1-3", "1"].map(|stem| format!("{stem}.{ending}"));
        assert_eq!(names, expected);
        let reader = open_store(&store).unwrap();
        read(
            reader.as_ref(),
            &[0, 1, 2, 3],
            output(&layout, MemorySource::SIZE),
        )
        .unwrap();
    }
}
