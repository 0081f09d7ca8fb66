//! One row a run.

use super::{
    Read, Run, Specification, TidyColumn, TidyTable, Values, all_runs, cache, column, completed,
    finite, marks, names_of_run, origin,
};
use ielade_bench::{
    analysis::{Analysis, Metric},
    record::{GpuReport, Outcome, Record},
};
use ielade_core::worker_protocol::EpochReport;

/// One row a run, failed ones and those that do not count included.
pub(crate) fn runs(analysis: &Analysis, records: &[Record]) -> TidyTable {
    let rows = all_runs(analysis, records);
    let names: [Specification<Run<'_>>; 11] = names_of_run!(std::convert::identity);
    let mut columns: Vec<TidyColumn> = names.iter().map(|one| column(one, &rows)).collect();
    columns.extend(how_it_went().iter().map(|one| column(one, &rows)));
    columns.extend(Metric::ALL.map(|metric| metric_column(metric, &rows)));
    columns.extend(what_was_seen().iter().map(|one| column(one, &rows)));
    TidyTable {
        name: "runs",
        row: "a run, completed or not",
        columns,
    }
}

fn metric_column(metric: Metric, rows: &[Run<'_>]) -> TidyColumn {
    let words = crate::metric_words::words(metric);
    let value = |run: &Run<'_>| {
        let done = completed(run.record);
        done.then(|| metric.of_run(run.record))
            .flatten()
            .and_then(finite)
    };
    TidyColumn {
        name: column_name(metric),
        unit: metric.unit(),
        meaning: words.meaning.to_owned(),
        values: Values::Real(rows.iter().map(value).collect()),
    }
}

/// The name of a metric in records, with its unit.
const fn column_name(metric: Metric) -> &'static str {
    match metric {
        Metric::MeanEpochSeconds => "mean_epoch_seconds",
        Metric::TrainingSeconds => "training_seconds",
        Metric::FirstBatchSeconds => "first_batch_seconds",
        Metric::ImagesPerSecond => "images_per_second",
        Metric::WaitShare => "wait_share",
        Metric::CpuSecondsPer1000 => "cpu_seconds_per_1000",
        Metric::CpuUtilisation => "cpu_utilisation",
        Metric::PeakRssBytes => "peak_rss_bytes",
        Metric::PeakAnonymousBytes => "peak_anonymous_bytes",
        Metric::PeakPssBytes => "peak_pss_bytes",
        Metric::ReadBytes => "read_bytes",
        Metric::MajorFaults => "major_faults",
        Metric::IoWait => "io_wait",
        Metric::GpuUtilisation => "gpu_utilisation",
        Metric::PeakGpuMemoryBytes => "peak_gpu_memory_bytes",
        Metric::WaitP95Seconds => "wait_p95_seconds",
        Metric::StepP95Seconds => "step_p95_seconds",
        Metric::TestTop1 => "test_top1",
    }
}

fn how_it_went<'a>() -> [Specification<Run<'a>>; 12] {
    [
        (
            "position",
            "",
            "Place of the run within its block, from 1.",
            Read::Whole(|run| Some(u64::from(run.record.position) + 1)),
        ),
        (
            "attempt",
            "",
            "How often the same run had ended before, because it failed or was repeated.",
            Read::Whole(|run| Some(u64::from(run.record.attempt))),
        ),
        (
            "started",
            "",
            "Start in UTC, RFC 3339.",
            Read::Text(|run| Some(run.record.started.clone())),
        ),
        (
            "outcome",
            "",
            "completed or failed.",
            Read::Text(|run| {
                Some(
                    if completed(run.record) {
                        "completed"
                    } else {
                        "failed"
                    }
                    .to_owned(),
                )
            }),
        ),
        (
            "failure",
            "",
            "Why the run failed.",
            Read::Text(|run| match &run.record.outcome {
                Outcome::Failed { message, .. } => Some(message.clone()),
                Outcome::Completed => None,
            }),
        ),
        (
            "left_out",
            "",
            "Why a completed run does not count.",
            Read::Text(|run| run.left_out.map(|reason| reason.to_string())),
        ),
        (
            "marks",
            "",
            "What else a reader must know of the run.",
            Read::Text(|run| marks(run.record)),
        ),
        (
            "epochs",
            "",
            "Epochs that the run has.",
            Read::Whole(|run| Some(run.record.epochs.len() as u64)),
        ),
        (
            "images",
            "images",
            "Images over all epochs.",
            Read::Whole(|run| summed(run, |epoch| epoch.images)),
        ),
        (
            "steps",
            "batches",
            "Steps over all epochs.",
            Read::Whole(|run| summed(run, |epoch| epoch.steps)),
        ),
        (
            "threads",
            "threads",
            "Loader threads in use.",
            Read::Whole(|run| Some(u64::from(run.record.ready.as_ref()?.threads))),
        ),
        (
            "device",
            "",
            "Device of the model, or cpu.",
            Read::Text(|run| Some(run.record.ready.as_ref()?.device.clone())),
        ),
    ]
}

