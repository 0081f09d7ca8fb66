//! Analyses put together by hand, with the figures that a test is about.

use crate::sample;
use ielade_bench::{
    analysis::{
        Analysis, ConfigurationSummary, ConsumerGroup, Estimate, FailedRun, Family, Interval,
        Metric, Ratio, Test,
    },
    record::Configuration,
};
use ielade_core::{
    training::{ModelName, TrainingSettings},
    worker_protocol::{BatchOrigin, CacheState, Consumer},
};

/// One layout of a contest.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    layout: &'static str,
    seconds: f64,
    half_width: Option<f64>,
    ratio: Option<(f64, Option<(f64, f64)>)>,
    runs: u32,
}

impl Entry {
    /// A layout with ten runs of `seconds` total time, give or take `half_width`.
    pub(crate) const fn new(layout: &'static str, seconds: f64, half_width: f64) -> Self {
        Self {
            layout,
            seconds,
            half_width: Some(half_width),
            ratio: None,
            runs: 10,
        }
    }

    /// A layout with `runs` runs, too few for an interval.
    pub(crate) const fn with_few_runs(layout: &'static str, seconds: f64, runs: u32) -> Self {
        Self {
            layout,
            seconds,
            half_width: None,
            ratio: None,
            runs,
        }
    }

    /// A layout without a completed run.
    pub(crate) const fn without_runs(layout: &'static str) -> Self {
        Self::with_few_runs(layout, f64::NAN, 0)
    }

    /// With a ratio to the baseline and its interval.
    pub(crate) const fn ratio(self, ratio: f64, low: f64, high: f64) -> Self {
        Self {
            ratio: Some((ratio, Some((low, high)))),
            ..self
        }
    }

    /// With a ratio to the baseline that has no interval.
    pub(crate) const fn bare_ratio(self, ratio: f64) -> Self {
        Self {
            ratio: Some((ratio, None)),
            ..self
        }
    }

    fn estimate(self) -> Option<Estimate> {
        (self.runs > 0).then(|| Estimate {
            runs: self.runs,
            mean: self.seconds,
            median: self.seconds,
            standard_deviation: 0.1,
            interval: self.half_width.map(|half| Interval {
                low: self.seconds - half,
                high: self.seconds + half,
            }),
        })
    }

    fn summary(self, consumer: &Consumer) -> ConfigurationSummary {
        let ratio = self.ratio.map(|(ratio, interval)| Ratio {
            ratio,
            interval: interval.map(|(low, high)| Interval { low, high }),
        });
        let failure = FailedRun {
            block: 0,
            message: "no such store".to_owned(),
        };
        ConfigurationSummary {
            configuration: Configuration {
                name: format!("{} · {}", self.layout, consumer.label()),
                layout: sample::layout(self.layout),
                consumer: consumer.clone(),
                epochs: 3,
                cache: CacheState::Warm,
                origin: BatchOrigin::Store,
                control: false,
            },
            completed: self.runs,
            failures: vec![failure; if self.runs == 0 { 2 } else { 0 }],
            estimates: self
                .estimate()
                .map(|estimate| (Metric::TrainingSeconds, estimate))
                .into_iter()
                .collect(),
            ratios: ratio
                .map(|ratio| (Metric::TrainingSeconds, ratio))
                .into_iter()
                .collect(),
            points: Vec::new(),
            bad_samples: Vec::new(),
            outliers: Vec::new(),
            left_out: Vec::new(),
            epochs: Vec::new(),
            first_to_later: None,
        }
    }
}

pub(crate) fn cnn() -> Consumer {
    Consumer::Model(TrainingSettings::of(ModelName::Cnn))
}

/// The layouts that were run with one consumer.
pub(crate) fn group(consumer: &Consumer, entries: &[Entry]) -> ConsumerGroup {
    ConsumerGroup {
        name: consumer.label(),
        consumer: consumer.label(),
        summaries: entries
            .iter()
            .map(|entry| entry.summary(consumer))
            .collect(),
        ..ConsumerGroup::default()
    }
}

/// An experiment with these groups, compared with `files/jpeg`.
pub(crate) fn analysis(groups: Vec<ConsumerGroup>) -> Analysis {
    Analysis {
        experiment: sample::experiment(),
        complete_blocks: 10,
        baseline: sample::layout("files/jpeg"),
        groups,
        family: Family {
            comparisons: 0,
            alpha: 0.05,
            band: 0.05,
            test: Test::SignFlip,
            trap: None,
        },
        splits: Vec::new(),
        stalls: Vec::new(),
        drift: None,
        warnings: Vec::new(),
    }
}
