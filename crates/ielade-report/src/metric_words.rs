//! What the metrics and the groups are called in tables and charts.

use crate::figures::Quantity;
use ielade_bench::analysis::{ConsumerGroup, Metric};

/// The words of one metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MetricWords {
    /// Heading of a wide column.
    pub(crate) name: &'static str,
    /// Heading of a narrow column.
    pub(crate) short: &'static str,
    /// One sentence that says what it is.
    pub(crate) meaning: &'static str,
    /// What kind of number it is.
    pub(crate) quantity: Quantity,
}

impl MetricWords {
    const fn new(
        quantity: Quantity,
        name: &'static str,
        short: &'static str,
        meaning: &'static str,
    ) -> Self {
        Self {
            name,
            short,
            meaning,
            quantity,
        }
    }
}

/// The words of `metric`.
#[allow(clippy::too_many_lines)] // an entry a metric
pub(crate) const fn words(metric: Metric) -> MetricWords {
    match metric {
        Metric::MeanEpochSeconds => MetricWords::new(
            Quantity::Time,
            "Mean epoch",
            "epoch",
            "Mean over a run's epochs of the time from asking for the first batch to the end of the last step.",
        ),
        Metric::TrainingSeconds => MetricWords::new(
            Quantity::Time,
            "Total time",
            "total",
            "Total training time: from the start of the job to the end of the last step, without evaluation and without preparing the cache.",
        ),
        Metric::FirstBatchSeconds => MetricWords::new(
            Quantity::Time,
            "First batch",
            "first",
            "Time to the first batch of the first epoch, opening the store included.",
        ),
        Metric::ImagesPerSecond => MetricWords::new(
            Quantity::Rate,
            "Images/s",
            "images",
            "Images a second over all epochs.",
        ),
        Metric::WaitShare => MetricWords::new(
            Quantity::Share,
            "Waiting",
            "wait",
            "Share of the epoch time in which the consumer waited for data.",
        ),
        Metric::CpuSecondsPer1000 => MetricWords::new(
            Quantity::Time,
            "CPU per 1,000",
            "CPU/1k",
            "Processor time spent on 1,000 images, user and kernel.",
        ),
        Metric::CpuUtilisation => MetricWords::new(
            Quantity::Number,
            "CPUs in use",
            "CPUs",
            "Processors in use on average during the epochs.",
        ),
        Metric::PeakRssBytes => MetricWords::new(
            Quantity::Bytes,
            "Peak memory",
            "memory",
            "Highest resident set of the process; pages of mapped files count, although the system can take them back.",
        ),
        Metric::PeakAnonymousBytes => MetricWords::new(
            Quantity::Bytes,
            "Own memory",
            "own",
            "Highest memory that belongs to no file, seen while the process ran: what the process itself needs.",
        ),
        Metric::PeakPssBytes => MetricWords::new(
            Quantity::Bytes,
            "Peak PSS",
            "PSS",
            "Highest proportional set of all processes of the worker: a page that several map is divided among them.",
        ),
        Metric::IoWait => MetricWords::new(
            Quantity::Number,
            "I/O wait",
            "I/O",
            "Processors of the machine that stood still for want of a device, on average over the run.",
        ),
        Metric::GpuUtilisation => MetricWords::new(
            Quantity::Share,
            "GPU",
            "GPU",
            "Share of the run in which a kernel ran on the graphics processor.",
        ),
        Metric::PeakGpuMemoryBytes => MetricWords::new(
            Quantity::Bytes,
            "GPU memory",
            "GPUmem",
            "Most memory in use on graphics processors.",
        ),
        Metric::ReadBytes => MetricWords::new(
            Quantity::Bytes,
            "Read",
            "read",
            "Bytes read from a device, over the whole life of the process.",
        ),
        Metric::MajorFaults => MetricWords::new(
            Quantity::Number,
            "Major faults",
            "faults",
            "Page faults for which a page had to be read from a device, over the whole life of the process.",
        ),
        Metric::WaitP95Seconds => MetricWords::new(
            Quantity::Time,
            "Wait p95",
            "wait95",
            "Time that 95 % of all steps did not wait longer for their batch.",
        ),
        Metric::StepP95Seconds => MetricWords::new(
            Quantity::Time,
            "Step p95",
            "step95",
            "Time that 95 % of all steps did not take longer in the consumer.",
        ),
        Metric::TestTop1 => MetricWords::new(
            Quantity::Share,
            "Accuracy",
            "top-1",
            "Accuracy on the test split after the last epoch.",
        ),
    }
}

/// `10 runs a layout, 3 epochs a run`; `8 to 10 runs` where layouts differ.
pub(crate) fn runs_and_epochs(group: &ConsumerGroup) -> String {
    let completed = group.summaries.iter().map(|summary| summary.completed);
    let least = completed.clone().min().unwrap_or(0);
    let most = completed.max().unwrap_or(0);
    let runs = if least == most {
        most.to_string()
    } else {
        format!("{least} to {most}")
    };
    let first = group.summaries.first();
    let epochs = first.map_or(0, |summary| summary.configuration.epochs);
    format!(
        "{} a layout, {} a run",
        counted(&runs, "run"),
        counted(&epochs.to_string(), "epoch")
    )
}

/// `1 run`, `10 runs`.
fn counted(number: &str, thing: &str) -> String {
    let ending = if number == "1" { "" } else { "s" };
    format!("{number} {thing}{ending}")
}
