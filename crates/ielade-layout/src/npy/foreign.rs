//! Arrays that others saved: npy files and npz archives.

use super::{
    archive,
    array::{ArrayFile, ArrayPlace},
};
use crate::{
    LayoutError,
    error::BadSampleReason,
    foreign::{
        Contents, ForeignFile, ForeignStore,
        arrays::{self, ArrayEntry, Scalar, listed},
    },
    mapped::MappedFile,
    stored::{
        FetchScratch, SampleForm, StoredSamples,
        array::ArrayForm,
        mapped::{MappedSamples, Places},
    },
};
use ielade_core::ImageShape;
use std::path::{Path, PathBuf};

/// Words of a file of images, and what stands in their place in the file of its labels.
const LABELS_FOR_IMAGES: [(&str, &str); 10] = [
    ("images", "labels"),
    ("image", "label"),
    ("imgs", "labels"),
    ("img", "label"),
    ("data", "labels"),
    ("features", "labels"),
    ("inputs", "targets"),
    ("X", "y"),
    ("x", "y"),
    ("X", "Y"),
];

/// Whether a file is an npy file or an npz archive.
pub(super) fn recognises(path: &Path, head: &[u8]) -> bool {
    head.starts_with(b"\x93NUMPY")
        || head.starts_with(b"PK") && path.extension().is_some_and(|ending| ending == "npz")
}

/// Opens a file that others saved.
pub(super) fn open(file: &ForeignFile<'_>) -> Result<ForeignStore, LayoutError> {
    let map = MappedFile::open(file.path)?;
    if map.bytes().starts_with(b"PK") {
        open_archive(file, map)
    } else {
        open_array(file)
    }
}

/// An npy file of images, with its labels beside it.
fn open_array(file: &ForeignFile<'_>) -> Result<ForeignStore, LayoutError> {
    let images = ArrayFile::open(file.path)?;
    let own_name = file.path.file_name().unwrap_or_default().to_string_lossy();
    let mut entries = vec![images.place().entry(&own_name)];
    let mut label_files = Vec::new();
    for (name, path) in label_paths(file) {
        let labels = match ArrayFile::open(&path) {
            Ok(labels) => labels,
            // What was only guessed to be labels may be anything.
            Err(_) if file.names.labels.is_none() => continue,
            Err(error) => return Err(error),
        };
        entries.push(labels.place().entry(&name));
        label_files.push(labels);
    }
    let mut guesses = Vec::new();
    let choice = arrays::choose(&entries, file, &mut guesses)?;
    let labels = match choice.labels {
        // The images' own file is the first.
        Some(at) if at > 0 => {
            let file = &label_files[at - 1];
            label_values(&entries[at], file.place(), file.data())
        }
        _ => Vec::new(),
    };
    let place = images.place().clone();
    let samples = samples(images.into_mapped(), &place, choice.form, choice.count)?;
    contents(&choice, &place, labels, samples, guesses).into_store(file)
}

/// An npz archive with images and labels.
fn open_archive(file: &ForeignFile<'_>, map: MappedFile) -> Result<ForeignStore, LayoutError> {
    let members = archive::members(map.bytes())
        .map_err(|error| LayoutError::container(file.path, error.offset as u64, error.reason))?;
    let (mut entries, mut places) = (Vec::new(), Vec::new());
    for member in members
        .iter()
        .filter(|member| Path::new(&member.name).extension() == Some("npy".as_ref()))
    {
        let range = member.stored.clone().ok_or_else(|| LayoutError::Foreign {
            path: file.path.to_owned(),
            reason: format!("member {:?} is compressed or encrypted", member.name),
            hint: "write it again with np.savez in place of np.savez_compressed".to_owned(),
        })?;
        // An array that is not read here does not hide the others.
        match ArrayPlace::parse(map.bytes(), range) {
            Ok(place) => {
                entries.push(place.entry(&member.name));
                places.push(Some(place));
            }
            Err(error) => {
                entries.push(unreadable(&member.name, error.to_string()));
                places.push(None);
            }
        }
    }
    let mut guesses = Vec::new();
    let choice = arrays::choose(&entries, file, &mut guesses)?;
    let place = |at: usize| places[at].as_ref();
    let labels = choice.labels.and_then(|at| {
        let place = place(at)?;
        let bytes = &map.bytes()[place.data.clone()];
        Some(label_values(&entries[at], place, bytes))
    });
    let Some(images) = place(choice.images).cloned() else {
        let names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
        return Err(LayoutError::Foreign {
            path: file.path.to_owned(),
            reason: "the images cannot be read".to_owned(),
            hint: format!("it holds {}", listed(&names)),
        });
    };
    let mapped = (file.path.to_owned(), map);
    let samples = samples(mapped, &images, choice.form, choice.count)?;
    contents(
        &choice,
        &images,
        labels.unwrap_or_default(),
        samples,
        guesses,
    )
    .into_store(file)
}

fn unreadable(name: &str, reason: String) -> ArrayEntry {
    ArrayEntry {
        name: name.to_owned(),
        scalar: Scalar {
            name: reason,
            element: None,
            integer: None,
        },
        shape: Vec::new(),
    }
}

fn label_values(entry: &ArrayEntry, place: &ArrayPlace, bytes: &[u8]) -> Vec<i64> {
    entry.scalar.integer.map_or_else(Vec::new, |integer| {
        integer.values(bytes, place.byte_order()).collect()
    })
}

