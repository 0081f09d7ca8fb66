//! One run over time, as it was seen from outside: which run is shown, and what of it.

use ielade_bench::record::{Outcome, ProbeSeries, Record, RunRecord};

/// One thing over time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column<'a> {
    pub(crate) name: &'static str,
    /// One a time; `None` where it was not looked at then.
    pub(crate) values: &'a [Option<f64>],
}

/// The completed run with a series whose total time is in the middle of its configuration's.
pub(crate) fn middle_run(configuration: u32, records: &[Record]) -> Option<&RunRecord> {
    let mut runs: Vec<(f64, &RunRecord)> = records
        .iter()
        .filter_map(|record| match record {
            Record::Run(run) => Some(run.as_ref()),
            Record::Experiment(_) | Record::Session(_) => None,
        })
        .filter(|run| run.configuration == configuration && run.outcome == Outcome::Completed)
        .filter(|run| run.marks.is_empty())
        .filter(|run| run.series.as_ref().is_some_and(|one| one.seconds.len() > 1))
        .filter_map(|run| Some((run.done.as_ref()?.training_seconds, run)))
        .collect();
    runs.sort_by(|one, other| one.0.total_cmp(&other.0));
    runs.get(runs.len() / 2).map(|(_, run)| *run)
}

/// The columns that are drawn.
pub(crate) fn columns(series: &ProbeSeries) -> [Column<'_>; 11] {
    [
        ("rss_bytes", &series.rss_bytes),
        ("pss_bytes", &series.pss_bytes),
        ("anonymous_bytes", &series.anonymous_bytes),
        ("page_cache_bytes", &series.page_cache_bytes),
        ("gpu_memory_bytes", &series.gpu_memory_bytes),
        ("cpu_user", &series.cpu_user),
        ("cpu_system", &series.cpu_system),
        ("machine_cpu", &series.machine_cpu),
        ("io_wait", &series.io_wait),
        ("gpu_utilisation", &series.gpu_utilisation),
        ("read_bytes", &series.read_bytes),
    ]
    .map(|(name, values)| Column { name, values })
}

/// Where epochs ended, in seconds since the start.
pub(crate) fn epoch_ends(run: &RunRecord) -> impl Iterator<Item = f64> {
    let intervals = run.probe.intervals.iter();
    let epochs = intervals.filter(|interval| interval.until == "epoch");
    epochs.map(|interval| interval.end_seconds)
}
