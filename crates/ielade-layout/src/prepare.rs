//! A data set's split into a store.
//!
//! The store is written into a hidden folder beside its final place (`.NAME.partial`), with a note
//! every few seconds of how far it has come, and gets its name when it is complete. Killed at any
//! moment, it leaves either no store or a whole one, and the same request goes on from the last
//! note: the result is, byte for byte, that of a run that was never interrupted.

pub(crate) mod alignment;
pub(crate) mod conversion;
mod statistics;
mod target;

pub use statistics::{StatisticsRequest, channel_statistics};

use crate::{
    LayoutError, LayoutWriter, SampleSource, digest, disk, encoder,
    registry::{self, Container, StorePlan},
    samples::{self, SampleRow, SamplesWriter},
    store::{self, SAMPLES_FILE},
    table::TableWriter,
};
use alignment::{SKIPPED_COLUMNS, SKIPPED_FILE, source_positions};
use conversion::{Converted, Converter, Refusal};
use ielade_codec::DECODER;
use ielade_core::{
    ImageShape, ImageSpec, LayoutId, Manifest, Normalisation, OrientationRule, Sample,
    manifest::{FORMAT_VERSION, Provenance},
    timestamp::rfc3339,
};
use rayon::prelude::*;
use std::{
    ops::Range,
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant, SystemTime},
};
use target::{Checkpoint, Found, Place, Target};

/// Samples that are converted at once, at most.
const MAX_CHUNK: usize = 1024;

/// Bytes of converted samples that are held at once, about; twice that, since one chunk is
/// written while the next is converted.
const CHUNK_BYTES: usize = 64 << 20;

/// Encoded samples after which the room that the whole store needs is estimated.
const ESTIMATE_AFTER: u32 = 256;

/// The unit in which file systems give room to files.
const BLOCK_BYTES: u64 = 4096;

/// What is to be written, and where.
#[derive(Debug, Clone)]
pub struct PrepareRequest {
    /// Container and encoding.
    pub layout: LayoutId,
    /// The store's folder.
    pub store: PathBuf,
    /// Size (height, width) to which images are resized. Only raw encodings: compressed images
    /// keep their published size and are resized when they are loaded.
    pub resize: Option<(u32, u32)>,
    /// What is done with EXIF orientations: now for pixels, when loading for published bytes.
    pub orientation: OrientationRule,
    /// Channel statistics of the training split; see [`channel_statistics`].
    pub normalisation: Normalisation,
    /// What happens to a sample that cannot be read or decoded.
    pub on_bad_sample: OnBadSample,
    /// What happens where the folder holds another store.
    pub if_occupied: IfOccupied,
    /// Name and version of the program, for the manifest.
    pub program: String,
    /// Time between two notes of how far the store has come.
    pub checkpoint_every: Duration,
}

impl PrepareRequest {
    /// A request with the usual settings: no resizing, orientation applied, bad samples end it,
    /// nothing is replaced, a note every five seconds.
    pub fn new(layout: LayoutId, store: PathBuf, normalisation: Normalisation) -> Self {
        Self {
            layout,
            store,
            resize: None,
            orientation: OrientationRule::Apply,
            normalisation,
            on_bad_sample: OnBadSample::Fail,
            if_occupied: IfOccupied::Refuse,
            program: concat!("ielade ", env!("CARGO_PKG_VERSION")).to_owned(),
            checkpoint_every: Duration::from_secs(5),
        }
    }

    /// The size to which this request's images are resized before they are written.
    fn resized_to(&self) -> Option<(u32, u32)> {
        self.resize
            .filter(|_| !self.layout.encoding.is_compressed_image())
    }

