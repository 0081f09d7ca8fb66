//! Tar files that others wrote.

use super::{
    ARRAY, CONTAINER, element_of,
    header::is_header,
    members::{Member, Members, number},
    npy_header,
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
    stored::{SampleForm, mapped::Place},
};
use ielade_core::sample::NO_LABEL;
use serde_json::Value;
use std::{collections::HashSet, path::Path};

/// Suffixes of images, the likeliest first.
const IMAGE_SUFFIXES: [&str; 13] = [
    "jpg", "jpeg", "png", "webp", "bmp", "qoi", "jxl", "jp2", "j2k", "image", "img", "gif", ARRAY,
];

/// Suffixes of labels as text.
const TEXT_SUFFIXES: [&str; 4] = ["cls", "label", "class", "txt"];

/// Suffix of labels in JSON, and the names that they have there.
const JSON_SUFFIX: &str = "json";
const JSON_NAMES: [&str; 5] = ["label", "cls", "class", "class_id", "target"];

/// Bytes that a member of JSON may have.
const MAX_JSON: usize = 1 << 20;

/// Files that a sample may have.
const MAX_FILES: usize = 4096;

/// Whether a path is a tar file, compressed or not, or a folder of such.
pub(super) fn recognises(path: &Path, head: &[u8]) -> bool {
    if path.is_dir() {
        return holds_shards(path, is_shard);
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    is_header(head) || inflated_head(head).is_some_and(|head| is_header(&head)) || is_shard(&name)
}

fn is_shard(name: &str) -> bool {
    [".tar", ".tar.gz", ".tgz"]
        .iter()
        .any(|ending| name.ends_with(ending))
}

/// Opens a tar file or a folder of shards.
pub(super) fn open(file: &ForeignFile<'_>) -> Result<ForeignStore, LayoutError> {
    let mut guesses = Vec::new();
    let paths = shards_of(file.path, is_shard, &mut guesses)?;
    let shards = ForeignShards {
        container: CONTAINER.name,
        file,
        paths,
        is_plain: is_header,
        guesses,
    };
    shards.open(|shards| find_samples(shards, file), |_| Ok(Vec::new()))
}

/// Walks all shards.
fn find_samples(shards: &[ForeignShard], file: &ForeignFile<'_>) -> Result<Found, LayoutError> {
    let mut search = Search::new(file);
    for (number, shard) in shards.iter().enumerate() {
        search
            .walk(number, shard.bytes())
            .map_err(|fault| shard.fault(fault))?;
    }
    search.found(file)
}

/// The files of one sample.
#[derive(Debug, Default)]
struct Group<'a> {
    key: String,
    /// Suffix in lower case, and the file.
    files: Vec<(String, Member<'a>)>,
}

impl<'a> Group<'a> {
    fn get(&self, suffix: &str) -> Option<&Member<'a>> {
        let (_, member) = self.files.iter().find(|(known, _)| known == suffix)?;
        Some(member)
    }

    fn offset(&self) -> u64 {
        self.files.first().map_or(0, |(_, member)| member.offset)
    }
}

/// Where the labels are.
#[derive(Debug, Clone, PartialEq, Eq)]
enum LabelFrom {
    Text(String),
    Json { suffix: String, name: String },
    Nowhere,
}

/// What was found so far.
struct Search<'a> {
    asked_images: Option<&'a str>,
    asked_labels: Option<&'a str>,
    label_from: Option<LabelFrom>,
    form: Option<SampleForm>,
    places: Vec<Place>,
    labels: Vec<i64>,
    others: OtherFormats,
    /// Groups without an image: how many, the first one, and the suffixes that it has.
    left_out: u64,
    first_left_out: String,
}

impl<'a> Search<'a> {
    fn new(file: &'a ForeignFile<'_>) -> Self {
        Self {
            asked_images: file.names.images.as_deref(),
            asked_labels: file.names.labels.as_deref(),
            label_from: None,
            form: None,
            places: Vec::new(),
            labels: Vec::new(),
            others: OtherFormats::default(),
            left_out: 0,
            first_left_out: String::new(),
        }
    }

