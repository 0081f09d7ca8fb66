//! What stands on the page, in the order in which it stands there, ready to be written.

use super::{
    comparisons::{Comparisons, drift_text},
    facts::{FactGroup, fact_groups},
    images::Images,
    marks::{MarkedRun, marked_runs},
    runs::{FailedRun, RunsTable},
    stalls::Stalls,
    tables::{ConsumerTable, StoreRow, consumer_tables, store_rows},
    words::FigureWords,
};
use crate::{
    answer::{Answer, headline_place},
    language::Language,
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
    consumers: Vec<String>,
    caches: Vec<&'static str>,
    baseline: String,
    figures: Vec<FigureWords>,
    drift: Option<String>,
    marks: Vec<MarkedRun>,
    warnings: Vec<String>,
    failed: Vec<FailedRun>,
    bad_samples: Vec<BadSampleRow>,
    stores: Vec<StoreRow>,
    runs: RunsTable,
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
    /// `figures` are the ones that there is something to draw for.
    pub(super) fn new(analysis: &Analysis, records: &[Record], figures: Vec<FigureWords>) -> Self {
        let experiment = &analysis.experiment;
        let layouts = super::chart_data::layout_names(analysis);
        let (other_answers, more_answers) = other_answers(analysis);
        let (tables, more_tables) = consumer_tables(analysis);
        let first = Answer::headline(analysis);
        let runs = run_records(records);
        Self {
            title: format!("{} · Ielāde report", experiment.data_set.name),
            data_set: experiment.data_set.name.clone(),
            image: experiment.data_set.image.clone(),
            created: moment(&experiment.created),
            program: experiment.program.clone(),
            heading: first
                .as_ref()
                .map_or_else(|| "No configurations".to_owned(), Answer::heading),
            answer: first.as_ref().map_or_else(
                || "The experiment has no configurations, so there is no answer.".to_owned(),
                |answer| answer.paragraph(&experiment.data_set.name, analysis.family.band),
            ),
            other_answers,
            more_answers,
            more_consumers: more_consumers(analysis),
            standing: standing(analysis, &runs),
            facts: fact_groups(analysis, records),
            images: Images::of(&experiment.data_set, Language::English),
            tables,
            more_tables,
            comparisons: Comparisons::of(analysis),
            stalls: Stalls::of(analysis, &layouts),
            layouts,
            consumers: distinct(analysis.groups.iter().map(|group| group.consumer.clone())),
            caches: distinct(analysis.groups.iter().map(|group| group.cache.name())),
            baseline: analysis.baseline.to_string(),
            figures,
            drift: analysis.drift.as_ref().map(drift_text),
            marks: marked_runs(analysis, &runs),
            warnings: analysis.warnings.clone(),
            failed: FailedRun::all(experiment, &runs),
            bad_samples: bad_samples(analysis),
            stores: store_rows(experiment),
            runs: RunsTable::new(experiment, &runs),
        }
    }
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
fn other_answers(analysis: &Analysis) -> (Vec<OtherAnswer>, Vec<OtherAnswer>) {
    let first = headline_place(analysis);
    let mut at_once = Vec::new();
    let mut later = Vec::new();
    for (place, answer) in Answer::all(analysis).into_iter().enumerate() {
        let group = &analysis.groups[place];
        let other = OtherAnswer {
            sentence: answer.sentence(),
            consumer: super::tables::group_title(group),
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

fn more_consumers(analysis: &Analysis) -> Vec<String> {
    let groups = analysis.groups.iter();
    let later = groups.filter(|group| !super::tables::is_shown_at_once(analysis, group));
    distinct(later.map(|group| group.consumer.clone()))
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
fn standing(analysis: &Analysis, runs: &[&RunRecord]) -> String {
    let completed = runs
        .iter()
        .filter(|run| run.outcome == Outcome::Completed)
        .count();
    let failed = runs.len() - completed;
    let planned = analysis.experiment.plan.blocks;
    let blocks = if analysis.complete_blocks == planned {
        format!("all {planned} blocks complete")
    } else {
        format!("{} of {planned} blocks complete", analysis.complete_blocks)
    };
    let failures = match failed {
        0 => String::new(),
        failed => format!(", {failed} failed"),
    };
    format!("{completed} runs in fresh processes{failures}; {blocks}.")
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
