//! Memory and processors over the time of one run.

use crate::{
    answer,
    chart::{Chart, Drawn, LinePoint, Lines, Series},
    course::{self, Column},
    document::{Block, Figure},
    figures::{Quantity, Scale},
    language::{Language, fill},
};
use ielade_bench::{
    analysis::Analysis,
    record::{Configuration, ProbeSeries, Record, RunRecord},
};

/// Points of a line beyond which every second, third, … is drawn.
const MOST_POINTS: usize = 120;

/// What is drawn in one chart.
struct Kind {
    key: &'static str,
    quantity: Quantity,
    columns: &'static [&'static str],
}

const MEMORY: Kind = Kind {
    key: "run-memory",
    quantity: Quantity::Bytes,
    columns: &[
        "rss_bytes",
        "pss_bytes",
        "anonymous_bytes",
        "gpu_memory_bytes",
    ],
};

const PROCESSORS: Kind = Kind {
    key: "run-processors",
    quantity: Quantity::Number,
    columns: &[
        "cpu_user",
        "cpu_system",
        "machine_cpu",
        "io_wait",
        "gpu_utilisation",
    ],
};

/// The run in the middle of the first configuration of the consumer whose answer comes first: the
/// one that the page shows at first.
pub(super) fn section(analysis: &Analysis, records: &[Record], language: Language) -> Vec<Block> {
    let words = language.words();
    let Some((configuration, run, series)) = chosen(analysis, records) else {
        return Vec::new();
    };
    let named = |template: &str| {
        let block = (run.block + 1).to_string();
        fill(
            template,
            &[("configuration", &configuration.name), ("block", &block)],
        )
    };
    let figures = [
        (MEMORY, words.charts.memory, words.run_memory_caption),
        (
            PROCESSORS,
            words.charts.processors,
            words.run_processors_caption,
        ),
    ];
    let figures: Vec<Block> = figures
        .into_iter()
        .filter_map(|(kind, name, caption)| {
            let lines = lines(&kind, name, run, series, language)?;
            Some(Block::Figure(Figure {
                key: kind.key.to_owned(),
                caption: named(caption),
                chart: Chart::Lines(lines),
            }))
        })
        .collect();
    if figures.is_empty() {
        return Vec::new();
    }
    let mut blocks = vec![
        Block::heading(2, words.over_time),
        Block::text(words.over_time_text),
    ];
    blocks.extend(figures);
    blocks
}

fn chosen<'a>(
    analysis: &'a Analysis,
    records: &'a [Record],
) -> Option<(&'a Configuration, &'a RunRecord, &'a ProbeSeries)> {
    let group = analysis.groups.get(answer::headline_place(analysis)?)?;
    let consumer = &group.summaries.first()?.configuration.consumer;
    let configurations = (0_u32..).zip(&analysis.experiment.configurations);
    configurations
        .filter(|(_, one)| one.consumer == *consumer)
        .find_map(|(index, one)| {
            let run = course::middle_run(index, records)?;
            Some((one, run, run.series.as_ref()?))
        })
}

fn lines(
    kind: &Kind,
    name: &str,
    run: &RunRecord,
    series: &ProbeSeries,
    language: Language,
) -> Option<Lines> {
    let columns: Vec<Column<'_>> = (course::columns(series).into_iter())
        .filter(|column| kind.columns.contains(&column.name))
        .filter(|column| column.values.len() == series.seconds.len())
        .filter(|column| column.values.iter().any(Option::is_some))
        .collect();
    let values = columns.iter().flat_map(|column| column.values);
    let scale = Scale::fitting(kind.quantity, values.copied().flatten());
    let step = series.seconds.len().div_ceil(MOST_POINTS).max(1);
    let lines = columns.iter().map(|column| {
        let points = series.seconds.iter().zip(column.values);
        // What is looked at once a second only has few values: all of them are taken.
        let told: Vec<LinePoint> = points
            .filter_map(|(seconds, value)| {
                Some(LinePoint {
                    x: *seconds,
                    y: (*value)? * scale.factor,
                    interval: None,
                })
            })
            .collect();
        let step = if told.len() > MOST_POINTS { step } else { 1 };
        Series {
            label: language.words().charts.columns.of(column.name).to_owned(),
            points: told.into_iter().step_by(step).collect(),
        }
    });
    let y = match scale.symbol {
        "" => name.to_owned(),
        symbol => format!("{name}, {symbol}"),
    };
    (!columns.is_empty()).then(|| Lines {
        x: language.words().seconds_since_start.to_owned(),
        y,
        series: lines.collect(),
        drawn: Drawn::Course(course::epoch_ends(run).collect()),
    })
}
