//! The stores that are measured: made once, kept for the next time.

use crate::command_line::Arguments;
use ielade_core::{Element, Encoding, LayoutId, Normalisation, OrientationRule, Split};
use ielade_dataset::{DataSet, DemoOptions, OpenOptions};
use ielade_layout::{
    DataSetSplit, PrepareRequest, SampleSource, cache, prepare,
    prepare::{OnBadSample, StatisticsRequest, channel_statistics},
    registry,
};
use ielade_testing::contest::Failure;
use std::{
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
};

/// What all raw ones are compared with.
pub(crate) const RAW_BASELINE: &str = "npy/u8";

/// What all with JPEGs are compared with.
pub(crate) const JPEG_BASELINE: &str = "files/jpeg";

/// Layouts beside the registry's variants: as the usual libraries' own writers and guides have it.
const FURTHER: [&str; 3] = [
    "zarr:chunk=128/u8",
    "zarr:chunk=128,zstd/u8",
    "parquet:zstd/u8",
];

/// A layout and its store.
pub(crate) struct Store {
    pub(crate) layout: LayoutId,
    pub(crate) folder: PathBuf,
}

/// All stores of a data set's training split.
pub(crate) struct Stores {
    folder: PathBuf,
    pub(crate) all: Vec<Store>,
}

impl Stores {
    /// Makes what is not there yet, and reads everything once.
    pub(crate) fn make(arguments: &Arguments) -> Result<Self, Failure> {
        let data_set = match &arguments.source {
            Some(path) => DataSet::open(path, &OpenOptions::default())?,
            None => DataSet::demo(DemoOptions {
                train: 50_000,
                test: 1,
                seed: 0,
            }),
        };
        let split = DataSetSplit::of(&data_set, Split::Train).ok_or("there is no train split")?;
        let normalisation = statistics(&split)?;
        let folder = arguments
            .stores
            .join(format!("{}-{}", data_set.name(), split.len()));
        let mut this = Self {
            folder,
            all: Vec::new(),
        };
        let is_wanted = |layout: &LayoutId| {
            let name = layout.to_string();
            name.contains(&arguments.only) || [RAW_BASELINE, JPEG_BASELINE].contains(&name.as_str())
        };
        for layout in layouts()?.into_iter().filter(is_wanted) {
            let store = this.folder.join(layout.directory_name());
            let request = PrepareRequest::new(layout.clone(), store.clone(), normalisation.clone());
            let prepared = prepare(&request, &split, &mut |_| {}, &AtomicBool::new(false))?;
            if !prepared.already_there {
                eprintln!("made {layout}");
            }
            cache::warm(&store)?;
            this.all.push(Store {
                layout,
                folder: store,
            });
        }
        Ok(this)
    }

    /// The folder of the baseline of raw layouts.
    pub(crate) fn reference(&self) -> PathBuf {
        self.folder.join("npy-u8")
    }
}

/// Raw `u8` in all ways in which the registry can write it, and published JPEGs in everything that
/// can hold them.
fn layouts() -> Result<Vec<LayoutId>, Failure> {
    let raw = Encoding::Raw(Element::U8);
    let mut layouts: Vec<LayoutId> = registry::layouts_in_all_variants()
        .filter(|layout| layout.encoding == raw)
        .collect();
    for text in FURTHER {
        let layout: LayoutId = text.parse()?;
        if !layouts.contains(&layout) {
            layouts.push(layout);
        }
    }
    layouts.extend(registry::layouts().filter(|layout| layout.encoding == Encoding::Jpeg));
    Ok(layouts)
}

/// Mean and standard deviation as `ielade prepare` finds them.
fn statistics(split: &DataSetSplit<'_>) -> Result<Normalisation, Failure> {
    let request = StatisticsRequest {
        orientation: OrientationRule::Apply,
        resize: None,
        on_bad_sample: OnBadSample::Fail,
    };
    let stop = AtomicBool::new(false);
    Ok(channel_statistics(&request, split, &mut |_| {}, &stop)?)
}

/// Bytes of a store's data files for each image, for the table.
pub(crate) fn bytes_an_image(folder: &Path) -> Result<f64, Failure> {
    let manifest = ielade_layout::read_manifest(folder)?;
    let bytes = ielade_layout::store::data_bytes(&manifest);
    Ok(bytes as f64 / f64::from(manifest.count))
}
