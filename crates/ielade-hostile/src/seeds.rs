//! Small sound files of every kind: what the fuzzer starts from and the sweeps damage.

use crate::{
    Target,
    input::{folder_in_memory, join},
    target::Kind,
};
use ielade_codec::{ImageEncoder, encode_jpeg};
use ielade_core::{Element, Encoding, ImageSpec, LayoutId, Normalisation, Payload, Sample, Split};
use ielade_layout::{
    PrepareRequest, SampleSource, SourceError, prepare,
    registry::{self, Container},
    store::MANIFEST_FILE,
};
use std::{
    fs,
    path::Path,
    sync::{OnceLock, atomic::AtomicBool},
};

/// Size of the images.
pub const SIZE: ImageSpec = ImageSpec::rgb(5, 4);

/// Number of the images.
pub const COUNT: usize = 5;

/// Files of a folder by their names.
pub type Files = Vec<(String, Vec<u8>)>;

/// A few JPEGs.
struct Pictures {
    classes: [String; 2],
    keys: Vec<String>,
    images: Vec<Vec<u8>>,
}

fn pixels(index: usize) -> Vec<u8> {
    (0..SIZE.values())
        .map(|at| (at * 7 + index * 40) as u8)
        .collect()
}

impl Pictures {
    fn new() -> Self {
        let jpeg = |index| {
            let mut bytes = Vec::new();
            encode_jpeg(&pixels(index), SIZE, 90, &mut bytes).expect("a small image is encoded");
            bytes
        };
        Self {
            classes: ["ant", "bee"].map(str::to_owned),
            keys: (0..COUNT).map(|index| format!("{index}.jpg")).collect(),
            images: (0..COUNT).map(jpeg).collect(),
        }
    }
}

impl SampleSource for Pictures {
    type Buffer = ();

    fn data_set(&self) -> &'static str {
        "seed"
    }

    fn split(&self) -> Split {
        Split::Train
    }

    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn origin(&self) -> String {
        "memory".to_owned()
    }

    fn len(&self) -> usize {
        self.images.len()
    }

    fn key(&self, index: usize) -> &str {
        &self.keys[index]
    }

    fn label(&self, index: usize) -> Option<u32> {
        Some(index as u32 % 2)
    }

    fn read<'a>(&'a self, index: usize, (): &'a mut ()) -> Result<Sample<'a>, SourceError> {
        Ok(Sample {
            key: self.key(index),
            label: self.label(index),
            payload: Payload::Encoded {
                encoding: Encoding::Jpeg,
                bytes: &self.images[index],
            },
        })
    }
}

/// A store of a layout: all its files.
///
/// # Panics
/// Where it cannot be made, which is a fault of the writer.
pub fn store(layout: &LayoutId) -> Files {
    let folder = folder_in_memory().expect("there is room for a folder");
    let store = folder.path().join("store");
    let normalisation = Normalisation::identity(ielade_codec::CHANNELS as u32);
    let request = PrepareRequest::new(layout.clone(), store.clone(), normalisation);
    let made = prepare(
        &request,
        &Pictures::new(),
        &mut |_| {},
        &AtomicBool::new(false),
    );
    made.unwrap_or_else(|error| panic!("{layout}: {error}"));
    let mut files = Files::new();
    collect(&store, &store, &mut files);
    files.sort();
    files
}

fn collect(root: &Path, folder: &Path, files: &mut Files) {
    for entry in fs::read_dir(folder).expect("the store is there") {
        let path = entry.expect("the store is read").path();
        if path.is_dir() {
            collect(root, &path, files);
            continue;
        }
        let name = path.strip_prefix(root).unwrap_or(&path);
        let content = fs::read(&path).expect("the store is read");
        files.push((name.to_string_lossy().into_owned(), content));
    }
}

/// The layouts of a container that are told apart by its reader: all its variants, with image
/// bytes and integers.
fn layouts_of(container: &Container) -> impl Iterator<Item = LayoutId> {
    let kinds = [Encoding::Png, Encoding::Raw(Element::U8)];
    registry::layouts_in_all_variants()
        .filter(move |layout| layout.container == container.name)
        .filter(move |layout| kinds.contains(&layout.encoding))
}

