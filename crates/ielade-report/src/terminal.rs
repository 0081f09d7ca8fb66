//! The result as a table in a terminal.

mod column;
mod text;

use crate::{
    answer::{self, Answer, Leaders, Work},
    metric_words::runs_and_epochs,
};
use column::{Column, Spread};
use ielade_bench::analysis::{Analysis, ConfigurationSummary, ConsumerGroup, Metric, Verdict};
use ielade_core::LayoutId;
use text::{Style, clean, clip, display_width, pad_right, wrap};

/// How wide the table may be, and whether it may use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableOptions {
    /// Columns of the terminal. Below 40, 40 are used.
    pub width: usize,
    /// Whether ANSI escape sequences for colour and weight are written; only for a terminal.
    pub colour: bool,
}

impl Default for TableOptions {
    fn default() -> Self {
        Self {
            width: 80,
            colour: false,
        }
    }
}

/// The narrowest table.
const LEAST_WIDTH: usize = 40;

/// Spaces between two columns.
const GAP: usize = 2;

/// Marks in front of a layout's name.
const FASTEST: &str = "*";
const NOT_TOLD_APART: &str = "≈";
const EQUIVALENT: &str = "=";

/// The answer in a sentence, one block of rows a consumer, and the warnings.
///
/// No line is wider than the options say; where there is too little room, the intervals move
/// below the figures, and then columns are left out, the least telling first.
pub fn terminal_table(analysis: &Analysis, options: &TableOptions) -> String {
    let width = options.width.max(LEAST_WIDTH);
    let style = Style::new(options.colour);
    let mut lines = headline(analysis, width, style);
    let form = fitting_form(analysis, width);
    for group in &analysis.groups {
        lines.push(String::new());
        lines.extend(block(analysis, group, &form, style));
    }
    lines.push(String::new());
    lines.extend(legend(analysis, &form, width, style));
    lines.extend(warnings(analysis, width, style));
    let mut text = lines
        .iter()
        .map(|line| line.trim_end())
        .collect::<Vec<_>>()
        .join("\n");
    text.push('\n');
    text
}

/// The sentence that comes first.
fn headline(analysis: &Analysis, width: usize, style: Style) -> Vec<String> {
    let sentence = Answer::headline(analysis).map_or_else(
        || "The experiment has no configurations, so there is no answer.".to_owned(),
        |answer| answer.sentence(),
    );
    wrap(&clean(&sentence), width)
        .iter()
        .map(|line| style.bold(line))
        .collect()
}

/// Which columns there are, how wide the names may be, and where the intervals stand.
#[derive(Debug, Clone)]
struct Form {
    /// Columns of the terminal.
    width: usize,
    spread: Spread,
    metrics: Vec<Metric>,
    name_width: usize,
}

/// All columns, from left to right; the ratio stands behind them.
const COLUMNS: [Metric; 8] = [
    Metric::MeanEpochSeconds,
    Metric::TrainingSeconds,
    Metric::FirstBatchSeconds,
    Metric::ImagesPerSecond,
    Metric::PeakRssBytes,
    Metric::CpuUtilisation,
    Metric::CpuSecondsPer1000,
    Metric::TestTop1,
];

/// The order in which columns are left out where there is no room.
const DISPENSABLE: [Metric; 6] = [
    Metric::CpuSecondsPer1000,
    Metric::CpuUtilisation,
    Metric::PeakRssBytes,
    Metric::FirstBatchSeconds,
    Metric::MeanEpochSeconds,
    Metric::ImagesPerSecond,
];

