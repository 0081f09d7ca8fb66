//! The bar over an experiment's runs.

use super::forecast;
use crate::progress;
use ielade::{
    bench::{
        experiment::{Progress, RunPlace, Standing},
        pilot::Forecast,
        plan::Plan,
        precision::Widest,
        record::{Outcome, RunRecord},
    },
    core::worker_protocol::Event,
};
use indicatif::ProgressBar;
use std::time::Duration;

/// One bar: runs done, the current run, the time left by the runs so far.
pub(super) struct RunProgress<'a> {
    bar: ProgressBar,
    plan: &'a Plan,
}

impl<'a> RunProgress<'a> {
    pub(super) fn new(standing: Standing, plan: &'a Plan) -> Self {
        let bar = progress::runs(standing.total.into());
        bar.enable_steady_tick(Duration::from_millis(500));
        let shown = Self { bar, plan };
        shown.stand(&standing);
        shown
    }

    fn stand(&self, standing: &Standing) {
        self.bar.set_length(standing.total.into());
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

impl Progress for RunProgress<'_> {
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

    fn forecast(&mut self, found: &Forecast) {
        self.bar.suspend(|| {
            for line in forecast::lines(self.plan, found) {
                eprintln!("{line}");
            }
        });
    }

    fn precision(&mut self, blocks: u32, widest: &Widest) {
        let line = forecast::precision_line(self.plan, blocks, widest);
        self.bar.suspend(|| eprintln!("{line}"));
    }

    fn warning(&mut self, message: &str) {
        self.bar.suspend(|| eprintln!("warning: {message}"));
    }
}
