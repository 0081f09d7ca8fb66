//! Two experiments compared: two machines, two versions, two days.
//!
//! Configurations of the same layout, consumer and state of the cache are compared by total
//! training time, with the statistics of one experiment: ratio with interval, Cliff's delta, a
//! permutation test of independent samples (blocks of two experiments have nothing in common), and
//! Holm's correction for all of them together. Where figures mean different things, because the data,
//! the batches or the epochs differ, they are not compared, and the reason is told.

mod obstacles;
mod written;

use ielade_bench::{
    analysis::{ALPHA, Analysis, ConfigurationSummary, Estimate, JUDGED, Metric, Ratio},
    statistics::{
        Bootstrap, CliffsDelta, cliffs_delta, holm, mean, smallest_unpaired_p, unpaired_test,
    },
};
pub use obstacles::Difference;

/// An experiment and what it is called here.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// Name, for example the folder's.
    pub name: &'a str,
    /// What it says.
    pub analysis: &'a Analysis,
}

/// Two experiments side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Names of the two.
    pub names: [String; 2],
    /// Why nothing can be compared; empty where something can.
    pub obstacles: Vec<String>,
    /// What differs in machine, software and plan, and may be the cause of any difference.
    pub differences: Vec<Difference>,
    /// What a reader must know before believing the figures.
    pub cautions: Vec<String>,
    /// The configurations that both have, in the order of the first.
    pub pairs: Vec<Pair>,
    /// Configurations that cannot be compared, and why.
    pub left_out: Vec<(String, String)>,
}

/// One configuration in both experiments.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// Name of the configuration in the first experiment.
    pub name: String,
    /// Total training time in the first and in the second, in seconds.
    pub times: [Estimate; 2],
    /// Mean of the second divided by mean of the first.
    pub ratio: Ratio,
    /// The same of the mean epoch time.
    pub epoch_ratio: Option<Ratio>,
    /// How often a run of the second is longer than one of the first.
    pub cliffs_delta: Option<CliffsDelta>,
    /// Probability of a difference at least as large where there is none.
    pub p_value: f64,
    /// The same, corrected for all pairs (Holm).
    pub adjusted_p: f64,
    /// What is said of the second.
    pub verdict: PairVerdict,
}

/// What is said of the second experiment's configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PairVerdict {
    /// It takes less time than in the first.
    Faster,
    /// It takes more time.
    Slower,
    /// No difference was found; that is not the same as equal.
    NotToldApart,
}

impl Comparison {
    /// Compares the second experiment with the first.
    pub fn of(first: Side<'_>, second: Side<'_>) -> Self {
        let (a, b) = (first.analysis, second.analysis);
        let obstacles = obstacles::obstacles(&a.experiment, &b.experiment);
        let (mut pairs, left_out) = if obstacles.is_empty() {
            pairs(a, b)
        } else {
            (Vec::new(), Vec::new())
        };
        judge(&mut pairs);
        let mut cautions = obstacles::cautions(&a.experiment, &b.experiment);
        cautions.extend(too_few(&pairs));
        Self {
            names: [first.name.to_owned(), second.name.to_owned()],
            differences: obstacles::differences(&a.experiment, &b.experiment),
            obstacles,
            cautions,
            pairs,
            left_out,
        }
    }

    /// The comparison for a terminal.
    pub fn text(&self) -> String {
        written::text(self)
    }

    /// The comparison as Markdown.
    pub fn markdown(&self) -> String {
        crate::markdown::markdown(&written::document(self))
    }
}

fn summaries(analysis: &Analysis) -> impl Iterator<Item = &ConfigurationSummary> {
    analysis.groups.iter().flat_map(|group| &group.summaries)
}

/// What both have, and what cannot be compared with its reason.
fn pairs(a: &Analysis, b: &Analysis) -> (Vec<Pair>, Vec<(String, String)>) {
    let mut found = Vec::new();
    let mut left_out = Vec::new();
    for one in summaries(a) {
        match partner(one, b).and_then(|other| pair(one, other)) {
            Ok(pair) => found.push(pair),
            Err(reason) => left_out.push((one.configuration.name.clone(), reason)),
        }
    }
    let alone = summaries(b).filter(|one| !summaries(a).any(|other| is_same(one, other)));
    left_out.extend(alone.map(|one| {
        (
            one.configuration.name.clone(),
            "only in the second".to_owned(),
        )
    }));
    (found, left_out)
}