/// The first of the forms, best first, in which every block fits.
fn fitting_form(analysis: &Analysis, width: usize) -> Form {
    let names = analysis
        .groups
        .iter()
        .flat_map(|group| &group.summaries)
        .map(|summary| display_width(&name(summary)));
    let name_width = names.max().unwrap_or(0);
    let widest = |form: &Form| {
        let groups = analysis.groups.iter();
        let widths = groups.map(|group| block_width(analysis, group, form));
        widths.max().unwrap_or(0)
    };
    let forms = forms(width, name_width);
    let narrowest = forms.last().cloned();
    forms
        .into_iter()
        .find(|form| widest(form) <= width)
        .or_else(|| narrowest.map(|form| clipped(form, &widest)))
        .unwrap_or(Form {
            width,
            spread: Spread::Below,
            metrics: Vec::new(),
            name_width,
        })
}

/// The form with names short enough to fit.
fn clipped(form: Form, widest: &dyn Fn(&Form) -> usize) -> Form {
    let excess = widest(&form).saturating_sub(form.width);
    Form {
        name_width: form.name_width.saturating_sub(excess),
        ..form
    }
}

/// The forms to try, best first.
fn forms(width: usize, name_width: usize) -> Vec<Form> {
    let form = |spread, metrics: &[Metric]| Form {
        width,
        spread,
        metrics: metrics.to_vec(),
        name_width,
    };
    let mut forms = vec![
        form(Spread::Range, &COLUMNS),
        form(Spread::Beside, &COLUMNS),
        form(Spread::Below, &COLUMNS),
    ];
    let mut metrics = COLUMNS.to_vec();
    for least in DISPENSABLE {
        metrics.retain(|metric| *metric != least);
        forms.push(form(Spread::Below, &metrics));
    }
    forms
}

fn name(summary: &ConfigurationSummary) -> String {
    clean(&summary.configuration.layout.to_string())
}

fn columns(analysis: &Analysis, group: &ConsumerGroup, form: &Form) -> Vec<Column> {
    let metrics = form.metrics.iter();
    let mut columns: Vec<Column> = metrics
        .filter_map(|metric| Column::of_metric(group, *metric, form.spread))
        .collect();
    columns.extend(Column::of_ratio(group, &analysis.baseline, form.spread));
    columns
}

fn block_width(analysis: &Analysis, group: &ConsumerGroup, form: &Form) -> usize {
    let columns = columns(analysis, group, form);
    let figures: usize = columns.iter().map(|column| column.width() + GAP).sum();
    GAP + form.name_width + figures
}

/// The rows of one consumer, with heading.
fn block(analysis: &Analysis, group: &ConsumerGroup, form: &Form, style: Style) -> Vec<String> {
    let columns = columns(analysis, group, form);
    let width = block_width(analysis, group, form);
    let title = clip(&block_title(group), form.width);
    let mut lines = vec![style.bold(&title), rule(width, style)];
    lines.extend(header(&columns, form, style));
    lines.push(rule(width, style));
    let leaders = answer::leaders(&Answer::of_group(group, &analysis.baseline));
    for (place, summary) in group.summaries.iter().enumerate() {
        lines.extend(row(
            &Row {
                summary,
                place,
                mark: mark(analysis, group, &leaders, summary),
            },
            &columns,
            form,
            style,
        ));
    }
    lines
}

fn rule(width: usize, style: Style) -> String {
    style.dim(&"─".repeat(width))
}

fn block_title(group: &ConsumerGroup) -> String {
    let consumer = clean(&group.consumer);
    let consumer = match answer::work_of(group) {
        Work::Load => format!("{consumer} (loader alone)"),
        Work::Feed => format!("{consumer} a step"),
        Work::Train => format!("{consumer} (model)"),
    };
    let cache = if group.name == group.consumer {
        String::new()
    } else {
        format!(", cache {}", group.cache)
    };
    format!("{consumer}{cache}: {}", runs_and_epochs(group))
}

fn header(columns: &[Column], form: &Form, style: Style) -> [String; 2] {
    let names = pad_right("  layout", GAP + form.name_width);
    let mut top = style.bold(&names);
    let mut below = " ".repeat(GAP + form.name_width);
    for column in columns {
        top += &" ".repeat(GAP);
        top += &style.bold(&column.align_heading(column.name()));
        below += &" ".repeat(GAP);
        below += &style.dim(&column.align_heading(column.unit()));
    }
    [top, below]
}

