//! The result as one self-contained HTML page.
//!
//! The page opens offline and asks for nothing: style, script, charts and figures are inside it,
//! and its content security policy forbids requests. Text and tables need no JavaScript.

mod chart_data;
mod comparisons;
mod facts;
mod file;
mod images;
mod marks;
mod model;
mod runs;
mod stalls;
mod tables;

use crate::language::Language;
use ielade_bench::{analysis::Analysis, record::Record};
use minijinja::{
    AutoEscape, Environment, UndefinedBehavior, Value, syntax::SyntaxConfig, value::Serde,
};
use std::path::{Path, PathBuf};

const TEMPLATE: &str = include_str!("../assets/report.html");
const STYLE: &str = include_str!("../assets/report.css");
/// The parts of the script as one; they share what they define, and nothing outside sees it.
const SCRIPT: &str = concat!(
    "\"use strict\";\n(() => {\n",
    include_str!("../assets/report/theme.js"),
    include_str!("../assets/report/text.js"),
    include_str!("../assets/report/parts.js"),
    include_str!("../assets/report/strips.js"),
    include_str!("../assets/report/lines.js"),
    include_str!("../assets/report/split.js"),
    include_str!("../assets/report/stall.js"),
    include_str!("../assets/report/series.js"),
    include_str!("../assets/report/size.js"),
    include_str!("../assets/report/drift.js"),
    include_str!("../assets/report/panels.js"),
    include_str!("../assets/report/tables.js"),
    include_str!("../assets/report/filter.js"),
    include_str!("../assets/report/start.js"),
    "})();\n",
);
const CHART_LIBRARY: &str = include_str!("../assets/echarts.min.js");

/// Name of the page's file in the folder of the records.
pub const FILE_NAME: &str = "report.html";

/// Why a report could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The page could not be put together.
    #[error("the page could not be put together: {0:#}")]
    Page(#[from] minijinja::Error),
    /// The figures of the charts could not be written as JSON.
    #[error("the figures of the charts could not be written as JSON: {0}")]
    Figures(#[from] serde_json::Error),
    /// The file could not be written.
    #[error("{}: the report could not be written: {source}; check that the folder exists, is writable and has room", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

pub(crate) use file::replace as replace_file;

/// The whole page, in English.
///
/// `records` are the experiment's, in the order of the file; from them come the raw figures of
/// every run, failed ones included, and the curves of accuracy and loss.
///
/// # Errors
/// [`ReportError::Page`] and [`ReportError::Figures`], where the page cannot be put together.
pub fn html(analysis: &Analysis, records: &[Record]) -> Result<String, ReportError> {
    html_in(Language::default(), analysis, records)
}

/// The whole page in a language. Layouts, and whatever a worker said, keep the words of the records.
///
/// # Errors
/// Those of [`html`].
pub fn html_in(
    language: Language,
    analysis: &Analysis,
    records: &[Record],
) -> Result<String, ReportError> {
    let charts = chart_data::ChartData::new(analysis, records, language);
    let kinds = charts.kinds();
    let page = model::Page::new(analysis, records, &kinds, language);
    let figures = serde_json::to_string(&charts)?;
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_syntax(
        SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()?,
    );
    environment.add_template("report.html", TEMPLATE)?;
    let context = minijinja::context! {
        page => Value::from(Serde(&page)),
        language => language.code(),
        words => Value::from(Serde(&language.words().page)),
        charts => Value::from(Serde(&language.words().charts)),
        style => Value::from_safe_string(STYLE.to_owned()),
        script => Value::from_safe_string(SCRIPT.to_owned()),
        chart_library => Value::from_safe_string(CHART_LIBRARY.to_owned()),
        figures => Value::from_safe_string(script_safe(&figures)),
    };
    Ok(environment.get_template("report.html")?.render(context)?)
}

/// Writes the English page as [`FILE_NAME`] into `directory`, and gives the file's path.
///
/// The file appears whole or not at all: it is written beside its place and then renamed.
///
/// # Errors
/// Those of [`html`], and [`ReportError::Write`] with the path.
pub fn write_html(
    directory: &Path,
    analysis: &Analysis,
    records: &[Record],
) -> Result<PathBuf, ReportError> {
    let page = html(analysis, records)?;
    let path = directory.join(FILE_NAME);
    match file::replace(&path, page.as_bytes()) {
        Ok(()) => Ok(path),
        Err(source) => Err(ReportError::Write { path, source }),
    }
}

/// JSON that can stand in a `script` element: no character in it can end the element or begin a
/// comment, and it is still the same JSON.
fn script_safe(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            '<' => safe.push_str("\\u003c"),
            '>' => safe.push_str("\\u003e"),
            '&' => safe.push_str("\\u0026"),
            '\u{2028}' => safe.push_str("\\u2028"),
            '\u{2029}' => safe.push_str("\\u2029"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::{CHART_LIBRARY, SCRIPT, STYLE, script_safe};

    #[test]
    fn json_in_a_script_element_keeps_its_meaning() {
        let value = serde_json::json!({ "name": "</script><!--\u{2028}&" });
        let safe = script_safe(&value.to_string());
        assert!(!safe.contains(['<', '>', '&', '\u{2028}']));
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&safe).unwrap(),
            value
        );
    }

    #[test]
    fn no_asset_ends_the_element_that_it_stands_in() {
        for script in [SCRIPT, CHART_LIBRARY] {
            assert!(!script.to_ascii_lowercase().contains("</script"));
            assert!(!script.contains("<!--"));
        }
        assert!(!STYLE.to_ascii_lowercase().contains("</style"));
    }
}
