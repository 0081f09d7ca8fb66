//! The records by their kind, and which of the runs count.

use super::AnalysisError;
use crate::{
    experiment::RECORD_FORMAT_VERSION,
    record::{Configuration, ExperimentRecord, Outcome, Record, RunMark, RunRecord, SessionRecord},
};
use std::collections::{BTreeMap, BTreeSet};

/// The records by their kind.
#[derive(Debug)]
pub(super) struct Evidence<'a> {
    pub(super) experiment: &'a ExperimentRecord,
    pub(super) sessions: Vec<&'a SessionRecord>,
    /// All runs, in the order in which they ran.
    pub(super) runs: Vec<&'a RunRecord>,
    /// For each run, the session that it belongs to, from 0.
    pub(super) session_of_run: Vec<usize>,
    /// For each run, what becomes of it.
    standings: Vec<Standing>,
}

/// What becomes of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// It counts.
    Counts,
    /// It failed.
    Failed,
    /// It completed, in a state of the cache other than the one asked for.
    LeftOut,
    /// It completed, and the same run was repeated and counts in its place.
    Repeated,
}

impl<'a> Evidence<'a> {
    pub(super) fn of(records: &'a [Record]) -> Result<Self, AnalysisError> {
        let Some((Record::Experiment(experiment), rest)) = records.split_first() else {
            return Err(AnalysisError::NoExperiment);
        };
        if experiment.format_version != RECORD_FORMAT_VERSION {
            return Err(AnalysisError::Version(experiment.format_version));
        }
        let mut evidence = Self {
            experiment,
            sessions: Vec::new(),
            runs: Vec::new(),
            session_of_run: Vec::new(),
            standings: Vec::new(),
        };
        for (record, number) in rest.iter().zip(2..) {
            evidence.add(record, number)?;
        }
        evidence.standings = evidence.standings_of_runs();
        Ok(evidence)
    }

    fn add(&mut self, record: &'a Record, number: usize) -> Result<(), AnalysisError> {
        match record {
            Record::Experiment(_) => return Err(AnalysisError::SecondExperiment(number)),
            Record::Session(session) => self.sessions.push(session),
            Record::Run(run) => {
                let configurations = self.experiment.configurations.len();
                if run.configuration as usize >= configurations {
                    return Err(AnalysisError::Configuration {
                        record: number,
                        configuration: run.configuration,
                        configurations,
                    });
                }
                self.runs.push(run);
                self.session_of_run
                    .push(self.sessions.len().saturating_sub(1));
            }
        }
        Ok(())
    }

    fn standings_of_runs(&self) -> Vec<Standing> {
        let mut standings: Vec<Standing> = self
            .runs
            .iter()
            .map(|run| match run.outcome {
                Outcome::Failed { .. } => Standing::Failed,
                Outcome::Completed if self.unestablished(run).is_some() => Standing::LeftOut,
                Outcome::Completed => Standing::Counts,
            })
            .collect();
        for places in self.attempts(&standings).into_values() {
            // An undisturbed attempt, or else the last; how long one took plays no part.
            let kept = places
                .iter()
                .copied()
                .max_by_key(|place| (!self.runs[*place].is_busy(), *place));
            for place in places {
                if Some(place) != kept {
                    standings[place] = Standing::Repeated;
                }
            }
        }
        standings
    }

    /// The places of the runs that would count, by (configuration, block).
    fn attempts(&self, standings: &[Standing]) -> BTreeMap<(u32, u32), Vec<usize>> {
        let mut attempts: BTreeMap<(u32, u32), Vec<usize>> = BTreeMap::new();
        for (place, run) in self.runs.iter().enumerate() {
            if standings[place] == Standing::Counts {
                let of_run = attempts.entry((run.configuration, run.block)).or_default();
                of_run.push(place);
            }
        }
        attempts
    }

    /// The first epoch of a run that did not begin in the state of the cache that was asked for,
    /// with the share of the store that was cached before it.
    pub(super) fn unestablished(&self, run: &RunRecord) -> Option<(u32, f64)> {
        let marked = run.marks.iter().find_map(|mark| match mark {
            RunMark::CacheNotEstablished {
                epoch, residency, ..
            } => Some((*epoch, *residency)),
            RunMark::BusyMachine { .. } => None,
        });
        let configuration = self.configuration(run);
        if marked.is_some() || !configuration.origin.is_store() {
            return marked;
        }
        let before = run.ready.as_ref().and_then(|ready| ready.residency);
        let first = before.map(|residency| (0, residency));
        let epochs = run.epochs.iter();
        let later = epochs.filter_map(|epoch| Some((epoch.epoch, epoch.residency_before?)));
        first
            .into_iter()
            .chain(later)
            .find(|(epoch, residency)| !configuration.cache.is_established(*epoch, *residency))
    }

    /// The runs that count, with their places in the whole experiment.
    pub(super) fn counted(&self) -> impl Iterator<Item = (u32, &'a RunRecord)> {
        self.standing(Standing::Counts)
    }

    /// The completed runs whose state of the cache was not the one asked for.
    pub(super) fn left_out(&self) -> impl Iterator<Item = (u32, &'a RunRecord)> {
        self.standing(Standing::LeftOut)
    }

    /// The completed runs in whose place a repetition counts.
    pub(super) fn repeated(&self) -> impl Iterator<Item = (u32, &'a RunRecord)> {
        self.standing(Standing::Repeated)
    }

    fn standing(&self, wanted: Standing) -> impl Iterator<Item = (u32, &'a RunRecord)> {
        (0..)
            .zip(&self.runs)
            .zip(&self.standings)
            .filter(move |(_, standing)| **standing == wanted)
            .map(|((place, run), _)| (place, *run))
    }

    /// All runs that completed, whether or not they count.
    pub(super) fn completed(&self) -> impl Iterator<Item = (u32, &'a RunRecord)> {
        let numbered = (0..).zip(self.runs.iter().copied());
        numbered.filter(|(_, run)| run.outcome == Outcome::Completed)
    }

    pub(super) fn configuration(&self, run: &RunRecord) -> &'a Configuration {
        &self.experiment.configurations[run.configuration as usize]
    }

    /// Blocks in which every configuration has a run that counts.
    pub(super) fn complete_blocks(&self) -> u32 {
        let done: BTreeSet<(u32, u32)> = self
            .counted()
            .map(|(_, run)| (run.block, run.configuration))
            .collect();
        let blocks: BTreeSet<u32> = done.iter().map(|(block, _)| *block).collect();
        let configurations = self.experiment.configurations.len() as u32;
        let whole = blocks.into_iter().filter(|block| {
            (0..configurations).all(|configuration| done.contains(&(*block, configuration)))
        });
        whole.count() as u32
    }
}