    /// Digest of everything that decides what the store holds.
    fn digest<S: SampleSource>(&self, source: &S) -> String {
        let settings = serde_json::json!([
            FORMAT_VERSION,
            env!("CARGO_PKG_VERSION"),
            DECODER,
            self.layout,
            self.resized_to(),
            self.orientation,
            self.normalisation,
            self.on_bad_sample == OnBadSample::Skip,
            source.data_set(),
            source.split(),
            source.classes(),
            source.len(),
            source.key(0),
            source.key(source.len() - 1),
        ]);
        blake3::hash(settings.to_string().as_bytes())
            .to_hex()
            .to_string()
    }
}

/// What happens to a sample that cannot be read or decoded while a store is made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnBadSample {
    /// Preparing ends with an error that names it.
    #[default]
    Fail,
    /// It is left out and listed in the store's `skipped.csv`.
    Skip,
}

/// What happens where the store's folder already holds another store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum IfOccupied {
    /// Preparing ends with an error.
    #[default]
    Refuse,
    /// The new store takes its place once it is complete. A folder that is no store is never
    /// replaced.
    Replace,
}

/// A sign of progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// An unfinished store of the same request was found and is continued.
    Continues {
        /// Samples that are done already.
        done: u32,
        /// Samples in all.
        total: u32,
    },
    /// An unfinished store was found and cannot be continued.
    StartsOver {
        /// Why.
        reason: &'static str,
    },
    /// Samples whose pixels entered the channel statistics.
    Statistics {
        /// So far.
        done: u32,
        /// In all.
        total: u32,
    },
    /// Samples of the source that were written or left out.
    Samples {
        /// So far.
        done: u32,
        /// In all.
        total: u32,
    },
    /// All samples are written; digests are being computed.
    Completing,
}

/// A complete store.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// Its folder.
    pub store: PathBuf,
    /// What it says of itself.
    pub manifest: Manifest,
    /// Whether it was there already, so that nothing was written.
    pub already_there: bool,
    /// Samples of the source that were left out; their names are in `skipped.csv`.
    pub skipped: u32,
}

/// Writes a store, or goes on writing one that was broken off.
///
/// A complete store of the same request and source is left as it is.
///
/// # Errors
/// Where the layout cannot hold the source, a sample is bad (unless such are skipped), the folder
/// holds something else, the disk refuses or is full, or the user stops.
pub fn prepare<S: SampleSource>(
    request: &PrepareRequest,
    source: &S,
    progress: &mut dyn FnMut(Progress),
    stop: &AtomicBool,
) -> Result<Prepared, LayoutError> {
    let container = registry::check(&request.layout)?;
    check_count(source)?;
    check_labels(container, source)?;
    if let Some(prepared) = find_complete(request, source)? {
        return Ok(prepared);
    }
    let target = Target::claim(&request.store)?;
    let result = Run::begin(request, source, container, &target, progress)
        .and_then(|run| run.write_all(progress, stop));
    match result {
        Ok(prepared) => {
            target.publish(request.if_occupied)?;
            Ok(prepared)
        }
        Err(error) => {
            if !can_be_continued(&error) {
                target.abandon()?;
            }
            Err(error)
        }
    }
}

/// True where the same command may go on once the cause is removed.
fn can_be_continued(error: &LayoutError) -> bool {
    matches!(
        error,
        LayoutError::Stopped { .. }
            | LayoutError::DiskFull { .. }
            | LayoutError::Io { .. }
            | LayoutError::BadSource { .. }
            | LayoutError::Occupied { .. }
    )
}

fn check_count<S: SampleSource>(source: &S) -> Result<(), LayoutError> {
    match source.len() {
        0 => Err(no_samples(source)),
        count if count >= u32::MAX as usize => Err(LayoutError::TooManySamples { count }),
        _ => Ok(()),
    }
}

/// Fails where the container cannot hold the source's labels.
fn check_labels<S: SampleSource>(container: &Container, source: &S) -> Result<(), LayoutError> {
    let classes = source.classes().len();
    if classes > container.labels.most_classes() {
        return Err(LayoutError::TooManyClasses {
            container: container.name,
            classes,
            most: container.labels.most_classes(),
        });
    }
    if container.labels.or_none() {
        return Ok(());
    }
    match (0..source.len()).find(|index| source.label(*index).is_none()) {
        None => Ok(()),
        Some(index) => Err(LayoutError::NeedsLabel {
            key: source.key(index).to_owned(),
            container: container.name,
        }),
    }
}

