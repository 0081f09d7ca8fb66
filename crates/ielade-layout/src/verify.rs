//! A store against what its manifest promises, and against the data set it was made from.
//!
//! Pixels are compared as the store's own reader delivers them, so that a fault of the reader
//! shows as well as one of the files.

mod explanation;
mod pixels;

pub use explanation::Explanation;

use crate::{
    LayoutError, LayoutReader, SampleSource, digest, open_any, open_store,
    prepare::{alignment::source_positions, conversion::PixelReader},
    samples,
    store::MANIFEST_FILE,
};
use ielade_codec::{AugmentationKey, BatchSlot, PixelPipeline, ThreadContext};
use ielade_core::{
    AlignedBytes, Augmentation, Element, ForeignNames, ImageSpec, Manifest, OutputSpec,
    sample::NO_LABEL,
};
use pixels::{Expectation, Fidelity, SampleFidelity};
use rayon::prelude::*;
use std::{
    fmt,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

/// Differences that are listed; the rest is only counted.
pub const MAX_LISTED: usize = 100;

/// Samples between two signs of progress.
const CHUNK: usize = 512;

/// What was checked, and what was found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Verification {
    /// Data files whose digests were compared.
    pub files: u32,
    /// Samples that were read.
    pub samples: u32,
    /// The first [`MAX_LISTED`] differences.
    pub differences: Vec<Difference>,
    /// All differences.
    pub difference_count: u64,
    /// How near the delivered pixels are to the source's; `None` without a source.
    pub fidelity: Option<Fidelity>,
}

impl Verification {
    /// True without any difference.
    pub const fn holds(&self) -> bool {
        self.difference_count == 0
    }

    fn add(&mut self, difference: Difference) {
        self.difference_count += 1;
        if self.differences.len() < MAX_LISTED {
            self.differences.push(difference);
        }
    }
}

impl fmt::Display for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for difference in &self.differences {
            writeln!(f, "{difference}")?;
        }
        let unlisted = self.difference_count - self.differences.len() as u64;
        if unlisted > 0 {
            writeln!(f, "... and {unlisted} more")?;
        }
        write!(
            f,
            "{}: {} data files, {} samples",
            if self.holds() { "sound" } else { "not sound" },
            self.files,
            self.samples
        )?;
        if let Some(fidelity) = &self.fidelity {
            write!(f, "; {fidelity}")?;
        }
        writeln!(f)
    }
}

