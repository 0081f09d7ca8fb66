//! The HTML page.

use crate::{
    contest::{Entry, analysis, cnn, group},
    sample,
};
use ielade_bench::{
    analysis::analyse,
    record::{Record, SessionRecord},
};
use ielade_report::{ReportError, html, write_html};
use serde_json::Value;

pub(crate) fn page_of(records: &[Record]) -> String {
    let analysis = analyse(records).expect("the records make sense");
    html(&analysis, records).expect("the page can be made")
}

/// The parts of the page outside its scripts and its style.
pub(crate) fn markup(page: &str) -> String {
    let mut markup = page.to_owned();
    for (start, end) in [("<script", "</script>"), ("<style", "</style>")] {
        while let Some(from) = markup.find(start) {
            let length = markup[from..].find(end).expect("the element ends");
            markup.replace_range(from..from + length + end.len(), "");
        }
    }
    markup
}

/// The figures of the charts, as the page's script reads them.
pub(crate) fn figures(page: &str) -> Value {
    let start = "<script type=\"application/json\" id=\"figures\">";
    let from = page.find(start).expect("the figures are there") + start.len();
    let length = page[from..].find("</script>").expect("the element ends");
    serde_json::from_str(&page[from..from + length]).expect("the figures are JSON")
}

/// What stands behind each `pattern`, without quotes.
fn behind<'a>(text: &'a str, pattern: &'a str) -> impl Iterator<Item = &'a str> {
    text.match_indices(pattern)
        .map(move |(at, _)| text[at + pattern.len()..].trim_start_matches(['"', '\'', ' ']))
}

#[test]
fn the_page_loads_nothing_from_outside() {
    let page = page_of(&sample::records(3));
    for pattern in ["src=", "href=", "url(", "@import", "srcset="] {
        for target in behind(&page, pattern) {
            let outside = ["http:", "https:", "//", "file:", "ftp:"];
            let target: String = target.chars().take(40).collect();
            assert!(
                !outside.iter().any(|scheme| target.starts_with(scheme)),
                "{pattern}{target}"
            );
        }
    }
    let markup = markup(&page);
    assert_eq!(behind(&markup, "src=").count(), 0);
    for target in behind(&markup, "href=") {
        assert!(
            target.starts_with('#') || target.starts_with("data:,"),
            "{target:.40}"
        );
    }
    assert!(markup.contains("default-src 'none'"));
}

#[test]
fn the_page_holds_every_run() {
    let page = page_of(&sample::records(3));
    let rows = |outcome: &str| {
        page.matches(&format!("<td class=\"text\">{outcome}</td>"))
            .count()
    };
    assert_eq!((rows("completed"), rows("failed")), (45, 1));
    let figures = figures(&page);
    let points: usize = figures["groups"]
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|group| group["rows"].as_array().into_iter().flatten())
        .map(|row| row["points"].as_array().map_or(0, Vec::len))
        .sum();
    assert_eq!(points, 45);
}

#[test]
fn the_answer_comes_before_everything_else() {
    let records = sample::records(3);
    let page = markup(&page_of(&records));
    let analysis = analyse(&records).expect("the records make sense");
    let answer = ielade_report::answer::Answer::headline(&analysis).expect("there are groups");
    let paragraph = answer.paragraph(&analysis.experiment.data_set.name, analysis.family.band);
    let escaped = paragraph.replace('/', "&#x2f;");
    let at = page.find(&escaped).expect("the answer is on the page");
    assert!(at < page.find("What was measured").expect("the facts follow"));
    assert!(at < page.find("<table").expect("the tables follow"));
}

#[test]
fn what_was_measured_is_told() {
    let page = markup(&page_of(&sample::records(3)));
    for fact in [
        "50,000 images",
        "32×32×3",
        "128 images",
        "Example CPU 9000, 2.9 GHz",
        "32.0 GiB, limited to 16.0 GiB",
        "3 complete of 10",
        "ext4 (rw,relatime,discard)",
        "warm: files read once",
    ] {
        assert!(page.contains(fact), "{fact}");
    }
}

#[test]
fn names_from_outside_cannot_break_out_of_their_place() {
    let mut records = sample::records(3);
    let hostile = "</script><img src=x onerror=alert(1)>";
    if let Record::Experiment(experiment) = &mut records[0] {
        experiment.data_set.name = hostile.to_owned();
        for configuration in &mut experiment.configurations {
            configuration.layout.container = format!("{hostile}{}", configuration.layout.container);
        }
    }
    let page = page_of(&records);
    assert!(!page.contains("<img"));
    assert!(!page.contains("<b>ship"));
    assert!(!page.contains("signal 9 <killed>"));
    assert_eq!(page.matches("</script").count(), 3);
    let name = &figures(&page)["layouts"][0]["name"];
    assert!(name.as_str().is_some_and(|name| name.starts_with(hostile)));
}

