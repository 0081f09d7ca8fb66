//! The sources of formats, data sets, methods and tools.

use ielade_bench::analysis::Analysis;
use ielade_core::{Encoding, LayoutId};

/// Something that a document can cite.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Source {
    /// Short name, as citations give it.
    pub(crate) key: &'static str,
    /// `article`, `inproceedings`, `techreport` or `misc`, as in BibTeX.
    pub(crate) kind: &'static str,
    pub(crate) author: &'static str,
    pub(crate) title: &'static str,
    /// Where it appeared: journal, proceedings, institution; empty for a page of the web.
    pub(crate) container: &'static str,
    pub(crate) year: &'static str,
    /// Address; empty where there is none.
    pub(crate) url: &'static str,
}

impl Source {
    const fn new(key: &'static str, kind: &'static str, texts: [&'static str; 5]) -> Self {
        let [author, title, container, year, url] = texts;
        Self {
            key,
            kind,
            author,
            title,
            container,
            year,
            url,
        }
    }

    /// The authors as a reader wants them: `A. One, B. Two et al.`.
    fn authors(&self) -> String {
        let plain = self.author.replace(['{', '}'], "");
        plain
            .replace(" and others", " et al.")
            .replace(" and ", ", ")
    }

    /// The source in one line.
    pub(crate) fn sentence(&self) -> String {
        let mut text = format!("{}. {}", self.authors().trim_end_matches('.'), self.title);
        for part in [self.container, self.year] {
            if !part.is_empty() {
                text.push_str(", ");
                text.push_str(part);
            }
        }
        text.push('.');
        if !self.url.is_empty() {
            text.push(' ');
            text.push_str(self.url);
        }
        text
    }
}

/// All sources.
pub(crate) const SOURCES: [Source; 33] = [
    Source::new(
        "ielade",
        "misc",
        [
            "{The Ielāde developers}",
            "Ielāde: how to store and load an image data set",
            "",
            "2026",
            "https://github.com/ielade/ielade",
        ],
    ),
    Source::new(
        "burn",
        "misc",
        [
            "{Tracel Technologies}",
            "Burn: a deep learning framework in Rust",
            "",
            "2026",
            "https://burn.dev",
        ],
    ),
    Source::new(
        "npy",
        "article",
        [
            "C. R. Harris and K. J. Millman and S. J. van der Walt and others",
            "Array programming with NumPy",
            "Nature 585",
            "2020",
            "https://doi.org/10.1038/s41586-020-2649-2",
        ],
    ),
    Source::new(
        "hdf5",
        "misc",
        [
            "{The HDF Group}",
            "HDF5 file format specification",
            "",
            "2024",
            "https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html",
        ],
    ),
    Source::new(
        "zarr",
        "misc",
        [
            "{Zarr developers}",
            "Zarr storage specification",
            "",
            "2024",
            "https://zarr-specs.readthedocs.io",
        ],
    ),
    Source::new(
        "tfrecord",
        "misc",
        [
            "{TensorFlow authors}",
            "TFRecord and tf.train.Example",
            "",
            "2024",
            "https://www.tensorflow.org/tutorials/load_data/tfrecord",
        ],
    ),
    Source::new(
        "webdataset",
        "misc",
        [
            "{WebDataset authors}",
            "WebDataset: tar archives as data sets",
            "",
            "2024",
            "https://github.com/webdataset/webdataset",
        ],
    ),
    Source::new(
        "lmdb",
        "misc",
        [
            "{Symas Corporation}",
            "LMDB: Lightning Memory-Mapped Database",
            "",
            "2024",
            "http://www.lmdb.tech/doc/",
        ],
    ),
    Source::new(
        "parquet",
        "misc",
        [
            "{Apache Software Foundation}",
            "Apache Parquet file format",
            "",
            "2024",
            "https://parquet.apache.org/docs/file-format/",
        ],
    ),
    Source::new(
        "arrow",
        "misc",
        [
            "{Apache Software Foundation}",
            "Apache Arrow columnar format",
            "",
            "2024",
            "https://arrow.apache.org/docs/format/Columnar.html",
        ],
    ),
    Source::new(
        "safetensors",
        "misc",
        [
            "{Hugging Face}",
            "Safetensors",
            "",
            "2024",
            "https://huggingface.co/docs/safetensors",
        ],
    ),
    Source::new(
        "sqlite",
        "misc",
        [
            "{SQLite developers}",
            "SQLite database file format",
            "",
            "2024",
            "https://www.sqlite.org/fileformat2.html",
        ],
    ),
    Source::new(
        "cifar",
        "techreport",
        [
            "A. Krizhevsky",
            "Learning multiple layers of features from tiny images",
            "University of Toronto",
            "2009",
            "https://www.cs.toronto.edu/~kriz/learning-features-2009-TR.pdf",
        ],
    ),
    Source::new(
        "jpeg",
        "techreport",
        [
            "{ITU-T}",
            "Recommendation T.81: digital compression and coding of continuous-tone still images",
            "ITU",
            "1992",
            "https://www.w3.org/Graphics/JPEG/itu-t81.pdf",
        ],
    ),
    Source::new(
        "png",
        "techreport",
        [
            "{World Wide Web Consortium}",
            "Portable Network Graphics (PNG) specification",
            "W3C",
            "2003",
            "https://www.w3.org/TR/PNG/",
        ],
    ),
    Source::new(
        "jp2",
        "techreport",
        [
            "{ITU-T}",
            "Recommendation T.800: JPEG 2000 image coding system",
            "ITU",
            "2002",
            "https://www.itu.int/rec/T-REC-T.800",
        ],
    ),
    Source::new(
        "webp",
        "misc",
        [
            "{Google}",
            "WebP container specification",
            "",
            "2024",
            "https://developers.google.com/speed/webp/docs/riff_container",
        ],
    ),
    Source::new(
        "qoi",
        "misc",
        [
            "D. Szablewski",
            "QOI: the quite OK image format",
            "",
            "2022",
            "https://qoiformat.org",
        ],
    ),
    Source::new(
        "jxl",
        "techreport",
        [
            "{ISO/IEC}",
            "18181: JPEG XL image coding system",
            "ISO",
            "2022",
            "https://jpeg.org/jpegxl/",
        ],
    ),
    Source::new(
        "efron",
        "article",
        [
            "B. Efron",
            "Better bootstrap confidence intervals",
            "Journal of the American Statistical Association 82",
            "1987",
            "https://doi.org/10.1080/01621459.1987.10478410",
        ],
    ),
    Source::new(
        "hesterberg",
        "article",
        [
            "T. C. Hesterberg",
            "What teachers should know about the bootstrap",
            "The American Statistician 69",
            "2015",
            "https://doi.org/10.1080/00031305.2015.1089789",
        ],
    ),
    Source::new(
        "fieller",
        "article",
        [
            "E. C. Fieller",
            "Some problems in interval estimation",
            "Journal of the Royal Statistical Society B 16",
            "1954",
            "https://doi.org/10.1111/j.2517-6161.1954.tb00159.x",
        ],
    ),
    Source::new(
        "holm",
        "article",
        [
            "S. Holm",
            "A simple sequentially rejective multiple test procedure",
            "Scandinavian Journal of Statistics 6",
            "1979",
            "https://www.jstor.org/stable/4615733",
        ],
    ),
    Source::new(
        "cliff",
        "article",
        [
            "N. Cliff",
            "Dominance statistics: ordinal analyses to answer ordinal questions",
            "Psychological Bulletin 114",
            "1993",
            "https://doi.org/10.1037/0033-2909.114.3.494",
        ],
    ),
    Source::new(
        "friedman",
        "article",
        [
            "M. Friedman",
            "The use of ranks to avoid the assumption of normality implicit in the analysis of variance",
            "Journal of the American Statistical Association 32",
            "1937",
            "https://doi.org/10.1080/01621459.1937.10503522",
        ],
    ),
    Source::new(
        "schuirmann",
        "article",
        [
            "D. J. Schuirmann",
            "A comparison of the two one-sided tests procedure and the power approach for assessing the equivalence of average bioavailability",
            "Journal of Pharmacokinetics and Biopharmaceutics 15",
            "1987",
            "https://doi.org/10.1007/BF01068419",
        ],
    ),
    Source::new(
        "permutation",
        "article",
        [
            "M. D. Ernst",
            "Permutation methods: a basis for exact inference",
            "Statistical Science 19",
            "2004",
            "https://doi.org/10.1214/088342304000000396",
        ],
    ),
    Source::new(
        "iglewicz",
        "misc",
        [
            "B. Iglewicz and D. C. Hoaglin",
            "How to detect and handle outliers",
            "ASQC Quality Press",
            "1993",
            "",
        ],
    ),
    Source::new(
        "psi",
        "misc",
        [
            "{Linux kernel developers}",
            "PSI: pressure stall information",
            "",
            "2024",
            "https://docs.kernel.org/accounting/psi.html",
        ],
    ),
    Source::new(
        "npyformat",
        "misc",
        [
            "{NumPy developers}",
            "The npy file format",
            "",
            "2024",
            "https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html",
        ],
    ),
    Source::new(
        "bmp",
        "misc",
        [
            "{Microsoft}",
            "Bitmap storage",
            "",
            "2024",
            "https://learn.microsoft.com/windows/win32/gdi/bitmap-storage",
        ],
    ),
    Source::new(
        "tinyimagenet",
        "techreport",
        [
            "Y. Le and X. Yang",
            "Tiny ImageNet visual recognition challenge",
            "Stanford University, CS 231N",
            "2015",
            "http://vision.stanford.edu/teaching/cs231n/reports/2015/pdfs/yle_project.pdf",
        ],
    ),
    Source::new(
        "cifarbin",
        "misc",
        [
            "A. Krizhevsky",
            "The CIFAR-10 and CIFAR-100 data sets",
            "",
            "2009",
            "https://www.cs.toronto.edu/~kriz/cifar.html",
        ],
    ),
];

/// The source of this key.
pub(crate) fn source(key: &str) -> Option<&'static Source> {
    SOURCES.iter().find(|source| source.key == key)
}

