//! The forms of a report, and writing them into a folder.

use crate::{
    csv, document, docx, language::Language, latex, markdown, page, page::ReportError, parquet,
    tidy,
};
use ielade_bench::{analysis::Analysis, record::Record};
use std::{
    io,
    path::{Path, PathBuf},
};

/// A form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// One page that opens offline, `report.html`.
    Html,
    /// A document for Word and `LibreOffice`, `report.docx`.
    Docx,
    /// `report.tex` and `report.bib`.
    Latex,
    /// The answer, the tables and the warnings, `report.md`.
    Markdown,
    /// One row a run and one row an epoch: `runs.csv`, `epochs.csv`, and `columns.md`, which says
    /// what the columns are.
    Csv,
    /// The same as `runs.parquet` and `epochs.parquet`.
    Parquet,
}

/// There is no such format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no report format {0:?}; there are html, docx, latex, markdown, csv, parquet")]
pub struct UnknownFormat(pub String);

impl Format {
    /// All formats.
    pub const ALL: [Self; 6] = [
        Self::Html,
        Self::Docx,
        Self::Latex,
        Self::Markdown,
        Self::Csv,
        Self::Parquet,
    ];

    /// The name by which it is asked for.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Docx => "docx",
            Self::Latex => "latex",
            Self::Markdown => "markdown",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }

    /// True where the report is text in a language: data are not.
    pub const fn has_languages(self) -> bool {
        matches!(self, Self::Html | Self::Docx | Self::Latex | Self::Markdown)
    }
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|one| one.name() == name);
        found.ok_or_else(|| UnknownFormat(name.to_owned()))
    }
}

/// Writes a report in one format into a folder, and gives the paths of its files.
///
/// Files are named `report.docx`, and `report.lv.docx` in languages other than English; those of
/// formats without languages are the same in every one. A file appears whole or not at all, and
/// takes the place of one of the same name: a report can be made again from its records.
///
/// # Errors
/// [`ReportError::Write`] with the path, and those of [`page::html`].
pub fn write(
    format: Format,
    language: Language,
    experiment: (&Analysis, &[Record]),
    folder: &Path,
) -> Result<Vec<PathBuf>, ReportError> {
    let (analysis, records) = experiment;
    let files = files(format, language, analysis, records)
        .map_err(|source| failed(&folder.join(format.name()), source))??;
    let mut paths = Vec::new();
    for (name, bytes) in files {
        let path = folder.join(name);
        page::replace_file(&path, &bytes).map_err(|source| failed(&path, source))?;
        paths.push(path);
    }
    Ok(paths)
}

fn failed(path: &Path, source: io::Error) -> ReportError {
    ReportError::Write {
        path: path.to_owned(),
        source,
    }
}

/// Names and contents of a report's files.
type Files = Vec<(String, Vec<u8>)>;

fn files(
    format: Format,
    language: Language,
    analysis: &Analysis,
    records: &[Record],
) -> io::Result<Result<Files, ReportError>> {
    let document = || document::document(analysis, records, language);
    let tables = || {
        [
            tidy::runs(analysis, records),
            tidy::epochs(analysis, records),
        ]
    };
    let name = match language {
        Language::English => "report".to_owned(),
        Language::Latvian => format!("report.{language}"),
    };
    let files = match format {
        Format::Html => {
            let page = page::html_in(language, analysis, records);
            return Ok(page.map(|page| vec![(format!("{name}.html"), page.into_bytes())]));
        }
        Format::Docx => vec![(format!("{name}.docx"), docx::docx(&document())?)],
        Format::Latex => {
            let document = document();
            let text = latex::latex(&document, &name);
            let sources = latex::bibliography(&document);
            vec![
                (format!("{name}.tex"), text.into_bytes()),
                (format!("{name}.bib"), sources.into_bytes()),
            ]
        }
        Format::Markdown => {
            let text = markdown::markdown(&document());
            vec![(format!("{name}.md"), text.into_bytes())]
        }
        Format::Csv => {
            let tables = tables();
            let mut files = vec![(
                csv::DICTIONARY.to_owned(),
                csv::dictionary(&tables).into_bytes(),
            )];
            for table in &tables {
                files.push((format!("{}.csv", table.name), csv::csv(table)?));
            }
            files
        }
        Format::Parquet => (tables().iter())
            .map(|table| Ok((format!("{}.parquet", table.name), parquet::parquet(table)?)))
            .collect::<io::Result<_>>()?,
    };
    Ok(Ok(files))
}