/// Something in a store that is not as it should be.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Difference {
    /// A data file is not the one that was written.
    File {
        /// Path within the store.
        path: String,
        /// Bytes by the manifest.
        expected_bytes: u64,
        /// Bytes found.
        found_bytes: u64,
    },
    /// `samples.csv` is not what the manifest's source digest was computed from.
    SourceDigest,
    /// The store holds another number of samples than the source.
    Count {
        /// Samples of the source.
        source: usize,
        /// Samples of the store.
        store: u32,
    },
    /// A sample has another name than in the source.
    Key {
        /// Position in the store.
        index: u32,
        /// Name in the source.
        expected: String,
        /// Name in the store.
        found: String,
    },
    /// A sample has another label.
    Label {
        /// Position in the store.
        index: u32,
        /// The sample.
        key: String,
        /// Label by the source, or by `samples.csv` without one.
        expected: Option<u32>,
        /// Label in the store.
        found: Option<u32>,
    },
    /// The source's bytes are not those that the store was made from.
    Published {
        /// Position in the store.
        index: u32,
        /// The sample.
        key: String,
    },
    /// An image has another size.
    Size {
        /// Position in the store.
        index: u32,
        /// The sample.
        key: String,
        /// Size by the source.
        expected: ImageSpec,
        /// Size in the store.
        found: ImageSpec,
    },
    /// An image has other pixels.
    Pixels {
        /// Position in the store.
        index: u32,
        /// The sample.
        key: String,
        /// Values that differ.
        differing: usize,
        /// Values of the image.
        values: usize,
        /// Largest difference, in steps of 8 bits.
        largest: f64,
        /// What would explain it.
        explanation: Explanation,
    },
    /// A sample cannot be read, from the store or from the source.
    Unreadable {
        /// Position in the store.
        index: u32,
        /// The sample.
        key: String,
        /// Why.
        reason: String,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let label = |label: &Option<u32>| {
            label.map_or_else(|| "none".to_owned(), |label| label.to_string())
        };
        match self {
            Self::File {
                path,
                expected_bytes,
                found_bytes,
            } if expected_bytes == found_bytes => {
                write!(f, "{path}: changed since it was written (other digest)")
            }
            Self::File {
                path,
                expected_bytes,
                found_bytes,
            } => write!(
                f,
                "{path}: changed since it was written ({found_bytes} bytes, {expected_bytes} were \
                 written)"
            ),
            Self::SourceDigest => write!(
                f,
                "samples.csv: not the samples that the manifest's source_digest tells of"
            ),
            Self::Count { source, store } => write!(
                f,
                "the store holds {store} samples, the source {source}; is it the same split?"
            ),
            Self::Key {
                index,
                expected,
                found,
            } => write!(
                f,
                "sample {index}: named {found:?} where the source has {expected:?}"
            ),
            Self::Label {
                index,
                key,
                expected,
                found,
            } => write!(
                f,
                "sample {index} ({key}): label {} where {} belongs",
                label(found),
                label(expected)
            ),
            Self::Published { index, key } => write!(
                f,
                "sample {index} ({key}): the source's bytes are not those that the store was made \
                 from"
            ),
            Self::Size {
                index,
                key,
                expected,
                found,
            } => write!(
                f,
                "sample {index} ({key}): {found} where the source gives {expected}"
            ),
            Self::Pixels {
                index,
                key,
                differing,
                values,
                largest,
                explanation,
            } => write!(
                f,
                "sample {index} ({key}): {differing} of {values} values differ, by up to \
                 {largest:.3} of 255; {explanation}"
            ),
            Self::Unreadable { index, key, reason } => {
                write!(f, "sample {index} ({key}): {reason}")
            }
        }
    }
}

/// A sign of progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum VerifyProgress {
    /// Data files whose digests were compared.
    Files {
        /// So far.
        done: u32,
        /// In all.
        total: u32,
    },
    /// Samples that were read and compared.
    Samples {
        /// So far.
        done: u32,
        /// In all.
        total: u32,
    },
}

/// Checks a store by itself: every data file against its digest, every sample by reading it, every
/// label against `samples.csv`.
///
/// # Errors
/// Where the store cannot be opened, or the user stops. What is wrong with an open store is told
/// in the result.
pub fn verify_store(
    store: &Path,
    progress: &mut dyn FnMut(VerifyProgress),
    stop: &AtomicBool,
) -> Result<Verification, LayoutError> {
    verify_any(store, &ForeignNames::default(), progress, stop)
}

/// As [`verify_store`], also for a file that others made, which has no digests and no names of
/// samples: every sample is read.
///
/// # Errors
/// Where it cannot be opened, or the user stops.
pub fn verify_any(
    path: &Path,
    names: &ForeignNames,
    progress: &mut dyn FnMut(VerifyProgress),
    stop: &AtomicBool,
) -> Result<Verification, LayoutError> {
    let mut checked = Checked::open(path, names, progress)?;
    let reader = checked.reader.as_ref();
    let labels = &checked.labels;
    let manifest = reader.manifest();
    let spec = manifest.shape.fixed().unwrap_or(ImageSpec::rgb(32, 32));
    let pipeline = pipeline(manifest, spec).resizing();
    let check = |context: &mut ThreadContext, index: u32| {
        let mut found = Findings::default();
        match deliver(reader, index, &pipeline, context) {
            Ok(delivered) => found.label(reader, index, labels[index as usize], delivered.label),
            Err(error) => found.unreadable(reader, index, &error),
        }
        found
    };
    let new_context = || ThreadContext::new(&pipeline);
    let verification = &mut checked.verification;
    for_all_samples(manifest.count, progress, stop, |range| {
        let findings: Vec<Findings> = range
            .into_par_iter()
            .map_init(new_context, |context, index| check(context, index))
            .collect();
        for found in findings {
            verification.samples += 1;
            found
                .differences
                .into_iter()
                .for_each(|difference| verification.add(difference));
        }
    })?;
    Ok(checked.verification)
}

