//! What stands on the page, in the order in which it stands there, ready to be written.

use super::{
    comparisons::Comparisons,
    facts::{FactGroup, fact_groups},
    images::Images,
    marks::{MarkedRun, marked_runs},
    runs::{FailedRun, RunsTable},
    stalls::Stalls,
    tables::{ConsumerTable, StoreRow, consumer_tables, store_rows},
};
use crate::{
    answer::{Answer, headline_place},
    language::{self, FigureWords, Language, PageWords, fill},
};
use ielade_bench::{
    analysis::Analysis,
    record::{Outcome, Record, RunRecord},
};
use serde::Serialize;

/// The page's content.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    title: String,
    data_set: String,
    image: String,
    created: String,
    program: String,
    heading: String,
    answer: String,
    other_answers: Vec<OtherAnswer>,
    /// Those that are not shown at once.
    more_answers: Vec<OtherAnswer>,
    more_consumers: Vec<String>,
    standing: String,
    facts: Vec<FactGroup>,
    images: Option<Images>,
    tables: Vec<ConsumerTable>,
    more_tables: Vec<ConsumerTable>,
    comparisons: Comparisons,
    stalls: Option<Stalls>,
    layouts: Vec<String>,
    consumers: Vec<Choice>,
    caches: Vec<Choice>,
    baseline: String,
    figures: Vec<FigureWords>,
    drift: Option<String>,
    marks: Vec<MarkedRun>,
    warnings: Vec<String>,
    failed: Vec<FailedRun>,
    bad_samples: Vec<BadSampleRow>,
    stores: Vec<StoreRow>,
    runs: RunsTable,
    /// What stands in the links to the sections of that name, and over the raw figures.
    counts: Counts,
}

/// Something that the filter can choose: the name in plans and records, and the one that is shown.
#[derive(Debug, PartialEq, Serialize)]
struct Choice {
    name: String,
    label: String,
}

/// Numbers of things, in words.
#[derive(Debug, Serialize)]
struct Counts {
    warnings: String,
    marks: String,
    failed: String,
    bad_samples: String,
    raw: String,
}

/// The answer of a consumer that is not the first one.
#[derive(Debug, Serialize)]
struct OtherAnswer {
    consumer: String,
    sentence: String,
}

/// A sample that could not be delivered, and the configurations that met it.
#[derive(Debug, Serialize)]
struct BadSampleRow {
    sample: String,
    configurations: String,
}

impl Page {
    /// `kinds` are those of the figures that there is something to draw for.
    pub(super) fn new(
        analysis: &Analysis,
        records: &[Record],
        kinds: &[&str],
        language: Language,
    ) -> Self {
        let words = &language.words().page;
        let experiment = &analysis.experiment;
        let layouts = super::chart_data::layout_names(analysis);
        let (other_answers, more_answers) = other_answers(analysis, language);
        let (tables, more_tables) = consumer_tables(analysis, language);
        let first = Answer::headline(analysis);
        let runs = run_records(records);
        let marks = marked_runs(analysis, &runs, language);
        let failed = FailedRun::all(experiment, &runs, words);
        let bad_samples = bad_samples(analysis);
        Self {
            counts: Counts {
                warnings: words.count_warnings.of(language, analysis.warnings.len()),
                marks: words.count_marks.of(language, marks.len()),
                failed: words.count_failed.of(language, failed.len()),
                bad_samples: words.count_bad_samples.of(language, bad_samples.len()),
                raw: words.count_raw.of(language, runs.len()),
            },
            title: format!("{} · {}", experiment.data_set.name, words.report),
            data_set: experiment.data_set.name.clone(),
            image: experiment.data_set.image.clone(),
            created: moment(&experiment.created),
            program: experiment.program.clone(),
            heading: first.as_ref().map_or_else(
                || words.no_configurations.to_owned(),
                |answer| language::heading(language, answer),
            ),
            answer: first.as_ref().map_or_else(
                || language.words().no_configurations.to_owned(),
                |answer| language::paragraph(language, answer, analysis),
            ),
            other_answers,
            more_answers,
            more_consumers: more_consumers(analysis, language),
            standing: standing(analysis, &runs, words),
            facts: fact_groups(analysis, records, language),
            images: Images::of(&experiment.data_set, language),
            tables,
            more_tables,
            comparisons: Comparisons::of(analysis, language),
            stalls: Stalls::of(analysis, &layouts, language),
            layouts,
            consumers: distinct(analysis.groups.iter().map(|group| Choice {
                name: group.consumer.clone(),
                label: language.consumer(group),
            })),
            caches: distinct(analysis.groups.iter().map(|group| Choice {
                name: group.cache.name().to_owned(),
                label: language.words().charts.caches.of(group.cache).to_owned(),
            })),
            baseline: analysis.baseline.to_string(),
            figures: figures(kinds, language),
            drift: (analysis.drift.as_ref()).map(|drift| language::drift(language, drift)),
            marks,
            warnings: (analysis.warnings.iter())
                .map(|warning| language::warning(language, warning))
                .collect(),
            failed,
            bad_samples,
            stores: store_rows(experiment, language),
            runs: RunsTable::new(experiment, &runs, language),
        }
    }
}

