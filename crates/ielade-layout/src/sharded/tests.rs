//! Stores of shards whose index or shards were tampered with.

use crate::{
    LayoutError, PrepareRequest, SampleSource, SourceError, index::SampleIndex, open_store,
    prepare, stored::mapped::Place,
};
use ielade_core::{ImageSpec, Normalisation, Payload, Sample, Split};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
};

const COUNT: usize = 7;
const SIZE: ImageSpec = ImageSpec::rgb(4, 5);

/// Samples of one shade each.
struct Shades {
    keys: Vec<String>,
    images: Vec<Vec<u8>>,
}

impl Shades {
    fn new() -> Self {
        Self {
            keys: (0..COUNT).map(|index| format!("{index}.png")).collect(),
            images: (0..COUNT)
                .map(|index| vec![index as u8; SIZE.values()])
                .collect(),
        }
    }
}

impl SampleSource for Shades {
    type Buffer = ();

    fn data_set(&self) -> &'static str {
        "shades"
    }

    fn split(&self) -> Split {
        Split::Train
    }

    fn classes(&self) -> &[String] {
        &self.keys
    }

    fn origin(&self) -> String {
        "memory".to_owned()
    }

    fn len(&self) -> usize {
        COUNT
    }

    fn key(&self, index: usize) -> &str {
        &self.keys[index]
    }

    fn label(&self, index: usize) -> Option<u32> {
        Some(index as u32)
    }

    fn read<'a>(&'a self, index: usize, (): &'a mut ()) -> Result<Sample<'a>, SourceError> {
        Ok(Sample {
            key: &self.keys[index],
            label: self.label(index),
            payload: Payload::PixelsU8 {
                spec: SIZE,
                values: &self.images[index],
            },
        })
    }
}

fn make(container: &str, store: &Path) -> Vec<PathBuf> {
    let layout = format!("{container}:shards=2/u8").parse().unwrap();
    let request = PrepareRequest::new(layout, store.to_owned(), Normalisation::identity(3));
    let stop = AtomicBool::new(false);
    let prepared = prepare(&request, &Shades::new(), &mut |_| {}, &stop).unwrap();
    let files = prepared.manifest.files.iter().take(2);
    files.map(|file| store.join(&file.path)).collect()
}

fn refused(store: &Path) -> LayoutError {
    match open_store(store) {
        Err(error) => error,
        Ok(_) => panic!("it was opened"),
    }
}

#[test]
fn an_index_that_tells_another_story_is_refused_with_the_file() {
    type Change = fn(&mut SampleIndex);
    let changes: [(Change, &str); 7] = [
        (
            |index| index.places[0].offset += 1,
            "is not the one that samples.index tells of",
        ),
        (
            |index| index.labels[4] = 0,
            "is not the one that samples.index tells of",
        ),
        (|index| index.places.swap(0, 1), "is not the one"),
        (
            |index| index.places[3].len -= 1,
            "sample 3 has 59 bytes where 60 belong",
        ),
        (
            |index| index.places[2].offset = u64::MAX,
            "sample 2 reaches beyond",
        ),
        (|index| index.places[6].file = 9, "sample 6 lies in file 9"),
        (|index| index.labels[2] = 7, "label 7"),
    ];
    for container in ["tfrecord", "webdataset"] {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        let shards = make(container, &store);
        let sound = SampleIndex::read_of_store(&store, &shards).unwrap();
        let at = |index: usize| sound.places[index];
        assert_eq!((at(3).file, at(4).file), (0, 1));
        for (change, expected) in changes {
            let mut index = sound.clone();
            change(&mut index);
            index.write_into_store(&store, &shards).unwrap();
            let error = refused(&store).to_string();
            assert!(error.contains(expected), "{container}: {error}");
            assert!(
                error.contains(store.to_str().unwrap()),
                "{container}: {error}"
            );
        }
        sound.write_into_store(&store, &shards).unwrap();
        open_store(&store).unwrap();
    }
}

#[test]
fn shards_of_one_size_that_changed_places_are_told_apart() {
    for container in ["tfrecord", "webdataset"] {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        let shards = make(container, &store);
        let index = SampleIndex::read_of_store(&store, &shards).unwrap();
        // The first sample of the second shard moves up, where a header stands now.
        let mut bytes = fs::read(&shards[1]).unwrap();
        bytes.rotate_left(16);
        fs::write(&shards[1], &bytes).unwrap();
        let error = refused(&store).to_string();
        assert!(error.contains(shards[1].to_str().unwrap()), "{error}");
        assert_eq!(SampleIndex::read_of_store(&store, &shards).unwrap(), index);
    }
}

#[test]
fn arrays_are_aligned_in_their_files() {
    for container in ["tfrecord", "webdataset"] {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        let shards = make(container, &store);
        let index = SampleIndex::read_of_store(&store, &shards).unwrap();
        let aligned = |place: &Place| place.offset.is_multiple_of(64);
        assert!(index.places.iter().all(aligned), "{container}");
    }
}
