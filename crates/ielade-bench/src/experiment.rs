//! Runs an experiment, from its first run or from where it was interrupted.
//!
//! The record log is the only state: what is in it has happened, what is not is still to be run.
//! A run that was interrupted leaves nothing and is run again; a run that failed is recorded, and
//! is tried again when the same command is given again; a completed run is never run twice, but
//! where the machine did other work meanwhile: such a run is marked and repeated at the end, up to
//! the plan's `most_repeats`. Where the plan asks for a precision (`target_ci`), blocks are added
//! until the intervals of all runs so far are that narrow, or there are `most_blocks`.

mod difference;
mod error;
mod history;
mod progress;
mod repeats;
mod run_record;
mod stores;

use crate::{
    busy::{BusyLimits, MachineWatch, Watch},
    environment::load_average,
    memory_group::MemoryGroups,
    plan::{MemoryLimit, Plan},
    precision::{self, Widest},
    record::{
        Configuration, DataSetSummary, Environment, ExperimentRecord, Record, RunMark, RunRecord,
        SessionRecord, StoreSummary,
    },
    records::RecordLog,
    schedule::{block_order, run_seed},
    worker::{Limits, WorkerCommand, run_worker},
};
use history::RunHistory;
use ielade_core::{
    ForeignNames, Split,
    timestamp::rfc3339,
    worker_protocol::{Consumer, Job, PROTOCOL_VERSION},
};
use run_record::{RunContext, run_record};
use std::{
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, SystemTime},
};
use stores::StoreLocator;

pub use error::ExperimentError;
pub use progress::{Progress, RunPlace, SessionEnd, Silent, Standing};

/// Version of the records that this crate writes and reads.
pub const RECORD_FORMAT_VERSION: u32 = 1;

/// Blocks that tell what to expect of the others.
const PILOT_BLOCKS: u32 = 2;

/// How long a quiet machine is waited for before a run.
const PATIENCE: Duration = Duration::from_secs(10);
/// Failures of one configuration in a row after which a person is told.
const FAILURES_TO_WARN: u32 = 3;

/// All that defines an experiment besides the folder of its records.
#[derive(Debug, Clone, PartialEq)]
pub struct Setup {
    /// Name and version of the program.
    pub program: String,
    /// What is to be run.
    pub plan: Plan,
    /// The images.
    pub data_set: DataSetSummary,
    /// One store to train from for each layout, and at most one to evaluate on, of whatever
    /// split has labels.
    pub stores: Vec<StoreSummary>,
    /// How a worker is started.
    pub worker: WorkerCommand,
}

/// An experiment with its records open for writing.
#[derive(Debug)]
pub struct Experiment {
    setup: Setup,
    configurations: Vec<Configuration>,
    stores: StoreLocator,
    log: RecordLog,
    runs: RunHistory,
    /// Blocks to run, as far as is known: the plan's, and those that were added.
    blocks: u32,
    memory: Option<MemoryGroups>,
    warnings: Vec<String>,
    watch: Box<dyn Watch>,
}

impl Experiment {
    /// Opens the experiment in `folder`: a new one where there are no records, otherwise the one
    /// whose records are there.
    ///
    /// # Errors
    /// Where the plan breaks a rule, a store is missing, memory cannot be limited as it asks, the
    /// records cannot be opened, or they are of another plan or of stores that have been made again.
    pub fn create_or_continue(folder: &Path, setup: Setup) -> Result<Self, ExperimentError> {
        setup.plan.validate()?;
        let stores = StoreLocator::of(&setup.plan, &setup.stores)?;
        let configurations = setup.plan.configurations();
        let memory = setup.plan.memory_limit.map(MemoryLimit::bytes);
        let memory = memory.map(MemoryGroups::of).transpose()?;
        let (log, found) = RecordLog::open(folder)?;
        let warnings = found.torn.iter().map(ToString::to_string).collect();
        let watch =
            MachineWatch::of_this_machine(&setup.plan.data.stores, BusyLimits::default(), PATIENCE);
        let mut experiment = Self {
            watch: Box::new(watch),
            runs: RunHistory::of(&configurations),
            blocks: setup.plan.blocks,
            memory,
            configurations,
            stores,
            log,
            warnings,
            setup,
        };
        match found.records.split_first() {
            None => experiment.begin()?,
            Some((first, rest)) => experiment.resume(folder, first, rest)?,
        }
        Ok(experiment)
    }

