//! The sources of formats, data sets, methods and tools.

mod sources;

use ielade_bench::analysis::Analysis;
use ielade_core::{Encoding, LayoutId};
use sources::SOURCES;

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
