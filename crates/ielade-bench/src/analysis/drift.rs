//! Drift: whether runs became slower or faster over the experiment.

use super::{ConfigurationSummary, Interval, JUDGED, Ratio};
use crate::statistics::{Trend, mean, trend};
use serde::{Deserialize, Serialize};

/// p-value below which a drift is told.
const TOLD: f64 = 0.01;

/// How total training times changed over the order of the runs.
///
/// Each run's log time less its configuration's mean is what is left when layouts are taken out.
/// Runs of one block share a mood, so the trend is one of means over as many consecutive runs as
/// there are configurations: a block, where nothing was repeated. Comparisons within blocks are
/// hardly touched by a drift, as every block holds every configuration in random order.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    /// Runs.
    pub runs: u32,
    /// The trend of the means of log times, a block.
    pub trend: Trend,
    /// Time in the last block divided by time in the first, along the trend.
    pub change: Ratio,
}

impl Drift {
    /// The drift over all runs of these configurations; `None` for fewer than four blocks and where
    /// all are equally fast.
    pub(super) fn of(summaries: &[&ConfigurationSummary]) -> Option<Self> {
        let mut left: Vec<(u32, f64)> = summaries
            .iter()
            .flat_map(|summary| residuals(summary))
            .collect();
        left.sort_by_key(|(sequence, _)| *sequence);
        let values: Vec<f64> = left.iter().map(|(_, value)| *value).collect();
        let means: Vec<f64> = values
            .chunks(summaries.len().max(1))
            .filter_map(mean)
            .collect();
        let trend = trend(&means)?;
        let steps = means.len() as f64 - 1.0;
        let change = |slope: f64| (slope * steps).exp();
        Some(Self {
            runs: values.len() as u32,
            change: Ratio {
                ratio: change(trend.slope),
                interval: Some(Interval {
                    low: change(trend.slope_interval.low),
                    high: change(trend.slope_interval.high),
                }),
            },
            trend,
        })
    }

    /// True where chance alone hardly explains it.
    pub fn is_told(&self) -> bool {
        self.trend.p_value < TOLD
    }
}

/// Log times of a configuration's runs less their mean, by their place in the experiment.
fn residuals(summary: &ConfigurationSummary) -> Vec<(u32, f64)> {
    let logs: Vec<(u32, f64)> = summary
        .points
        .iter()
        .filter_map(|point| Some((point.sequence, point.value(JUDGED)?.ln())))
        .filter(|(_, log)| log.is_finite())
        .collect();
    let values: Vec<f64> = logs.iter().map(|(_, log)| *log).collect();
    let centre = mean(&values).unwrap_or(0.0);
    let less = |(sequence, log)| (sequence, log - centre);
    logs.into_iter().map(less).collect()
}