/// The sources of all containers and encodings of an experiment, each once, in the order of the
/// plan.
pub(super) fn of_layouts(analysis: &Analysis) -> Vec<&'static str> {
    let mut keys = Vec::new();
    for layout in &analysis.experiment.plan.layouts {
        for key in container(layout).iter().chain(encoding(layout)) {
            if !keys.contains(key) {
                keys.push(*key);
            }
        }
    }
    keys
}

/// The sources of the data set, where it is a known one.
pub(super) fn of_data_set(analysis: &Analysis) -> Option<&'static str> {
    let name = analysis.experiment.data_set.name.to_lowercase();
    if name.contains("cifar") {
        Some("cifar")
    } else {
        name.contains("tiny-imagenet").then_some("tinyimagenet")
    }
}

fn container(layout: &LayoutId) -> &'static [&'static str] {
    match layout.container.as_str() {
        "npy" => &["npy", "npyformat"],
        "hdf5" => &["hdf5"],
        "zarr" => &["zarr"],
        "tfrecord" => &["tfrecord"],
        "webdataset" => &["webdataset"],
        "lmdb" => &["lmdb"],
        "parquet" => &["parquet"],
        "arrow" => &["arrow"],
        "safetensors" => &["safetensors"],
        "sqlite" => &["sqlite"],
        "cifar-bin" | "cifar_bin" => &["cifarbin"],
        _ => &[],
    }
}

fn encoding(layout: &LayoutId) -> &'static [&'static str] {
    match layout.encoding {
        Encoding::Jpeg => &["jpeg"],
        Encoding::Png => &["png"],
        Encoding::Jp2 => &["jp2"],
        Encoding::Webp => &["webp"],
        Encoding::Qoi => &["qoi"],
        Encoding::Jxl => &["jxl"],
        Encoding::Bmp => &["bmp"],
        Encoding::Raw(_) => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::SOURCES;
    use std::collections::BTreeSet;

    #[test]
    fn every_source_has_a_key_of_its_own_and_says_what_it_is() {
        let keys: BTreeSet<&str> = SOURCES.iter().map(|source| source.key).collect();
        assert_eq!(keys.len(), SOURCES.len());
        for source in &SOURCES {
            assert!(
                !source.author.is_empty() && !source.title.is_empty(),
                "{source:?}"
            );
            assert!(
                source.url.is_empty() || source.url.starts_with("http"),
                "{source:?}"
            );
        }
    }
}