/// One layout in a block.
struct Row<'a> {
    summary: &'a ConfigurationSummary,
    place: usize,
    mark: &'static str,
}

fn mark(
    analysis: &Analysis,
    group: &ConsumerGroup,
    leaders: &Leaders,
    summary: &ConfigurationSummary,
) -> &'static str {
    let layout = &summary.configuration.layout;
    if leaders.fastest.as_ref() == Some(layout) {
        FASTEST
    } else if is_equivalent(analysis, group, layout) {
        EQUIVALENT
    } else if leaders.not_told_apart.contains(layout) {
        NOT_TOLD_APART
    } else {
        " "
    }
}

/// True where a difference to the baseline beyond the plan's band was ruled out.
fn is_equivalent(analysis: &Analysis, group: &ConsumerGroup, layout: &LayoutId) -> bool {
    let found = group.comparison(layout, &analysis.baseline);
    found.is_some_and(|found| found.verdict == Verdict::Equivalent)
}

fn row(row: &Row<'_>, columns: &[Column], form: &Form, style: Style) -> Vec<String> {
    let name = pad_right(&clip(&name(row.summary), form.name_width), form.name_width);
    let label = format!("{} {name}", row.mark);
    if row.summary.completed == 0 {
        return vec![format!("{label}  {}", style.dim("no completed run"))];
    }
    let mut first = if row.mark == FASTEST {
        style.leader(&label)
    } else {
        label
    };
    let mut second = " ".repeat(GAP + form.name_width);
    for column in columns {
        let (value, spread) = column.cell(row.place);
        first += &" ".repeat(GAP);
        first += &value.written(style);
        second += &" ".repeat(GAP);
        second += &style.dim(&spread);
    }
    match form.spread {
        Spread::Below if columns.iter().any(|column| column.has_spread(row.place)) => {
            vec![first, second]
        }
        _ => vec![first],
    }
}

/// What the marks and the figures mean.
fn legend(analysis: &Analysis, form: &Form, width: usize, style: Style) -> Vec<String> {
    let spread = match form.spread {
        Spread::Range => "in brackets the 95 % interval",
        Spread::Beside | Spread::Below => "± half the 95 % interval",
    };
    let any_equivalent = analysis.groups.iter().any(|group| {
        let layouts = group.summaries.iter();
        let mut layouts = layouts.map(|summary| &summary.configuration.layout);
        layouts.any(|layout| is_equivalent(analysis, group, layout))
    });
    let equivalent = if any_equivalent {
        format!(
            ", {EQUIVALENT} no difference to {} shown",
            analysis.baseline
        )
    } else {
        String::new()
    };
    let figures = format!(
        "Means over the runs, {spread}. ratio: total time divided by that of {}. \
         {FASTEST} shortest total time, \
         {NOT_TOLD_APART} not told apart{equivalent}.",
        analysis.baseline
    );
    dimmed(&clean(&figures), width, style)
}

fn dimmed(text: &str, width: usize, style: Style) -> Vec<String> {
    wrap(text, width)
        .iter()
        .map(|line| style.dim(line))
        .collect()
}

fn warnings(analysis: &Analysis, width: usize, style: Style) -> Vec<String> {
    let warnings = analysis.warnings.iter();
    warnings
        .flat_map(|warning| noted("warning", &warning.to_string(), width, style))
        .collect()
}

/// A wrapped remark whose further lines are indented.
fn noted(kind: &str, text: &str, width: usize, style: Style) -> Vec<String> {
    let label = format!("{kind}: ");
    let room = width - label.len();
    let indent = " ".repeat(label.len());
    let lines = wrap(&clean(text), room);
    let written = lines.iter().enumerate().map(|(place, line)| match place {
        0 => format!("{}{line}", style.alert(&label)),
        _ => format!("{indent}{line}"),
    });
    written.collect()
}
