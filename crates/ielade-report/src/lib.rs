//! Reports made from the records of Ielāde experiments.
//!
//! A report is made from an [`ielade_bench::analysis::Analysis`], and can be made again from the
//! records at any time. It measures nothing. These forms exist:
//!
//! - [`terminal_table`]: what a person sees when an experiment has ended;
//! - [`html`], [`html_in`], [`write_html`]: one self-contained page that opens offline;
//! - [`formats`]: the page and documents (docx, LaTeX, Markdown) in each [`language`], and the raw figures as
//!   tidy tables (CSV, Parquet);
//! - [`compare`]: two experiments side by side.
//!
//! [`answer`] holds what an experiment says, free of any language and form; [`figures`] writes
//! numbers. A new form stands beside [`terminal`] and [`page`] and takes its conclusions and its
//! figures from those two; a new language stands beside the English words of [`answer`].

pub mod answer;
pub mod compare;
pub mod figures;
pub mod formats;
pub mod language;
pub mod page;
pub mod terminal;

mod chart;
mod composition;
mod course;
mod csv;
mod document;
mod docx;
mod latex;
mod markdown;
mod metric_words;
mod parquet;
mod tidy;

pub use formats::Format;
pub use language::Language;
pub use page::{ReportError, html, html_in, write_html};
pub use terminal::{TableOptions, terminal_table};