    /// Lets somebody else than [`MachineWatch`] decide whether the machine is busy.
    #[must_use]
    pub fn watched_by(mut self, watch: Box<dyn Watch>) -> Self {
        self.watch = watch;
        self
    }

    /// What should be known before the experiment goes on, for example that a line was torn.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// How far the experiment is.
    pub fn standing(&self) -> Standing {
        let total = self.blocks * self.configurations.len() as u32;
        Standing {
            completed: self.runs.completed.len() as u32,
            failed: self.runs.failed,
            total,
            seconds_left: self.runs.seconds_left(self.blocks),
        }
    }

    /// Runs everything that is not complete, block after block, adds blocks where intervals are to
    /// be narrower, then repeats what was disturbed, until the end or until `stop` is true.
    ///
    /// # Errors
    /// Where a worker cannot be started or a record not be written. All runs before that are in
    /// the records.
    pub fn run(
        &mut self,
        progress: &mut dyn Progress,
        stop: &AtomicBool,
    ) -> Result<SessionEnd, ExperimentError> {
        self.runs.failed = 0;
        let is_complete = self.open_runs(0).is_empty() && !self.needs_blocks();
        if is_complete && self.runs_to_repeat().is_empty() {
            return Ok(SessionEnd::Finished(self.standing()));
        }
        self.runs.pilot.session_begins();
        self.log.append(&Record::Session(Box::new(SessionRecord {
            at: rfc3339(SystemTime::now()),
            runs_before: self.standing().completed,
            environment: self.environment(),
        })))?;
        let mut goes_on = self.run_blocks(progress, stop)?;
        for _ in 0..self.setup.plan.most_repeats {
            goes_on = goes_on && self.run_all(self.runs_to_repeat(), progress, stop)?;
        }
        Ok(if goes_on {
            SessionEnd::Finished(self.standing())
        } else {
            SessionEnd::Interrupted(self.standing())
        })
    }

    /// Runs all blocks, and adds some until the intervals are narrow enough; false where it was
    /// stopped on request.
    fn run_blocks(
        &mut self,
        progress: &mut dyn Progress,
        stop: &AtomicBool,
    ) -> Result<bool, ExperimentError> {
        let mut from = 0;
        loop {
            if !self.run_all(self.open_runs(from), progress, stop)? {
                return Ok(false);
            }
            if let Some(widest) = self.widest() {
                progress.precision(self.blocks, &widest);
            }
            if !self.needs_blocks() {
                return Ok(true);
            }
            from = self.blocks;
            self.blocks += 1;
        }
    }

    /// The widest interval, where the plan asks for a precision.
    fn widest(&self) -> Option<Widest> {
        self.setup.plan.target_ci?;
        precision::widest(&self.setup.plan, &self.runs.pilot)
    }

    /// True where intervals are too wide and the plan allows more blocks.
    fn needs_blocks(&self) -> bool {
        let target = self.setup.plan.target_ci.unwrap_or(f64::INFINITY);
        self.blocks < self.setup.plan.block_limit()
            && self
                .widest()
                .is_some_and(|widest| widest.half_width > target)
    }

    /// True where the first two blocks are complete.
    fn has_pilot(&self) -> bool {
        !self.open_runs(0).iter().any(|run| run.0 < PILOT_BLOCKS)
    }

    /// Tells what the first two blocks say of the others, in the session that completes them.
    fn tell_forecast(&mut self, progress: &mut dyn Progress) {
        let is_wanted = self.setup.plan.blocks > PILOT_BLOCKS && !self.runs.told_forecast;
        if !is_wanted || !self.has_pilot() {
            return;
        }
        self.runs.told_forecast = true;
        if let Some(forecast) = self.runs.pilot.forecast(&self.setup.plan) {
            progress.forecast(&forecast);
        }
    }