/// As [`verify_store`], and every sample against the data set: name, label, bytes as published,
/// and pixels, which must be the same where the encoding is lossless, and the nearest `f16` or
/// `bf16` where it is one of these.
///
/// # Errors
/// Where the store cannot be opened, or the user stops. What is wrong with an open store is told
/// in the result.
pub fn verify_against<S: SampleSource>(
    store: &Path,
    source: &S,
    progress: &mut dyn FnMut(VerifyProgress),
    stop: &AtomicBool,
) -> Result<Verification, LayoutError> {
    verify_any_against(store, &ForeignNames::default(), source, progress, stop)
}

/// As [`verify_against`], also for a file that others made, whose samples have no names: they are
/// compared by their position.
///
/// # Errors
/// Where it cannot be opened, or the user stops.
pub fn verify_any_against<S: SampleSource>(
    path: &Path,
    names: &ForeignNames,
    source: &S,
    progress: &mut dyn FnMut(VerifyProgress),
    stop: &AtomicBool,
) -> Result<Verification, LayoutError> {
    let mut checked = Checked::open(path, names, progress)?;
    let reader = checked.reader.as_ref();
    let manifest = reader.manifest();
    let verification = &mut checked.verification;
    let Some(positions) = source_positions(path, manifest, source)? else {
        verification.add(Difference::Count {
            source: source.len(),
            store: manifest.count,
        });
        return Ok(checked.verification);
    };
    let comparison = Comparison {
        reader,
        source,
        positions: &positions,
        labels: &checked.labels,
        published: checked.published.as_deref(),
        expectation: Expectation::new(manifest),
    };
    let mut total = Fidelity::default();
    let mut explainer = comparison.thread();
    for_all_samples(manifest.count, progress, stop, |range| {
        let findings: Vec<Findings> = range
            .into_par_iter()
            .map_init(
                || comparison.thread(),
                |thread, index| comparison.compare(index, thread),
            )
            .collect();
        for found in findings {
            verification.samples += 1;
            if let Some(sample) = found.fidelity {
                total.add(sample);
            }
            for mut difference in found.differences {
                if verification.differences.len() < MAX_LISTED {
                    comparison.explain(&mut difference, &mut explainer);
                }
                verification.add(difference);
            }
        }
    })?;
    verification.fidelity = Some(total);
    Ok(checked.verification)
}

/// Runs over all samples in chunks.
fn for_all_samples(
    count: u32,
    progress: &mut dyn FnMut(VerifyProgress),
    stop: &AtomicBool,
    mut check: impl FnMut(std::ops::Range<u32>),
) -> Result<(), LayoutError> {
    let mut done = 0;
    while done < count {
        if stop.load(Ordering::Relaxed) {
            return Err(LayoutError::Stopped { done, total: count });
        }
        let end = count.min(done + CHUNK as u32);
        check(done..end);
        done = end;
        progress(VerifyProgress::Samples { done, total: count });
    }
    Ok(())
}

/// A store whose files have been checked.
struct Checked {
    reader: Box<dyn LayoutReader>,
    verification: Verification,
    /// By `samples.csv`; without it, as they are stored.
    labels: Vec<Option<u32>>,
    /// BLAKE3 of the bytes as published, by `samples.csv`, where there is one.
    published: Option<Vec<[u8; 32]>>,
}

impl Checked {
    fn open(
        path: &Path,
        names: &ForeignNames,
        progress: &mut dyn FnMut(VerifyProgress),
    ) -> Result<Self, LayoutError> {
        if path.join(MANIFEST_FILE).is_file() {
            Self::open_store(path, progress)
        } else {
            Self::open_foreign(path, names)
        }
    }