    /// Groups the members of a shard.
    fn walk(&mut self, shard: usize, archive: &[u8]) -> Result<(), Fault> {
        let mut group = Group::default();
        let mut keys = HashSet::new();
        for member in Members::new(archive) {
            let member = member?;
            let Some((key, suffix)) = member.key_and_suffix() else {
                continue;
            };
            // What webdataset keeps about an archive, and takes for no sample.
            if key.starts_with("__") && key.ends_with("__") && !key.contains('/') {
                continue;
            }
            if key != group.key || group.files.is_empty() {
                self.sample(shard, &group)?;
                if !keys.insert(digest(key)) {
                    let reason = format!(
                        "{key:?} is there twice, with other files in between; the files of a \
                         sample are to follow each other, as tar --sort=name puts them"
                    );
                    return Err(Fault::new(member.offset, reason));
                }
                key.clone_into(&mut group.key);
                group.files.clear();
            }
            let suffix = suffix.to_lowercase();
            if group.get(&suffix).is_some() {
                let reason = format!("the file {:?} is there twice", member.name);
                return Err(Fault::new(member.offset, reason));
            }
            if group.files.len() == MAX_FILES {
                let reason = format!("{key:?} has more than {MAX_FILES} files");
                return Err(Fault::new(member.offset, reason));
            }
            group.files.push((suffix, member));
        }
        self.sample(shard, &group)
    }

    fn sample(&mut self, shard: usize, group: &Group<'_>) -> Result<(), Fault> {
        let Some(image) = self.image(group) else {
            if !group.files.is_empty() {
                self.leave_out(group);
            }
            return Ok(());
        };
        let (form, start) = form_of(image)?;
        match self.form {
            None => self.form = Some(form),
            Some(expected) if !is_same(expected, form) => {
                let reason = format!(
                    "{:?} is an array of another size or type than the first one",
                    image.name
                );
                return Err(Fault::new(image.offset, reason));
            }
            Some(_) => {}
        }
        let bytes = &image.bytes[start..];
        let number = self.places.len();
        self.others.look(number, self.form.unwrap_or(form), bytes);
        let place = place(shard, number, image.offset + start as u64, bytes.len())?;
        let label = self.label(group)?;
        self.places.push(place);
        self.labels.push(label);
        Ok(())
    }

    fn image<'g, 'm>(&self, group: &'g Group<'m>) -> Option<&'g Member<'m>> {
        match self.asked_images {
            Some(suffix) => group.get(suffix),
            None => IMAGE_SUFFIXES.iter().find_map(|suffix| group.get(suffix)),
        }
    }

    fn leave_out(&mut self, group: &Group<'_>) {
        if self.left_out == 0 {
            let suffixes: Vec<&str> = group
                .files
                .iter()
                .take(32)
                .map(|(suffix, _)| suffix.as_str())
                .collect();
            self.first_left_out = format!("{} with {}", group.key, suffixes.join(", "));
        }
        self.left_out += 1;
    }

    /// The label of a sample. Where labels are, the first sample with an image tells.
    fn label(&mut self, group: &Group<'_>) -> Result<i64, Fault> {
        if self.label_from.is_none() {
            self.label_from = Some(match self.asked_labels {
                Some(asked) => named_label(group, asked)?,
                None => guess_label(group)?,
            });
        }
        match &self.label_from {
            Some(LabelFrom::Text(suffix)) => match group.get(suffix) {
                Some(member) => text_label(member),
                None => Ok(NO_LABEL),
            },
            Some(LabelFrom::Json { suffix, name }) => match group.get(suffix) {
                Some(member) => Ok(json_label(member, name)?.unwrap_or(NO_LABEL)),
                None => Ok(NO_LABEL),
            },
            _ => Ok(NO_LABEL),
        }
    }

    fn found(self, file: &ForeignFile<'_>) -> Result<Found, LayoutError> {
        let Some(form) = self.form else {
            let reason = match self.left_out {
                0 => "it holds no file that is named KEY.SUFFIX".to_owned(),
                _ => format!("it holds no image; there is {}", self.first_left_out),
            };
            return Err(LayoutError::Foreign {
                path: file.path.to_owned(),
                reason,
                hint: "name the suffix of the images with --images, for example --images \
                       input.jpg"
                    .to_owned(),
            });
        };
        let mut guesses = Vec::new();
        let label_name = match self.label_from {
            Some(LabelFrom::Text(suffix)) => Some(suffix),
            Some(LabelFrom::Json { suffix, name }) => Some(format!("{suffix}.{name}")),
            _ => None,
        };
        guesses.push(match &label_name {
            Some(name) => format!("labels: {name}"),
            None => "no labels were found; every sample has none".to_owned(),
        });
        if self.left_out > 0 {
            guesses.push(format!(
                "{} groups of files without an image were left out (the first is {})",
                self.left_out, self.first_left_out
            ));
        }
        self.others.tell(form, &mut guesses);
        if let SampleForm::Array(array) = form
            && array.element.is_float()
        {
            guesses.push("floats are taken as normalised already".to_owned());
        }
        Ok(Found {
            places: self.places,
            labels: self.labels,
            label_name,
            form,
            guesses,
        })
    }
}

