//! One job from its arrival to its last event.

use crate::{WorkerError, cache_state, consumer::Consuming, cpu_time::CpuTime};
use ielade_core::{
    BatchSource, ForeignNames, Shuffle, shuffle,
    training::Evaluation,
    worker_protocol::{
        Consumer, Done, EpochReport, Event, Job, LastBatch, LoaderSettings, OrderReport,
        PROTOCOL_VERSION, Ready,
    },
};
use ielade_layout::{ForeignStore, LayoutReader};
use ielade_loader::Loader;
use std::{path::Path, sync::Arc, time::Instant};

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
    clock.leave_out(Excluded::Cache, || {
        cache_state::establish(&job.train_store, job.cache)
    })?;
    let mut run = Run::set_up(job)?;
    observer.event(Event::Ready(run.ready(&mut clock)))?;
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

/// Time since the job's arrival, less what is no part of training.
struct Clock {
    start: Instant,
    cache: f64,
    evaluation: f64,
    observation: f64,
}

/// What is no part of the training time.
#[derive(Clone, Copy)]
enum Excluded {
    Cache,
    Evaluation,
    Observation,
}

impl Clock {
    fn start() -> Self {
        Self {
            start: Instant::now(),
            cache: 0.0,
            evaluation: 0.0,
            observation: 0.0,
        }
    }

    /// Does something whose time is counted apart.
    fn leave_out<T>(&mut self, what: Excluded, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = work();
        let seconds = start.elapsed().as_secs_f64();
        match what {
            Excluded::Cache => self.cache += seconds,
            Excluded::Evaluation => self.evaluation += seconds,
            Excluded::Observation => self.observation += seconds,
        }
        result
    }

    fn training_seconds(&self) -> f64 {
        self.start.elapsed().as_secs_f64() - self.cache - self.evaluation - self.observation
    }
}

/// A job that is set up.
struct Run<'a> {
    job: &'a Job,
    train: Loader,
    test: Option<Loader>,
    consumer: Consuming,
    digest: OrderDigest,
    guesses: Vec<String>,
}

impl<'a> Run<'a> {
    fn set_up(job: &'a Job) -> Result<Self, WorkerError> {
        let opened = open_store(&job.train_store, &job.names)?;
        let train = open_loader(&job.train_store, opened.reader, &job.loader, job.seed)?;
        let test = match (&job.consumer, &job.test_store) {
            (Consumer::Model(_), Some(store)) => Some(open_test_loader(job, store, &train)?),
            _ => None,
        };
        let consumer = Consuming::of(job, &train)?;
        let digest = OrderDigest::with_capacity(train.manifest().count);
        Ok(Self {
            job,
            train,
            test,
            consumer,
            digest,
            guesses: opened.guesses,
        })
    }

