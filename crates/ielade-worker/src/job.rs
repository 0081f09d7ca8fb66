//! One job from its arrival to its last event.

use crate::{
    WorkerError, cache_state,
    clock::{Clock, Excluded},
    consumer::Consuming,
    feed::Feed,
    order_digest::OrderDigest,
    stores::{open_test_loader, open_train_loader},
    tally::Participants,
};
use ielade_core::{
    training::Evaluation,
    worker_protocol::{Consumer, Done, EpochReport, Event, Job, PROTOCOL_VERSION, Ready},
};
use ielade_loader::Loader;

/// Who listens to a job.
pub trait Observer {
    /// Something happened that belongs into the record.
    ///
    /// # Errors
    /// Where nobody can hear it any more; the job then ends.
    fn event(&mut self, event: Event) -> Result<(), WorkerError>;

    /// A step was taken; called between steps, so it should be quick. Does nothing by default.
    fn step(&mut self, _epoch: u32, _step: u64, _loss: Option<f32>) {}
}

/// Runs a job and tells the observer; `Event::Failed` is left to the caller.
///
/// # Errors
/// Where a store cannot be opened or read, the settings do not fit it, or training fails.
pub fn run_job(job: &Job, observer: &mut dyn Observer) -> Result<(), WorkerError> {
    if job.protocol != PROTOCOL_VERSION {
        return Err(WorkerError::Protocol(job.protocol));
    }
    let mut clock = Clock::start();
    let residency = prepare_cache(job, &mut clock)?;
    let mut run = Run::set_up(job)?;
    observer.event(Event::Ready(run.ready(&clock, residency)))?;
    let mut last = None;
    for epoch in 0..job.epochs {
        let (report, evaluation) = run.epoch(epoch, &mut clock, observer)?;
        last = evaluation.or(last);
        observer.event(Event::Epoch(report))?;
    }
    let training_seconds = clock.training_seconds();
    if let (Some(path), Some(trainer)) = (&job.save_weights, run.consumer.trainer()) {
        trainer.save_weights(path)?;
    }
    observer.event(Event::Done(Done {
        training_seconds,
        evaluation_seconds: clock.evaluation,
        order_digest: run.digest.finish(),
        evaluation: last,
    }))
}

/// Establishes the state of the page cache, and proves it: the share of the store's bytes that it
/// then holds. Batches from memory need no store.
fn prepare_cache(job: &Job, clock: &mut Clock) -> Result<Option<f64>, WorkerError> {
    if !job.batches.is_store() {
        return Ok(None);
    }
    clock.leave_out(Excluded::Cache, || cache_state::establish(job))?;
    Ok(clock.leave_out(Excluded::Observation, || {
        cache_state::residency(&job.train_store)
    }))
}

/// A job that is set up.
struct Run<'a> {
    job: &'a Job,
    feed: Feed,
    samples: u32,
    test: Option<Loader>,
    consumer: Consuming,
    digest: OrderDigest,
    guesses: Vec<String>,
}

impl<'a> Run<'a> {
    fn set_up(job: &'a Job) -> Result<Self, WorkerError> {
        let (train, guesses) = open_train_loader(job)?;
        let test = match (&job.consumer, &job.test_store) {
            (Consumer::Model(_), Some(store)) => Some(open_test_loader(job, store, &train)?),
            _ => None,
        };
        let consumer = Consuming::of(job, &train)?;
        let samples = train.manifest().count;
        Ok(Self {
            job,
            feed: Feed::of(job, train),
            samples,
            test,
            consumer,
            digest: OrderDigest::with_capacity(samples),
            guesses,
        })
    }

    fn ready(&self, clock: &Clock, residency: Option<f64>) -> Ready {
        let trainer = self.consumer.trainer();
        Ready {
            protocol: PROTOCOL_VERSION,
            worker: concat!("ielade ", env!("CARGO_PKG_VERSION")).to_owned(),
            device: trainer.map_or_else(|| "cpu".to_owned(), ielade_train::Trainer::device_name),
            threads: self.feed.threads(),
            samples: self.samples,
            setup_seconds: clock.training_seconds(),
            cache_seconds: clock.cache,
            residency,
            parameters: trainer.map(ielade_train::Trainer::parameters),
            order: self.feed.order(),
            guesses: self.guesses.clone(),
        }
    }

    /// One epoch and, with a model and a test store, its evaluation.
    fn epoch(
        &mut self,
        number: u32,
        clock: &mut Clock,
        observer: &mut dyn Observer,
    ) -> Result<(EpochReport, Option<Evaluation>), WorkerError> {
        let cache_before = clock.cache;
        // Before the first one too: opening a store brings in as much of it as the kernel reads
        // ahead, which may be all.
        if self.job.cache.drops_before(number) {
            clock.leave_out(Excluded::Cache, || self.feed.cool_down(self.job))?;
        }
        let cache_seconds = clock.cache - cache_before;
        let residency_before = self.residency(clock);
        let mut report = self.feed.epoch(
            number,
            &mut Participants {
                job: self.job,
                consumer: &mut self.consumer,
                digest: &mut self.digest,
                observer,
            },
        )?;
        report.cache_seconds = cache_seconds;
        report.residency_before = residency_before;
        report.residency = self.residency(clock);
        let evaluation_before = clock.evaluation;
        let evaluation = clock.leave_out(Excluded::Evaluation, || self.evaluate())?;
        report.evaluation_seconds = clock.evaluation - evaluation_before;
        report.test = evaluation.as_ref().map(|all| all.metrics.clone());
        Ok((report, evaluation))
    }

    fn residency(&self, clock: &mut Clock) -> Option<f64> {
        if !self.job.batches.is_store() {
            return None;
        }
        clock.leave_out(Excluded::Observation, || {
            cache_state::residency(&self.job.train_store)
        })
    }

    fn evaluate(&mut self) -> Result<Option<Evaluation>, WorkerError> {
        let Some(test) = &mut self.test else {
            return Ok(None);
        };
        self.consumer.evaluate(&mut test.epoch(0))
    }
}
