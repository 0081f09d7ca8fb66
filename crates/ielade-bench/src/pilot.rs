//! What earlier runs tell of an experiment before it is run: how long it takes, and which
//! differences it can find.
//!
//! The runs may be those of another experiment on the same machine, or the first blocks of this
//! one. What counts is how far the ratio of a layout to the baseline scatters from block to block
//! ([`PairedDesign`]), so that two blocks are the least, and few of them give a rough figure.

mod between_runs;

use crate::{
    plan::{Comparisons, Plan},
    record::{Configuration, Outcome, Record, RunMark, RunRecord},
    statistics::{PairedDesign, mean},
};
use between_runs::BetweenRuns;
use ielade_core::worker_protocol::{CacheState, Consumer};
use std::collections::BTreeMap;

/// Probability of any false finding.
const ALPHA: f64 = 0.05;

/// Probability with which a detectable difference is found.
pub const POWER: f64 = 0.8;

/// A run that counts, with its times.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TimedRun {
    /// Place of the configuration in the experiment.
    pub configuration: u32,
    /// Block, from 0.
    pub block: u32,
    /// Seconds from starting the process to its end.
    pub process_seconds: f64,
    /// Total training time in seconds.
    pub training_seconds: f64,
}

impl TimedRun {
    /// The times of a run; `None` where it does not count.
    pub fn of(run: &RunRecord) -> Option<Self> {
        if run.outcome != Outcome::Completed || run.marks.iter().any(RunMark::leaves_out) {
            return None;
        }
        Some(Self {
            configuration: run.configuration,
            block: run.block,
            process_seconds: run.process_seconds,
            training_seconds: run.done.as_ref()?.training_seconds,
        })
    }
}

/// Runs of an experiment, as far as they go.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pilot {
    /// All configurations of that experiment.
    pub configurations: Vec<Configuration>,
    /// Its runs; a later run in the place of an earlier one takes its place.
    pub runs: Vec<TimedRun>,
    between: BetweenRuns,
}

/// What a plan can be told beforehand.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecast {
    /// Blocks of the pilot with more than one run.
    pub pilot_blocks: u32,
    /// Seconds of all runs of the plan, with the repetitions and the waiting for a quiet machine that
    /// are to be expected by those of the pilot.
    pub seconds: f64,
    /// Comparisons that the plan declares.
    pub comparisons: u32,
    /// One entry for each consumer and state of the cache of which the pilot has two blocks.
    pub groups: Vec<GroupForecast>,
}

/// What can be found in one group of configurations.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupForecast {
    /// Name of the consumer.
    pub consumer: String,
    /// State of the cache.
    pub cache: CacheState,
    /// Standard deviation of the log ratio to the baseline from block to block.
    pub deviation: f64,
    /// The smallest ratio above 1 that the planned blocks show in [`POWER`] of all experiments,
    /// corrected for all comparisons; `None` where none is.
    pub detectable_ratio: Option<f64>,
    /// Blocks that are expected until the plan's `target_ci` is reached; `None` without one.
    pub blocks_to_target: Option<u32>,
}

impl Pilot {
    /// The runs of an experiment's records; `None` where they do not begin with the experiment.
    pub fn of(records: &[Record]) -> Option<Self> {
        let Some((Record::Experiment(experiment), rest)) = records.split_first() else {
            return None;
        };
        let mut pilot = Self::without_runs(&experiment.configurations);
        for record in rest {
            match record {
                Record::Run(run) => pilot.add(run),
                Record::Session(_) => pilot.session_begins(),
                Record::Experiment(_) => {}
            }
        }
        Some(pilot)
    }

    /// What is known before the first run.
    pub fn without_runs(configurations: &[Configuration]) -> Self {
        Self {
            configurations: configurations.to_vec(),
            ..Self::default()
        }
    }

    /// The next run is the first one of a session.
    pub fn session_begins(&mut self) {
        self.between.session_begins();
    }

    /// Takes a run in, whether it counts or not.
    pub fn add(&mut self, run: &RunRecord) {
        self.between.add(run);
        let Some(run) = TimedRun::of(run) else {
            return;
        };
        let same = |known: &&mut TimedRun| {
            (known.block, known.configuration) == (run.block, run.configuration)
        };
        match self.runs.iter_mut().find(same) {
            Some(known) => *known = run,
            None => self.runs.push(run),
        }
    }

