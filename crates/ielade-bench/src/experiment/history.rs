//! What has been run so far, by the records.

use super::repeats::Attempts;
use crate::{
    pilot::Pilot,
    record::{Configuration, Outcome, RunRecord},
    statistics::mean,
};
use std::collections::HashSet;

/// What has been run so far.
#[derive(Debug)]
pub(super) struct RunHistory {
    /// Block and configuration of every run that counts.
    pub(super) completed: HashSet<(u32, u32)>,
    /// Runs that failed in this session.
    pub(super) failed: u32,
    /// One entry a configuration.
    configurations: Vec<ConfigurationHistory>,
    /// How often each run was attempted.
    pub(super) attempts: Attempts,
    /// The runs that count, with their times.
    pub(super) pilot: Pilot,
    /// Whether a person has been told in this session that the machine is busy.
    pub(super) told_busy: bool,
    /// Whether a person has been told in this session of a cache in another state.
    pub(super) told_cache: bool,
    /// Whether a person has been told what to expect, in this session or an earlier one.
    pub(super) told_forecast: bool,
}

#[derive(Debug, Clone, Copy, Default)]
struct ConfigurationHistory {
    completed: u32,
    seconds: f64,
    failures_in_a_row: u32,
}

impl RunHistory {
    pub(super) fn of(configurations: &[Configuration]) -> Self {
        Self {
            completed: HashSet::new(),
            failed: 0,
            configurations: vec![ConfigurationHistory::default(); configurations.len()],
            attempts: Attempts::default(),
            pilot: Pilot::without_runs(configurations),
            told_busy: false,
            told_cache: false,
            told_forecast: false,
        }
    }

    pub(super) fn is_complete(&self, block: u32, configuration: u32) -> bool {
        self.completed.contains(&(block, configuration))
    }

    /// Takes in a run of an earlier session.
    pub(super) fn add(&mut self, run: &RunRecord) -> Result<(), String> {
        if run.configuration as usize >= self.configurations.len() {
            return Err(format!(
                "a run names configuration {}, and there are {}",
                run.configuration,
                self.configurations.len()
            ));
        }
        if run.outcome == Outcome::Completed {
            self.count(run);
        } else {
            self.attempts.count(run);
            self.pilot.add(run);
        }
        Ok(())
    }

    /// Counts a run, and gives the failures of its configuration in a row.
    pub(super) fn count(&mut self, run: &RunRecord) -> u32 {
        self.attempts.count(run);
        self.pilot.add(run);
        let history = &mut self.configurations[run.configuration as usize];
        if run.outcome == Outcome::Completed {
            // A repeat is no further run.
            if self.completed.insert((run.block, run.configuration)) {
                history.completed += 1;
                history.seconds += run.process_seconds;
            }
            history.failures_in_a_row = 0;
        } else {
            self.failed += 1;
            history.failures_in_a_row += 1;
        }
        history.failures_in_a_row
    }

    /// Seconds of all runs that are missing, by the mean of their configuration, or of all
    /// configurations for one that has not run yet.
    pub(super) fn seconds_left(&self, blocks: u32) -> Option<f64> {
        let known = self.configurations.iter().filter(|one| one.completed > 0);
        let means: Vec<f64> = known
            .map(|one| one.seconds / f64::from(one.completed))
            .collect();
        let usual = mean(&means)?;
        let left = self.configurations.iter().map(|one| {
            let missing = blocks.saturating_sub(one.completed);
            let each = match one.completed {
                0 => usual,
                count => one.seconds / f64::from(count),
            };
            f64::from(missing) * each
        });
        Some(left.sum())
    }
}

#[cfg(test)]
mod tests {
    use super::{ConfigurationHistory, RunHistory};
    use crate::plan::{ConsumerPlan, DataPlan, Plan};
    use ielade_core::worker_protocol::Consumer;

    fn plan() -> Plan {
        let layouts = ["npy/u8", "npy/f16", "npy/f32"].map(|name| name.parse().unwrap());
        let consumers = vec![ConsumerPlan::of(Consumer::None)];
        Plan::new("p", DataPlan::of("demo"), layouts.to_vec(), consumers).unwrap()
    }

    #[test]
    fn the_time_left_counts_each_configuration_by_its_own_mean() {
        let mut history = RunHistory::of(&plan().configurations()[..3]);
        assert_eq!(history.seconds_left(10), None);
        let ran = |completed, seconds| ConfigurationHistory {
            completed,
            seconds,
            failures_in_a_row: 0,
        };
        history.configurations = vec![ran(4, 8.0), ran(9, 36.0), ran(0, 0.0)];
        // 6 runs of 2 s, 1 of 4 s, and 10 of which only the mean of the others (3 s) is known.
        assert_eq!(history.seconds_left(10), Some(12.0 + 4.0 + 30.0));
    }
}