fn joined(files: &Files) -> Vec<u8> {
    join(
        files
            .iter()
            .map(|(name, content)| (name.as_str(), content.as_slice())),
    )
}

/// Stores of a container, by the layout's name.
pub fn stores_of(container: &Container) -> Vec<(String, Vec<u8>)> {
    layouts_of(container)
        .map(|layout| (layout.directory_name(), joined(&store(&layout))))
        .collect()
}

/// What is left of a store when it is opened as a file that others made.
pub fn without_manifest(mut files: Files) -> Vec<u8> {
    files.retain(|(name, _)| !is_ours(name));
    match files.as_slice() {
        // The name may tell what it is.
        [(name, content)] if Path::new(name).extension() != Some("bin".as_ref()) => content.clone(),
        _ => joined(&files),
    }
}

/// Whether a file of a store is not the container's own.
pub fn is_ours(name: &str) -> bool {
    [MANIFEST_FILE, "samples.csv", "samples.index"].contains(&name)
}

/// A store whose index, table and manifest are replaced one at a time.
pub(crate) fn sound_store() -> &'static Files {
    static STORE: OnceLock<Files> = OnceLock::new();
    STORE.get_or_init(|| store(&LayoutId::new("tfrecord", Encoding::Raw(Element::U8))))
}

/// What Python writes for a few images of the archive.
const PICKLES: [(&str, &[u8]); 3] = [
    (
        "protocol1",
        include_bytes!("../../ielade-dataset/tests/fixtures/cifar10-batch/python2-protocol1"),
    ),
    (
        "protocol3",
        include_bytes!("../../ielade-dataset/tests/fixtures/cifar10-batch/python3-protocol3"),
    ),
    (
        "protocol5",
        include_bytes!("../../ielade-dataset/tests/fixtures/cifar10-batch/python3-protocol5"),
    ),
];

/// What the fuzzer starts from, by name.
pub fn of(target: &Target) -> Vec<(String, Vec<u8>)> {
    match target.kind() {
        Kind::Open(container) => layouts_of(container)
            .map(|layout| (layout.directory_name(), without_manifest(store(&layout))))
            .collect(),
        Kind::Store(container) => stores_of(container),
        Kind::Image(encoding) => vec![("seed".to_owned(), image(encoding))],
        Kind::FileOfStore(name) => sound_store()
            .iter()
            .filter(|(found, _)| found == name)
            .cloned()
            .collect(),
        Kind::Pickle => PICKLES
            .map(|(name, pickle)| (name.to_owned(), pickle.to_vec()))
            .to_vec(),
        Kind::DataSet => data_sets(),
    }
}

fn image(encoding: Encoding) -> Vec<u8> {
    let mut bytes = Vec::new();
    let encoded = match ImageEncoder::lossless(encoding) {
        Some(encoder) => encoder.encode(&pixels(1), SIZE, &mut bytes),
        None => encode_jpeg(&pixels(1), SIZE, 90, &mut bytes),
    };
    encoded.expect("a small image is encoded");
    bytes
}

fn data_sets() -> Vec<(String, Vec<u8>)> {
    let (png, jpeg) = (image(Encoding::Png), image(Encoding::Jpeg));
    let folders = join([
        ("ant/1.png", &png[..]),
        ("bee/2.jpg", &jpeg),
        ("bee/3.png", &png),
    ]);
    let tiny = join([
        ("wnids.txt", &b"n1\nn2\n"[..]),
        ("words.txt", b"n1\tant\nn2\tbee, honeybee\n"),
        ("train/n1/images/n1_0.JPEG", &jpeg),
        ("train/n2/images/n2_0.JPEG", &jpeg),
        ("val/val_annotations.txt", b"val_0.JPEG\tn1\t0\t0\t3\t3\n"),
        ("val/images/val_0.JPEG", &jpeg),
        ("test/images/test_0.JPEG", &jpeg),
    ]);
    let record = [&[3][..], &[7; 3072]].concat();
    let cifar = join([
        ("data_batch_1.bin", &record[..]),
        ("batches.meta.txt", b"a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n"),
    ]);
    [("folders", folders), ("tiny", tiny), ("cifar", cifar)]
        .map(|(name, seed)| (name.to_owned(), seed))
        .to_vec()
}
