//! Time since a job's arrival, less what is no part of training.

use std::time::Instant;

/// A clock that was started when the job arrived.
pub(crate) struct Clock {
    start: Instant,
    /// Seconds that establishing the state of the page cache took, with opening stores anew for it.
    pub(crate) cache: f64,
    /// Seconds of evaluation.
    pub(crate) evaluation: f64,
    observation: f64,
}

/// What is no part of the training time.
#[derive(Clone, Copy)]
pub(crate) enum Excluded {
    Cache,
    Evaluation,
    Observation,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self {
            start: Instant::now(),
            cache: 0.0,
            evaluation: 0.0,
            observation: 0.0,
        }
    }

    /// Does something whose time is counted apart.
    pub(crate) fn leave_out<T>(&mut self, what: Excluded, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = work();
        let seconds = start.elapsed().as_secs_f64();
        match what {
            Excluded::Cache => self.cache += seconds,
            Excluded::Evaluation => self.evaluation += seconds,
            Excluded::Observation => self.observation += seconds,
        }
        result
    }

    /// Seconds of training so far.
    pub(crate) fn training_seconds(&self) -> f64 {
        self.start.elapsed().as_secs_f64() - self.cache - self.evaluation - self.observation
    }
}
