//! `TFRecord` files that others wrote.

use super::{
    CONTAINER,
    example::{Kind, Values, features, find},
    frame::{Checked, Frames, starts_with_head},
    metadata,
    wire::Wire,
};
use crate::{
    LayoutError,
    foreign::{ForeignFile, ForeignStore},
    inflated::inflated_head,
    sharded::{
        Fault,
        foreign::{
            ForeignShard, ForeignShards, Found, OtherFormats, array_form, image_encoding, place,
        },
        names::{holds_shards, shards_of},
    },
    stored::{SampleForm, array::ArrayForm},
};
use ielade_codec::CHANNELS;
use ielade_core::{Element, sample::NO_LABEL};
use std::path::Path;

/// Names under which images are looked for, the likeliest first.
const IMAGE_NAMES: [&str; 8] = [
    "image",
    "image/encoded",
    "image/value",
    "image_raw",
    "image_bytes",
    "img",
    "jpeg",
    "x",
];

/// Names under which labels are looked for.
const LABEL_NAMES: [&str; 9] = [
    "label",
    "image/class/label",
    "labels",
    "class",
    "class_id",
    "cls",
    "target",
    "y",
    "fine_label",
];

/// Names of height and width, and of channels, behind the image's own name or alone.
const SIZE_NAMES: [[&str; 2]; 2] = [["height", "width"], ["rows", "cols"]];
const CHANNEL_NAMES: [&str; 2] = ["channels", "depth"];

/// Most features that the first record may have.
const MAX_FEATURES: usize = 4096;

/// Whether a path is a `TFRecord` file, compressed or not, or a folder of such.
pub(super) fn recognises(path: &Path, head: &[u8]) -> bool {
    if path.is_dir() {
        return holds_shards(path, is_shard);
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    starts_with_head(head)
        || inflated_head(head).is_some_and(|head| starts_with_head(&head))
        || is_shard(&name)
}

/// True for the name of a shard: with `tfrecord` in it, or `NAME-00000-of-00004` with no ending.
fn is_shard(name: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    name.contains("tfrecord")
        || !name.contains('.')
            && name.rsplit_once("-of-").is_some_and(|(before, of)| {
                is_number(of) && before.ends_with(|c: char| c.is_ascii_digit())
            })
}

/// Opens a `TFRecord` file or a folder of shards.
pub(super) fn open(file: &ForeignFile<'_>) -> Result<ForeignStore, LayoutError> {
    let mut guesses = Vec::new();
    let paths = shards_of(file.path, is_shard, &mut guesses)?;
    let folder = if file.path.is_dir() {
        file.path
    } else {
        file.path.parent().unwrap_or(Path::new(""))
    };
    let shards = ForeignShards {
        container: CONTAINER.name,
        file,
        paths,
        is_plain: starts_with_head,
        guesses,
    };
    shards.open(
        |shards| find_samples(shards, file, folder),
        |label| metadata::class_names_of(folder, label),
    )
}

/// Walks all shards.
fn find_samples(
    shards: &[ForeignShard],
    file: &ForeignFile<'_>,
    folder: &Path,
) -> Result<Found, LayoutError> {
    let mut guesses = Vec::new();
    let wanted = Wanted::choose(shards, file, folder, &mut guesses)?;
    let form = wanted.form;
    let (mut places, mut labels) = (Vec::new(), Vec::new());
    let mut others = OtherFormats::default();
    for (number, shard) in shards.iter().enumerate() {
        for frame in Frames::new(shard.bytes(), Checked::All) {
            let sample = frame.and_then(|frame| {
                let (image, label) = wanted.sample(frame.record)?;
                others.look(places.len(), form, image.bytes);
                let place = place(number, places.len(), image.offset, image.bytes.len())?;
                Ok((place, label))
            });
            let (place, label) = sample.map_err(|fault| shard.fault(fault))?;
            places.push(place);
            labels.push(label);
        }
    }
    others.tell(form, &mut guesses);
    Ok(Found {
        places,
        labels,
        label_name: wanted.label,
        form,
        guesses,
    })
}

/// What of a record is the image and what the label, by what the first record holds.
struct Wanted {
    image: String,
    label: Option<String>,
    form: SampleForm,
    /// The features that tell an array's size, as the first record has them.
    size: Vec<(String, Vec<i64>)>,
}

impl Wanted {
    fn choose(
        shards: &[ForeignShard],
        file: &ForeignFile<'_>,
        folder: &Path,
        guesses: &mut Vec<String>,
    ) -> Result<Self, LayoutError> {
        for shard in shards {
            if let Some(frame) = Frames::new(shard.bytes(), Checked::All).next() {
                let record = frame.map_err(|fault| shard.fault(fault))?.record;
                let first = FirstRecord::read(record).map_err(|fault| shard.fault(fault))?;
                return first
                    .choose(file, folder, guesses)
                    .map_err(|refusal| match refusal {
                        Refusal::Fault(fault) => shard.fault(fault),
                        Refusal::Names(reason) => first.refuse(file, reason),
                        Refusal::File(error) => error,
                    });
            }
        }
        Err(LayoutError::Foreign {
            path: file.path.to_owned(),
            reason: "it holds no record".to_owned(),
            hint: "name another file".to_owned(),
        })
    }

    /// Image and label of a record.
    fn sample<'a>(&self, record: Wire<'a>) -> Result<(Wire<'a>, i64), Fault> {
        let size = |at: usize| self.size.get(at).map_or("", |(name, _)| name);
        let label_name = self.label.as_deref().unwrap_or_default();
        let [image, label, first, second, third] =
            find(record, [&self.image, label_name, size(0), size(1), size(2)])?;
        let lacks = || {
            let reason = format!("the record lacks feature {:?}", self.image);
            Fault::new(record.offset, reason)
        };
        let image = image.ok_or_else(lacks)?;
        let image = image_of(image)
            .map_err(|fault| of_feature(&self.image, &fault))?
            .ok_or_else(lacks)?;
        let label = match label {
            Some(label) => label
                .integer()
                .map_err(|fault| of_feature(label_name, &fault))?
                .unwrap_or(NO_LABEL),
            None => NO_LABEL,
        };
        for ((name, expected), found) in self.size.iter().zip([first, second, third]) {
            let found = match found {
                Some(values) => values
                    .integers()
                    .map_err(|fault| of_feature(name, &fault))?,
                None => Vec::new(),
            };
            if found != *expected {
                let reason = format!(
                    "feature {name:?} is {found:?} where the first record has {expected:?}; arrays \
                     of several sizes are not read"
                );
                return Err(Fault::new(record.offset, reason));
            }
        }
        if let SampleForm::Array(form) = self.form
            && image.bytes.len() != form.image_bytes()
        {
            let reason = format!(
                "an array of {} bytes where {} belong",
                image.bytes.len(),
                form.image_bytes()
            );
            return Err(Fault::new(image.offset, reason));
        }
        Ok((image, label))
    }
}

