//! The readers that bytes are given to.

use crate::{
    input::{self, Case},
    mending,
    reading::{MOST_PIXELS, read_all},
    seeds,
};
use ielade_codec::{Decoder, read_header};
use ielade_core::{Encoding, ForeignNames, OrientationRule};
use ielade_dataset::{DataSet, OpenOptions, SampleBuffer};
use ielade_layout::{
    foreign::ForeignFile, open_store, registry, registry::Container, verify_store,
};
use std::{
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
};

/// A reader that bytes are given to.
#[derive(Debug, Clone)]
pub struct Target {
    name: String,
    kind: Kind,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// A container's file or folder, without a manifest.
    Open(&'static Container),
    /// A store of a container, its manifest too.
    Store(&'static Container),
    /// An image.
    Image(Encoding),
    /// One file of a store that is otherwise sound.
    FileOfStore(&'static str),
    /// A batch of CIFAR-10's Python archive.
    Pickle,
    /// A folder that is to be a data set.
    DataSet,
}

/// Every target: those of a container come from the registry.
///
/// ```
/// let names: Vec<String> = ielade_hostile::targets().iter().map(|t| t.name().to_owned()).collect();
/// assert!(names.contains(&"open-tfrecord".to_owned()));
/// assert!(names.contains(&"image-qoi".to_owned()));
/// ```
pub fn targets() -> Vec<Target> {
    let target = |name: String, kind| Target { name, kind };
    let open = registry::CONTAINERS
        .iter()
        .filter(|container| container.foreign.is_some())
        .map(|it| target(format!("open-{}", it.name), Kind::Open(it)));
    let stores = registry::CONTAINERS
        .iter()
        .map(|it| target(format!("store-{}", it.name), Kind::Store(it)));
    let images = Encoding::IMAGES
        .into_iter()
        .map(|it| target(format!("image-{it}"), Kind::Image(it)));
    let others = [
        ("manifest", Kind::FileOfStore("manifest.json")),
        ("samples-table", Kind::FileOfStore("samples.csv")),
        ("samples-index", Kind::FileOfStore("samples.index")),
        ("pickle", Kind::Pickle),
        ("data-set", Kind::DataSet),
    ];
    let others = others.map(|(name, kind)| target(name.to_owned(), kind));
    open.chain(stores).chain(images).chain(others).collect()
}

impl Target {
    /// The target of a name.
    pub fn find(name: &str) -> Option<Self> {
        targets().into_iter().find(|target| target.name == name)
    }

    /// The name: what a folder of the corpus is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) const fn kind(&self) -> Kind {
        self.kind
    }

    /// Gives an input to the reader and reads all that it then offers.
    ///
    /// # Errors
    /// What the reader said.
    ///
    /// # Panics
    /// Where the reader broke its word: it panics itself, or its error names no file.
    pub fn run(&self, input: &[u8]) -> Result<(), String> {
        match self.kind {
            Kind::Image(encoding) => decode(encoding, input),
            Kind::Open(container) => in_case(input, |case| open(container, case)),
            Kind::Store(_) => in_case(input, |case| read_store(case.folder())),
            Kind::FileOfStore(name) => {
                in_case(&in_sound_store(name, input), |case| verify(case.folder()))
            }
            Kind::Pickle => {
                let batch = input::join([("data_batch_1", input)]);
                in_case(&batch, |case| read_data_set(case.folder()))
            }
            Kind::DataSet => in_case(input, |case| read_data_set(case.folder())),
        }
    }

    /// An input with checksums and sizes set right, so that what was changed is read and not
    /// refused at once.
    pub fn mend(&self, input: &[u8]) -> Vec<u8> {
        match self.kind {
            Kind::Open(container) if container.name == "tfrecord" => mending::records(input),
            Kind::Store(_) => mending::store(input),
            Kind::FileOfStore("samples.index") => mending::index(input, &[]),
            _ => input.to_vec(),
        }
    }
}

/// Reads the case of an input; what is said of it must name a file of it.
fn in_case(input: &[u8], read: impl FnOnce(&Case) -> Result<(), String>) -> Result<(), String> {
    let case = Case::write(input).map_err(|error| format!("no room for the case: {error}"))?;
    let folder = case.folder().to_string_lossy().into_owned();
    read(&case).inspect_err(|error| {
        assert!(error.contains(&folder), "no file is named: {error}");
    })
}

fn open(container: &Container, case: &Case) -> Result<(), String> {
    let Some(foreign) = container.foreign else {
        return Ok(());
    };
    let names = ForeignNames::default();
    let of_path = |path: &Path| {
        let file = ForeignFile {
            path,
            names: &names,
        };
        let opened = (foreign.open)(&file)?;
        read_all(opened.reader.as_ref())
    };
    of_path(&path_of(case, foreign.recognises)).map_err(|error| error.to_string())
}

/// The path that is opened: several files may be one whole, or a file with others beside it.
fn path_of(case: &Case, recognises: fn(&Path, &[u8]) -> bool) -> PathBuf {
    let first = case.first();
    let is_folder = |path: &&Path| path.starts_with(case.folder()) && path.is_dir();
    let folders = first.ancestors().filter(is_folder);
    let whole = folders.filter(|folder| recognises(folder, &[])).last();
    whole.unwrap_or(first).to_owned()
}

fn read_store(folder: &Path) -> Result<(), String> {
    open_store(folder)
        .and_then(|reader| read_all(reader.as_ref()))
        .map_err(|error| error.to_string())
}

/// Reads a store and what only its checking reads.
fn verify(folder: &Path) -> Result<(), String> {
    read_store(folder)?;
    let stop = AtomicBool::new(false);
    verify_store(folder, &mut |_| {}, &stop)
        .map(drop)
        .map_err(|error| error.to_string())
}

/// A sound store in which one file is the input.
fn in_sound_store(name: &str, input: &[u8]) -> Vec<u8> {
    let store = seeds::sound_store();
    let others = store.iter().filter(|(other, _)| other != name);
    let others = others.map(|(name, content)| (name.as_str(), content.as_slice()));
    let joined = input::join(others.chain([(name, input)]));
    mending::sizes(&joined)
}

/// Decodes an image twice: what a decoder keeps must not change what it makes of the next one.
fn decode(encoding: Encoding, bytes: &[u8]) -> Result<(), String> {
    let header = read_header(bytes);
    if header.is_ok_and(|it| u64::from(it.width) * u64::from(it.height) > MOST_PIXELS) {
        return Ok(());
    }
    let header = read_header(bytes);
    let mut decoder = Decoder::new(OrientationRule::Ignore);
    let first = decoder
        .decode(encoding, bytes)
        .map(|(pixels, spec)| (pixels.to_vec(), spec));
    let second = decoder
        .decode(encoding, bytes)
        .map(|(pixels, spec)| (pixels.to_vec(), spec));
    assert!(first == second, "decoded twice, with two results");
    let (_, spec) = first.map_err(|error| error.to_string())?;
    let header = header.expect("an image that is decoded has a header");
    assert_eq!((spec.height, spec.width), (header.height, header.width));
    Ok(())
}

fn read_data_set(folder: &Path) -> Result<(), String> {
    let options = OpenOptions::default();
    let data_set = DataSet::open(folder, &options).map_err(|error| error.to_string())?;
    let mut buffer = SampleBuffer::default();
    for split in data_set.splits() {
        let Some(samples) = data_set.split(split) else {
            continue;
        };
        for index in 0..samples.len().min(64) {
            let _ = (samples.key(index), samples.label(index));
            let read = samples.read(index, &mut buffer);
            read.map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}
