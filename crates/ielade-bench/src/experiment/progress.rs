//! Who is told how an experiment goes.

use crate::{
    pilot::Forecast,
    precision::Widest,
    record::{Configuration, RunRecord},
};
use ielade_core::worker_protocol::Event;

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
