//! Writing shards.

use super::{Fault, MAX_SHARDS, ShardFormat};
use crate::{
    LayoutError, digest, disk,
    index::{INDEX_FILE, SampleIndex},
    mapped::MappedFile,
    options,
    output_file::OutputFile,
    registry::StorePlan,
    store::one_size,
    stored::mapped::Place,
};
use ielade_core::{Encoding, ImageSpec, Payload, Sample, manifest::DataFile, sample::NO_LABEL};
use std::{
    fs::File,
    path::{Path, PathBuf},
};

/// Bytes from which on a shard is full, where nothing else is said: the upper end of what
/// TensorFlow Datasets and webdataset recommend.
const SHARD_BYTES: u64 = 1 << 30;

/// When a new shard is begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ShardRule {
    /// The samples are dealt out to so many shards, in order.
    Number { shards: u32, expected: u32 },
    /// A shard holds so many samples.
    Samples(u32),
    /// A shard is full once it has so many bytes.
    Bytes(u64),
}

impl ShardRule {
    /// As the options `shards` and `maxcount` say.
    ///
    /// # Errors
    /// Where that would be too many files.
    pub(crate) fn of(plan: &StorePlan<'_>) -> Result<Self, LayoutError> {
        if let Some(shards) = options::number(plan.options, "shards") {
            return Ok(Self::Number {
                shards: shards.min(plan.expected).max(1),
                expected: plan.expected,
            });
        }
        let Some(samples) = options::number(plan.options, "maxcount") else {
            return Ok(Self::Bytes(SHARD_BYTES));
        };
        let shards = plan.expected.div_ceil(samples);
        if shards as usize > MAX_SHARDS {
            return Err(LayoutError::Option {
                what: format!("maxcount={samples}"),
                reason: format!(
                    "it would make {shards} shards of {} samples; at most {MAX_SHARDS} are written",
                    plan.expected
                ),
            });
        }
        Ok(Self::Samples(samples))
    }

    /// Whether the next sample begins a shard, given how far the writer is.
    fn is_due(self, at: &Position) -> bool {
        match self {
            Self::Number { shards, expected } => {
                let wanted = u64::from(at.samples) * u64::from(shards) / u64::from(expected.max(1));
                wanted > u64::from(at.shard)
            }
            Self::Samples(most) => at.samples_in_shard >= most,
            Self::Bytes(most) => at.bytes >= most,
        }
    }
}

/// How far a writer is.
#[derive(Debug, Clone, Copy, Default)]
struct Position {
    /// Samples in all shards.
    samples: u32,
    /// The shard that is written.
    shard: u32,
    samples_in_shard: u32,
    /// Bytes of that shard.
    bytes: u64,
}

/// Writes samples into shards and remembers where they lie.
pub(crate) struct ShardWriter {
    folder: PathBuf,
    format: ShardFormat,
    rule: ShardRule,
    at: Position,
    file: OutputFile,
    /// Shards that are complete; `None` of those of a run that was broken off.
    complete: Vec<Option<DataFile>>,
    index: SampleIndex,
    /// Shards that are complete but perhaps not on the disk yet.
    unsynced: Vec<PathBuf>,
}

/// Shards that are complete.
pub(crate) struct FinishedShards {
    /// The shards and the index.
    pub(crate) files: Vec<DataFile>,
    /// Samples of each shard.
    pub(crate) samples: Vec<u32>,
}

impl ShardWriter {
    /// Opens the first shard, or the one that holds the last sample that is kept.
    pub(crate) fn open(plan: &StorePlan<'_>, format: ShardFormat) -> Result<Self, LayoutError> {
        let rule = ShardRule::of(plan)?;
        let mut index = SampleIndex::default();
        let at = if plan.written == 0 {
            Position::default()
        } else {
            restore_names(plan.folder, &format)?;
            find_kept(plan, &format, &mut index)?
        };
        let path = plan.folder.join((format.unfinished_name)(at.shard));
        Ok(Self {
            folder: plan.folder.to_owned(),
            file: OutputFile::open(&path, at.bytes)?,
            complete: vec![None; at.shard as usize],
            unsynced: Vec::new(),
            format,
            rule,
            at,
            index,
        })
    }

