//! The usual Python libraries on the very same files.

use crate::{
    LONGEST_TURN,
    command_line::Arguments,
    ours::{self, WITHIN_CHUNKS},
    stores::{Store, Stores},
};
use ielade_core::{Element, Encoding, LayoutId, Shuffle};
use ielade_testing::{
    Served,
    contest::{Contest, Failure, Pass},
    python_with,
};
use serde_json::Value;
use std::{collections::BTreeMap, path::Path};

/// A library: its name, the container that it reads, its script and what that imports.
struct Library {
    name: &'static str,
    container: &'static str,
    script: &'static str,
    modules: &'static [&'static str],
    /// How it can shuffle, where that is neither globally nor within chunks.
    shuffle: Option<&'static str>,
}

const fn library(
    name: &'static str,
    container: &'static str,
    script: &'static str,
    modules: &'static [&'static str],
) -> Library {
    Library {
        name,
        container,
        script,
        modules,
        shuffle: None,
    }
}

/// In the order in which they are listed.
const LIBRARIES: [Library; 13] = [
    library("NumPy", "npy", "read_numpy.py", &["numpy"]),
    library("NumPy", "cifar-bin", "read_numpy.py", &["numpy"]),
    library("h5py", "hdf5", "read_h5py.py", &["h5py", "numpy"]),
    library("zarr-python", "zarr", "read_zarr.py", &["zarr", "numpy"]),
    Library {
        shuffle: Some("buffer of 10,000"),
        ..library(
            "TensorFlow",
            "tfrecord",
            "read_tensorflow.py",
            &["tensorflow"],
        )
    },
    Library {
        shuffle: Some("buffer of 5,000"),
        ..library(
            "webdataset",
            "webdataset",
            "read_webdataset.py",
            &["webdataset"],
        )
    },
    Library {
        shuffle: Some("global, of its own uncompressed copy"),
        ..library("datasets", "parquet", "read_datasets.py", &["datasets"])
    },
    library("datasets", "arrow", "read_datasets.py", &["datasets"]),
    Library {
        shuffle: Some("16 row groups"),
        ..library("pyarrow", "parquet", "read_pyarrow.py", &["pyarrow"])
    },
    library("pyarrow", "arrow", "read_pyarrow.py", &["pyarrow"]),
    library("lmdb", "lmdb", "read_lmdb.py", &["lmdb", "numpy"]),
    library(
        "safetensors",
        "safetensors",
        "read_safetensors.py",
        &["safetensors"],
    ),
    library(
        "sqlite3",
        "sqlite",
        "read_sqlite3.py",
        &["sqlite3", "numpy"],
    ),
];

/// Layouts that are measured with their libraries: what people use, not every variant.
const LAYOUTS: [&str; 18] = [
    "npy/u8",
    "cifar-bin/u8",
    "hdf5/u8",
    "hdf5:chunk=1/u8",
    "hdf5:chunk=128/u8",
    "hdf5:chunk=16,deflate/u8",
    "zarr/u8",
    "zarr:chunk=1/u8",
    "zarr:chunk=128/u8",
    "zarr:chunk=32,blosc/u8",
    "tfrecord/u8",
    "webdataset/u8",
    "parquet/u8",
    "parquet:zstd/u8",
    "arrow/u8",
    "lmdb/u8",
    "safetensors/u8",
    "sqlite/u8",
];

/// A row of the table: a library against ours on the same store.
struct Row {
    layout: LayoutId,
    library: &'static Library,
    ours: String,
    theirs: String,
    shuffles: [String; 2],
    setting: String,
}

