//! One row an epoch.

use super::{
    Read, Run, Specification, TidyColumn, TidyTable, all_runs, cache, column, names_of_run, origin,
};
use ielade_bench::{analysis::Analysis, record::Record};
use ielade_core::{histogram::Histogram, worker_protocol::EpochReport};

/// An epoch of a run.
struct Epoch<'a> {
    run: &'a Run<'a>,
    report: &'a EpochReport,
}

const fn run_of<'a>(epoch: &'a Epoch<'a>) -> &'a Run<'a> {
    epoch.run
}

/// One row an epoch, those of failed runs included.
pub(crate) fn epochs(analysis: &Analysis, records: &[Record]) -> TidyTable {
    let runs = all_runs(analysis, records);
    let rows: Vec<Epoch<'_>> = runs
        .iter()
        .flat_map(|run| {
            let epochs = run.record.epochs.iter();
            epochs.map(move |report| Epoch { run, report })
        })
        .collect();
    let names: [Specification<Epoch<'_>>; 11] = names_of_run!(run_of);
    let mut columns: Vec<TidyColumn> = names.iter().map(|one| column(one, &rows)).collect();
    columns.extend(times().iter().map(|one| column(one, &rows)));
    columns.extend(state().iter().map(|one| column(one, &rows)));
    TidyTable {
        name: "epochs",
        row: "an epoch of a run",
        columns,
    }
}

#[allow(clippy::too_many_lines)] // an entry a column
fn times<'a>() -> [Specification<Epoch<'a>>; 17] {
    [
        (
            "epoch",
            "",
            "Number of the epoch, from 1.",
            Read::Whole(|epoch| Some(u64::from(epoch.report.epoch) + 1)),
        ),
        (
            "seconds",
            "s",
            "From asking for the first batch to the end of the last step, without evaluation.",
            Read::Real(|epoch| Some(epoch.report.seconds)),
        ),
        (
            "first_batch_seconds",
            "s",
            "From asking for the first batch until it was there.",
            Read::Real(|epoch| Some(epoch.report.first_batch_seconds)),
        ),
        (
            "wait_seconds",
            "s",
            "Time in which the consumer waited for a batch, the first one included.",
            Read::Real(|epoch| Some(epoch.report.wait_seconds)),
        ),
        (
            "steps",
            "batches",
            "Steps.",
            Read::Whole(|epoch| Some(epoch.report.steps)),
        ),
        (
            "images",
            "images",
            "Images delivered.",
            Read::Whole(|epoch| Some(epoch.report.images)),
        ),
        (
            "images_per_second",
            "1/s",
            "Images divided by seconds.",
            Read::Real(|epoch| Some(epoch.report.images as f64 / epoch.report.seconds)),
        ),
        (
            "wait_p50_seconds",
            "s",
            "Median of the waits of all steps (histogram).",
            Read::Real(|epoch| quantile(epoch.report.wait.as_ref(), 0.5)),
        ),
        (
            "wait_p95_seconds",
            "s",
            "95th percentile of the waits (histogram).",
            Read::Real(|epoch| quantile(epoch.report.wait.as_ref(), 0.95)),
        ),
        (
            "wait_p99_seconds",
            "s",
            "99th percentile of the waits (histogram).",
            Read::Real(|epoch| quantile(epoch.report.wait.as_ref(), 0.99)),
        ),
        (
            "wait_max_seconds",
            "s",
            "Longest wait.",
            Read::Real(|epoch| epoch.report.wait.as_ref()?.max()),
        ),
        (
            "step_p50_seconds",
            "s",
            "Median of the times that the consumer took for a batch (histogram).",
            Read::Real(|epoch| quantile(epoch.report.step.as_ref(), 0.5)),
        ),
        (
            "step_p95_seconds",
            "s",
            "95th percentile of these times (histogram).",
            Read::Real(|epoch| quantile(epoch.report.step.as_ref(), 0.95)),
        ),
        (
            "step_p99_seconds",
            "s",
            "99th percentile of these times (histogram).",
            Read::Real(|epoch| quantile(epoch.report.step.as_ref(), 0.99)),
        ),
        (
            "cpu_user_seconds",
            "s",
            "Processor time in user mode, whole worker.",
            Read::Real(|epoch| Some(epoch.report.cpu_user_seconds)),
        ),
        (
            "cpu_system_seconds",
            "s",
            "Processor time in the kernel, whole worker.",
            Read::Real(|epoch| Some(epoch.report.cpu_system_seconds)),
        ),
        (
            "evaluation_seconds",
            "s",
            "What the evaluation after the epoch took.",
            Read::Real(|epoch| Some(epoch.report.evaluation_seconds)),
        ),
    ]
}

fn state<'a>() -> [Specification<Epoch<'a>>; 11] {
    [
        (
            "residency_before",
            "share 0..1",
            "Share of the store's bytes in the page cache before the epoch.",
            Read::Real(|epoch| epoch.report.residency_before),
        ),
        (
            "residency_after",
            "share 0..1",
            "Share of the store's bytes in the page cache after the epoch.",
            Read::Real(|epoch| epoch.report.residency),
        ),
        (
            "cache_seconds",
            "s",
            "What dropping the store from the cache and opening it anew took before the epoch; not part of its seconds.",
            Read::Real(|epoch| Some(epoch.report.cache_seconds)),
        ),
        (
            "buffer_allocations",
            "buffers",
            "Batch buffers that were allocated during the epoch.",
            Read::Whole(|epoch| epoch.report.buffer_allocations),
        ),
        (
            "train_loss",
            "",
            "Training loss over the epoch's batches.",
            Read::Real(|epoch| Some(epoch.report.train.as_ref()?.loss)),
        ),
        (
            "train_top1",
            "share 0..1",
            "Training accuracy over the epoch's batches.",
            Read::Real(|epoch| Some(epoch.report.train.as_ref()?.top1)),
        ),
        (
            "test_loss",
            "",
            "Loss on the test images after the epoch.",
            Read::Real(|epoch| Some(epoch.report.test.as_ref()?.loss)),
        ),
        (
            "test_top1",
            "share 0..1",
            "Accuracy on the test images after the epoch.",
            Read::Real(|epoch| Some(epoch.report.test.as_ref()?.top1)),
        ),
        (
            "test_top5",
            "share 0..1",
            "Share of test images whose class is among the five likeliest.",
            Read::Real(|epoch| Some(epoch.report.test.as_ref()?.top5)),
        ),
        (
            "bad_samples",
            "samples",
            "Samples that could not be delivered.",
            Read::Whole(|epoch| Some(epoch.report.bad_samples.len() as u64)),
        ),
        (
            "attempt",
            "",
            "How often the same run had ended before.",
            Read::Whole(|epoch| Some(u64::from(epoch.run.record.attempt))),
        ),
    ]
}

fn quantile(histogram: Option<&Histogram>, q: f64) -> Option<f64> {
    histogram?.quantile(q)
}