/// A digest instead of a key: an archive may have millions.
fn digest(key: &str) -> [u8; 16] {
    let mut digest = [0; 16];
    digest.copy_from_slice(&blake3::hash(key.as_bytes()).as_bytes()[..16]);
    digest
}

/// What a member holds, and the byte at which its values start.
fn form_of(image: &Member<'_>) -> Result<(SampleForm, usize), Fault> {
    let refuse = |reason: String| {
        let reason = format!("{:?}: {reason}", image.name);
        Fault::new(image.offset, reason)
    };
    if let Some(encoding) = image_encoding(image.bytes).map_err(refuse)? {
        return Ok((SampleForm::Image(encoding), 0));
    }
    if !image.bytes.starts_with(b"\x93NUMPY") {
        return Err(refuse("it is neither an image nor an npy array".to_owned()));
    }
    let header = npy_header(image)?;
    let element = element_of(header.kind)
        .ok_or_else(|| refuse(format!("arrays of {} are not read", header.kind.descr())))?;
    let form = array_form(element, &header.shape).map_err(refuse)?;
    Ok((SampleForm::Array(form), header.data_offset))
}

/// True for two images, whatever their encoding, and for equal arrays.
fn is_same(first: SampleForm, other: SampleForm) -> bool {
    match (first, other) {
        (SampleForm::Image(_), SampleForm::Image(_)) => true,
        (first, other) => first == other,
    }
}

/// Where the label is that the user named: a suffix, or `SUFFIX.NAME` of a value in JSON.
fn named_label(group: &Group<'_>, asked: &str) -> Result<LabelFrom, Fault> {
    if let Some(member) = group.get(asked) {
        if !asked.ends_with(JSON_SUFFIX) {
            return Ok(LabelFrom::Text(asked.to_owned()));
        }
        if let Some(found) = json_name(asked, member)? {
            return Ok(found);
        }
    }
    if let Some((suffix, name)) = asked.rsplit_once('.')
        && suffix.ends_with(JSON_SUFFIX)
        && group.get(suffix).is_some()
    {
        return Ok(LabelFrom::Json {
            suffix: suffix.to_owned(),
            name: name.to_owned(),
        });
    }
    let suffixes: Vec<&str> = group
        .files
        .iter()
        .map(|(suffix, _)| suffix.as_str())
        .collect();
    let reason = format!(
        "there is no label {asked:?} with {:?}; there are {}",
        group.key,
        suffixes.join(", ")
    );
    Err(Fault::new(group.offset(), reason))
}

fn guess_label(group: &Group<'_>) -> Result<LabelFrom, Fault> {
    for suffix in TEXT_SUFFIXES {
        match group.get(suffix) {
            // A caption is no label.
            Some(member) if suffix == "txt" && number(member.bytes).is_none() => {}
            Some(_) => return Ok(LabelFrom::Text(suffix.to_owned())),
            None => {}
        }
    }
    let json = group.get(JSON_SUFFIX);
    let found = json
        .map(|member| json_name(JSON_SUFFIX, member))
        .transpose()?;
    Ok(found.flatten().unwrap_or(LabelFrom::Nowhere))
}

/// The label in a member of JSON, by the names that it may have.
fn json_name(suffix: &str, member: &Member<'_>) -> Result<Option<LabelFrom>, Fault> {
    let value = json(member)?;
    let name = JSON_NAMES.iter().find(|name| value[**name].is_i64());
    Ok(name.map(|name| LabelFrom::Json {
        suffix: suffix.to_owned(),
        name: (*name).to_owned(),
    }))
}

fn text_label(member: &Member<'_>) -> Result<i64, Fault> {
    number(member.bytes).ok_or_else(|| {
        let start = String::from_utf8_lossy(&member.bytes[..member.bytes.len().min(20)]);
        let reason = format!(
            "{:?}: the label {start:?} is not a whole number",
            member.name
        );
        Fault::new(member.offset, reason)
    })
}

fn json_label(member: &Member<'_>, name: &str) -> Result<Option<i64>, Fault> {
    match &json(member)?[name] {
        Value::Null => Ok(None),
        value => value.as_i64().map(Some).ok_or_else(|| {
            let reason = format!("{:?}: {name:?} is not a whole number", member.name);
            Fault::new(member.offset, reason)
        }),
    }
}

fn json(member: &Member<'_>) -> Result<Value, Fault> {
    let fault = |reason: String| {
        let reason = format!("{:?}: {reason}", member.name);
        Fault::new(member.offset, reason)
    };
    if member.bytes.len() > MAX_JSON {
        return Err(fault(format!("it is longer than {MAX_JSON} bytes")));
    }
    serde_json::from_slice(member.bytes).map_err(|error| fault(error.to_string()))
}