    /// Makes room for the next sample: begins a new shard where one is due.
    pub(crate) fn begin_sample(&mut self) -> Result<(), LayoutError> {
        if self.at.samples_in_shard == 0 || !self.rule.is_due(&self.at) {
            return Ok(());
        }
        self.write(self.format.end)?;
        self.unsynced.push(self.file.path().to_owned());
        let next = self.at.shard + 1;
        let path = self.folder.join((self.format.unfinished_name)(next));
        let ended = std::mem::replace(&mut self.file, OutputFile::create(&path)?);
        let name = (self.format.unfinished_name)(self.at.shard);
        self.complete.push(Some(ended.end(&name)?));
        self.at = Position {
            samples: self.at.samples,
            shard: next,
            ..Position::default()
        };
        Ok(())
    }

    /// The byte of the shard that is written next.
    pub(crate) const fn position(&self) -> u64 {
        self.at.bytes
    }

    /// Appends bytes to the shard.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), LayoutError> {
        self.file.write(bytes)?;
        self.at.bytes += bytes.len() as u64;
        Ok(())
    }

    /// Notes the sample that was just written: its image's first byte and bytes.
    pub(crate) fn end_sample(&mut self, offset: u64, len: u32, label: Option<u32>) {
        self.index.places.push(Place {
            file: self.at.shard,
            len,
            offset,
        });
        self.index.labels.push(label.map_or(NO_LABEL, i64::from));
        self.at.samples += 1;
        self.at.samples_in_shard += 1;
    }

    /// Brings everything onto the disk.
    pub(crate) fn checkpoint(&mut self) -> Result<(), LayoutError> {
        self.file.sync()?;
        for path in self.unsynced.drain(..) {
            File::open(&path)
                .and_then(|file| file.sync_data())
                .map_err(LayoutError::io("sync", &path))?;
        }
        disk::sync_folder(&self.folder)
    }

    /// Ends the last shard, writes the index, and gives the shards their names.
    pub(crate) fn finish(mut self) -> Result<FinishedShards, LayoutError> {
        self.write(self.format.end)?;
        self.checkpoint()?;
        let name = (self.format.unfinished_name)(self.at.shard);
        self.complete.push(Some(self.file.end(&name)?));
        let shards = self.at.shard + 1;
        let mut files = Vec::new();
        let mut paths = Vec::new();
        for (shard, complete) in (0..shards).zip(self.complete) {
            let unfinished = (self.format.unfinished_name)(shard);
            paths.push(self.folder.join(&unfinished));
            let file = match complete {
                Some(file) => file,
                None => digest::data_file(&self.folder, &unfinished)?,
            };
            files.push(DataFile {
                path: (self.format.name)(shard, shards),
                ..file
            });
        }
        self.index.write_into_store(&self.folder, &paths)?;
        for (path, file) in paths.iter().zip(&files) {
            std::fs::rename(path, self.folder.join(&file.path))
                .map_err(LayoutError::io("rename", path))?;
        }
        disk::sync_folder(&self.folder)?;
        files.push(digest::data_file(&self.folder, INDEX_FILE)?);
        let mut samples = vec![0; shards as usize];
        for place in &self.index.places {
            samples[place.file as usize] += 1;
        }
        Ok(FinishedShards { files, samples })
    }
}

/// Takes the final names away again, where a run was broken off between giving them and giving the
/// store its own.
fn restore_names(folder: &Path, format: &ShardFormat) -> Result<(), LayoutError> {
    let mut shards = 0;
    for entry in std::fs::read_dir(folder).map_err(LayoutError::io("list", folder))? {
        let entry = entry.map_err(LayoutError::io("list", folder))?;
        let name = entry.file_name();
        shards += u32::from(name.to_string_lossy().ends_with(format.extension));
    }
    for shard in 0..shards {
        let named = folder.join((format.name)(shard, shards));
        let unfinished = folder.join((format.unfinished_name)(shard));
        if named != unfinished && named.exists() {
            std::fs::rename(&named, &unfinished).map_err(LayoutError::io("rename", &named))?;
        }
    }
    Ok(())
}