    /// Runs these once each; false where it was stopped on request.
    fn run_all(
        &mut self,
        runs: Vec<(u32, u32, u32)>,
        progress: &mut dyn Progress,
        stop: &AtomicBool,
    ) -> Result<bool, ExperimentError> {
        for run in runs {
            if stop.load(Ordering::Relaxed) || !self.run_one(run, progress, stop)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Runs that were disturbed, and may be repeated.
    fn runs_to_repeat(&self) -> Vec<(u32, u32, u32)> {
        self.runs.attempts.to_repeat(self.setup.plan.most_repeats)
    }

    fn environment(&self) -> Environment {
        Environment::read(&self.setup.plan.data.stores)
    }

    fn begin(&mut self) -> Result<(), ExperimentError> {
        let record = ExperimentRecord {
            format_version: RECORD_FORMAT_VERSION,
            program: self.setup.program.clone(),
            created: rfc3339(SystemTime::now()),
            plan: self.setup.plan.clone(),
            configurations: self.configurations.clone(),
            data_set: self.setup.data_set.clone(),
            stores: self.setup.stores.clone(),
            environment: self.environment(),
        };
        Ok(self.log.append(&Record::Experiment(Box::new(record)))?)
    }

    fn resume(
        &mut self,
        folder: &Path,
        first: &Record,
        rest: &[Record],
    ) -> Result<(), ExperimentError> {
        let unusable = |reason: String| ExperimentError::Unusable {
            folder: folder.to_owned(),
            reason,
        };
        let Record::Experiment(experiment) = first else {
            return Err(unusable(
                "the first line does not say what the experiment is".to_owned(),
            ));
        };
        if experiment.format_version != RECORD_FORMAT_VERSION {
            return Err(unusable(format!(
                "they are of format {}, this program writes format {RECORD_FORMAT_VERSION}",
                experiment.format_version
            )));
        }
        if let Some(differences) = difference::between(experiment, &self.setup) {
            return Err(ExperimentError::Different {
                folder: folder.to_owned(),
                differences,
            });
        }
        for record in rest {
            if let Record::Run(run) = record {
                self.runs.add(run).map_err(unusable)?;
                let most = self.setup.plan.block_limit();
                self.blocks = self.blocks.max(run.block.saturating_add(1)).min(most);
            } else if let Record::Session(_) = record {
                self.runs.pilot.session_begins();
            }
        }
        self.runs.told_forecast = self.has_pilot();
        Ok(())
    }

    /// Block, position and configuration of all runs that are not complete, from a block on.
    fn open_runs(&self, from: u32) -> Vec<(u32, u32, u32)> {
        let plan = &self.setup.plan;
        let count = self.configurations.len() as u32;
        (from..self.blocks)
            .flat_map(|block| {
                let order = block_order(plan.seed, block, count);
                (0..count)
                    .zip(order)
                    .map(move |(position, configuration)| (block, position, configuration))
            })
            .filter(|(block, _, configuration)| !self.runs.is_complete(*block, *configuration))
            .collect()
    }

    /// Runs one configuration once; false where it was stopped on request.
    fn run_one(
        &mut self,
        (block, position, index): (u32, u32, u32),
        progress: &mut dyn Progress,
        stop: &AtomicBool,
    ) -> Result<bool, ExperimentError> {
        let configuration = self.configurations[index as usize].clone();
        let place = RunPlace {
            configuration: &configuration,
            configuration_index: index,
            block,
            position,
        };
        progress.run_started(&place, &self.standing());
        let disturbed_before = self.busy_before(stop);
        let started = rfc3339(SystemTime::now());
        let load_before = load_average();
        let timeout = Duration::from_secs(self.setup.plan.timeout_seconds);
        let limits = Limits {
            memory: self.memory.as_ref(),
            ..Limits::new(timeout, stop)
        };
        let job = self.job(&configuration, block);
        let run = run_worker(&self.setup.worker, &job, limits, &mut |event| {
            progress.event(&place, event);
        })?;
        let Some(outcome) = run.outcome() else {
            return Ok(false);
        };
        let disturbed = self.watch.after(index, &run.probe);
        let context = RunContext {
            started,
            load_before,
            outcome,
            attempt: self.runs.attempts.of(block, index),
            disturbed: [disturbed_before, disturbed],
        };
        let record = run_record(&place, context, run);
        self.log.append(&Record::Run(Box::new(record.clone())))?;
        let failures_in_a_row = self.runs.count(&record);
        progress.run_ended(&place, &record, &self.standing());
        self.warn_if_busy(&record, progress);
        self.warn_if_not_established(&record, &configuration, progress);
        self.tell_forecast(progress);
        if failures_in_a_row == FAILURES_TO_WARN {
            progress.warning(&format!(
                "{} failed {FAILURES_TO_WARN} times in a row; the others go on",
                configuration.name
            ));
        }
        Ok(true)
    }

    /// What disturbs a run that is about to begin. Where nothing is to be repeated, nobody waits
    /// for a quiet machine.
    fn busy_before(&mut self, stop: &AtomicBool) -> Option<String> {
        if self.setup.plan.most_repeats == 0 {
            return None;
        }
        self.watch.before(stop)
    }

    /// Tells of a busy machine, once a session.
    fn warn_if_busy(&mut self, record: &RunRecord, progress: &mut dyn Progress) {
        let busy = record.marks.iter().find_map(RunMark::busy);
        if let (Some(what), false) = (busy, self.runs.told_busy) {
            self.runs.told_busy = true;
            progress.warning(&format!(
                "the machine does other work ({what}); such runs are marked, and repeated at the \
                 end {} times at most",
                self.setup.plan.most_repeats
            ));
        }
    }

    /// Tells of runs that do not count for the state of the cache, once a session.
    fn warn_if_not_established(
        &mut self,
        record: &RunRecord,
        configuration: &Configuration,
        progress: &mut dyn Progress,
    ) {
        let mark = record.marks.iter().find(|mark| mark.leaves_out());
        if let (Some(RunMark::CacheNotEstablished { residency, .. }), false) =
            (mark, self.runs.told_cache)
        {
            self.runs.told_cache = true;
            progress.warning(&format!(
                "the cache was not {} before an epoch of {}: it held {:.1} % of the store; such runs \
                 are marked, and left out of comparisons",
                configuration.cache,
                configuration.name,
                residency * 100.0
            ));
        }
    }

    fn job(&self, configuration: &Configuration, block: u32) -> Job {
        let plan = &self.setup.plan;
        let (train, test) = self.stores.of_layout(&configuration.layout);
        let evaluates = matches!(configuration.consumer, Consumer::Model(_));
        Job {
            protocol: PROTOCOL_VERSION,
            train_store: train.to_owned(),
            test_store: test.filter(|_| evaluates).map(Path::to_owned),
            names: ForeignNames::default(),
            loader: plan.loader.clone(),
            consumer: configuration.consumer.clone(),
            epochs: configuration.epochs,
            seed: run_seed(plan.seed, block),
            cache: configuration.cache,
            batches: configuration.origin,
            memory_limit: plan.memory_limit.map(MemoryLimit::bytes),
            save_weights: None,
        }
    }
}

/// True where a store is trained from, and not evaluated on.
fn is_for_training(store: &StoreSummary) -> bool {
    store.split == Split::Train
}

#[cfg(test)]
mod tests {
    use super::{Experiment, ExperimentError, RunHistory, Setup, Silent, StoreLocator};
    use crate::{
        busy::Unwatched,
        plan::{ConsumerPlan, DataPlan, Plan},
        record::{DataSetSummary, StoreSummary},
        records::RecordLog,
        worker::WorkerCommand,
    };
    use ielade_core::{Split, worker_protocol::Consumer};
    use std::sync::atomic::AtomicBool;

    fn plan() -> Plan {
        let layouts = ["npy/u8", "npy/f16", "npy/f32"].map(|name| name.parse().unwrap());
        let consumers = vec![ConsumerPlan::of(Consumer::None)];
        Plan::new("p", DataPlan::of("demo"), layouts.to_vec(), consumers).unwrap()
    }

    #[test]
    fn a_full_disk_ends_the_experiment_before_a_run_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let plan = plan();
        let stores: Vec<StoreSummary> = plan
            .layouts
            .iter()
            .map(|layout| StoreSummary {
                layout: layout.clone(),
                split: Split::Train,
                path: String::new(),
                count: 1,
                bytes: 1,
                prepare_seconds: 0.0,
                manifest_digest: String::new(),
            })
            .collect();
        let mut experiment = Experiment {
            configurations: plan.configurations(),
            stores: StoreLocator::of(&plan, &stores).unwrap(),
            log: RecordLog::on_a_full_disk(folder.path()),
            runs: RunHistory::of(&plan.configurations()),
            blocks: plan.blocks,
            memory: None,
            warnings: Vec::new(),
            watch: Box::new(Unwatched),
            setup: Setup {
                program: "test 1".to_owned(),
                plan,
                data_set: DataSetSummary {
                    name: "demo".to_owned(),
                    classes: Vec::new(),
                    train_samples: 1,
                    test_samples: 0,
                    image: String::new(),
                    ..DataSetSummary::default()
                },
                stores,
                worker: WorkerCommand::new("no worker is started"),
            },
        };
        let error = experiment
            .run(&mut Silent, &AtomicBool::new(false))
            .unwrap_err();
        assert!(
            matches!(
                error,
                ExperimentError::Records(crate::records::RecordsError::Append { .. })
            ),
            "{error}"
        );
        assert!(error.to_string().contains("make room"), "{error}");
    }
}