/// The figures of these kinds, in their order.
fn figures(kinds: &[&str], language: Language) -> Vec<FigureWords> {
    let all = language.words().figures.iter();
    let there = all.filter(|figure| kinds.contains(&figure.kind));
    there.copied().collect()
}

/// Every value once, in the order in which they come.
fn distinct<T: PartialEq>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut found = Vec::new();
    for value in values {
        if !found.contains(&value) {
            found.push(value);
        }
    }
    found
}

fn configurations(
    analysis: &Analysis,
) -> impl Iterator<Item = &ielade_bench::analysis::ConfigurationSummary> {
    analysis.groups.iter().flat_map(|group| &group.summaries)
}

/// The runs, in the order in which they ran.
fn run_records(records: &[Record]) -> Vec<&RunRecord> {
    records
        .iter()
        .filter_map(|record| match record {
            Record::Run(run) => Some(run.as_ref()),
            Record::Experiment(_) | Record::Session(_) => None,
        })
        .collect()
}

/// The answers but the first one: those that are shown at once, and the others.
fn other_answers(analysis: &Analysis, language: Language) -> (Vec<OtherAnswer>, Vec<OtherAnswer>) {
    let first = headline_place(analysis);
    let mut at_once = Vec::new();
    let mut later = Vec::new();
    for (place, answer) in Answer::all(analysis).into_iter().enumerate() {
        let group = &analysis.groups[place];
        let other = OtherAnswer {
            sentence: language::sentence(language, &answer),
            consumer: super::tables::group_title(group, language),
        };
        if Some(place) == first {
            // It is the headline.
        } else if super::tables::is_shown_at_once(analysis, group) {
            at_once.push(other);
        } else {
            later.push(other);
        }
    }
    (at_once, later)
}

fn more_consumers(analysis: &Analysis, language: Language) -> Vec<String> {
    let groups = analysis.groups.iter();
    let later = groups.filter(|group| !super::tables::is_shown_at_once(analysis, group));
    distinct(later.map(|group| language.consumer(group)))
}

/// An RFC 3339 time as a reader likes it: `2026-11-23 15:04 UTC`; anything else as it is.
fn moment(time: &str) -> String {
    match (time.get(..10), time.get(10..11), time.get(11..16)) {
        (Some(day), Some("T"), Some(minute)) if time.ends_with('Z') => {
            format!("{day} {minute} UTC")
        }
        _ => time.to_owned(),
    }
}

/// How far the experiment has come, in one sentence.
fn standing(analysis: &Analysis, runs: &[&RunRecord], words: &PageWords) -> String {
    let completed = runs
        .iter()
        .filter(|run| run.outcome == Outcome::Completed)
        .count();
    let failed = runs.len() - completed;
    let planned = analysis.experiment.plan.blocks;
    let blocks = if analysis.complete_blocks == planned {
        words.all_blocks
    } else {
        words.some_blocks
    };
    let blocks = fill(
        blocks,
        &[
            ("complete", &analysis.complete_blocks.to_string()),
            ("planned", &planned.to_string()),
        ],
    );
    let failures = match failed {
        0 => String::new(),
        failed => fill(words.standing_failures, &[("n", &failed.to_string())]),
    };
    fill(
        words.standing,
        &[
            ("completed", &completed.to_string()),
            ("failures", &failures),
            ("blocks", &blocks),
        ],
    )
}

fn bad_samples(analysis: &Analysis) -> Vec<BadSampleRow> {
    let mut rows: Vec<BadSampleRow> = Vec::new();
    for summary in configurations(analysis) {
        for sample in &summary.bad_samples {
            let name = &summary.configuration.name;
            match rows.iter_mut().find(|row| row.sample == *sample) {
                Some(row) => {
                    row.configurations += ", ";
                    row.configurations += name;
                }
                None => rows.push(BadSampleRow {
                    sample: sample.clone(),
                    configurations: name.clone(),
                }),
            }
        }
    }
    rows
}