fn no_samples<S: SampleSource>(source: &S) -> LayoutError {
    LayoutError::NoSamples {
        name: source.data_set().to_owned(),
        split: source.split(),
    }
}

/// The store, if it is there and is what the request asks for; an error where something else is.
fn find_complete<S: SampleSource>(
    request: &PrepareRequest,
    source: &S,
) -> Result<Option<Prepared>, LayoutError> {
    let occupied = |found: String, replaceable: bool| LayoutError::Occupied {
        path: request.store.clone(),
        found,
        replaceable,
    };
    match (target::look(&request.store)?, request.if_occupied) {
        (Place::Free, _) | (Place::Store, IfOccupied::Replace) => return Ok(None),
        (Place::Other, _) => return Err(occupied("files that are no store".to_owned(), false)),
        (Place::Store, IfOccupied::Refuse) => {}
    }
    let manifest = store::open_store(&request.store)
        .map_err(|error| occupied(format!("a store that cannot be opened ({error})"), true))?
        .manifest()
        .clone();
    match difference(request, source, &manifest)? {
        None => Ok(Some(Prepared {
            store: request.store.clone(),
            skipped: source.len() as u32 - manifest.count,
            manifest,
            already_there: true,
        })),
        Some(what) => Err(occupied(
            format!(
                "a store of {}/{} as {} with {what}",
                manifest.data_set, manifest.split, manifest.layout
            ),
            true,
        )),
    }
}

/// The first thing in which a store is not what the request would make of the source.
fn difference<S: SampleSource>(
    request: &PrepareRequest,
    source: &S,
    manifest: &Manifest,
) -> Result<Option<&'static str>, LayoutError> {
    let settings = [
        (manifest.data_set == source.data_set(), "another name"),
        (manifest.split == source.split(), "another split"),
        (manifest.layout == request.layout, "another layout"),
        (manifest.classes == source.classes(), "other classes"),
        (
            manifest.normalisation == request.normalisation,
            "another normalisation",
        ),
        (
            manifest.resized_to == request.resized_to(),
            "another image size",
        ),
        (
            manifest.orientation == request.orientation,
            "another treatment of EXIF orientations",
        ),
        (manifest.decoder == DECODER, "another decoder"),
    ];
    if let Some((_, what)) = settings.into_iter().find(|(same, _)| !same) {
        return Ok(Some(what));
    }
    let folder = &request.store;
    let Some(positions) = source_positions(folder, manifest, source)? else {
        return Ok(Some("another number of samples"));
    };
    if positions.len() < source.len() && request.on_bad_sample == OnBadSample::Fail {
        return Ok(Some("bad samples left out"));
    }
    let mut same = true;
    samples::read_samples(folder, manifest.count, manifest.classes.len(), |row| {
        let position = positions[row.index as usize] as usize;
        same &= row.key == source.key(position) && row.label == source.label(position);
        Ok(())
    })?;
    Ok((!same).then_some("other samples"))
}

/// A store on its way.
struct Run<'a, S> {
    request: &'a PrepareRequest,
    source: &'a S,
    target: &'a Target,
    converter: Converter,
    writer: Box<dyn LayoutWriter>,
    samples: SamplesWriter,
    skipped: Option<TableWriter>,
    checkpoint: Checkpoint,
    started: Instant,
    seconds_before: f64,
    size: WrittenSize,
}

/// What this run has written, to tell how much more will come.
#[derive(Default)]
struct WrittenSize {
    samples: u32,
    bytes_in_blocks: u64,
    largest: usize,
}

