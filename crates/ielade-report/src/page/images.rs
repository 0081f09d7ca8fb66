//! The data set's images: a few to look at, and how large they are.

mod size_chart;

use crate::{
    composition::{facts, looked_at},
    figures::count,
    language::{Language, fill},
};
use ielade_bench::{record::DataSetSummary, thumbnails::data_url};
use ielade_core::{Composition, Thumbnail};
use serde::Serialize;
use size_chart::SizeChart;

/// Classes up to which all are listed.
const LISTED_CLASSES: usize = 200;

/// The longest side of a shown image, in pixels of the page.
const SHOWN_SIDE: u32 = 64;

/// The section on the images.
#[derive(Debug, Serialize)]
pub(super) struct Images {
    title: &'static str,
    lead: Option<String>,
    samples_title: &'static str,
    classes: Vec<ShownClass>,
    sizes_title: &'static str,
    one_size: Option<String>,
    chart: Option<SizeChart>,
    facts: Vec<(&'static str, String)>,
    class_table: Option<ClassTable>,
}

/// A few images of one class.
#[derive(Debug, Serialize)]
struct ShownClass {
    caption: String,
    images: Vec<ShownImage>,
}

#[derive(Debug, Serialize)]
struct ShownImage {
    url: String,
    alt: String,
    width: u32,
    height: u32,
    /// Whether it is shown larger than it is, pixel by pixel.
    is_enlarged: bool,
}

/// How many images each class has.
#[derive(Debug, Serialize)]
struct ClassTable {
    summary: String,
    headings: [&'static str; 3],
    rows: Vec<(String, String, String)>,
}

impl Images {
    /// `None` where records of an earlier version hold nothing about the images, and none lie beside
    /// them.
    pub(super) fn of(data_set: &DataSetSummary, language: Language) -> Option<Self> {
        let composition = data_set.composition.as_deref();
        if composition.is_none() && data_set.thumbnails.is_empty() {
            return None;
        }
        let words = language.image_words();
        Some(Self {
            title: words.images,
            lead: composition.map(|found| looked_at(found, language)),
            samples_title: words.samples,
            classes: shown_classes(&data_set.thumbnails, language),
            sizes_title: words.sizes,
            one_size: composition.and_then(|found| one_size(found, language)),
            chart: composition.and_then(|found| SizeChart::of(found, language)),
            facts: composition.map_or_else(Vec::new, |found| facts(found, language)),
            class_table: composition.and_then(|found| class_table(data_set, found, language)),
        })
    }
}

/// Images of the same class stand together.
fn shown_classes(thumbnails: &[Thumbnail], language: Language) -> Vec<ShownClass> {
    let mut classes: Vec<ShownClass> = Vec::new();
    for thumbnail in thumbnails {
        let Some(image) = shown(thumbnail, language) else {
            continue;
        };
        let caption = thumbnail.class.clone().unwrap_or_default();
        match classes.last_mut().filter(|class| class.caption == caption) {
            Some(class) => class.images.push(image),
            None => classes.push(ShownClass {
                caption,
                images: vec![image],
            }),
        }
    }
    classes
}

fn shown(thumbnail: &Thumbnail, language: Language) -> Option<ShownImage> {
    let words = language.image_words();
    let longest = thumbnail.width.max(thumbnail.height).max(1);
    // Whole multiples, so that all pixels of an image become squares of one size.
    let factor = (SHOWN_SIDE / longest).max(1);
    Some(ShownImage {
        url: data_url(thumbnail)?,
        alt: thumbnail.class.as_ref().map_or_else(
            || words.alt_without_class.to_owned(),
            |class| fill(words.alt, &[("class", class)]),
        ),
        width: thumbnail.width.saturating_mul(factor),
        height: thumbnail.height.saturating_mul(factor),
        is_enlarged: factor > 1,
    })
}

fn one_size(found: &Composition, language: Language) -> Option<String> {
    let [only] = found.sizes.as_slice() else {
        return None;
    };
    let (width, height) = (only.width[0], only.height[0]);
    (only.width[1] == width && only.height[1] == height).then(|| {
        let number = |side: u32| language.number(&count(side.into()));
        fill(
            language.image_words().one_size,
            &[("width", &number(width)), ("height", &number(height))],
        )
    })
}

fn class_table(
    data_set: &DataSetSummary,
    found: &Composition,
    language: Language,
) -> Option<ClassTable> {
    let classes = found.classes.len();
    if !(2..=LISTED_CLASSES).contains(&classes) || classes != data_set.classes.len() {
        return None;
    }
    let words = language.image_words();
    let number = |value: u64| language.number(&count(value));
    let rows = data_set.classes.iter().zip(&found.classes);
    Some(ClassTable {
        summary: fill(words.all_classes, &[("classes", &number(classes as u64))]),
        headings: [words.class, words.train, words.test],
        rows: rows
            .map(|(name, counts)| (name.clone(), number(counts.train), number(counts.test)))
            .collect(),
    })
}
