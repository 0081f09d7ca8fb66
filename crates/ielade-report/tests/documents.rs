//! The documents and data files as others read them: `LibreOffice`, `pdfLaTeX`, pyarrow. Ignored
//! where these are not installed.

#[path = "sample/mod.rs"]
mod sample;

use ielade_bench::{analysis::analyse, record::Record};
use ielade_report::{Format, Language, formats};
use ielade_testing::{Missing, python_with, run, test};
use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
};

fn main() -> ExitCode {
    let nothing = || Ok::<(), Missing>(());
    let mut tests = vec![
        test(
            "numbers and references of a docx are fields",
            nothing(),
            |()| {
                numbers_and_references_are_fields();
            },
        ),
        test("every part of a docx is whole and named", nothing(), |()| {
            every_part_is_named();
        }),
        test("csv and its dictionary agree", nothing(), |()| {
            csv_and_its_dictionary_agree();
        }),
        test(
            "a second report takes the place of the first",
            nothing(),
            |()| {
                a_second_report_takes_its_place();
            },
        ),
        test(
            "pyarrow reads of parquet what csv says",
            python_with(&["pyarrow"]),
            |python| {
                let folder = written(&[Format::Csv, Format::Parquet], Language::English);
                let output = python.run(SAME_IN_BOTH, folder.path());
                assert_eq!(
                    output.trim(),
                    "runs 31\nepochs 91",
                    "30 runs and a failed one"
                );
            },
        ),
    ];
    for language in Language::ALL {
        tests.push(test(
            format!("LibreOffice opens the docx in {language}"),
            program("soffice"),
            move |soffice| libre_office_opens(soffice, language),
        ));
        let pdftotext = program("soffice").and_then(|_| program("pdftotext"));
        tests.push(test(
            format!("LibreOffice finds the pages of the contents in {language}"),
            pdftotext,
            move |pdftotext| pages_are_right(pdftotext, language),
        ));
        tests.push(test(
            format!("pdfLaTeX compiles the report in {language}"),
            program("pdflatex"),
            move |pdflatex| pdflatex_compiles(pdflatex, language),
        ));
    }
    run(tests)
}

/// Reads both files of each table and compares every value.
const SAME_IN_BOTH: &str = r#"
import csv, json
import pyarrow.parquet as pq
def same(value, text):
    if value is None: return text == ""
    if isinstance(value, bool): return text == str(value).lower()
    if isinstance(value, float): return float(text) == value
    return text == str(value)
for name in ("runs", "epochs"):
    table = pq.read_table(name + ".parquet")
    with open(name + ".csv", newline="", encoding="utf-8") as file: rows = list(csv.DictReader(file))
    assert table.num_rows == len(rows) and table.column_names == list(rows[0])
    for column in table.column_names:
        for value, row in zip(table[column].to_pylist(), rows):
            assert same(value, row[column]), (column, value, row[column])
    words = json.loads(table.schema.metadata[b"ielade.columns"])
    assert set(words) == set(table.column_names)
    print(name, table.num_rows)
"#;

/// A program that is on the path.
fn program(name: &'static str) -> Result<&'static str, Missing> {
    let found = Command::new(name)
        .arg("--version")
        .stdin(Stdio::null())
        .output();
    found
        .map(|_| name)
        .map_err(|error| Missing(format!("{name} does not start ({error}); install it")))
}

/// A folder with reports of the made-up experiment, of two blocks.
fn written(wanted: &[Format], language: Language) -> tempfile::TempDir {
    written_from(&sample::records(2), wanted, language)
}

/// The same of one with cold runs, splits and step times, which has every kind of figure.
fn rich(wanted: &[Format], language: Language) -> tempfile::TempDir {
    written_from(&sample::rich::records(3), wanted, language)
}

fn written_from(records: &[Record], wanted: &[Format], language: Language) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let analysis = analyse(records).unwrap();
    for format in wanted {
        formats::write(*format, language, (&analysis, records), folder.path()).unwrap();
    }
    folder
}

fn part(folder: &Path, file: &str, name: &str) -> String {
    let file = fs::File::open(folder.join(file)).unwrap();
    let mut archive = zip::ZipArchive::new(file).unwrap();
    let mut text = String::new();
    let mut part = archive.by_name(name).unwrap();
    part.read_to_string(&mut text).unwrap();
    text
}

fn numbers_and_references_are_fields() {
    let folder = written(&[Format::Docx], Language::Latvian);
    let body = part(folder.path(), "report.lv.docx", "word/document.xml");
    for instruction in [
        "PAGEREF _Toc_0",
        "SEQ Table",
        "SEQ Figure",
        "REF _Ref_Table_times_1",
    ] {
        assert!(body.contains(instruction), "{instruction}");
    }
    let count = |text: &str| body.matches(text).count();
    assert_eq!(count("\"begin\""), count("\"end\""), "every field ends");
    assert_eq!(
        count("\"begin\""),
        count("\"separate\""),
        "and has a result"
    );
    assert_eq!(count("<w:bookmarkStart"), count("<w:bookmarkEnd"));
    // Every reference leads to a bookmark.
    let references = body.split(" REF ").skip(1);
    for reference in references.chain(body.split(" PAGEREF ").skip(1)) {
        let name = reference.split(' ').next().unwrap();
        assert_eq!(count(&format!("w:name=\"{name}\"")), 1, "{name}");
    }
    assert!(body.contains(". tabula. "), "captions are Latvian");
    let settings = part(folder.path(), "report.lv.docx", "word/settings.xml");
    assert!(settings.contains("w:updateFields w:val=\"true\""));
}