    /// A file without a manifest: there is nothing to hold it to, so its labels are its own.
    fn open_foreign(path: &Path, names: &ForeignNames) -> Result<Self, LayoutError> {
        let reader = open_any(path, names)?.reader;
        let count = reader.manifest().count;
        let mut context = ThreadContext::default();
        let mut labels = Vec::new();
        for index in 0..count {
            // What cannot be read is told when it is compared.
            let label = reader
                .sample(index, &mut context)
                .map(|sample| sample.label);
            labels.push(label.ok().flatten());
        }
        Ok(Self {
            reader,
            verification: Verification::default(),
            labels,
            published: None,
        })
    }

    fn open_store(
        store: &Path,
        progress: &mut dyn FnMut(VerifyProgress),
    ) -> Result<Self, LayoutError> {
        let reader = open_store(store)?;
        let manifest = reader.manifest();
        let mut verification = Verification::default();
        let total = manifest.files.len() as u32;
        for file in &manifest.files {
            let found = digest::data_file(store, &file.path)?;
            if found != *file {
                verification.add(Difference::File {
                    path: file.path.clone(),
                    expected_bytes: file.bytes,
                    found_bytes: found.bytes,
                });
            }
            verification.files += 1;
            let done = verification.files;
            progress(VerifyProgress::Files { done, total });
        }
        let (mut labels, mut published) = (Vec::new(), Vec::new());
        let mut source = digest::SourceDigest::default();
        samples::read_samples(store, manifest.count, manifest.classes.len(), |row| {
            labels.push(row.label);
            published.push(row.source);
            source.update(row.key, row.label, &row.source);
            Ok(())
        })?;
        if source.finish() != manifest.source_digest {
            verification.add(Difference::SourceDigest);
        }
        Ok(Self {
            reader,
            verification,
            labels,
            published: Some(published),
        })
    }
}

/// What was found in one sample.
#[derive(Default)]
struct Findings {
    differences: Vec<Difference>,
    fidelity: Option<SampleFidelity>,
}

impl Findings {
    fn unreadable(&mut self, reader: &dyn LayoutReader, index: u32, reason: &dyn fmt::Display) {
        self.differences.push(Difference::Unreadable {
            index,
            key: reader.key(index),
            reason: reason.to_string(),
        });
    }

    fn label(
        &mut self,
        reader: &dyn LayoutReader,
        index: u32,
        expected: Option<u32>,
        found: Option<u32>,
    ) {
        if expected != found {
            self.differences.push(Difference::Label {
                index,
                key: reader.key(index),
                expected,
                found,
            });
        }
    }
}

/// A sample as the store's reader delivers it: planes.
struct Delivered {
    label: Option<u32>,
    values: Vec<f32>,
}

/// What the reader is asked for: 8-bit values where the store has pixels, `f32` where it holds
/// normalised values.
fn pipeline(manifest: &Manifest, image: ImageSpec) -> PixelPipeline {
    let element = match manifest.encoding().element() {
        Some(element) if element.is_float() => Element::F32,
        _ => Element::U8,
    };
    let output = OutputSpec { element, image };
    PixelPipeline::new(output, &manifest.normalisation, manifest.orientation)
}

fn deliver(
    reader: &dyn LayoutReader,
    index: u32,
    pipeline: &PixelPipeline,
    context: &mut ThreadContext,
) -> Result<Delivered, LayoutError> {
    let mut image = AlignedBytes::zeroed(pipeline.output.image_bytes());
    let (mut labels, mut indices) = ([NO_LABEL], [u32::MAX]);
    let unchanged = AugmentationKey {
        augmentation: Augmentation::NONE,
        seed: 0,
        epoch: 0,
    };
    let mut slot = BatchSlot::new(
        pipeline,
        unchanged,
        image.as_bytes_mut(),
        &mut labels,
        &mut indices,
    );
    reader.read_batch(&[index], &mut slot, context)?;
    let values = match pipeline.output.element {
        Element::F32 => bytemuck::cast_slice(image.as_bytes()).to_vec(),
        _ => image.as_bytes().iter().copied().map(f32::from).collect(),
    };
    Ok(Delivered {
        label: u32::try_from(labels[0]).ok(),
        values,
    })
}

