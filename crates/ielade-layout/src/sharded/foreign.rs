//! What the samples of foreign shards are: told once, kept with the index.

use super::Fault;
use crate::{
    LayoutError,
    foreign::{Contents, ForeignFile, ForeignStore},
    index::SampleIndex,
    inflated,
    mapped::MappedFile,
    stored::{
        SampleForm,
        array::{ArrayForm, Axes, ByteOrder},
        mapped::{MappedSamples, Place, Places},
    },
};
use ielade_codec::{FileFormat, MAX_PIXELS};
use ielade_core::{Element, Encoding, ForeignNames, ImageShape, ImageSpec};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Changed where a later version would find other samples in the same file.
const NOTES_VERSION: u32 = 1;

/// What an index of foreign shards keeps beside the places.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Notes {
    version: u32,
    /// Names that the user gave.
    asked: ForeignNames,
    /// Name under which the labels were found.
    label_name: Option<String>,
    encoding: Encoding,
    array: Option<ArrayNotes>,
    guesses: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct ArrayNotes {
    size: ImageSpec,
    planar: bool,
    big_endian: bool,
}

/// What a container found in its shards.
pub(crate) struct Found {
    pub(crate) places: Vec<Place>,
    /// One a sample; -1 for none.
    pub(crate) labels: Vec<i64>,
    /// Name under which the labels were found.
    pub(crate) label_name: Option<String>,
    pub(crate) form: SampleForm,
    pub(crate) guesses: Vec<String>,
}

/// A shard of which the samples are sought.
pub(crate) struct ForeignShard {
    /// The file that the user knows.
    pub(crate) path: PathBuf,
    map: MappedFile,
    /// Bytes that belong to the shard.
    len: usize,
    is_inflated: bool,
}

impl ForeignShard {
    /// Maps a shard, after inflating it where that has not been done.
    fn open(path: &Path, is_plain: fn(&[u8]) -> bool) -> Result<(PathBuf, Self), LayoutError> {
        let found = inflated::of_file(path, is_plain)?;
        let map = MappedFile::open(&found.path)?;
        let shard = Self {
            path: path.to_owned(),
            len: found.len(map.bytes().len())?,
            is_inflated: found.path != path,
            map,
        };
        Ok((found.path, shard))
    }

    /// The shard, as it was before it was compressed.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.map.bytes()[..self.len]
    }

    /// The error that names the file.
    pub(crate) fn fault(&self, mut fault: Fault) -> LayoutError {
        if self.is_inflated {
            fault
                .reason
                .push_str(" (the byte is that of the inflated file)");
        }
        fault.of_file(&self.path)
    }
}

/// How a container opens foreign shards.
pub(crate) struct ForeignShards<'a> {
    pub(crate) container: &'static str,
    pub(crate) file: &'a ForeignFile<'a>,
    /// The shards, in order.
    pub(crate) paths: Vec<PathBuf>,
    /// Whether the first bytes of a file are those of a shard that is not compressed.
    pub(crate) is_plain: fn(&[u8]) -> bool,
    /// What was guessed about the files.
    pub(crate) guesses: Vec<String>,
}

impl ForeignShards<'_> {
    /// Opens the shards: by the index that is kept of them, or by one that `find` makes. `classes`
    /// gives the names of the classes that the labels of this name are of, where they are known.
    pub(crate) fn open(
        self,
        find: impl FnOnce(&[ForeignShard]) -> Result<Found, LayoutError>,
        classes: impl FnOnce(&str) -> Result<Vec<String>, LayoutError>,
    ) -> Result<ForeignStore, LayoutError> {
        let path = self.file.path;
        let (mapped, shards): (Vec<_>, Vec<_>) = self
            .paths
            .iter()
            .map(|path| ForeignShard::open(path, self.is_plain))
            .collect::<Result<Vec<_>, _>>()?
            .into_iter()
            .unzip();
        let asked = self.file.names;
        let index = SampleIndex::of_foreign_if(
            path,
            &mapped,
            |notes| Notes::decode(notes, asked).is_some(),
            || find(&shards)?.into_index(asked, path),
        )?;
        let notes = Notes::decode(&index.notes, asked).ok_or_else(|| {
            LayoutError::container(path, 0, "the index kept of it cannot be understood")
        })?;
        let (form, shape) = notes.form();
        let mut guesses = self.guesses;
        guesses.extend(notes.guesses);
        let files = shards.into_iter().map(|shard| (shard.path, shard.map));
        let count = index.places.len();
        let mut names = notes
            .label_name
            .map_or(Ok(Vec::new()), |name| classes(&name))?;
        if index
            .labels
            .iter()
            .any(|label| *label >= names.len() as i64)
        {
            names.clear();
        }
        Contents {
            container: self.container,
            form,
            shape,
            classes: names,
            labels: index.labels,
            count: u32::try_from(count).unwrap_or(u32::MAX),
            samples: MappedSamples::new(files.collect(), Places::Each(index.places))?,
            guesses,
        }
        .into_store(self.file)
    }
}

impl Found {
    fn into_index(self, asked: &ForeignNames, path: &Path) -> Result<SampleIndex, LayoutError> {
        let (encoding, array) = match self.form {
            SampleForm::Image(encoding) => (encoding, None),
            SampleForm::Array(form) => (
                Encoding::Raw(form.element),
                Some(ArrayNotes {
                    size: form.spec,
                    planar: form.axes == Axes::Planar,
                    big_endian: form.byte_order == ByteOrder::Big,
                }),
            ),
        };
        let notes = Notes {
            version: NOTES_VERSION,
            asked: asked.clone(),
            label_name: self.label_name,
            encoding,
            array,
            guesses: self.guesses,
        };
        let notes = serde_json::to_vec(&notes)
            .map_err(|error| LayoutError::container(path, 0, error.to_string()))?;
        Ok(SampleIndex {
            places: self.places,
            labels: self.labels,
            notes,
        })
    }
}