fn every_part_is_named() {
    let folder = written(&[Format::Docx], Language::English);
    let file = fs::File::open(folder.path().join("report.docx")).unwrap();
    let mut archive = zip::ZipArchive::new(file).unwrap();
    let names: Vec<String> = (archive.file_names())
        .map(|name| name.unwrap().into_owned())
        .collect();
    for place in 0..archive.len() {
        let mut bytes = Vec::new();
        // Reading to the end checks the sum.
        archive
            .by_index(place)
            .unwrap()
            .read_to_end(&mut bytes)
            .unwrap();
        assert!(!bytes.is_empty());
    }
    let relations = part(folder.path(), "report.docx", "word/_rels/document.xml.rels");
    for target in relations.split("Target=\"").skip(1) {
        let target = target.split('"').next().unwrap();
        assert!(names.contains(&format!("word/{target}")), "{target}");
    }
    let body = part(folder.path(), "report.docx", "word/document.xml");
    assert!(!body.contains("<b>ship"), "names from data are text");
}

fn csv_and_its_dictionary_agree() {
    let folder = written(&[Format::Csv], Language::English);
    let dictionary = fs::read_to_string(folder.path().join("columns.md")).unwrap();
    for name in ["runs.csv", "epochs.csv"] {
        let mut reader = csv::Reader::from_path(folder.path().join(name)).unwrap();
        let headings = reader.headers().unwrap().clone();
        for heading in &headings {
            assert!(
                dictionary.contains(&format!("| `{heading}` |")),
                "{heading}"
            );
        }
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert!(rows.len() > 20 && rows.iter().all(|row| row.len() == headings.len()));
        let counts = headings.iter().position(|one| one == "counts").unwrap();
        let counted = rows.iter().filter(|row| &row[counts] == "true").count();
        assert!(
            counted > 0 && counted < rows.len(),
            "the failed run does not count"
        );
    }
}

fn a_second_report_takes_its_place() {
    let folder = written(&[Format::Markdown, Format::Latex], Language::English);
    let before = fs::read(folder.path().join("report.md")).unwrap();
    let records = sample::records(2);
    let analysis = analyse(&records).unwrap();
    let experiment = (&analysis, records.as_slice());
    formats::write(
        Format::Markdown,
        Language::English,
        experiment,
        folder.path(),
    )
    .unwrap();
    assert_eq!(fs::read(folder.path().join("report.md")).unwrap(), before);
    let files = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(
        files, 3,
        "nothing is left beside report.md, report.tex, report.bib"
    );
}

fn libre_office_opens(soffice: &str, language: Language) {
    let folder = written(&[Format::Docx], language);
    let name = file_name(language);
    let document = format!("{name}.docx");
    converted(soffice, folder.path(), &document, "txt:Text (encoded):UTF8");
    let text = fs::read_to_string(folder.path().join(format!("{name}.txt"))).unwrap();
    let (contents, caption, figure) = match language {
        Language::English => (
            "Contents",
            "Table 3. Times by layout",
            "every run in Figure 2.",
        ),
        Language::Latvian => (
            "Saturs",
            "3. tabula. Laiki pa izkārtojumiem",
            "katrs palaidums redzams 2. attēlā.",
        ),
    };
    for wanted in [contents, caption, figure] {
        assert!(text.contains(wanted), "{wanted} in\n{text}");
    }
    let heading = language_heading(language);
    // In plain text, which has no pages, an entry is its heading alone.
    let found = text.lines().filter(|line| line.trim() == heading).count();
    assert_eq!(
        found, 2,
        "{heading} stands in the contents and over its chapter"
    );
}

/// The table of contents has the page on which each heading stands.
fn pages_are_right(pdftotext: &str, language: Language) {
    let folder = rich(&[Format::Docx], language);
    let name = file_name(language);
    converted("soffice", folder.path(), &format!("{name}.docx"), "pdf");
    let output = Command::new(pdftotext)
        .args(["-layout", &format!("{name}.pdf"), "-"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let pages: Vec<&str> = text.split('\u{c}').collect();
    let entries: Vec<(&str, usize)> = (pages[0].lines())
        .filter_map(|line| line.split_once(".."))
        .filter_map(|(entry, page)| {
            let page = page.trim_matches(['.', ' ']).parse().ok()?;
            Some((entry.trim(), page))
        })
        .collect();
    assert!(entries.len() > 10, "{:.2000}", pages[0]);
    for (entry, page) in entries {
        let lines = pages
            .get(page - 1)
            .into_iter()
            .flat_map(|page| page.lines());
        let mut headings = lines.filter(|line| line.trim() == entry);
        assert!(headings.next().is_some(), "{entry} is not on page {page}");
    }
}

const fn file_name(language: Language) -> &'static str {
    match language {
        Language::English => "report",
        Language::Latvian => "report.lv",
    }
}

/// Lets `LibreOffice` write a document anew in another format.
fn converted(soffice: &str, folder: &Path, document: &str, format: &str) {
    let profile = format!("-env:UserInstallation=file://{}/profile", folder.display());
    let output = Command::new(soffice)
        .args([&profile, "--headless", "--convert-to", format, document])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

const fn language_heading(language: Language) -> &'static str {
    match language {
        Language::English => "Method",
        Language::Latvian => "Metode",
    }
}

fn pdflatex_compiles(pdflatex: &str, language: Language) {
    let folder = rich(&[Format::Latex], language);
    let name = file_name(language);
    for _ in 0..2 {
        let output = Command::new(pdflatex)
            .args(["-interaction=nonstopmode", "-halt-on-error", name])
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let log = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{log}");
    }
    let pdf: PathBuf = folder.path().join(format!("{name}.pdf"));
    assert!(fs::read(pdf).unwrap().starts_with(b"%PDF"));
}
