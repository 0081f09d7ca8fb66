//! The bar over an experiment's runs.

use crate::progress;
use ielade::{
    bench::{
        experiment::{Progress, RunPlace, Standing},
        record::{Outcome, RunRecord},
    },
    core::worker_protocol::Event,
};
use indicatif::ProgressBar;
use std::time::Duration;

/// One bar: runs done, the current run, the time left by the runs so far.
pub(super) struct RunProgress {
    bar: ProgressBar,
}

impl RunProgress {
    pub(super) fn new(standing: Standing) -> Self {
        let bar = progress::runs(standing.total.into());
        bar.enable_steady_tick(Duration::from_millis(500));
        let shown = Self { bar };
        shown.stand(&standing);
        shown
    }

    fn stand(&self, standing: &Standing) {
        self.bar
            .set_position((standing.completed + standing.failed).into());
        if let Some(seconds) = standing.seconds_left {
            self.bar
                .set_prefix(format!("{} left", progress::duration(seconds)));
        }
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Progress for RunProgress {
    fn run_started(&mut self, run: &RunPlace<'_>, standing: &Standing) {
        self.stand(standing);
        self.bar.set_message(format!(
            "block {}, {}",
            run.block + 1,
            run.configuration.name
        ));
    }

    fn event(&mut self, run: &RunPlace<'_>, event: &Event) {
        if let Event::Epoch(epoch) = event {
            self.bar.set_message(format!(
                "block {}, {}, epoch {} of {}",
                run.block + 1,
                run.configuration.name,
                epoch.epoch + 1,
                run.configuration.epochs
            ));
        }
    }

    fn run_ended(&mut self, run: &RunPlace<'_>, record: &RunRecord, standing: &Standing) {
        if let Outcome::Failed { message, .. } = &record.outcome {
            self.warning(&format!("{} failed: {message}", run.configuration.name));
        }
        self.stand(standing);
    }

    fn warning(&mut self, message: &str) {
        self.bar.suspend(|| eprintln!("warning: {message}"));
    }
}