fn is_same(one: &ConfigurationSummary, other: &ConfigurationSummary) -> bool {
    let (one, other) = (&one.configuration, &other.configuration);
    one.layout == other.layout && one.consumer == other.consumer && one.cache == other.cache
}

fn partner<'a>(
    one: &ConfigurationSummary,
    b: &'a Analysis,
) -> Result<&'a ConfigurationSummary, String> {
    if let Some(found) = summaries(b).find(|other| is_same(one, other)) {
        return Ok(found);
    }
    let mine = &one.configuration;
    let of_layout = || summaries(b).filter(|other| other.configuration.layout == mine.layout);
    let has_consumer = |other: &ConfigurationSummary| other.configuration.consumer == mine.consumer;
    let reason = if of_layout().next().is_none() {
        "the second has no such layout"
    } else if of_layout().any(has_consumer) {
        "the second has it in other states of the page cache only"
    } else {
        "the second has no consumer with the same settings"
    };
    Err(reason.to_owned())
}

fn pair(one: &ConfigurationSummary, other: &ConfigurationSummary) -> Result<Pair, String> {
    let epochs = (one.configuration.epochs, other.configuration.epochs);
    if epochs.0 != epochs.1 {
        return Err(format!(
            "a run has {} epochs in the first and {} in the second",
            epochs.0, epochs.1
        ));
    }
    let (Some(first), Some(second)) = (one.estimate(JUDGED), other.estimate(JUDGED)) else {
        return Err("one of them has no run that counts".to_owned());
    };
    let logs = (logs(one), logs(other));
    let test = unpaired_test(&logs.1, &logs.0, 0);
    Ok(Pair {
        name: one.configuration.name.clone(),
        times: [first, second],
        ratio: ratio(one, other, JUDGED).ok_or("its times cannot be divided")?,
        epoch_ratio: ratio(one, other, Metric::MeanEpochSeconds),
        cliffs_delta: cliffs_delta(&logs.1, &logs.0),
        p_value: test.map_or(1.0, |test| test.p_value),
        adjusted_p: 1.0,
        verdict: PairVerdict::NotToldApart,
    })
}

fn values(summary: &ConfigurationSummary, metric: Metric) -> Vec<f64> {
    let points = summary.points.iter();
    points.filter_map(|run| run.value(metric)).collect()
}

fn logs(summary: &ConfigurationSummary) -> Vec<f64> {
    let times = values(summary, JUDGED);
    times.iter().map(|time| time.ln()).collect()
}

/// Mean of the second divided by mean of the first.
fn ratio(
    one: &ConfigurationSummary,
    other: &ConfigurationSummary,
    metric: Metric,
) -> Option<Ratio> {
    let (first, second) = (values(one, metric), values(other, metric));
    let ratio = mean(&second)? / mean(&first)?;
    ratio.is_finite().then(|| Ratio {
        ratio,
        interval: Bootstrap::default().independent_ratio_interval(&second, &first),
    })
}

/// Corrects for all pairs, and says what is found: only where test and interval agree.
fn judge(pairs: &mut [Pair]) {
    let p_values: Vec<f64> = pairs.iter().map(|pair| pair.p_value).collect();
    for (pair, adjusted) in pairs.iter_mut().zip(holm(&p_values)) {
        pair.adjusted_p = adjusted;
        pair.verdict = match pair.ratio.interval {
            Some(interval) if adjusted <= ALPHA && interval.high < 1.0 => PairVerdict::Faster,
            Some(interval) if adjusted <= ALPHA && interval.low > 1.0 => PairVerdict::Slower,
            _ => PairVerdict::NotToldApart,
        };
    }
}

/// Why the test can find nothing, where it cannot.
fn too_few(pairs: &[Pair]) -> Option<String> {
    let smallest = pairs
        .iter()
        .map(|pair| smallest_unpaired_p(pair.times[0].runs, pair.times[1].runs))
        .min_by(f64::total_cmp)?;
    (smallest * pairs.len() as f64 > ALPHA).then(|| {
        format!(
            "with so few runs no difference can be found among {} comparisons: the smallest p-value \
             possible is {smallest:.4} each; the ratios stand for themselves",
            pairs.len()
        )
    })
}