fn contents(
    choice: &arrays::Choice,
    images: &ArrayPlace,
    labels: Vec<i64>,
    samples: Box<dyn StoredSamples>,
    guesses: Vec<String>,
) -> Contents<Box<dyn StoredSamples>> {
    let form = ArrayForm {
        byte_order: images.byte_order(),
        ..choice.form
    };
    Contents {
        container: super::CONTAINER.name,
        form: SampleForm::Array(form),
        shape: ImageShape::Fixed(form.delivered()),
        labels,
        count: choice.count,
        classes: Vec::new(),
        samples,
        guesses,
    }
}

/// Files that may hold the labels, by their names: the one that the user names, or those beside
/// the images that are usual.
fn label_paths(file: &ForeignFile<'_>) -> Vec<(String, PathBuf)> {
    if let Some(name) = &file.names.labels {
        let beside = file.path.with_file_name(name);
        let path = if beside.is_file() {
            beside
        } else {
            PathBuf::from(name)
        };
        return vec![(name.clone(), path)];
    }
    let stem = file.path.file_stem().unwrap_or_default().to_string_lossy();
    let mut names: Vec<String> = LABELS_FOR_IMAGES
        .iter()
        .filter_map(|(images, labels)| replace_word(&stem, images, labels))
        .chain(["labels", "label", "y"].map(|ending| format!("{stem}_{ending}")))
        .chain(["labels", "label", "y", "targets"].map(str::to_owned))
        .map(|name| format!("{name}.npy"))
        .collect();
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names
        .into_iter()
        .map(|name| (name.clone(), file.path.with_file_name(name)))
        .filter(|(_, path)| path.is_file() && path != file.path)
        .collect()
}

/// A name with one of its words replaced; `None` where it has no such word.
fn replace_word(name: &str, word: &str, by: &str) -> Option<String> {
    let at = name.match_indices(word).map(|(at, _)| at).find(|at| {
        let is_border = |letter: Option<char>| letter.is_none_or(|c| !c.is_alphanumeric());
        is_border(name[..*at].chars().next_back())
            && is_border(name[at + word.len()..].chars().next())
    })?;
    Some(format!("{}{by}{}", &name[..at], &name[at + word.len()..]))
}

/// The images of an array.
fn samples(
    (path, map): (PathBuf, MappedFile),
    place: &ArrayPlace,
    form: ArrayForm,
    count: u32,
) -> Result<Box<dyn StoredSamples>, LayoutError> {
    // One image lies the same way in both orders only where it is one value.
    if place.header.fortran_order {
        let lengths = place.header.shape.iter().skip(1);
        return Ok(Box::new(FortranSamples {
            first: place.data.start,
            count: count as usize,
            lengths: lengths.map(|length| *length as usize).collect(),
            value_bytes: form.element.size(),
            path,
            map,
        }));
    }
    let bytes = form.image_bytes() as u64;
    let places = Places::Even {
        first: place.data.start as u64,
        stride: bytes,
        len: bytes,
        count,
    };
    Ok(Box::new(MappedSamples::new(vec![(path, map)], places)?))
}

/// Images of an array in Fortran order: the values of one lie as far apart as there are images,
/// and are gathered one by one.
struct FortranSamples {
    path: PathBuf,
    map: MappedFile,
    /// First byte of the array.
    first: usize,
    count: usize,
    /// Lengths of an image's dimensions; all values were checked to lie within the file.
    lengths: Vec<usize>,
    value_bytes: usize,
}

impl FortranSamples {
    /// Puts the values of a sample in C order.
    fn gather<const SIZE: usize>(&self, index: usize, target: &mut [u8]) -> Option<()> {
        let (values, _) = self.map.bytes().get(self.first..)?.as_chunks::<SIZE>();
        let (target, _) = target.as_chunks_mut::<SIZE>();
        // In C order the last dimension is the fastest, and has the longest way in Fortran's.
        let mut place = vec![0; self.lengths.len()];
        for value in target {
            let at = place
                .iter()
                .zip(&self.lengths)
                .rev()
                .fold(0, |at, (place, length)| at * length + place);
            *value = *values.get(at * self.count + index)?;
            for (place, length) in place.iter_mut().zip(&self.lengths).rev() {
                *place += 1;
                if *place < *length {
                    break;
                }
                *place = 0;
            }
        }
        Some(())
    }
}

impl StoredSamples for FortranSamples {
    fn fetch<'a>(
        &'a self,
        index: u32,
        scratch: &'a mut FetchScratch,
    ) -> Result<&'a [u8], BadSampleReason> {
        let values: usize = self.lengths.iter().product();
        scratch.bytes.resize(values * self.value_bytes, 0);
        let gathered = match self.value_bytes {
            1 => self.gather::<1>(index as usize, &mut scratch.bytes),
            2 => self.gather::<2>(index as usize, &mut scratch.bytes),
            _ => self.gather::<4>(index as usize, &mut scratch.bytes),
        };
        gathered.ok_or(BadSampleReason::Missing)?;
        Ok(&scratch.bytes)
    }

    fn path(&self, _index: u32) -> PathBuf {
        self.path.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::replace_word;

    #[test]
    fn whole_words_are_replaced() {
        let replaced = |name, word, by| replace_word(name, word, by);
        assert_eq!(replaced("x_train", "x", "y").unwrap(), "y_train");
        assert_eq!(
            replaced("max-x", "x", "y").unwrap(),
            "max-y",
            "the last word"
        );
        assert_eq!(
            replaced("train_images", "images", "labels").unwrap(),
            "train_labels"
        );
        assert_eq!(replaced("X", "X", "y").unwrap(), "y");
        assert_eq!(replaced("max", "x", "y"), None);
        assert_eq!(replaced("éx", "x", "y"), None);
    }
}