/// A store and the data set that it was made from, side by side.
struct Comparison<'a, S> {
    reader: &'a dyn LayoutReader,
    source: &'a S,
    positions: &'a [u32],
    labels: &'a [Option<u32>],
    published: Option<&'a [[u8; 32]]>,
    expectation: Expectation,
}

/// What a thread that compares keeps.
struct ComparisonThread<B> {
    buffer: B,
    pixels: PixelReader,
    context: ThreadContext,
}

impl<S: SampleSource> Comparison<'_, S> {
    fn thread(&self) -> ComparisonThread<S::Buffer> {
        let manifest = self.reader.manifest();
        ComparisonThread {
            buffer: S::Buffer::default(),
            pixels: PixelReader::new(manifest.orientation, manifest.resized_to),
            context: ThreadContext::new(&pipeline(manifest, ImageSpec::rgb(1, 1))),
        }
    }

    fn compare(&self, index: u32, thread: &mut ComparisonThread<S::Buffer>) -> Findings {
        let mut found = Findings::default();
        let position = self.positions[index as usize] as usize;
        let (key, label) = (self.source.key(position), self.source.label(position));
        let stored_key = self.reader.key(index);
        if self.published.is_some() && stored_key != key {
            found.differences.push(Difference::Key {
                index,
                expected: key.to_owned(),
                found: stored_key,
            });
        }
        found.label(self.reader, index, label, self.labels[index as usize]);
        match self.compare_pixels(index, thread, &mut found) {
            Ok(delivered) if delivered != self.labels[index as usize] => {
                found.label(self.reader, index, label, delivered);
            }
            Ok(_) => {}
            Err(reason) => found.unreadable(self.reader, index, &reason),
        }
        found
    }

    /// Compares the pixels and returns the label that came with them.
    fn compare_pixels(
        &self,
        index: u32,
        thread: &mut ComparisonThread<S::Buffer>,
        found: &mut Findings,
    ) -> Result<Option<u32>, String> {
        let position = self.positions[index as usize] as usize;
        let text = |error: &dyn fmt::Display| format!("in the source: {error}");
        let sample = self
            .source
            .read(position, &mut thread.buffer)
            .map_err(|error| text(&error))?;
        let key = || self.source.key(position).to_owned();
        let published = blake3::hash(sample.payload.bytes());
        let recorded = self.published.map(|all| all[index as usize]);
        let changed = recorded.is_some_and(|recorded| recorded != *published.as_bytes());
        if changed && self.source.is_as_published() {
            found
                .differences
                .push(Difference::Published { index, key: key() });
        }
        let (pixels, spec) = thread
            .pixels
            .pixels(&sample.payload)
            .map_err(|error| text(&error))?;
        let manifest = self.reader.manifest();
        let stored = manifest.shape.fixed().unwrap_or(spec);
        if stored != spec {
            found.differences.push(Difference::Size {
                index,
                key: key(),
                expected: spec,
                found: stored,
            });
            return Ok(self.labels[index as usize]);
        }
        let pipeline = pipeline(manifest, spec);
        let delivered = deliver(self.reader, index, &pipeline, &mut thread.context)
            .map_err(|error| error.to_string())?;
        let expected = self.expectation.of(pixels);
        found.fidelity = Some(self.expectation.fidelity(pixels, &delivered.values));
        let differing = pixels::differing(&expected, &delivered.values);
        let encoded_with_loss = !manifest.layout.encoding_options.is_empty();
        let near = found.fidelity.is_some_and(SampleFidelity::is_near);
        if differing > 0 && !(encoded_with_loss && near) {
            found.differences.push(Difference::Pixels {
                index,
                key: key(),
                differing,
                values: expected.len(),
                largest: found.fidelity.map_or(0.0, |fidelity| fidelity.largest),
                explanation: Explanation::Unknown,
            });
        }
        Ok(delivered.label)
    }
}