impl Notes {
    /// The notes, if they answer what was asked.
    fn decode(bytes: &[u8], asked: &ForeignNames) -> Option<Self> {
        let notes: Self = serde_json::from_slice(bytes).ok()?;
        let same = notes.version == NOTES_VERSION
            && notes.asked == *asked
            && notes.encoding.element().is_some() == notes.array.is_some();
        same.then_some(notes)
    }

    fn form(&self) -> (SampleForm, ImageShape) {
        match (self.array, self.encoding.element()) {
            (Some(array), Some(element)) => {
                let form = ArrayForm {
                    element,
                    spec: array.size,
                    axes: if array.planar {
                        Axes::Planar
                    } else {
                        Axes::Interleaved
                    },
                    byte_order: if array.big_endian {
                        ByteOrder::Big
                    } else {
                        ByteOrder::Little
                    },
                };
                (SampleForm::Array(form), ImageShape::Fixed(form.delivered()))
            }
            _ => (SampleForm::Image(self.encoding), ImageShape::Varies),
        }
    }
}

/// The form of an array with these dimensions, the slowest first: (height, width), (height, width,
/// channels) or (channels, height, width), of 1 or 3 channels.
///
/// # Errors
/// Says what is wrong with the dimensions.
pub(crate) fn array_form(element: Element, dimensions: &[u64]) -> Result<ArrayForm, String> {
    let no_image = || format!("an array of {dimensions:?} is no image of 1 or 3 channels");
    let ((height, width, channels), axes) = match *dimensions {
        [height, width] => ((height, width, 1), Axes::Interleaved),
        [height, width, channels @ (1 | 3)] => ((height, width, channels), Axes::Interleaved),
        [channels @ (1 | 3), height, width] => ((height, width, channels), Axes::Planar),
        _ => return Err(no_image()),
    };
    let pixels = height
        .checked_mul(width)
        .filter(|p| (1..=MAX_PIXELS).contains(p));
    match (pixels, u32::try_from(height), u32::try_from(width)) {
        (Some(_), Ok(height), Ok(width)) => Ok(ArrayForm {
            element,
            spec: ImageSpec {
                height,
                width,
                channels: channels as u32,
            },
            axes,
            byte_order: ByteOrder::Little,
        }),
        _ => Err(no_image()),
    }
}

/// What the bytes of an image are: an encoding by their start, `None` where they do not look like
/// an image file.
///
/// # Errors
/// For an image file of a format that is not decoded.
pub(crate) fn image_encoding(bytes: &[u8]) -> Result<Option<Encoding>, String> {
    match FileFormat::sniff(bytes) {
        None => Ok(None),
        Some(format) => match format.encoding() {
            Some(encoding) => Ok(Some(encoding)),
            None => Err(format!("images in {format} are not read")),
        },
    }
}

/// Counts images that are not of the encoding that the first one has.
#[derive(Debug, Default)]
pub(crate) struct OtherFormats {
    count: u32,
    first: usize,
}

impl OtherFormats {
    /// Looks at the first bytes of a sample's image.
    pub(crate) fn look(&mut self, sample: usize, form: SampleForm, bytes: &[u8]) {
        let SampleForm::Image(expected) = form else {
            return;
        };
        let found = FileFormat::sniff(bytes).and_then(FileFormat::encoding);
        if found != Some(expected) {
            if self.count == 0 {
                self.first = sample;
            }
            self.count += 1;
        }
    }

    /// Says that there are such, if there are.
    pub(crate) fn tell(&self, form: SampleForm, guesses: &mut Vec<String>) {
        if let (SampleForm::Image(expected), 1..) = (form, self.count) {
            guesses.push(format!(
                "the images are taken for {expected}; {} are something else (the first is sample \
                 {}) and are refused when they are read",
                self.count, self.first
            ));
        }
    }
}

/// The bytes of a sample, if they are as many as a place can tell.
///
/// # Errors
/// For a sample of 4 GiB or more, and for more samples than a store can hold.
pub(crate) fn place(file: usize, samples: usize, offset: u64, len: usize) -> Result<Place, Fault> {
    if samples >= u32::MAX as usize - 1 {
        return Err(Fault::new(offset, "more samples than can be numbered"));
    }
    match (u32::try_from(file), u32::try_from(len)) {
        (Ok(file), Ok(len)) => Ok(Place { file, len, offset }),
        _ => Err(Fault::new(offset, format!("an image of {len} bytes"))),
    }
}

#[cfg(test)]
mod tests {
    use super::array_form;
    use crate::stored::array::Axes;
    use ielade_core::Element::U8;

    #[test]
    fn dimensions_become_a_size_and_the_order_of_axes() {
        for (dimensions, size, axes) in [
            (&[9, 12][..], "9×12×1", Axes::Interleaved),
            (&[9, 12, 3], "9×12×3", Axes::Interleaved),
            (&[9, 12, 1], "9×12×1", Axes::Interleaved),
            (&[3, 9, 12], "9×12×3", Axes::Planar),
            (&[1, 9, 12], "9×12×1", Axes::Planar),
        ] {
            let form = array_form(U8, dimensions).unwrap();
            assert_eq!((form.spec.to_string().as_str(), form.axes), (size, axes));
        }
        for wrong in [
            &[][..],
            &[5],
            &[0, 4, 3],
            &[9, 12, 4],
            &[1, 2, 3, 4],
            &[u64::MAX, u64::MAX, 3],
            &[u64::MAX, 1, 3],
        ] {
            assert!(array_form(U8, wrong).is_err(), "{wrong:?}");
        }
    }
}
