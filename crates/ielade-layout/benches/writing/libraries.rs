//! The usual Python libraries' writers.

use crate::Phases;
use ielade_core::LayoutId;
use ielade_testing::{
    Served,
    contest::{Contest, Failure, Pass},
    python_with,
};
use serde_json::Value;
use std::path::Path;

/// The library that writes a container, what it imports, and the images that it writes in a turn
/// where all of them would take long.
fn library(layout: &LayoutId) -> Option<(&'static str, &'static [&'static str], usize)> {
    let all = usize::MAX;
    let has = |option| layout.container_options.has(option);
    Some(match layout.container.as_str() {
        "npy" | "cifar-bin" => ("NumPy", &["numpy"], all),
        "hdf5" => ("h5py", &["h5py"], all),
        "zarr" if has("chunk") && has("shard") => ("zarr-python", &["zarr"], 20_480),
        "zarr" => ("zarr-python", &["zarr"], 1_024),
        "tfrecord" => ("TensorFlow", &["tensorflow"], all),
        "webdataset" => ("webdataset", &["webdataset"], 10_000),
        "parquet" | "arrow" => ("pyarrow", &["pyarrow"], all),
        "lmdb" => ("lmdb", &["lmdb"], all),
        "safetensors" => ("safetensors", &["safetensors"], all),
        "sqlite" => ("sqlite3", &["sqlite3"], all),
        _ => return None,
    })
}

/// What becomes of a library, for the table.
pub(crate) struct Told {
    pub(crate) library: &'static str,
    pub(crate) setting: String,
    pub(crate) images: usize,
    /// Writing, then syncing.
    seconds: Phases,
}

impl Told {
    /// Images a second, one of each round.
    pub(crate) fn rates(&self, with_sync: bool) -> Vec<f64> {
        let phases = if with_sync { 2 } else { 1 };
        let rounds = self.seconds.borrow();
        rounds
            .iter()
            .map(|round| self.images as f64 / round[..phases].iter().sum::<f64>())
            .collect()
    }
}

/// Adds the library's writer, if there is one; names it where it is not installed.
pub(crate) fn add(
    contest: &mut Contest<'_>,
    layout: &LayoutId,
    count: usize,
    reference: &Path,
    place: &Path,
) -> Result<Option<Told>, Failure> {
    let Some((library, modules, most)) = library(layout) else {
        return Ok(None);
    };
    let python = match python_with(modules) {
        Ok(python) => python,
        Err(missing) => {
            eprintln!("{library} is left out: {}", missing.0);
            return Ok(None);
        }
    };
    let images = count.min(most);
    let mut command = python.command();
    command
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/python/write.py"))
        .arg(layout.to_string())
        .arg(reference)
        .arg(images.to_string());
    let mut served = Served::start(&mut command).map_err(|missing| missing.0)?;
    let place = format!("{}-{library}", place.display());
    let ready: Value = serde_json::from_str(&served.ask(&place)?)?;
    eprintln!("{library} on {layout}: {}", ready["tried"]);
    let seconds = Phases::default();
    let kept = Phases::clone(&seconds);
    contest.add(format!("{layout}, {library}"), move |round| {
        let answer: Value = serde_json::from_str(&served.ask(&place)?)?;
        std::fs::remove_dir_all(&place)?;
        let times = ["seconds", "sync_seconds"].map(|name| answer[name].as_f64());
        let [Some(writing), Some(syncing)] = times else {
            return Err(format!("an answer without seconds: {answer}").into());
        };
        if round > 0 {
            kept.borrow_mut().push(vec![writing, syncing]);
        }
        Ok(Pass {
            images: images as u64,
            seconds: writing,
        })
    });
    Ok(Some(Told {
        library,
        setting: ready["setting"].as_str().unwrap_or_default().to_owned(),
        images,
        seconds,
    }))
}
