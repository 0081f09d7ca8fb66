//! From one run to the values of its metrics.

use super::Metric;
use crate::{
    record::{GpuReport, GpuUse, RunRecord},
    statistics::mean,
};
use ielade_core::{histogram::Histogram, worker_protocol::EpochReport};

impl Metric {
    /// All metrics, in the order of a table.
    pub const ALL: [Self; 18] = [
        Self::MeanEpochSeconds,
        Self::TrainingSeconds,
        Self::FirstBatchSeconds,
        Self::ImagesPerSecond,
        Self::WaitShare,
        Self::CpuSecondsPer1000,
        Self::CpuUtilisation,
        Self::PeakRssBytes,
        Self::PeakAnonymousBytes,
        Self::PeakPssBytes,
        Self::ReadBytes,
        Self::MajorFaults,
        Self::IoWait,
        Self::GpuUtilisation,
        Self::PeakGpuMemoryBytes,
        Self::WaitP95Seconds,
        Self::StepP95Seconds,
        Self::TestTop1,
    ];

    /// The name in tables and charts.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MeanEpochSeconds => "mean epoch time",
            Self::TrainingSeconds => "total training time",
            Self::FirstBatchSeconds => "time to first batch",
            Self::ImagesPerSecond => "images per second",
            Self::WaitShare => "share of time waiting for data",
            Self::CpuSecondsPer1000 => "CPU time per 1,000 images",
            Self::CpuUtilisation => "CPUs in use",
            Self::PeakRssBytes => "peak resident memory",
            Self::PeakAnonymousBytes => "peak anonymous memory",
            Self::PeakPssBytes => "peak proportional memory",
            Self::ReadBytes => "bytes read from a device",
            Self::MajorFaults => "major page faults",
            Self::IoWait => "CPUs waiting for a device",
            Self::GpuUtilisation => "GPU utilisation",
            Self::PeakGpuMemoryBytes => "peak GPU memory",
            Self::WaitP95Seconds => "wait of a step, 95th percentile",
            Self::StepP95Seconds => "time of a step, 95th percentile",
            Self::TestTop1 => "test accuracy",
        }
    }

    /// The unit of the values; empty for a share or a plain number.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::MeanEpochSeconds
            | Self::TrainingSeconds
            | Self::FirstBatchSeconds
            | Self::CpuSecondsPer1000
            | Self::WaitP95Seconds
            | Self::StepP95Seconds => "s",
            Self::ImagesPerSecond => "1/s",
            Self::PeakRssBytes
            | Self::PeakAnonymousBytes
            | Self::PeakPssBytes
            | Self::ReadBytes
            | Self::PeakGpuMemoryBytes => "B",
            Self::WaitShare
            | Self::CpuUtilisation
            | Self::MajorFaults
            | Self::IoWait
            | Self::GpuUtilisation
            | Self::TestTop1 => "",
        }
    }

    /// Whether a lower value is better; `None` where neither is (utilisation).
    pub const fn lower_is_better(self) -> Option<bool> {
        match self {
            Self::ImagesPerSecond | Self::TestTop1 => Some(false),
            Self::CpuUtilisation | Self::GpuUtilisation => None,
            Self::MeanEpochSeconds
            | Self::TrainingSeconds
            | Self::FirstBatchSeconds
            | Self::WaitShare
            | Self::CpuSecondsPer1000
            | Self::PeakRssBytes
            | Self::PeakAnonymousBytes
            | Self::PeakPssBytes
            | Self::ReadBytes
            | Self::MajorFaults
            | Self::IoWait
            | Self::PeakGpuMemoryBytes
            | Self::WaitP95Seconds
            | Self::StepP95Seconds => Some(true),
        }
    }

    /// True for the time metrics, of which ratios to the baseline are given.
    pub const fn is_compared(self) -> bool {
        matches!(
            self,
            Self::MeanEpochSeconds
                | Self::TrainingSeconds
                | Self::FirstBatchSeconds
                | Self::CpuSecondsPer1000
        )
    }

    /// The value of this metric in a run; `None` where the run does not have it.
    pub fn of_run(self, run: &RunRecord) -> Option<f64> {
        let epochs = &run.epochs;
        let value = match self {
            Self::MeanEpochSeconds => mean(&epoch_seconds(run))?,
            Self::TrainingSeconds => run.done.as_ref()?.training_seconds,
            Self::FirstBatchSeconds => {
                run.ready.as_ref()?.setup_seconds + epochs.first()?.first_batch_seconds
            }
            Self::ImagesPerSecond => images(epochs) / seconds(epochs),
            Self::WaitShare => sum(epochs, |epoch| epoch.wait_seconds) / seconds(epochs),
            Self::CpuSecondsPer1000 => 1000.0 * cpu_seconds(epochs) / images(epochs),
            Self::CpuUtilisation => cpu_seconds(epochs) / seconds(epochs),
            Self::PeakRssBytes => measured_bytes(run, run.probe.peak_rss_bytes)?,
            Self::PeakAnonymousBytes => measured_bytes(run, run.probe.peak_anonymous_bytes)?,
            Self::PeakPssBytes => measured_bytes(run, run.probe.peak_pss_bytes?)?,
            Self::ReadBytes => probed(run, run.probe.read_bytes as f64)?,
            Self::MajorFaults => probed(run, run.probe.major_faults as f64)?,
            Self::IoWait => {
                let machine = run.probe.machine.as_ref()?;
                machine.io_wait_seconds / machine.seconds
            }
            Self::GpuUtilisation => gpu_utilisation(run)?,
            Self::PeakGpuMemoryBytes => gpu_memory(run)?,
            Self::WaitP95Seconds => p95(epochs, |epoch| epoch.wait.as_ref())?,
            Self::StepP95Seconds => p95(epochs, |epoch| epoch.step.as_ref())?,
            Self::TestTop1 => test_top1(run)?,
        };
        // Epochs without images or without time leave a quotient that says nothing.
        value.is_finite().then_some(value)
    }
}

