//! Runs that were disturbed are repeated at the end, up to a limit.
//!
//! What has been attempted is counted from the records alone, so that a session that is killed
//! during its repeats is continued like any other.

use crate::record::{Outcome, RunRecord};
use std::collections::BTreeMap;

/// How often each run (block and configuration) was attempted, and with what result.
#[derive(Debug, Clone, Default)]
pub(super) struct Attempts(BTreeMap<(u32, u32), Attempt>);

/// One run's attempts.
#[derive(Debug, Clone, Copy, Default)]
struct Attempt {
    /// Place within its block.
    position: u32,
    /// Attempts that have ended, well or badly.
    ended: u32,
    /// Attempts that completed on a busy machine.
    busy: u32,
    /// Whether one completed undisturbed.
    quiet: bool,
}

impl Attempts {
    /// Takes an attempt in.
    pub(super) fn count(&mut self, run: &RunRecord) {
        let attempt = self.0.entry((run.block, run.configuration)).or_default();
        attempt.position = run.position;
        attempt.ended += 1;
        if run.outcome == Outcome::Completed {
            if run.is_busy() {
                attempt.busy += 1;
            } else {
                attempt.quiet = true;
            }
        }
    }

    /// How often a run has been attempted.
    pub(super) fn of(&self, block: u32, configuration: u32) -> u32 {
        let attempt = self.0.get(&(block, configuration));
        attempt.map_or(0, |attempt| attempt.ended)
    }

    /// Block, position and configuration of runs that completed on a busy machine only, and have
    /// been repeated less than `most` times, in the order in which they were drawn.
    pub(super) fn to_repeat(&self, most: u32) -> Vec<(u32, u32, u32)> {
        let disturbed = self
            .0
            .iter()
            .filter(|(_, attempt)| !attempt.quiet && attempt.busy > 0 && attempt.busy <= most);
        let mut runs: Vec<(u32, u32, u32)> = disturbed
            .map(|((block, configuration), attempt)| (*block, attempt.position, *configuration))
            .collect();
        runs.sort_unstable();
        runs
    }
}