impl<'a, S: SampleSource> Run<'a, S> {
    /// Opens the partial folder, behind what it already holds.
    fn begin(
        request: &'a PrepareRequest,
        source: &'a S,
        container: &Container,
        target: &'a Target,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Self, LayoutError> {
        let converter = Converter::new(
            encoder::of_layout(&request.layout)?,
            request.orientation,
            request.resized_to(),
            &request.normalisation,
        );
        let digest = request.digest(source);
        let opened = match target.find(&digest)? {
            Found::Unfinished(_) if !container.continues => {
                let reason = "this container is written in one go";
                progress(Progress::StartsOver { reason });
                None
            }
            Found::Unfinished(checkpoint) => {
                let (done, total) = (checkpoint.done, source.len() as u32);
                if let Ok(output) = Output::open(request, source, container, target, &checkpoint) {
                    progress(Progress::Continues { done, total });
                    Some((checkpoint, output))
                } else {
                    let reason = "the unfinished store there is damaged";
                    progress(Progress::StartsOver { reason });
                    None
                }
            }
            Found::Useless(reason) => {
                progress(Progress::StartsOver { reason });
                None
            }
            Found::Nothing => None,
        };
        let (checkpoint, output) = if let Some(opened) = opened {
            opened
        } else {
            target.empty()?;
            let mut checkpoint = Checkpoint::start(digest);
            if !request.layout.encoding.is_compressed_image() {
                let spec = first_size(request, source, &converter)?;
                checkpoint.shape = Some(ImageShape::Fixed(spec));
                check_room(request, spec, source.len())?;
            }
            target.save(&checkpoint)?;
            let output = Output::open(request, source, container, target, &checkpoint)?;
            (checkpoint, output)
        };
        Ok(Self {
            request,
            source,
            target,
            converter,
            writer: output.writer,
            samples: output.samples,
            skipped: output.skipped,
            seconds_before: checkpoint.seconds,
            checkpoint,
            started: Instant::now(),
            size: WrittenSize::default(),
        })
    }

    /// Converts and writes everything that is left: one chunk is written while the next one is
    /// converted.
    fn write_all(
        mut self,
        progress: &mut dyn FnMut(Progress),
        stop: &AtomicBool,
    ) -> Result<Prepared, LayoutError> {
        let total = self.source.len();
        let (source, converter) = (self.source, self.converter);
        let convert = |range: Range<usize>| convert_chunk(&converter, source, range);
        let mut ready = self.next_range(self.checkpoint.done as usize, 0);
        let mut chunk = convert(ready.clone());
        let mut last_note = Instant::now();
        while !ready.is_empty() {
            if stop.load(Ordering::Relaxed) {
                self.save()?;
                return Err(LayoutError::Stopped {
                    done: self.checkpoint.done,
                    total: total as u32,
                });
            }
            let next = self.next_range(ready.end, ready.len());
            let upcoming = next.clone();
            let (written, converted) =
                rayon::join(|| self.write_chunk(chunk), || convert(upcoming));
            written?;
            chunk = converted;
            ready = next;
            self.check_estimate()?;
            if last_note.elapsed() >= self.request.checkpoint_every {
                self.save()?;
                last_note = Instant::now();
            }
            progress(Progress::Samples {
                done: self.checkpoint.done,
                total: total as u32,
            });
        }
        self.save()?;
        progress(Progress::Completing);
        self.complete()
    }

    /// The samples of the next chunk: few at first, then as many as fit the memory.
    fn next_range(&self, start: usize, before: usize) -> Range<usize> {
        let first = 2 * rayon::current_num_threads();
        let fitting = CHUNK_BYTES / self.size.largest.max(1);
        let len = (2 * before).max(first).min(fitting).clamp(1, MAX_CHUNK);
        start..self.source.len().min(start + len)
    }

