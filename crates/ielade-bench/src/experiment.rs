//! Runs an experiment, from its first run or from where it was interrupted.
//!
//! The record log is the only state: what is in it has happened, what is not is still to be run.
//! A run that was interrupted leaves nothing and is run again; a run that failed is recorded, and
//! is tried again when the same command is given again; a completed run is never run twice, but
//! where the machine did other work meanwhile: such a run is marked and repeated at the end, up to
//! the plan's `most_repeats`. Where the plan asks for a precision (`target_ci`), blocks are added
//! until the intervals of all runs so far are that narrow, or there are `most_blocks`.

mod difference;
mod marks;
mod repeats;
mod stores;

use crate::{
    busy::{BusyLimits, MachineWatch, Watch},
    environment::load_average,
    memory_group::{MemoryGroupError, MemoryGroups},
    pilot::{Forecast, Pilot, TimedRun},
    plan::{MemoryLimit, Plan, PlanError},
    precision::{self, Widest},
    record::{
        Configuration, DataSetSummary, Environment, ExperimentRecord, Outcome, Record, RunMark,
        RunRecord, SessionRecord, StoreSummary,
    },
    records::{RecordLog, RecordsError},
    schedule::{block_order, run_seed},
    worker::{Limits, WorkerCommand, WorkerError, WorkerRun, run_worker},
};
use ielade_core::{
    ForeignNames, LayoutId, Split,
    timestamp::rfc3339,
    worker_protocol::{Consumer, Event, Job, PROTOCOL_VERSION},
};
use repeats::Attempts;
use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, SystemTime},
};
use stores::StoreLocator;

/// Version of the records that this crate writes and reads.
pub const RECORD_FORMAT_VERSION: u32 = 1;

/// Blocks that tell what to expect of the others.
const PILOT_BLOCKS: u32 = 2;

/// How long a quiet machine is waited for before a run.
const PATIENCE: Duration = Duration::from_secs(10);
/// Failures of one configuration in a row after which a person is told.
const FAILURES_TO_WARN: u32 = 3;

/// Why an experiment cannot begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum ExperimentError {
    /// The plan breaks a rule.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// Records cannot be read or written.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// The worker cannot be started.
    #[error(transparent)]
    Worker(#[from] WorkerError),
    /// The memory of workers cannot be limited as the plan asks.
    #[error(transparent)]
    Memory(#[from] MemoryGroupError),
    /// The folder holds another experiment.
    #[error(
        "{} holds another experiment: {differences}; name another folder for this one \
         (--out FOLDER), or continue the old one with its own plan",
        folder.display()
    )]
    Different {
        /// The folder.
        folder: PathBuf,
        /// What differs, in words.
        differences: String,
    },
    /// The log does not begin with the experiment, or is of a newer version.
    #[error("the records in {} cannot be continued: {reason}", folder.display())]
    Unusable {
        /// The folder.
        folder: PathBuf,
        /// Why not.
        reason: String,
    },
    /// A layout has no store to train from.
    #[error("no store of {layout} to train from; prepare it first")]
    NoStore {
        /// The layout.
        layout: LayoutId,
    },
    /// A layout has two stores of one use, so that it is open which one is meant.
    #[error("layout {layout} has more than one store to {purpose}: give one only")]
    ManyStores {
        /// The layout.
        layout: LayoutId,
        /// `train from` or `evaluate on`.
        purpose: &'static str,
    },
}

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

/// One run, before, while or after it takes place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RunPlace<'a> {
    /// What runs.
    pub configuration: &'a Configuration,
    /// Place of the configuration in the plan.
    pub configuration_index: u32,
    /// Block, from 0.
    pub block: u32,
    /// Place within the block, from 0.
    pub position: u32,
}

/// How far an experiment is.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Standing {
    /// Runs that count.
    pub completed: u32,
    /// Runs that failed in this session.
    pub failed: u32,
    /// Runs of the whole experiment.
    pub total: u32,
    /// Seconds until the end, by the mean time of each configuration so far; `None` before the
    /// first run has ended.
    pub seconds_left: Option<f64>,
}