    fn ready(&self, clock: &mut Clock) -> Ready {
        let setup_seconds = clock.training_seconds();
        let residency = clock.leave_out(Excluded::Observation, || {
            cache_state::residency(&self.job.train_store)
        });
        let trainer = self.consumer.trainer();
        Ready {
            protocol: PROTOCOL_VERSION,
            worker: concat!("ielade ", env!("CARGO_PKG_VERSION")).to_owned(),
            device: trainer.map_or_else(|| "cpu".to_owned(), ielade_train::Trainer::device_name),
            threads: self.train.threads() as u32,
            samples: self.train.manifest().count,
            setup_seconds,
            cache_seconds: clock.cache,
            residency,
            parameters: trainer.map(ielade_train::Trainer::parameters),
            order: Some(order_report(&self.train)),
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
        let mut report = self.train_epoch(number, observer)?;
        let evaluation_before = clock.evaluation;
        let evaluation = clock.leave_out(Excluded::Evaluation, || self.evaluate())?;
        report.evaluation_seconds = clock.evaluation - evaluation_before;
        report.test = evaluation.as_ref().map(|all| all.metrics.clone());
        report.residency = clock.leave_out(Excluded::Observation, || {
            cache_state::residency(&self.job.train_store)
        });
        Ok((report, evaluation))
    }

    fn train_epoch(
        &mut self,
        number: u32,
        observer: &mut dyn Observer,
    ) -> Result<EpochReport, WorkerError> {
        let cpu = CpuTime::now();
        let start = Instant::now();
        let mut batches = self.train.epoch(number.into());
        let (mut steps, mut images) = (0, 0);
        let (mut wait_seconds, mut first_batch_seconds) = (0.0, 0.0);
        loop {
            let asked = Instant::now();
            let next = batches.next_batch().map_err(|source| WorkerError::Load {
                store: self.job.train_store.clone(),
                source,
            })?;
            wait_seconds += asked.elapsed().as_secs_f64();
            let Some(batch) = next else { break };
            if steps == 0 {
                first_batch_seconds = start.elapsed().as_secs_f64();
            }
            if number == 0 {
                self.digest.add(batch.sample_indices(), batch.labels());
            }
            let loss = self.consumer.step(batch)?;
            steps += 1;
            images += batch.len as u64;
            observer.step(number, steps, loss);
        }
        let seconds = start.elapsed().as_secs_f64();
        let used = CpuTime::now().since(cpu);
        let bad_samples = batches.bad_samples().to_vec();
        let (train, step_losses) = self.consumer.end_epoch().unzip();
        Ok(EpochReport {
            epoch: number,
            seconds,
            first_batch_seconds,
            wait_seconds,
            steps,
            images,
            cpu_user_seconds: used.user,
            cpu_system_seconds: used.system,
            residency: None,
            train,
            test: None,
            evaluation_seconds: 0.0,
            step_losses: step_losses.unwrap_or_default(),
            bad_samples,
        })
    }

    fn evaluate(&mut self) -> Result<Option<Evaluation>, WorkerError> {
        let Some(test) = &mut self.test else {
            return Ok(None);
        };
        self.consumer.evaluate(&mut test.epoch(0))
    }
}

fn order_report(loader: &Loader) -> OrderReport {
    let order = loader.order();
    OrderReport {
        shuffle: order.shuffle(),
        samples_per_chunk: loader.samples_per_chunk(),
        score: shuffle::score(&order.epoch(0)),
    }
}

fn open_store(store: &Path, names: &ForeignNames) -> Result<ForeignStore, WorkerError> {
    ielade_layout::open_any(store, names).map_err(|source| WorkerError::Store {
        store: store.to_owned(),
        source,
    })
}

fn open_loader(
    store: &Path,
    reader: Box<dyn LayoutReader>,
    settings: &LoaderSettings,
    seed: u64,
) -> Result<Loader, WorkerError> {
    Loader::open(Arc::from(reader), settings, seed).map_err(|source| WorkerError::Load {
        store: store.to_owned(),
        source,
    })
}

/// The test store is read in its own order, whole, without random changes.
fn open_test_loader(job: &Job, store: &Path, train: &Loader) -> Result<Loader, WorkerError> {
    let image = train.output().image;
    let settings = LoaderSettings {
        augmentation: ielade_core::Augmentation::NONE,
        shuffle: Shuffle::None,
        last_batch: LastBatch::Keep,
        resize: Some((image.height, image.width)),
        ..job.loader.clone()
    };
    let opened = open_store(store, &job.names)?;
    let test = open_loader(store, opened.reader, &settings, job.seed)?;
    if test.manifest().classes != train.manifest().classes {
        return Err(WorkerError::OtherClasses {
            train: job.train_store.clone(),
            test: store.to_owned(),
        });
    }
    Ok(test)
}

/// Sample positions and labels of an epoch, in order of delivery.
///
/// They are only put aside while the epoch is timed, and hashed at the end of the job.
struct OrderDigest {
    bytes: Vec<u8>,
}

impl OrderDigest {
    fn with_capacity(samples: u32) -> Self {
        Self {
            bytes: Vec::with_capacity(samples as usize * (size_of::<u32>() + size_of::<i64>())),
        }
    }

    fn add(&mut self, indices: &[u32], labels: &[i64]) {
        self.bytes.extend_from_slice(bytemuck::cast_slice(indices));
        self.bytes.extend_from_slice(bytemuck::cast_slice(labels));
    }

    fn finish(&self) -> Option<String> {
        (!self.bytes.is_empty()).then(|| blake3::hash(&self.bytes).to_hex().to_string())
    }
}
