//! Real images in every layout that can be written: prepared, and compared with their source
//! sample by sample.
//!
//! Some dozen images of each set by default. `IELADE_TEST_IMAGES=all` takes every image, which
//! needs some minutes and the disk for one store at a time:
//!
//! ```text
//! IELADE_TEST_IMAGES=all cargo test --release -p ielade-layout --test real_images -- --test-threads 1
//! ```

use ielade_core::{LayoutId, OrientationRule, Split};
use ielade_dataset::{DataSet, OpenOptions};
use ielade_layout::{
    DataSetSplit, PrepareRequest, SampleSource, prepare,
    prepare::{OnBadSample, StatisticsRequest, channel_statistics},
    registry, verify_against,
};
use ielade_testing::{Trial, real_images, run, test};
use std::{
    fs::{self, File},
    io,
    path::Path,
    process::ExitCode,
    sync::{Arc, OnceLock, atomic::AtomicBool},
};
use tempfile::TempDir;

/// Images taken of each archive, spread evenly over it.
const IMAGES: usize = 40;

/// How many images are taken: a number, or `all`.
const IMAGES_VARIABLE: &str = "IELADE_TEST_IMAGES";

/// Name the containers and encodings to be tested, separated by commas; all without them.
const CONTAINERS_VARIABLE: &str = "IELADE_TEST_CONTAINERS";
const ENCODINGS_VARIABLE: &str = "IELADE_TEST_ENCODINGS";

/// A published archive, and how its images become one data set.
#[derive(Clone, Copy)]
struct Archive {
    name: &'static str,
    file: &'static str,
    /// The class of an image by its path, if it is to be taken.
    class: fn(&str) -> Option<&str>,
    /// To which its images are resized before they become arrays.
    array_size: Option<(u32, u32)>,
}

const ARCHIVES: [Archive; 3] = [
    Archive {
        name: "cifar10",
        file: "cifar10-jpeg.zip",
        class: |path| path.split('/').nth(2),
        array_size: None,
    },
    Archive {
        name: "tiny-imagenet",
        file: "tiny-imagenet-200-subset.zip",
        class: |path| {
            path.strip_prefix("tiny-imagenet-200/train/")?
                .split('/')
                .next()
        },
        array_size: None,
    },
    Archive {
        name: "face-masks",
        file: "face-masks.zip",
        class: |path| path.split('/').nth(1),
        array_size: Some((48, 40)),
    },
];

fn main() -> ExitCode {
    run(ARCHIVES.into_iter().flat_map(trials).collect())
}

fn trials(archive: Archive) -> Vec<Trial> {
    let unpacked = Arc::new(OnceLock::new());
    registry::layouts_in_all_variants()
        .filter(|layout| is_wanted(CONTAINERS_VARIABLE, &layout.container))
        .filter(|layout| is_wanted(ENCODINGS_VARIABLE, layout.encoding.name()))
        .map(|layout| {
            let unpacked = Arc::clone(&unpacked);
            let name = format!("{}: {layout} holds what was published", archive.name);
            test(name, real_images(archive.file), move |path| {
                let images = unpacked.get_or_init(|| Images::unpack(archive, path));
                images.hold_in(&layout);
            })
        })
        .collect()
}

fn is_wanted(variable: &str, name: &str) -> bool {
    let names = std::env::var(variable).unwrap_or_default();
    names.is_empty() || names.split(',').any(|wanted| wanted == name)
}

/// Some images of an archive, in class folders.
struct Images {
    folder: TempDir,
    data_set: DataSet,
    array_size: Option<(u32, u32)>,
}

impl Images {
    fn unpack(archive: Archive, path: &Path) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut zip = zip::ZipArchive::new(File::open(path).expect("the archive")).expect("a zip");
        let class_of = |zip: &mut zip::ZipArchive<File>, at: usize| {
            let name = zip.name_for_index(at).expect("an entry").expect("a name");
            let is_image = [".jpg", ".jpeg", ".png"]
                .iter()
                .any(|ending| name.to_lowercase().ends_with(ending));
            let class = (archive.class)(&name).filter(|_| is_image)?;
            Some((class.to_owned(), name.replace('/', " ")))
        };
        let images: Vec<(usize, (String, String))> = (0..zip.len())
            .filter_map(|at| Some((at, class_of(&mut zip, at)?)))
            .collect();
        let wanted = match std::env::var(IMAGES_VARIABLE).ok().as_deref() {
            Some("all") => images.len(),
            Some(number) => number.parse().expect("a number of images, or `all`"),
            None => IMAGES,
        };
        for (at, (class, name)) in images.iter().step_by(images.len().div_ceil(wanted).max(1)) {
            let class = folder.path().join("images").join(class);
            fs::create_dir_all(&class).expect("a class folder");
            let mut entry = zip.by_index(*at).expect("an entry");
            let mut file = File::create(class.join(name)).expect("an image file");
            io::copy(&mut entry, &mut file).expect("the entry's bytes");
        }
        let options = OpenOptions {
            test_share: 0.0,
            ..OpenOptions::default()
        };
        let data_set = DataSet::open(&folder.path().join("images"), &options).expect("a data set");
        Self {
            folder,
            data_set,
            array_size: archive.array_size,
        }
    }

    fn hold_in(&self, layout: &LayoutId) {
        let (stop, mut nobody) = (AtomicBool::new(false), |_| {});
        let source = DataSetSplit::of(&self.data_set, Split::Train).expect("a train split");
        let statistics = StatisticsRequest {
            orientation: OrientationRule::Apply,
            resize: self.array_size,
            on_bad_sample: OnBadSample::Fail,
        };
        let normalisation = channel_statistics(&statistics, &source, &mut nobody, &stop)
            .expect("statistics of the channels");
        let store = self.folder.path().join(layout.directory_name());
        let request = PrepareRequest {
            resize: self.array_size,
            ..PrepareRequest::new(layout.clone(), store.clone(), normalisation)
        };
        let prepared = prepare(&request, &source, &mut nobody, &stop);
        let prepared = prepared.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(prepared.manifest.count as usize, source.len());
        let found = verify_against(&store, &source, &mut |_| {}, &stop);
        let found = found.unwrap_or_else(|error| panic!("{error}"));
        assert!(found.holds(), "{found}");
        assert_eq!(found.samples as usize, source.len());
        // One store at a time: all images in all layouts are more than a disk may hold.
        fs::remove_dir_all(store).expect("the store can be removed");
    }
}
