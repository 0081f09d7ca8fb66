//! Stall against step time: from which speed of a GPU on a layout starves it.
//!
//! Consumers of a fixed step stand for GPUs of different speed. The *stall* of a run is the share
//! of the time of its epochs in which the consumer waited for a batch, the first batch of each
//! epoch aside: filling the pipeline is paid once an epoch, whatever the speed. The *break-even
//! step* is the longest step at which the stall is 5 %, on straight lines between the step times
//! that were run: at shorter steps the layout starves the consumer, at longer ones it keeps up.

use super::{ConfigurationSummary, Estimate, RunPoint, summary};
use crate::statistics::Bootstrap;
use ielade_core::{
    LayoutId,
    worker_protocol::{CacheState, Consumer},
};
use serde::{Deserialize, Serialize};

/// Stall beyond which a consumer counts as starved.
pub const STARVED: f64 = 0.05;

/// The stall of one layout over all step times, in one state of the cache.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StallCurve {
    /// The layout.
    pub layout: LayoutId,
    /// State of the cache.
    pub cache: CacheState,
    /// By step time, the shortest first.
    pub points: Vec<StallPoint>,
    /// Where the layout begins to keep up; `None` with fewer than two step times.
    pub break_even: Option<BreakEven>,
}

/// The stall at one step time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StallPoint {
    /// Length of a step in milliseconds.
    pub milliseconds: f64,
    /// The GPU and model that take so long, where the plan names them.
    pub profile: Option<String>,
    /// Share of the time waiting for data, 0..1.
    pub share: Estimate,
}

/// The longest step at which a layout stalls its consumer by 5 %.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BreakEven {
    /// So many milliseconds, found in each block and averaged; a block in which it lies outside
    /// the step times that were run counts with the nearest of them.
    At(Estimate),
    /// Below the shortest step that was run, in milliseconds: the layout keeps up with all.
    Below(f64),
    /// Above the longest step that was run, in milliseconds: the layout starves all.
    Above(f64),
}

/// The runs of one layout at one step time.
struct Step<'a> {
    milliseconds: f64,
    profile: Option<&'a str>,
    points: &'a [RunPoint],
}

/// The curves of all layouts and states, in the order of the plan.
pub(super) fn curves<'a>(
    summaries: impl Iterator<Item = &'a ConfigurationSummary>,
    bootstrap: Bootstrap,
) -> Vec<StallCurve> {
    let mut found: Vec<(&LayoutId, CacheState, Vec<Step<'_>>)> = Vec::new();
    for summary in summaries {
        let configuration = &summary.configuration;
        let Consumer::FixedStep {
            milliseconds,
            profile,
        } = &configuration.consumer
        else {
            continue;
        };
        let step = Step {
            milliseconds: *milliseconds,
            profile: profile.as_deref(),
            points: &summary.points,
        };
        let (layout, cache) = (&configuration.layout, configuration.cache);
        let known = found
            .iter_mut()
            .find(|(theirs, state, _)| *theirs == layout && *state == cache);
        match known {
            Some((_, _, steps)) => steps.push(step),
            None => found.push((layout, cache, vec![step])),
        }
    }
    found
        .into_iter()
        .map(|(layout, cache, mut steps)| {
            steps.sort_by(|a, b| a.milliseconds.total_cmp(&b.milliseconds));
            StallCurve {
                layout: layout.clone(),
                cache,
                break_even: break_even(&steps, bootstrap),
                points: steps
                    .iter()
                    .filter_map(|step| step.point(bootstrap))
                    .collect(),
            }
        })
        .collect()
}

impl Step<'_> {
    fn point(&self, bootstrap: Bootstrap) -> Option<StallPoint> {
        let shares: Vec<f64> = self.points.iter().filter_map(|point| point.stall).collect();
        Some(StallPoint {
            milliseconds: self.milliseconds,
            profile: self.profile.map(str::to_owned),
            share: summary::estimate(&shares, bootstrap)?,
        })
    }

    fn of_block(&self, block: u32) -> Option<(f64, f64)> {
        let point = self.points.iter().find(|point| point.block == block)?;
        Some((self.milliseconds, point.stall?))
    }
}

fn break_even(steps: &[Step<'_>], bootstrap: Bootstrap) -> Option<BreakEven> {
    let (shortest, longest) = match steps {
        [first, .., last] => (first.milliseconds, last.milliseconds),
        _ => return None,
    };
    // Blocks in which every step time has a run.
    let blocks = steps[0].points.iter().map(|point| point.block);
    let crossings: Vec<Crossing> = blocks
        .filter_map(|block| {
            let line: Option<Vec<(f64, f64)>> =
                steps.iter().map(|step| step.of_block(block)).collect();
            Some(crossing(&line?))
        })
        .collect();
    if crossings.is_empty() {
        return None;
    }
    if crossings.iter().all(|one| *one == Crossing::Below) {
        return Some(BreakEven::Below(shortest));
    }
    if crossings.iter().all(|one| *one == Crossing::Above) {
        return Some(BreakEven::Above(longest));
    }
    let values: Vec<f64> = crossings
        .into_iter()
        .map(|one| match one {
            Crossing::At(milliseconds) => milliseconds,
            Crossing::Below => shortest,
            Crossing::Above => longest,
        })
        .collect();
    summary::estimate(&values, bootstrap).map(BreakEven::At)
}

/// Where a line of (step, stall) falls to [`STARVED`] for the last time.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Crossing {
    At(f64),
    Below,
    Above,
}

fn crossing(line: &[(f64, f64)]) -> Crossing {
    let Some(last_starved) = line.iter().rposition(|(_, stall)| *stall > STARVED) else {
        return Crossing::Below;
    };
    let Some((longer, keeps_up)) = line.get(last_starved + 1) else {
        return Crossing::Above;
    };
    let (shorter, starved) = line[last_starved];
    let share = (starved - STARVED) / (starved - keeps_up);
    Crossing::At(shorter + share * (longer - shorter))
}

#[cfg(test)]
mod tests {
    use super::{Crossing, crossing};

    #[test]
    fn the_break_even_step_lies_on_the_line_between_two_steps() {
        let line = [(5.0, 0.45), (10.0, 0.25), (20.0, 0.05), (40.0, 0.0)];
        let Crossing::At(found) = crossing(&line) else {
            panic!("it crosses")
        };
        assert!((found - 20.0).abs() < 1e-9, "{found}");
        let Crossing::At(found) = crossing(&[(10.0, 0.15), (20.0, -0.05)]) else {
            panic!("it crosses")
        };
        assert!((found - 15.0).abs() < 1e-9, "{found}");
    }

    #[test]
    fn a_layout_that_always_or_never_keeps_up_has_no_crossing() {
        assert_eq!(crossing(&[(5.0, 0.01), (10.0, 0.0)]), Crossing::Below);
        assert_eq!(crossing(&[(5.0, 0.5), (10.0, 0.2)]), Crossing::Above);
    }
}
