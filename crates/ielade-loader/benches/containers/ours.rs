//! Ielāde's loader on all containers.

use crate::{
    LONGEST_TURN,
    command_line::Arguments,
    stores::{JPEG_BASELINE, RAW_BASELINE, Store, Stores, bytes_an_image},
};
use ielade_core::{BatchSource, Encoding, LayoutId, Shuffle, worker_protocol::LoaderSettings};
use ielade_layout::{open_store, registry};
use ielade_loader::Loader;
use ielade_testing::contest::{Contest, Failure, Pass};
use std::{hint::black_box, path::Path, sync::Arc, time::Instant};

pub(crate) const THREADS: u32 = 2;

/// How samples in chunks are shuffled beside globally.
pub(crate) const WITHIN_CHUNKS: Shuffle = Shuffle::Chunks { buffer: 16 };

/// A row of the table.
struct Row<'a> {
    name: String,
    store: &'a Store,
    shuffle: Shuffle,
    baseline: &'static str,
}

/// Compares every layout with the baseline of its encoding.
pub(crate) fn measure(stores: &Stores, arguments: &Arguments) -> Result<(), Failure> {
    let mut contest = Contest::default();
    let mut rows = Vec::new();
    for store in &stores.all {
        for (shuffle, mut loader) in loaders(&store.folder)? {
            let row = Row {
                name: name(&store.layout, shuffle),
                store,
                shuffle,
                baseline: match store.layout.encoding {
                    Encoding::Raw(_) => RAW_BASELINE,
                    _ => JPEG_BASELINE,
                },
            };
            contest.add(&row.name, move |round| epoch(&mut loader, round));
            rows.push(row);
        }
    }
    crate::run(&mut contest, "containers.jsonl", arguments)?;
    println!(
        "| layout | shuffle | bytes an image | images/s | ratio | ratio by processor time | aim |"
    );
    println!("|---|---|---|---|---|---|---|");
    for row in &rows {
        let find = |value: Option<_>| value.ok_or("every row is a contestant");
        println!(
            "| `{}` | {} | {:.0} | {} | {} | {} | {} |",
            row.store.layout,
            row.shuffle,
            bytes_an_image(&row.store.folder)?,
            find(contest.rate(&row.name))?,
            find(contest.ratio(&row.name, row.baseline))?,
            find(contest.cpu_ratio(&row.name, row.baseline))?,
            aim(&row.store.layout).map_or_else(String::new, |aim| format!("{aim:.2}")),
        );
    }
    Ok(())
}

/// What a contestant is called.
pub(crate) fn name(layout: &LayoutId, shuffle: Shuffle) -> String {
    match shuffle {
        Shuffle::Global => layout.to_string(),
        other => format!("{layout}, {other}"),
    }
}

/// A loader with the global shuffle; for a store in chunks, one with the shuffle within chunks too.
pub(crate) fn loaders(store: &Path) -> Result<Vec<(Shuffle, Loader)>, Failure> {
    let reader = Arc::<dyn ielade_layout::LayoutReader>::from(open_store(store)?);
    let shuffles = match reader.samples_per_chunk() {
        1 => vec![Shuffle::Global],
        _ => vec![Shuffle::Global, WITHIN_CHUNKS],
    };
    shuffles
        .into_iter()
        .map(|shuffle| {
            let settings = LoaderSettings {
                batch_size: 128,
                threads: THREADS,
                shuffle,
                ..LoaderSettings::default()
            };
            Ok((shuffle, Loader::open(Arc::clone(&reader), &settings, 1)?))
        })
        .collect()
}

/// An epoch, or as much of it as fits a turn.
pub(crate) fn epoch(loader: &mut Loader, number: u64) -> Result<Pass, Failure> {
    let start = Instant::now();
    Pass::timed(|| {
        let mut images = 0;
        let mut batches = loader.epoch(number);
        while let Some(batch) = batches.next_batch()? {
            images += black_box(batch).len as u64;
            if start.elapsed() > LONGEST_TURN {
                break;
            }
        }
        Ok(images)
    })
}

/// The ratio to the baseline that raw layouts are to reach; none for those that are compressed or
/// have a file for each chunk.
fn aim(layout: &LayoutId) -> Option<f64> {
    let options = &layout.container_options;
    let is_packed = ["zstd", "blosc", "snappy", "deflate"]
        .into_iter()
        .any(|option| options.has(option));
    let is_raw = matches!(layout.encoding, Encoding::Raw(_));
    if is_packed || !is_raw || layout.to_string() == RAW_BASELINE {
        return None;
    }
    match layout.container.as_str() {
        "hdf5" if options.has("chunk") => Some(0.7),
        "zarr" if options.has("chunk") && !options.has("shard") => None,
        "zarr" | "tfrecord" | "webdataset" | "lmdb" => Some(0.7),
        other => {
            let container = registry::find(other).ok()?;
            container.access.memory_mapped.then_some(0.85)
        }
    }
}
