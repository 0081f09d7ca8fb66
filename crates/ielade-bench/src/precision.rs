//! How narrow the intervals of an experiment are, for plans that add blocks until they are narrow
//! enough (`target_ci`).
//!
//! The figure is the half-width of the 95 % interval of a layout's total training time relative to
//! the baseline's, block by block, and divided by that ratio; where there is nothing but the
//! baseline, that of its mean. An experiment that stops when its intervals are narrow stops a
//! little too early at times: the intervals then hold the true value somewhat less often than
//! they claim. So the plan has a fixed number of blocks that are run in any case.

use crate::{
    analysis::Interval,
    pilot::{Pilot, TimedRun},
    plan::Plan,
    record::Configuration,
    statistics::{Bootstrap, mean},
};
use std::collections::BTreeMap;

/// The interval that is the widest of all.
#[derive(Debug, Clone, PartialEq)]
pub struct Widest {
    /// Name of the configuration.
    pub configuration: String,
    /// Half-width of the interval relative to its middle value; infinite where there are too few
    /// runs for an interval.
    pub half_width: f64,
}

/// The widest interval of all contestants; `None` where there is none: nothing has run, or every
/// run of all but the baseline failed.
pub fn widest(plan: &Plan, runs: &Pilot) -> Option<Widest> {
    let contestants = (0..)
        .zip(&runs.configurations)
        .filter(|(_, one)| one.is_contestant());
    contestants
        .filter_map(|(place, one)| {
            Some(Widest {
                configuration: one.name.clone(),
                half_width: half_width(plan, runs, (place, one))?,
            })
        })
        .max_by(|one, other| one.half_width.total_cmp(&other.half_width))
}

/// Half-width of one configuration; `None` where it has no runs, or others of its group have and it
/// is what they are compared with.
fn half_width(plan: &Plan, runs: &Pilot, (place, one): (u32, &Configuration)) -> Option<f64> {
    let own = by_block(runs, place);
    if own.is_empty() {
        return None;
    }
    if one.layout == plan.baseline {
        let values: Vec<f64> = own.into_values().collect();
        let is_alone = plan.layouts.len() == 1;
        return is_alone
            .then(|| relative(mean(&values), Bootstrap::default().mean_interval(&values)));
    }
    let base = (0..).zip(&runs.configurations).find_map(|(place, other)| {
        let is_base = other.is_contestant()
            && other.layout == plan.baseline
            && other.consumer == one.consumer
            && other.cache == one.cache;
        is_base.then_some(place)
    })?;
    let base = by_block(runs, base);
    if base.is_empty() {
        return None;
    }
    let pairs: Vec<(f64, f64)> = own
        .iter()
        .filter_map(|(block, value)| Some((*value, *base.get(block)?)))
        .collect();
    let (above, below): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    let ratio = mean(&above)
        .zip(mean(&below))
        .map(|(above, below)| above / below);
    Some(relative(
        ratio,
        Bootstrap::default().paired_ratio_interval(&pairs),
    ))
}

fn relative(value: Option<f64>, interval: Option<Interval>) -> f64 {
    match (value, interval) {
        (Some(value), Some(interval)) => (interval.high - interval.low) / 2.0 / value,
        _ => f64::INFINITY,
    }
}

/// Total training time of a configuration in each block.
fn by_block(runs: &Pilot, configuration: u32) -> BTreeMap<u32, f64> {
    let is_meant = |run: &&TimedRun| run.configuration == configuration;
    let runs = runs.runs.iter().filter(is_meant);
    runs.map(|run| (run.block, run.training_seconds)).collect()
}
