//! What is said of a data set's images, in each language.

use super::Language;

/// The words on images, their sizes and their classes. A word in braces stands for what is filled
/// in.
#[derive(Debug)]
pub(crate) struct ImageWords {
    /// Heading.
    pub(crate) images: &'static str,
    /// How many were looked at: `{looked_at}`, `{images}`.
    pub(crate) looked_at: &'static str,
    /// Where all were: `{images}`.
    pub(crate) looked_at_all: &'static str,
    /// How many of those could not be read: `{unreadable}`.
    pub(crate) unreadable: &'static str,
    /// Over a few images of each class.
    pub(crate) samples: &'static str,
    /// Of an image: `{class}`.
    pub(crate) alt: &'static str,
    /// Of an image without a class.
    pub(crate) alt_without_class: &'static str,
    /// Over the chart of sizes.
    pub(crate) sizes: &'static str,
    /// Of a mark in it: `{width}`, `{height}`, `{images}`, `{share}`.
    pub(crate) size_mark: &'static str,
    /// Where all have one size: `{width}`, `{height}`.
    pub(crate) one_size: &'static str,
    /// What the axes count.
    pub(crate) width: &'static str,
    /// What the axes count.
    pub(crate) height: &'static str,
    /// Bytes of an image as published.
    pub(crate) bytes: &'static str,
    /// A range: `{range}`, `{median}`.
    pub(crate) spread: &'static str,
    /// File formats.
    pub(crate) formats: &'static str,
    /// Colour modes.
    pub(crate) colour_modes: &'static str,
    /// Images that EXIF turns.
    pub(crate) turned: &'static str,
    /// Samples of a class.
    pub(crate) of_a_class: &'static str,
    /// How many of them: `{train}`, `{test}`.
    pub(crate) train_and_test: &'static str,
    /// Over the table of classes: `{classes}`.
    pub(crate) all_classes: &'static str,
    /// Heading of a column.
    pub(crate) class: &'static str,
    /// Heading of a column.
    pub(crate) train: &'static str,
    /// Heading of a column.
    pub(crate) test: &'static str,
}

const ENGLISH: ImageWords = ImageWords {
    images: "Images",
    looked_at: "As published. Sizes, formats and colour modes are those of {looked_at} of {images} images, evenly spread.",
    looked_at_all: "As published. Sizes, formats and colour modes are those of all {images} images.",
    unreadable: "{unreadable} of them could not be read.",
    samples: "Samples",
    alt: "Sample of class {class}",
    alt_without_class: "Sample",
    sizes: "Image sizes",
    size_mark: "{width}×{height} pixels: {images} images, {share}",
    one_size: "All are {width} pixels wide and {height} high.",
    width: "Width, pixels",
    height: "Height, pixels",
    bytes: "File size",
    spread: "{range}, median {median}",
    formats: "Formats",
    colour_modes: "Colour modes",
    turned: "Turned by EXIF",
    of_a_class: "Images of a class",
    train_and_test: "{train} to train on, {test} to test on",
    all_classes: "All {classes} classes",
    class: "Class",
    train: "To train on",
    test: "To test on",
};

const LATVIAN: ImageWords = ImageWords {
    images: "Attēli",
    looked_at: "Tādi, kādi tie publicēti. Izmēri, formāti un krāsu režīmi noteikti {looked_at} no {images} attēliem, kas izvēlēti vienmērīgi.",
    looked_at_all: "Tādi, kādi tie publicēti. Izmēri, formāti un krāsu režīmi noteikti visiem attēliem ({images}).",
    unreadable: "Nolasīt neizdevās: {unreadable}.",
    samples: "Paraugi",
    alt: "Klases {class} paraugs",
    alt_without_class: "Paraugs",
    sizes: "Attēlu izmēri",
    size_mark: "{width}×{height} pikseļi: attēlu skaits {images}, {share}",
    one_size: "Visi ir {width} pikseļus plati un {height} pikseļus augsti.",
    width: "Platums, pikseļi",
    height: "Augstums, pikseļi",
    bytes: "Datnes lielums",
    spread: "{range}, mediāna {median}",
    formats: "Formāti",
    colour_modes: "Krāsu režīmi",
    turned: "Pagriezti pēc EXIF",
    of_a_class: "Attēlu skaits klasē",
    train_and_test: "apmācībai {train}, pārbaudei {test}",
    all_classes: "Visas klases ({classes})",
    class: "Klase",
    train: "Apmācībai",
    test: "Pārbaudei",
};

impl Language {
    pub(crate) const fn image_words(self) -> &'static ImageWords {
        match self {
            Self::English => &ENGLISH,
            Self::Latvian => &LATVIAN,
        }
    }
}