    /// What the runs tell of a plan; `None` without a single run.
    pub fn forecast(&self, plan: &Plan) -> Option<Forecast> {
        let configurations = plan.configurations();
        let comparisons = comparisons(plan, &configurations);
        let design = PairedDesign {
            blocks: plan.blocks,
            comparisons,
            alpha: ALPHA,
        };
        let groups = groups(plan)
            .filter_map(|(consumer, label, cache)| {
                let deviation = self.deviation(consumer, cache, plan)?;
                let target = plan.target_ci;
                Some(GroupForecast {
                    consumer: label,
                    cache,
                    deviation,
                    detectable_ratio: design.detectable_ratio(deviation, POWER),
                    blocks_to_target: target
                        .and_then(|target| design.blocks_for_half_width(target, deviation)),
                })
            })
            .collect();
        Some(Forecast {
            pilot_blocks: self.paired_blocks(),
            seconds: f64::from(plan.blocks) * self.block_seconds(&configurations, plan)?,
            comparisons,
            groups,
        })
    }

    /// Seconds of a block of these configurations: each by its own runs, else by those of its
    /// consumer, else by all.
    fn block_seconds(&self, configurations: &[Configuration], plan: &Plan) -> Option<f64> {
        let (attempts, waiting) = self.between.per_run(plan.most_repeats);
        let usual = self.seconds_of(|_| true)?;
        let each = configurations.iter().map(|one| {
            let same_layout = |known: &Configuration| {
                known.layout == one.layout
                    && known.consumer == one.consumer
                    && known.cache == one.cache
                    && known.epochs == one.epochs
                    && known.origin == one.origin
            };
            self.seconds_of(same_layout)
                .or_else(|| self.seconds_of(|known| known.consumer == one.consumer))
                .unwrap_or(usual)
        });
        Some(each.map(|seconds| attempts * (seconds + waiting)).sum())
    }

    /// Mean seconds of the processes of such configurations.
    fn seconds_of(&self, is_meant: impl Fn(&Configuration) -> bool) -> Option<f64> {
        let runs = self.runs.iter().filter(|run| {
            let configuration = self.configurations.get(run.configuration as usize);
            configuration.is_some_and(&is_meant)
        });
        mean(&runs.map(|run| run.process_seconds).collect::<Vec<f64>>())
    }

    /// Standard deviation of the log ratios to the baseline within blocks, pooled over all others
    /// of the group.
    fn deviation(&self, consumer: &Consumer, cache: CacheState, plan: &Plan) -> Option<f64> {
        let in_group = |one: &Configuration| {
            one.consumer == *consumer && one.cache == cache && one.origin.is_store()
        };
        let places: Vec<u32> = (0..)
            .zip(&self.configurations)
            .filter_map(|(place, one)| in_group(one).then_some(place))
            .collect();
        let is_base = |place: &u32| {
            let one = &self.configurations[*place as usize];
            !one.control && one.layout == plan.baseline
        };
        let base = places.iter().copied().find(is_base)?;
        let base = self.logarithms(base);
        let (mut squares, mut degrees) = (0.0, 0.0);
        for place in places.iter().filter(|place| !is_base(place)) {
            let others = self.logarithms(*place);
            let differences: Vec<f64> = others
                .iter()
                .filter_map(|(block, value)| Some(value - base.get(block)?))
                .collect();
            let Some(middle) = mean(&differences) else {
                continue;
            };
            squares += differences
                .iter()
                .map(|one| (one - middle).powi(2))
                .sum::<f64>();
            degrees += differences.len() as f64 - 1.0;
        }
        (degrees > 0.0).then(|| (squares / degrees).sqrt())
    }

    /// Logarithm of the total training time in each block.
    fn logarithms(&self, configuration: u32) -> BTreeMap<u32, f64> {
        let runs = self.runs.iter();
        runs.filter(|run| run.configuration == configuration && run.training_seconds > 0.0)
            .map(|run| (run.block, run.training_seconds.ln()))
            .collect()
    }

    fn paired_blocks(&self) -> u32 {
        let mut counts: BTreeMap<u32, u32> = BTreeMap::new();
        for run in &self.runs {
            *counts.entry(run.block).or_default() += 1;
        }
        counts.values().filter(|count| **count > 1).count() as u32
    }
}

/// Consumer, its label and state of the cache of each group, in the order of the plan.
fn groups(plan: &Plan) -> impl Iterator<Item = (&Consumer, String, CacheState)> {
    let labelled = plan.consumers.iter().zip(plan.consumer_labels());
    labelled.flat_map(|(consumer, label)| {
        let states = plan.cache.iter();
        states.map(move |cache| (&consumer.consumer, label.clone(), *cache))
    })
}

/// Comparisons that the plan declares, over all groups.
fn comparisons(plan: &Plan, configurations: &[Configuration]) -> u32 {
    let layouts = plan.layouts.len() as u64;
    let contestants = configurations.iter().filter(|one| one.is_contestant());
    let groups = contestants.count() as u64 / layouts.max(1);
    let in_a_group = match plan.comparisons {
        Comparisons::Baseline => layouts.saturating_sub(1),
        Comparisons::AllPairs => layouts * layouts.saturating_sub(1) / 2,
    };
    u32::try_from(groups * in_a_group).unwrap_or(u32::MAX)
}