/// The bytes of an image, whether they are bytes or packed floats.
fn image_of(values: Values<'_>) -> Result<Option<Wire<'_>>, Fault> {
    match values.kind {
        Some(Kind::Floats) => values.packed_floats(),
        _ => values.byte_string(),
    }
}

fn of_feature(name: &str, fault: &Fault) -> Fault {
    Fault::new(fault.offset, format!("feature {name:?}: {}", fault.reason))
}

/// Why the first record does not tell what the samples are.
enum Refusal {
    /// The record is damaged.
    Fault(Fault),
    /// Its features are not what is needed.
    Names(String),
    /// Something beside the shards cannot be read.
    File(LayoutError),
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<LayoutError> for Refusal {
    fn from(error: LayoutError) -> Self {
        Self::File(error)
    }
}

/// All features of the first record.
struct FirstRecord<'a>(Vec<(String, Values<'a>)>);

impl<'a> FirstRecord<'a> {
    fn read(record: Wire<'a>) -> Result<Self, Fault> {
        let mut all = Vec::new();
        features(record, |name, values| {
            if all.len() == MAX_FEATURES {
                let reason = format!("a record of more than {MAX_FEATURES} features");
                return Err(Fault::new(name.offset, reason));
            }
            let name = String::from_utf8_lossy(name.bytes).into_owned();
            all.push((name, values));
            Ok(())
        })?;
        Ok(Self(all))
    }

