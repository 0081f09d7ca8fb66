//! A data set as its authors publish it, whichever form that has.

use crate::{
    DataSetError, DemoOptions,
    cifar::{self, Archive},
    class_folders, demo,
    folder::Listing,
    provided::ProvidedSplit,
    samples::SplitSamples,
    tiny_imagenet,
};
use ielade_core::Split;
use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
};

/// How a data set is opened.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OpenOptions {
    /// Share of each class that is set aside for test where the set has no split of its own;
    /// 0 sets nothing aside.
    pub test_share: f64,
    /// Decides which samples are set aside.
    pub seed: u64,
    /// Whether a class folder without images is a class all the same, instead of an error.
    pub allow_empty_classes: bool,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            test_share: 0.2,
            seed: 0,
            allow_empty_classes: false,
        }
    }
}

/// The form in which a data set is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SourceKind {
    /// `data_batch_*.bin`, `test_batch.bin`.
    CifarBinary,
    /// `data_batch_*`, `test_batch`: Python pickles.
    CifarPython,
    /// `wnids.txt`, `train`, `val`, `test`.
    TinyImagenet,
    /// A folder of images for each class.
    ClassFolders,
    /// Made up by a seed.
    Demo,
    /// A store, or a file that others made.
    Store,
}

impl fmt::Display for SourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CifarBinary => "CIFAR-10 binary archive",
            Self::CifarPython => "CIFAR-10 Python archive",
            Self::TinyImagenet => "Tiny ImageNet tree",
            Self::ClassFolders => "class folders",
            Self::Demo => "demo set",
            Self::Store => "store or file",
        })
    }
}

/// A data set: class names, and the samples of each split.
///
/// ```
/// use ielade_core::Split;
/// use ielade_dataset::{DataSet, DemoOptions, SampleBuffer};
///
/// let demo = DataSet::demo(DemoOptions::default());
/// let train = demo.split(Split::Train).unwrap();
/// assert_eq!((demo.classes().len(), train.len()), (10, 2000));
///
/// let mut buffer = SampleBuffer::default();
/// let sample = train.read(0, &mut buffer)?;
/// assert_eq!(sample.key, "train/cross/00000.jpg");
/// # Ok::<(), ielade_dataset::DataSetError>(())
/// ```
#[derive(Debug)]
pub struct DataSet {
    name: String,
    kind: SourceKind,
    source: String,
    opened: Opened,
}

/// What the module of a source kind gives.
#[derive(Debug, Default)]
pub(crate) struct Opened {
    pub(crate) classes: Vec<String>,
    pub(crate) class_descriptions: Vec<Option<String>>,
    pub(crate) notes: Vec<String>,
    pub(crate) splits: Vec<(Split, SplitSamples)>,
}

impl DataSet {
    /// Opens the data set in a folder, whatever form it has: CIFAR-10's binary or Python archive,
    /// Tiny ImageNet's tree, or a folder of class folders with or without split folders
    /// (`train`, `val`, `valid`, `validation`, `test`). A folder around such a folder will do.
    ///
    /// Only names and labels are read; images are not looked at before [`SplitSamples::read`].
    ///
    /// # Errors
    /// Where there is no such folder, it cannot be read, or holds no data set that is known; the
    /// message says what to do.
    pub fn open(path: &Path, options: &OpenOptions) -> Result<Self, DataSetError> {
        if !(0.0..1.0).contains(&options.test_share) {
            return Err(DataSetError::TestShare {
                given: options.test_share,
            });
        }
        require_folder(path)?;
        let Root {
            folder,
            listing,
            kind,
            note,
        } = Root::find(path)?;
        let mut opened = match kind {
            SourceKind::CifarBinary => {
                cifar::open(Archive::Binary, &folder, &listing.file_names())?
            }
            SourceKind::CifarPython => {
                cifar::open(Archive::Python, &folder, &listing.file_names())?
            }
            SourceKind::TinyImagenet => tiny_imagenet::open(&folder)?,
            SourceKind::ClassFolders | SourceKind::Demo | SourceKind::Store => {
                class_folders::open(&folder, &listing, options)?
            }
        };
        opened.notes.splice(0..0, note);
        let name = match kind {
            SourceKind::CifarBinary | SourceKind::CifarPython => "cifar10".to_owned(),
            SourceKind::TinyImagenet => "tiny-imagenet".to_owned(),
            SourceKind::ClassFolders | SourceKind::Demo | SourceKind::Store => folder_name(&folder),
        };
        Ok(Self {
            name,
            kind,
            source: path.display().to_string(),
            opened,
        })
    }

    /// The procedural data set: ten classes of small pictures that are made by a seed, so that
    /// everything can be tried without a download. See [`DemoOptions`].
    pub fn demo(options: DemoOptions) -> Self {
        Self {
            name: "demo".to_owned(),
            kind: SourceKind::Demo,
            source: format!("demo (seed {})", options.seed),
            opened: demo::open(options),
        }
    }