/// Finds the samples that are kept, notes them in the index, and removes the shards behind them.
fn find_kept(
    plan: &StorePlan<'_>,
    format: &ShardFormat,
    index: &mut SampleIndex,
) -> Result<Position, LayoutError> {
    let mut at = Position::default();
    loop {
        let path = plan.folder.join((format.unfinished_name)(at.shard));
        let map = MappedFile::open(&path)?;
        let samples = (format.scan)(map.bytes(), plan.written - at.samples)
            .map_err(|fault| fault.of_file(&path))?;
        for sample in &samples {
            index.places.push(Place {
                file: at.shard,
                len: sample.len,
                offset: sample.offset,
            });
            index.labels.push(sample.label);
        }
        let Some(last) = samples.last() else {
            let missing = Fault::new(0, format!("it ends before sample {}", at.samples));
            return Err(missing.of_file(&path));
        };
        at.samples += samples.len() as u32;
        at.samples_in_shard = samples.len() as u32;
        at.bytes = last.end;
        if at.samples == plan.written {
            break;
        }
        at.shard += 1;
    }
    for shard in at.shard + 1.. {
        let path = plan.folder.join((format.unfinished_name)(shard));
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => break,
            result => result.map_err(LayoutError::io("remove", &path))?,
        }
    }
    Ok(at)
}

/// What samples a writer takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Accepted {
    container: &'static str,
    pub(crate) encoding: Encoding,
    /// Size of the images of a raw store.
    pub(crate) spec: Option<ImageSpec>,
}

impl Accepted {
    pub(crate) fn of(plan: &StorePlan<'_>, container: &'static str) -> Result<Self, LayoutError> {
        let spec = match plan.encoding.element() {
            Some(_) => Some(one_size(plan.shape, plan.folder, container)?),
            None => None,
        };
        Ok(Self {
            container,
            encoding: plan.encoding,
            spec,
        })
    }

    /// The sample's bytes and how many they are, if the store takes it.
    pub(crate) fn bytes<'a>(&self, sample: &'a Sample<'_>) -> Result<(&'a [u8], u32), LayoutError> {
        let payload = &sample.payload;
        let wrong = |expected: String, found: String| LayoutError::WrongPayload {
            key: sample.key.to_owned(),
            expected,
            found,
        };
        if payload.encoding() != self.encoding {
            return Err(wrong(
                self.encoding.to_string(),
                payload.encoding().to_string(),
            ));
        }
        self.check_size(sample.key, payload)?;
        let bytes = payload.bytes();
        let number = |bytes: usize| format!("{bytes} bytes");
        if let (Some(spec), Some(element)) = (self.spec, self.encoding.element()) {
            let expected = spec.values() * element.size();
            if bytes.len() != expected {
                return Err(wrong(number(expected), number(bytes.len())));
            }
        }
        let len = u32::try_from(bytes.len())
            .map_err(|_| wrong("less than 4 GiB".to_owned(), number(bytes.len())))?;
        Ok((bytes, len))
    }

    fn check_size(&self, key: &str, payload: &Payload<'_>) -> Result<(), LayoutError> {
        match self.spec {
            Some(expected) if payload.spec() != Some(expected) => Err(LayoutError::SizesDiffer {
                key: key.to_owned(),
                found: payload
                    .spec()
                    .map_or_else(String::new, |spec| spec.to_string()),
                expected: expected.to_string(),
                container: self.container,
            }),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Position, ShardRule};

    /// Samples of each shard, of ten bytes each.
    fn dealt(rule: ShardRule, samples: u32) -> Vec<u32> {
        let mut at = Position::default();
        let mut shards = vec![0];
        for _ in 0..samples {
            if at.samples_in_shard > 0 && rule.is_due(&at) {
                at.shard += 1;
                at.samples_in_shard = 0;
                at.bytes = 0;
                shards.push(0);
            }
            *shards.last_mut().unwrap() += 1;
            at.samples += 1;
            at.samples_in_shard += 1;
            at.bytes += 10;
        }
        shards
    }

    #[test]
    fn samples_are_dealt_out_evenly_and_in_order() {
        let number = |shards, expected| ShardRule::Number { shards, expected };
        assert_eq!(dealt(number(3, 10), 10), [4, 3, 3]);
        assert_eq!(dealt(number(10, 10), 10), [1; 10]);
        assert_eq!(dealt(number(1, 10), 10), [10]);
        // Fewer came than were expected.
        assert_eq!(dealt(number(3, 10), 5), [4, 1]);
        assert_eq!(dealt(ShardRule::Samples(4), 10), [4, 4, 2]);
        assert_eq!(dealt(ShardRule::Bytes(25), 10), [3, 3, 3, 1]);
    }
}