/// Compares the loader with every library.
pub(crate) fn measure(stores: &Stores, arguments: &Arguments) -> Result<(), Failure> {
    let mut contest = Contest::default();
    let mut rows = Vec::new();
    for store in stores.all.iter().filter(|store| is_compared(&store.layout)) {
        for (shuffle, mut loader) in ours::loaders(&store.folder)? {
            let ours = ours::name(&store.layout, shuffle);
            for library in libraries_of(&store.layout) {
                // What cannot shuffle globally is compared once, with our global shuffle.
                if shuffle != Shuffle::Global && library.shuffle.is_some() {
                    continue;
                }
                let Some(theirs) = Theirs::start(library, store, shuffle, stores)? else {
                    continue;
                };
                let row = theirs.row(library, store, shuffle);
                let mut theirs = theirs;
                contest.add(&row.theirs, move |round| theirs.turn(round));
                rows.push(row);
            }
            contest.add(ours, move |round| ours::epoch(&mut loader, round));
        }
    }
    crate::run(&mut contest, "libraries.jsonl", arguments)?;
    print(&contest, &rows)
}

fn print(contest: &Contest<'_>, rows: &[Row]) -> Result<(), Failure> {
    println!(
        "| layout | library | its shuffle | its setting | its images/s | our shuffle | our images/s \
         | ours / theirs |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for row in rows {
        let find = |value: Option<_>| value.ok_or("every row has two contestants");
        println!(
            "| `{}` | {} | {} | {} | {} | {} | {} | {} |",
            row.layout,
            row.library.name,
            row.shuffles[1],
            row.setting,
            find(contest.rate(&row.theirs))?,
            row.shuffles[0],
            find(contest.rate(&row.ours))?,
            find(contest.ratio(&row.ours, &row.theirs))?,
        );
    }
    Ok(())
}

fn is_compared(layout: &LayoutId) -> bool {
    layout.encoding == Encoding::Raw(Element::U8) && LAYOUTS.contains(&layout.to_string().as_str())
}

fn libraries_of(layout: &LayoutId) -> impl Iterator<Item = &'static Library> {
    let container = layout.container.clone();
    LIBRARIES
        .iter()
        .filter(move |library| library.container == container)
}

/// A library's script, ready to take turns.
struct Theirs {
    served: Served,
    setting: String,
}

impl Theirs {
    /// Starts the script, which tries its settings; `None`, said, where the library is not there.
    fn start(
        library: &Library,
        store: &Store,
        shuffle: Shuffle,
        stores: &Stores,
    ) -> Result<Option<Self>, Failure> {
        let python = match python_with(library.modules) {
            Ok(python) => python,
            Err(missing) => {
                eprintln!("{} is left out: {}", library.name, missing.0);
                return Ok(None);
            }
        };
        let script = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("benches/python")
            .join(library.script);
        let mut command = python.command();
        command
            .arg(script)
            .arg(&store.folder)
            .arg(shuffle.to_string())
            .arg(stores.reference())
            .arg(LONGEST_TURN.as_secs_f64().to_string());
        let mut served = Served::start(&mut command).map_err(|missing| missing.0)?;
        let ready: Value = serde_json::from_str(&served.answer()?)?;
        let tried: BTreeMap<String, f64> = serde_json::from_value(ready["tried"].clone())?;
        let setting = ready["setting"].as_str().unwrap_or_default().to_owned();
        eprintln!("{} on {} ({shuffle}):", library.name, store.layout);
        for (name, rate) in &tried {
            eprintln!("    {name}: {rate:.0} images/s");
        }
        Ok(Some(Self { served, setting }))
    }

    fn row(&self, library: &'static Library, store: &Store, shuffle: Shuffle) -> Row {
        let ours = ours::name(&store.layout, shuffle);
        let theirs = library.shuffle.unwrap_or(match shuffle {
            WITHIN_CHUNKS => "16 chunks",
            _ => "global",
        });
        Row {
            layout: store.layout.clone(),
            library,
            theirs: format!("{ours}, {}", library.name),
            ours,
            shuffles: [shuffle.to_string(), theirs.to_owned()],
            setting: self.setting.clone(),
        }
    }

    fn turn(&mut self, round: u64) -> Result<Pass, Failure> {
        let answer: Value = serde_json::from_str(&self.served.ask(&round.to_string())?)?;
        let (Some(images), Some(seconds)) = (answer["images"].as_u64(), answer["seconds"].as_f64())
        else {
            return Err(format!("an answer without images and seconds: {answer}").into());
        };
        Ok(Pass { images, seconds })
    }
}