    fn write_chunk(&mut self, chunk: Vec<Result<Converted, Refusal>>) -> Result<(), LayoutError> {
        for result in chunk {
            let index = self.checkpoint.done as usize;
            match result {
                Ok(converted) => self.write(index, &converted)?,
                Err(Refusal::All(error)) => return Err(error),
                Err(Refusal::Bad(reason)) => {
                    let key = self.source.key(index);
                    if self.request.on_bad_sample == OnBadSample::Fail {
                        return Err(LayoutError::BadSource {
                            key: key.to_owned(),
                            source: reason,
                        });
                    }
                    self.skip(key, &reason.to_string())?;
                }
            }
            self.checkpoint.done += 1;
        }
        Ok(())
    }

    fn write(&mut self, index: usize, converted: &Converted) -> Result<(), LayoutError> {
        let key = self.source.key(index);
        let label = self.source.label(index);
        let classes = self.source.classes().len();
        if let Some(label) = label.filter(|label| *label as usize >= classes) {
            return Err(LayoutError::LabelOutOfRange {
                key: key.to_owned(),
                label,
                classes,
            });
        }
        let payload = converted.payload(self.request.layout.encoding);
        let bytes = payload.bytes().len();
        self.writer.push(&Sample {
            key,
            label,
            payload,
        })?;
        self.samples.push(&SampleRow {
            index: self.checkpoint.written,
            label,
            key,
            source: converted.source,
        })?;
        self.checkpoint.written += 1;
        self.checkpoint.shape = Some(match self.checkpoint.shape {
            Some(shape) if shape != ImageShape::Fixed(converted.spec) => ImageShape::Varies,
            _ => ImageShape::Fixed(converted.spec),
        });
        self.size.samples += 1;
        self.size.bytes_in_blocks += (bytes as u64).next_multiple_of(BLOCK_BYTES);
        self.size.largest = self.size.largest.max(bytes);
        Ok(())
    }

    fn skip(&mut self, key: &str, reason: &str) -> Result<(), LayoutError> {
        let table = match &mut self.skipped {
            Some(table) => table,
            None => self
                .skipped
                .insert(open_skipped(self.target, self.checkpoint.skipped)?),
        };
        table.push(&[key, reason])?;
        self.checkpoint.skipped += 1;
        Ok(())
    }

    /// Fails, once there is enough to estimate from, where the rest would not fit on the disk.
    fn check_estimate(&self) -> Result<(), LayoutError> {
        let encoded = self.request.layout.encoding.is_compressed_image();
        // Looked at in the first chunk that passes the mark, and in no later one.
        let passed =
            (ESTIMATE_AFTER..ESTIMATE_AFTER + MAX_CHUNK as u32).contains(&self.size.samples);
        if !encoded || !passed {
            return Ok(());
        }
        let left = self.source.len() as u64 - u64::from(self.checkpoint.done);
        let needed = self.size.bytes_in_blocks.saturating_mul(left) / u64::from(self.size.samples);
        enough_room(self.request, needed)
    }

    /// Brings everything onto the disk and notes how far it is.
    fn save(&mut self) -> Result<(), LayoutError> {
        self.writer.checkpoint()?;
        self.samples.sync()?;
        if let Some(table) = &mut self.skipped {
            table.sync()?;
        }
        self.checkpoint.seconds = self.seconds_before + self.started.elapsed().as_secs_f64();
        self.target.save(&self.checkpoint)
    }

    fn complete(self) -> Result<Prepared, LayoutError> {
        let folder = self.target.folder();
        let (request, source, checkpoint) = (self.request, self.source, self.checkpoint);
        let shape = checkpoint
            .shape
            .filter(|_| checkpoint.written > 0)
            .ok_or_else(|| no_samples(source))?;
        let mut files = self.writer.finish()?;
        files.push(digest::data_file(folder, SAMPLES_FILE)?);
        if checkpoint.skipped > 0 {
            files.push(digest::data_file(folder, SKIPPED_FILE)?);
        }
        let classes = source.classes();
        let manifest = Manifest {
            format_version: FORMAT_VERSION,
            data_set: source.data_set().to_owned(),
            split: source.split(),
            layout: request.layout.clone(),
            shape,
            count: checkpoint.written,
            classes: classes.to_vec(),
            normalisation: request.normalisation.clone(),
            resized_to: request.resized_to(),
            orientation: request.orientation,
            decoder: DECODER.to_owned(),
            source_digest: samples::source_digest(folder, checkpoint.written, classes.len())?,
            files,
            made: Provenance {
                program: request.program.clone(),
                at: rfc3339(SystemTime::now()),
                seconds: self.seconds_before + self.started.elapsed().as_secs_f64(),
                source: source.origin(),
            },
        };
        store::write_manifest(folder, &manifest)?;
        Ok(Prepared {
            store: request.store.clone(),
            manifest,
            already_there: false,
            skipped: checkpoint.skipped,
        })
    }
}