/// Is told what happens; every method may do nothing.
pub trait Progress {
    /// A worker is about to be started.
    fn run_started(&mut self, _run: &RunPlace<'_>, _standing: &Standing) {}
    /// The worker said something.
    fn event(&mut self, _run: &RunPlace<'_>, _event: &Event) {}
    /// The run has ended and its record is on the disk.
    fn run_ended(&mut self, _run: &RunPlace<'_>, _record: &RunRecord, _standing: &Standing) {}
    /// The first two blocks have ended, and tell what the rest can find and how long it takes.
    fn forecast(&mut self, _forecast: &Forecast) {}
    /// All planned blocks have ended, and this is the widest interval; another block follows where
    /// it is too wide and the plan allows it.
    fn precision(&mut self, _blocks: u32, _widest: &Widest) {}
    /// Something that a person should know before the end.
    fn warning(&mut self, _message: &str) {}
}

/// Tells nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {}

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SessionEnd {
    /// Every run was attempted; those that failed are tried again by the next session.
    Finished(Standing),
    /// The session was stopped on request; the next one continues.
    Interrupted(Standing),
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
        self.log.append(&Record::Session(SessionRecord {
            at: rfc3339(SystemTime::now()),
            runs_before: self.standing().completed,
            environment: self.environment(),
        }))?;
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

    /// Tells once what the first two blocks say of the others.
    fn tell_forecast(&mut self, progress: &mut dyn Progress) {
        if self.runs.told_forecast || self.setup.plan.blocks <= PILOT_BLOCKS {
            return;
        }
        let of_pilot = |run: &(u32, u32, u32)| run.0 < PILOT_BLOCKS;
        if self.open_runs(0).iter().any(of_pilot) {
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
            }
        }
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
            marks: busy_marks(disturbed_before, disturbed)
                .into_iter()
                .chain(marks::cache_mark(&configuration, &run))
                .collect(),
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

/// What is known of a run besides what its worker left.
struct RunContext {
    started: String,
    load_before: Option<f64>,
    outcome: Outcome,
    attempt: u32,
    marks: Vec<RunMark>,
}

/// The mark of a run that was disturbed before or while it took place.
fn busy_marks(before: Option<String>, meanwhile: Option<String>) -> Vec<RunMark> {
    let noticed: Vec<String> = before.into_iter().chain(meanwhile).collect();
    if noticed.is_empty() {
        return Vec::new();
    }
    vec![RunMark::BusyMachine {
        what: noticed.join("; "),
    }]
}

fn run_record(place: &RunPlace<'_>, context: RunContext, run: WorkerRun) -> RunRecord {
    RunRecord {
        configuration: place.configuration_index,
        block: place.block,
        position: place.position,
        started: context.started,
        process_seconds: run.process_seconds,
        load_before: context.load_before,
        outcome: context.outcome,
        ready: run.ready,
        epochs: run.epochs,
        done: run.done,
        probe: run.probe,
        series: Some(run.series).filter(|series| !series.seconds.is_empty()),
        marks: context.marks,
        attempt: context.attempt,
    }
}

/// What has been run so far.
#[derive(Debug)]
struct RunHistory {
    /// Block and configuration of every run that counts.
    completed: HashSet<(u32, u32)>,
    /// Runs that failed in this session.
    failed: u32,
    /// One entry a configuration.
    configurations: Vec<ConfigurationHistory>,
    /// How often each run was attempted.
    attempts: Attempts,
    /// The runs that count, with their times.
    pilot: Pilot,
    /// Whether a person has been told in this session that the machine is busy.
    told_busy: bool,
    /// Whether a person has been told in this session of a cache in another state.
    told_cache: bool,
    /// Whether a person has been told in this session what to expect.
    told_forecast: bool,
}

#[derive(Debug, Clone, Copy, Default)]
struct ConfigurationHistory {
    completed: u32,
    seconds: f64,
    failures_in_a_row: u32,
}

impl RunHistory {
    fn of(configurations: &[Configuration]) -> Self {
        Self {
            completed: HashSet::new(),
            failed: 0,
            configurations: vec![ConfigurationHistory::default(); configurations.len()],
            attempts: Attempts::default(),
            pilot: Pilot {
                configurations: configurations.to_vec(),
                runs: Vec::new(),
            },
            told_busy: false,
            told_cache: false,
            told_forecast: false,
        }
    }

    fn is_complete(&self, block: u32, configuration: u32) -> bool {
        self.completed.contains(&(block, configuration))
    }

    /// Takes in a run of an earlier session.
    fn add(&mut self, run: &RunRecord) -> Result<(), String> {
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
        }
        Ok(())
    }

    /// Counts a run, and gives the failures of its configuration in a row.
    fn count(&mut self, run: &RunRecord) -> u32 {
        self.attempts.count(run);
        if let Some(timed) = TimedRun::of(run) {
            self.pilot.add(timed);
        }
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
    fn seconds_left(&self, blocks: u32) -> Option<f64> {
        let known = self.configurations.iter().filter(|one| one.completed > 0);
        let means: Vec<f64> = known
            .map(|one| one.seconds / f64::from(one.completed))
            .collect();
        let usual = crate::statistics::mean(&means)?;
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

/// True where a store is trained from, and not evaluated on.
fn is_for_training(store: &StoreSummary) -> bool {
    store.split == Split::Train
}

#[cfg(test)]
mod tests {
    use super::{
        ConfigurationHistory, Experiment, ExperimentError, RunHistory, Setup, Silent, StoreLocator,
    };
    use crate::{
        busy::Unwatched,
        plan::{ConsumerPlan, DataPlan, Plan},
        record::{DataSetSummary, StoreSummary},
        records::{RecordLog, RecordsError},
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
                },
                stores,
                worker: WorkerCommand::new("no worker is started"),
            },
        };
        let error = experiment
            .run(&mut Silent, &AtomicBool::new(false))
            .unwrap_err();
        assert!(
            matches!(error, ExperimentError::Records(RecordsError::Append { .. })),
            "{error}"
        );
        assert!(error.to_string().contains("make room"), "{error}");
    }
}
