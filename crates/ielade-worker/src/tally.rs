//! What an epoch took, step by step.

use crate::{
    Observer, WorkerError, consumer::Consuming, cpu_time::CpuTime, order_digest::OrderDigest,
};
use ielade_core::{
    BatchSource,
    histogram::Histogram,
    worker_protocol::{EpochReport, Job},
};
use ielade_loader::LoadError;
use std::time::Instant;

/// Who takes part in an epoch besides the source of its batches.
pub(crate) struct Participants<'a> {
    pub(crate) job: &'a Job,
    pub(crate) consumer: &'a mut Consuming,
    pub(crate) digest: &'a mut OrderDigest,
    pub(crate) observer: &'a mut dyn Observer,
}

/// Hands every batch of an epoch to the consumer, and reports what that took.
pub(crate) fn drive<S: BatchSource<Error = LoadError>>(
    epoch: u32,
    batches: &mut S,
    with: &mut Participants<'_>,
) -> Result<EpochReport, WorkerError> {
    let cpu = CpuTime::now();
    let mut report = EpochReport {
        epoch,
        ..EpochReport::default()
    };
    let (mut waits, mut steps) = (Histogram::default(), Histogram::default());
    let start = Instant::now();
    let mut asked = start;
    loop {
        let next = batches.next_batch().map_err(|source| WorkerError::Load {
            store: with.job.train_store.clone(),
            source,
        })?;
        let got = Instant::now();
        let waited = (got - asked).as_secs_f64();
        report.wait_seconds += waited;
        let Some(batch) = next else { break };
        waits.record(waited);
        if report.steps == 0 {
            report.first_batch_seconds = waited;
        }
        // Batches from memory are of no samples.
        if epoch == 0 && with.job.batches.is_store() {
            with.digest.add(batch.sample_indices(), batch.labels());
        }
        let loss = with.consumer.step(batch)?;
        report.steps += 1;
        report.images += batch.len as u64;
        with.observer.step(epoch, report.steps, loss);
        asked = Instant::now();
        steps.record((asked - got).as_secs_f64());
    }
    report.seconds = start.elapsed().as_secs_f64();
    let used = CpuTime::now().since(cpu);
    report.cpu_user_seconds = used.user;
    report.cpu_system_seconds = used.system;
    report.wait = Some(waits);
    report.step = Some(steps);
    if let Some((metrics, losses)) = with.consumer.end_epoch() {
        report.train = Some(metrics);
        report.step_losses = losses;
    }
    Ok(report)
}