    fn get(&self, name: &str) -> Option<Values<'a>> {
        let (_, values) = self.0.iter().find(|(known, _)| known == name)?;
        Some(*values)
    }

    fn refuse(&self, file: &ForeignFile<'_>, reason: String) -> LayoutError {
        let names: Vec<String> = self
            .0
            .iter()
            .take(32)
            .map(|(name, values)| format!("{name} ({})", values.kind.map_or("nothing", Kind::name)))
            .collect();
        LayoutError::Foreign {
            path: file.path.to_owned(),
            reason,
            hint: format!(
                "name the features with --images and --labels; there are: {}",
                names.join(", ")
            ),
        }
    }

    fn choose(
        &self,
        file: &ForeignFile<'_>,
        folder: &Path,
        guesses: &mut Vec<String>,
    ) -> Result<Wanted, Refusal> {
        let (image, values) = match &file.names.images {
            Some(name) => (name.clone(), self.asked(name)?),
            None => self.guess_image(guesses)?,
        };
        let label = match &file.names.labels {
            Some(name) => {
                self.asked(name)?;
                Some(name.clone())
            }
            None => self.guess_label(guesses),
        };
        let lacks = || Refusal::Names(format!("feature {image:?} of the first record is empty"));
        let bytes = match values.kind {
            Some(Kind::Integers) => {
                return Err(Refusal::Names(format!(
                    "feature {image:?} holds one integer for each value; write images as bytes, \
                     with tf.io.serialize_tensor's bytes or array.tobytes()"
                )));
            }
            _ => image_of(values)?.ok_or_else(lacks)?.bytes,
        };
        let encoding = match values.kind {
            Some(Kind::Floats) => None,
            _ => image_encoding(bytes).map_err(Refusal::Names)?,
        };
        let mut size = Vec::new();
        let form = if let Some(encoding) = encoding {
            SampleForm::Image(encoding)
        } else {
            let array = ArraySought {
                record: self,
                image: &image,
                folder,
                is_floats: values.kind == Some(Kind::Floats),
                bytes: bytes.len(),
            };
            SampleForm::Array(array.form(&mut size, guesses)?)
        };
        Ok(Wanted {
            image,
            label,
            form,
            size,
        })
    }

    fn asked(&self, name: &str) -> Result<Values<'a>, Refusal> {
        self.get(name)
            .ok_or_else(|| Refusal::Names(format!("the first record has no feature {name:?}")))
    }

    /// The image by its name, or the longest bytes that start as an image does.
    fn guess_image(&self, guesses: &mut Vec<String>) -> Result<(String, Values<'a>), Refusal> {
        let named = IMAGE_NAMES
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), self.get(name)?)))
            .find(|(_, values)| matches!(values.kind, Some(Kind::Bytes | Kind::Floats)));
        let found = named.or_else(|| {
            let images = self.0.iter().filter_map(|(name, values)| {
                let bytes = values.byte_string().ok()??.bytes;
                let is_image = image_encoding(bytes).ok()?.is_some();
                is_image.then_some((bytes.len(), (name.clone(), *values)))
            });
            images.max_by_key(|(len, _)| *len).map(|(_, found)| found)
        });
        let named = IMAGE_NAMES
            .iter()
            .find_map(|name| self.get(name).map(|v| (name, v)));
        match (found, named) {
            (Some((name, values)), _) => {
                guesses.push(format!("images: feature {name:?}"));
                Ok((name, values))
            }
            // Refused for what it holds, by its name.
            (None, Some((name, values))) => Ok(((*name).to_owned(), values)),
            (None, None) => Err(Refusal::Names(
                "none of the features is known to be the image".to_owned(),
            )),
        }
    }

    /// The label by its name, integers before anything else.
    fn guess_label(&self, guesses: &mut Vec<String>) -> Option<String> {
        let known = || LABEL_NAMES.iter().filter(|name| self.get(name).is_some());
        let is_integers = |name: &&&str| {
            self.get(name)
                .is_some_and(|values| values.kind == Some(Kind::Integers))
        };
        let found = known().find(is_integers).or_else(|| known().next());
        match found {
            Some(name) => guesses.push(format!("labels: feature {name:?}")),
            None => guesses.push("no labels were found; every sample has none".to_owned()),
        }
        found.map(|name| (*name).to_owned())
    }
}

/// An array of which element type and size are sought.
struct ArraySought<'a, 'b> {
    record: &'b FirstRecord<'a>,
    image: &'b str,
    folder: &'b Path,
    is_floats: bool,
    bytes: usize,
}

impl ArraySought<'_, '_> {
    /// The array's form; what in a record tells its size is put into `size`.
    fn form(
        &self,
        size: &mut Vec<(String, Vec<i64>)>,
        guesses: &mut Vec<String>,
    ) -> Result<ArrayForm, Refusal> {
        let image = self.image;
        let (element, dimensions) = match self.told(size)? {
            Some(told) => told,
            None => self.guess(guesses)?,
        };
        let form = array_form(element, &dimensions)
            .map_err(|reason| Refusal::Names(format!("feature {image:?}: {reason}")))?;
        if form.image_bytes() != self.bytes {
            return Err(Refusal::Names(format!(
                "feature {image:?} has {} bytes, and an array of {dimensions:?} {element} has {}",
                self.bytes,
                form.image_bytes()
            )));
        }
        if element.is_float() {
            guesses.push("floats are taken as normalised already".to_owned());
        }
        Ok(form)
    }