/// Seconds of each epoch of a run.
pub(super) fn epoch_seconds(run: &RunRecord) -> Vec<f64> {
    run.epochs.iter().map(|epoch| epoch.seconds).collect()
}

fn sum(epochs: &[EpochReport], of: impl Fn(&EpochReport) -> f64) -> f64 {
    epochs.iter().map(of).sum()
}

fn seconds(epochs: &[EpochReport]) -> f64 {
    sum(epochs, |epoch| epoch.seconds)
}

fn images(epochs: &[EpochReport]) -> f64 {
    sum(epochs, |epoch| epoch.images as f64)
}

fn cpu_seconds(epochs: &[EpochReport]) -> f64 {
    sum(epochs, |epoch| {
        epoch.cpu_user_seconds + epoch.cpu_system_seconds
    })
}

/// Share of the time of all epochs in which the consumer waited, the first batch of each aside;
/// `None` where nothing else is left.
pub(super) fn stall(run: &RunRecord) -> Option<f64> {
    let first = sum(&run.epochs, |epoch| epoch.first_batch_seconds);
    let waited = sum(&run.epochs, |epoch| epoch.wait_seconds) - first;
    let share = waited / (seconds(&run.epochs) - first);
    // Rounding may leave a little less than nothing.
    share.is_finite().then_some(share.max(0.0))
}

/// A value that the probe counted, where it was there at all.
fn probed(run: &RunRecord, value: f64) -> Option<f64> {
    (run.probe.samples > 0).then_some(value)
}

/// The graphics processors of a run; `None` where none was seen.
fn cards(run: &RunRecord) -> Option<&[GpuUse]> {
    match &run.probe.gpu {
        GpuReport::Seen { cards } => Some(cards),
        GpuReport::Absent { .. } => None,
    }
}

/// Mean utilisation of the cards that tell it.
fn gpu_utilisation(run: &RunRecord) -> Option<f64> {
    let telling = cards(run)?.iter().filter(|card| card.samples > 0);
    mean(&telling.map(|card| card.utilisation).collect::<Vec<_>>())
}

fn gpu_memory(run: &RunRecord) -> Option<f64> {
    let cards = cards(run)?.iter();
    Some(cards.map(|card| card.peak_memory_used_bytes as f64).sum())
}

/// What 95 % of all steps do not exceed; `None` where an epoch has no histogram.
fn p95<'a>(
    epochs: &'a [EpochReport],
    of: impl Fn(&'a EpochReport) -> Option<&'a Histogram>,
) -> Option<f64> {
    let mut all = Histogram::default();
    for epoch in epochs {
        all.merge(of(epoch)?);
    }
    all.quantile(0.95)
}

fn measured_bytes(run: &RunRecord, bytes: u64) -> Option<f64> {
    (run.probe.samples > 0 && bytes > 0).then_some(bytes as f64)
}

/// Accuracy of the final evaluation, or of the last epoch's.
fn test_top1(run: &RunRecord) -> Option<f64> {
    let evaluation = run
        .done
        .as_ref()
        .and_then(|done| done.evaluation.as_ref())
        .map(|evaluation| &evaluation.metrics);
    let last = run.epochs.last().and_then(|epoch| epoch.test.as_ref());
    evaluation.or(last).map(|metrics| metrics.top1)
}