/// The files that a run writes, opened behind a checkpoint.
struct Output {
    writer: Box<dyn LayoutWriter>,
    samples: SamplesWriter,
    skipped: Option<TableWriter>,
}

impl Output {
    fn open<S: SampleSource>(
        request: &PrepareRequest,
        source: &S,
        container: &Container,
        target: &Target,
        checkpoint: &Checkpoint,
    ) -> Result<Self, LayoutError> {
        let folder = target.folder();
        let writer = (container.create)(&StorePlan {
            folder,
            split: source.split(),
            encoding: request.layout.encoding,
            options: &request.layout.container_options,
            shape: checkpoint.shape.unwrap_or(ImageShape::Varies),
            classes: source.classes(),
            expected: source.len() as u32,
            written: checkpoint.written,
        })?;
        let skipped = match checkpoint.skipped {
            0 => None,
            rows => Some(open_skipped(target, rows)?),
        };
        Ok(Self {
            writer,
            samples: SamplesWriter::continue_after(folder, checkpoint.written)?,
            skipped,
        })
    }
}

fn open_skipped(target: &Target, rows: u32) -> Result<TableWriter, LayoutError> {
    let path = target.folder().join(SKIPPED_FILE);
    TableWriter::continue_after(&path, &SKIPPED_COLUMNS, rows)
}

fn convert_chunk<S: SampleSource>(
    converter: &Converter,
    source: &S,
    range: Range<usize>,
) -> Vec<Result<Converted, Refusal>> {
    range
        .into_par_iter()
        .map_init(
            || converter.thread::<S::Buffer>(),
            |thread, index| converter.convert(source, index, thread),
        )
        .collect()
}

/// The size of the first sample that can be decoded.
fn first_size<S: SampleSource>(
    request: &PrepareRequest,
    source: &S,
    converter: &Converter,
) -> Result<ImageSpec, LayoutError> {
    if let Some((height, width)) = request.resized_to() {
        return Ok(ImageSpec::rgb(height, width));
    }
    let mut thread = converter.thread::<S::Buffer>();
    for index in 0..source.len() {
        match converter.convert(source, index, &mut thread) {
            Ok(converted) => return Ok(converted.spec),
            Err(Refusal::All(error)) => return Err(error),
            Err(Refusal::Bad(_)) if request.on_bad_sample == OnBadSample::Skip => {}
            Err(Refusal::Bad(reason)) => {
                return Err(LayoutError::BadSource {
                    key: source.key(index).to_owned(),
                    source: reason,
                });
            }
        }
    }
    Err(no_samples(source))
}

/// Fails where a raw store of `count` images would not fit on the disk.
fn check_room(request: &PrepareRequest, spec: ImageSpec, count: usize) -> Result<(), LayoutError> {
    let value = request
        .layout
        .encoding
        .element()
        .map_or(1, ielade_core::Element::size);
    let image = (spec.values() * value) as u64;
    enough_room(request, image.saturating_mul(count as u64))
}

fn enough_room(request: &PrepareRequest, needed: u64) -> Result<(), LayoutError> {
    match disk::free_bytes(&request.store) {
        Some(free) if free < needed => Err(LayoutError::NoRoom {
            path: request.store.clone(),
            needed,
            free,
        }),
        _ => Ok(()),
    }
}