    /// Names of the array in front of `/shape` and the like.
    fn stems(&self) -> impl Iterator<Item = &str> {
        let stem = self.image.rsplit_once('/').map(|(stem, _)| stem);
        [Some(self.image), stem].into_iter().flatten()
    }

    /// As the record or `features.json` tell.
    fn told(
        &self,
        size: &mut Vec<(String, Vec<i64>)>,
    ) -> Result<Option<(Element, Vec<u64>)>, Refusal> {
        let mut element = self.is_floats.then_some(Element::F32);
        let mut dimensions = None;
        for stem in self.stems() {
            if let Some(told) = metadata::array_of_feature(self.folder, stem)? {
                return Ok(Some(told));
            }
        }
        for stem in self.stems() {
            if let Some(dtype) = self.record.get(&format!("{stem}/dtype")) {
                let dtype = dtype.byte_string()?.map_or(&b""[..], |name| name.bytes);
                let dtype = String::from_utf8_lossy(dtype);
                let known = super::element_of(&dtype);
                element = Some(known.ok_or_else(|| {
                    let reason = format!("arrays of {dtype:?} are not read");
                    Refusal::Names(reason)
                })?);
            }
            let name = format!("{stem}/shape");
            if dimensions.is_none()
                && let Some(shape) = self.record.get(&name)
            {
                let lengths = shape.integers()?;
                dimensions = unsigned(&lengths);
                size.push((name, lengths));
            }
        }
        if dimensions.is_none() {
            size.clear();
            dimensions = self.separate(size)?;
        }
        let Some(dimensions) = dimensions else {
            return Ok(None);
        };
        let element = match element {
            Some(element) => element,
            None => self.element_for(&dimensions)?,
        };
        Ok(Some((element, dimensions)))
    }

    /// Height, width and channels as features of their own.
    fn separate(&self, size: &mut Vec<(String, Vec<i64>)>) -> Result<Option<Vec<u64>>, Refusal> {
        let prefixes = self.stems().map(|stem| format!("{stem}/"));
        for prefix in prefixes.chain([String::new()]) {
            let get = |name: &str| {
                let name = format!("{prefix}{name}");
                let values = self.record.get(&name)?;
                Some((name, values))
            };
            let Some(both) = SIZE_NAMES.iter().find_map(|names| {
                let [height, width] = names.map(get);
                Some([height?, width?])
            }) else {
                continue;
            };
            let channels = CHANNEL_NAMES.into_iter().find_map(get);
            let mut lengths = Vec::new();
            for (name, values) in both.into_iter().chain(channels) {
                let found = values.integers()?;
                lengths.extend_from_slice(&found);
                size.push((name, found));
            }
            return Ok(unsigned(&lengths));
        }
        Ok(None)
    }

    /// The element type by the number of bytes.
    fn element_for(&self, dimensions: &[u64]) -> Result<Element, Refusal> {
        let values = dimensions.iter().try_fold(1_u64, |p, l| p.checked_mul(*l));
        match values.filter(|values| *values > 0) {
            Some(values) if values == self.bytes as u64 => Ok(Element::U8),
            Some(values) if values.checked_mul(4) == Some(self.bytes as u64) => Ok(Element::F32),
            _ => Err(Refusal::Names(format!(
                "the element type of feature {:?} is not told: it has {} bytes for {dimensions:?}",
                self.image, self.bytes
            ))),
        }
    }

    /// A square image in colours, by the number of bytes.
    fn guess(&self, guesses: &mut Vec<String>) -> Result<(Element, Vec<u64>), Refusal> {
        let element = if self.is_floats {
            Element::F32
        } else {
            Element::U8
        };
        let pixels = self.bytes / element.size() / CHANNELS;
        let side = pixels.isqrt();
        if side == 0 || side * side * CHANNELS * element.size() != self.bytes {
            return Err(Refusal::Names(format!(
                "the size of feature {:?} is not told, and its {} bytes are no square image in \
                 colours",
                self.image, self.bytes
            )));
        }
        guesses.push(format!(
            "the size is not told and taken from the number of bytes: {side}×{side}×{CHANNELS} \
             {element}"
        ));
        Ok((element, vec![side as u64, side as u64, CHANNELS as u64]))
    }
}

fn unsigned(lengths: &[i64]) -> Option<Vec<u64>> {
    lengths
        .iter()
        .map(|length| u64::try_from(*length).ok())
        .collect()
}