#[test]
fn failures_bad_samples_warnings_and_stores_are_named() {
    let page = markup(&page_of(&sample::records(3)));
    for text in [
        "the worker was ended by signal 9 &lt;killed&gt;",
        "last words\nof the worker",
        "broken &lt;1&gt;.jpg",
        "id=\"warnings\"",
        "npy&#x2f;f32 · none",
        "586 MiB",
    ] {
        assert!(page.contains(text), "{text}");
    }
}

#[test]
fn curves_are_means_over_the_completed_runs() {
    let records = sample::records(3);
    let figures = figures(&page_of(&records));
    let expected: f64 = records
        .iter()
        .filter_map(|record| match record {
            Record::Run(run) if run.configuration == 10 => run.epochs[1].test.as_ref(),
            _ => None,
        })
        .map(|metrics| metrics.top1 / 3.0)
        .sum();
    let shown = &figures["groups"][2]["rows"][0]["curves"]["test_top1"][1];
    let shown = shown.as_f64().expect("the curve has a second epoch");
    assert!((shown - expected).abs() < 1e-6, "{shown} is not {expected}");
    assert_eq!(
        figures["groups"][0]["rows"][0]["curves"]["test_top1"],
        serde_json::json!([])
    );
}

#[test]
fn an_experiment_that_has_just_begun_has_a_page() {
    let records = sample::records(0);
    let page = markup(&page_of(&records));
    assert!(page.contains("No run has completed yet"));
    assert!(page.contains("0 of 10 blocks complete"));
}

#[test]
fn a_single_run_has_a_page_without_intervals() {
    let page = markup(&page_of(&sample::records(1)));
    assert!(page.contains("too few runs to say"));
    assert!(!page.contains("data-low"));
}

#[test]
fn sessions_among_the_records_change_no_figure() {
    let mut records = sample::records(3);
    let before = figures(&page_of(&records));
    records.insert(
        9,
        Record::Session(Box::new(SessionRecord {
            at: "2026-11-23T16:00:00Z".to_owned(),
            runs_before: 8,
            environment: sample::environment(),
        })),
    );
    assert_eq!(figures(&page_of(&records)), before);
}

#[test]
fn an_interval_that_is_no_number_leaves_the_figures_readable() {
    let entries = [
        Entry::new("files/jpeg", 20.0, f64::NAN),
        Entry::new("npy/u8", 10.6, f64::INFINITY).ratio(0.53, f64::NAN, f64::NAN),
    ];
    let page = html(&analysis(vec![group(&cnn(), &entries)]), &[]).expect("the page can be made");
    assert!(figures(&page)["groups"][0]["rows"][0]["total"]["low"].is_null());
}

#[test]
fn the_file_is_replaced_whole_and_nothing_else_is_left() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let records = sample::records(1);
    let analysis = analyse(&records).expect("the records make sense");
    std::fs::write(folder.path().join("report.html"), "old").expect("the folder is writable");
    let path = write_html(folder.path(), &analysis, &records).expect("the page is written");
    assert_eq!(path, folder.path().join("report.html"));
    let written = std::fs::read_to_string(&path).expect("the page is there");
    assert_eq!(
        written,
        html(&analysis, &records).expect("the page can be made")
    );
    let left = std::fs::read_dir(folder.path()).expect("the folder is readable");
    assert_eq!(left.count(), 1);
}

#[test]
fn a_missing_folder_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let missing = folder.path().join("missing");
    let records = sample::records(1);
    let analysis = analyse(&records).expect("the records make sense");
    let error = write_html(&missing, &analysis, &records).expect_err("there is no such folder");
    assert!(matches!(&error, ReportError::Write { path, .. } if path.starts_with(&missing)));
    assert!(error.to_string().contains("missing"));
}

#[test]
fn a_target_that_cannot_be_replaced_leaves_no_temporary_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let target = folder.path().join("report.html");
    std::fs::create_dir_all(target.join("inside")).expect("the folder is writable");
    let records = sample::records(1);
    let analysis = analyse(&records).expect("the records make sense");
    write_html(folder.path(), &analysis, &records).expect_err("a folder stands in the way");
    let left = std::fs::read_dir(folder.path()).expect("the folder is readable");
    assert_eq!(left.count(), 1);
}