    /// A data set whose samples another room provides.
    ///
    /// # Errors
    /// Where a split has more samples than can be numbered.
    pub fn provided(
        name: &str,
        source: &str,
        classes: Vec<String>,
        splits: Vec<ProvidedSplit>,
    ) -> Result<Self, DataSetError> {
        let too_many = |split: &ProvidedSplit| u32::try_from(split.samples.len()).is_err();
        if splits.iter().any(too_many) {
            return Err(DataSetError::TooManySamples {
                path: PathBuf::from(source),
            });
        }
        let splits = splits
            .into_iter()
            .map(|split| (split.split, split.into_samples()))
            .collect();
        Ok(Self {
            name: name.to_owned(),
            kind: SourceKind::Store,
            source: source.to_owned(),
            opened: Opened {
                class_descriptions: vec![None; classes.len()],
                classes,
                notes: Vec::new(),
                splits,
            },
        })
    }

    /// A short name: `cifar10`, `tiny-imagenet`, `demo`, or the folder's own.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The form in which the data set is published.
    pub fn kind(&self) -> SourceKind {
        self.kind
    }

    /// Where the data set comes from: the path as given, or `demo (seed 0)`.
    pub fn source(&self) -> String {
        self.source.clone()
    }

    /// Names of the classes; a label is an index into them.
    pub fn classes(&self) -> &[String] {
        &self.opened.classes
    }

    /// What each class is called in words, where a `words.txt` says so (Tiny ImageNet's classes
    /// are `WordNet` numbers). As long as [`DataSet::classes`].
    pub fn class_descriptions(&self) -> &[Option<String>] {
        &self.opened.class_descriptions
    }

    /// The splits that there are: train, val, test, in this order.
    pub fn splits(&self) -> impl Iterator<Item = Split> {
        Split::ALL
            .into_iter()
            .filter(|split| self.split(*split).is_some())
    }

    /// The samples of a split, where there is one.
    pub fn split(&self, split: Split) -> Option<&SplitSamples> {
        let splits = &self.opened.splits;
        let found = splits.iter().find(|(name, _)| *name == split);
        found.map(|(_, samples)| samples)
    }

    /// The split to evaluate a model on: test where it has labels, else val, else none.
    pub fn evaluation_split(&self) -> Option<Split> {
        [Split::Test, Split::Val]
            .into_iter()
            .find(|split| self.split(*split).is_some_and(SplitSamples::has_labels))
    }

    /// What was decided for the user, one sentence each, for example
    /// `no split folders: 20 % of each class set aside for test (275 of 1376 images), seed 0`.
    pub fn notes(&self) -> &[String] {
        &self.opened.notes
    }
}

fn require_folder(path: &Path) -> Result<(), DataSetError> {
    let metadata = fs::metadata(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => DataSetError::Missing {
            path: path.to_owned(),
        },
        _ => DataSetError::io("open", path)(error),
    })?;
    if metadata.is_dir() {
        return Ok(());
    }
    let ending = path.extension().unwrap_or_default().to_ascii_lowercase();
    let hint = if ["zip", "gz", "tgz", "tar"]
        .iter()
        .any(|known| ending == *known)
    {
        "unpack it first and give the folder that comes out"
    } else {
        "give the folder that holds the data set"
    };
    Err(DataSetError::NotAFolder {
        path: path.to_owned(),
        hint,
    })
}

/// The name of a folder, also of one given as `.` or `..`.
fn folder_name(folder: &Path) -> String {
    let absolute = folder.canonicalize();
    let path = absolute.as_deref().unwrap_or(folder);
    let name = path.file_name().map(|name| name.display().to_string());
    name.unwrap_or_else(|| "images".to_owned())
}

/// The folder that a data set lies in.
struct Root {
    folder: PathBuf,
    listing: Listing,
    kind: SourceKind,
    note: Option<String>,
}

impl Root {
    /// The given folder, or the only one in it where that is plainly what was meant: archives are
    /// often unpacked into a folder of their own.
    fn find(path: &Path) -> Result<Self, DataSetError> {
        let listing = Listing::of(path)?;
        let kind = recognise(&listing);
        if kind == SourceKind::ClassFolders
            && let Some(inner) = only_folder(&listing)
        {
            let folder = path.join(inner);
            let inside = Listing::of(&folder)?;
            let kind = recognise(&inside);
            if kind != SourceKind::ClassFolders
                || (inside.images.is_empty() && inside.folders.len() > 1)
            {
                let inner = Path::new(inner).display();
                return Ok(Self {
                    note: Some(format!("the data set lies in the folder {inner} inside")),
                    folder,
                    listing: inside,
                    kind,
                });
            }
        }
        Ok(Self {
            folder: path.to_owned(),
            listing,
            kind,
            note: None,
        })
    }
}

fn only_folder(listing: &Listing) -> Option<&std::ffi::OsString> {
    match listing.folders.as_slice() {
        [only] if listing.images.is_empty() && only != "train" => Some(only),
        _ => None,
    }
}

fn recognise(listing: &Listing) -> SourceKind {
    let marked = |archive: Archive| {
        let mut names = listing.others.iter().filter_map(|name| name.to_str());
        names.any(|name| archive.is_marked_by(name))
    };
    if marked(Archive::Binary) {
        SourceKind::CifarBinary
    } else if marked(Archive::Python) {
        SourceKind::CifarPython
    } else if tiny_imagenet::recognise(listing) {
        SourceKind::TinyImagenet
    } else {
        SourceKind::ClassFolders
    }
}