#[allow(clippy::too_many_lines)] // an entry a column
fn what_was_seen<'a>() -> [Specification<Run<'a>>; 22] {
    [
        (
            "setup_seconds",
            "s",
            "From the job's arrival until the stores were open and the model built.",
            Read::Real(|run| Some(run.record.ready.as_ref()?.setup_seconds)),
        ),
        (
            "cache_seconds",
            "s",
            "What establishing the state of the cache took; part of no other time but that of the process.",
            Read::Real(|run| Some(run.record.ready.as_ref()?.cache_seconds)),
        ),
        (
            "evaluation_seconds",
            "s",
            "What all evaluations took.",
            Read::Real(|run| Some(run.record.done.as_ref()?.evaluation_seconds)),
        ),
        (
            "process_seconds",
            "s",
            "From the start of the process to its end.",
            Read::Real(|run| Some(run.record.process_seconds)),
        ),
        (
            "residency_before",
            "share 0..1",
            "Share of the store's bytes in the page cache before the run: the proof of its state.",
            Read::Real(|run| run.record.ready.as_ref()?.residency),
        ),
        (
            "load_before",
            "",
            "Load average of one minute just before.",
            Read::Real(|run| run.record.load_before),
        ),
        (
            "cpu_user_seconds",
            "s",
            "Processor time in user mode, over the whole life of the processes.",
            Read::Real(|run| Some(run.record.probe.cpu_user_seconds)),
        ),
        (
            "cpu_system_seconds",
            "s",
            "Processor time in the kernel, over the whole life of the processes.",
            Read::Real(|run| Some(run.record.probe.cpu_system_seconds)),
        ),
        (
            "io_wait_seconds",
            "s",
            "Time in which threads waited for a device, summed; where the kernel counts it.",
            Read::Real(|run| run.record.probe.io_wait_seconds),
        ),
        (
            "minor_faults",
            "faults",
            "Page faults that needed no reading.",
            Read::Whole(|run| Some(run.record.probe.minor_faults)),
        ),
        (
            "write_bytes",
            "B",
            "Bytes written, or to be written, to a device.",
            Read::Whole(|run| Some(run.record.probe.write_bytes)),
        ),
        (
            "read_calls",
            "calls",
            "Read calls, of files in memory too.",
            Read::Whole(|run| Some(run.record.probe.read_calls)),
        ),
        (
            "voluntary_switches",
            "switches",
            "How often a thread gave its processor up to wait.",
            Read::Whole(|run| run.record.probe.voluntary_switches),
        ),
        (
            "involuntary_switches",
            "switches",
            "How often a thread was put off its processor.",
            Read::Whole(|run| run.record.probe.involuntary_switches),
        ),
        (
            "machine_foreign_seconds",
            "s",
            "Processor time of everything on the machine that is neither the worker nor the harness.",
            Read::Real(|run| Some(run.record.probe.machine.as_ref()?.foreign_seconds)),
        ),
        (
            "pressure_cpu_some_seconds",
            "s",
            "Time in which some task waited for a processor (PSI).",
            Read::Real(|run| {
                Some(
                    run.record
                        .probe
                        .machine
                        .as_ref()?
                        .pressure?
                        .cpu_some_seconds,
                )
            }),
        ),
        (
            "pressure_memory_some_seconds",
            "s",
            "Time in which some task waited for memory (PSI).",
            Read::Real(|run| {
                Some(
                    run.record
                        .probe
                        .machine
                        .as_ref()?
                        .pressure?
                        .memory_some_seconds,
                )
            }),
        ),
        (
            "pressure_io_some_seconds",
            "s",
            "Time in which some task waited for a device (PSI).",
            Read::Real(|run| Some(run.record.probe.machine.as_ref()?.pressure?.io_some_seconds)),
        ),
        (
            "device_reads",
            "operations",
            "Read operations that the store's device completed, of whoever asked.",
            Read::Whole(|run| Some(run.record.probe.machine.as_ref()?.device.as_ref()?.reads)),
        ),
        (
            "probe_samples",
            "samples",
            "Samples that were taken of the run.",
            Read::Whole(|run| Some(u64::from(run.record.probe.samples))),
        ),
        (
            "probe_cpu_seconds",
            "s",
            "Processor time that watching took.",
            Read::Real(|run| Some(run.record.probe.cost.cpu_seconds)),
        ),
        (
            "gpu",
            "",
            "Names of the graphics processors seen, or why there are none.",
            Read::Text(|run| Some(gpu(&run.record.probe.gpu))),
        ),
    ]
}

fn summed(run: &Run<'_>, of: fn(&EpochReport) -> u64) -> Option<u64> {
    let epochs = run.record.epochs.iter();
    epochs.map(of).try_fold(0_u64, u64::checked_add)
}

fn gpu(report: &GpuReport) -> String {
    match report {
        GpuReport::Absent { reason } => format!("not seen: {reason}"),
        GpuReport::Seen { cards } => {
            let names: Vec<&str> = cards.iter().map(|card| card.name.as_str()).collect();
            names.join(", ")
        }
    }
}
