//! A made-up experiment with everything in it: eight layouts, two states of the cache, control,
//! batches from memory, several fixed steps, runs over time, marks and a failed run.

use super::{environment, images, layout, noise};
use ielade_bench::{
    plan::{ConsumerPlan, DataPlan, Plan},
    record::{
        Configuration, DataSetSummary, ExperimentRecord, GpuReport, MachineUse, Outcome, Pressure,
        ProbeCost, ProbeInterval, ProbeSeries, ProbeSummary, Record, RunMark, RunRecord,
        StoreSummary,
    },
};
use ielade_core::{
    Split,
    histogram::Histogram,
    step_profiles,
    training::{Metrics, ModelName, TrainingSettings},
    worker_protocol::{CacheState, Consumer, Done, EpochReport, PROTOCOL_VERSION, Ready},
};

/// A layout, microseconds to prepare an image, bytes of an image.
const LAYOUTS: [(&str, f64, u64); 8] = [
    ("files/jpeg", 30.0, 1_180),
    ("files/png", 45.0, 2_460),
    ("webdataset/jpeg", 26.0, 1_300),
    ("lmdb/jpeg", 24.0, 1_210),
    ("hdf5/u8", 1.9, 3_080),
    ("npy/u8", 1.5, 3_072),
    ("npy/f16", 1.55, 6_144),
    ("npy/f32", 2.6, 12_288),
];
const SAMPLES: u64 = 50_000;
const BATCH: u64 = 128;
const EPOCHS: u32 = 4;
/// Seconds of an epoch of the model alone.
const COMPUTE: f64 = 6.0;
/// Bytes a second of the disk that the cold epochs read from.
const DISK: f64 = 180e6;

fn plan() -> Plan {
    let profile = "a100-resnet50-amp";
    let milliseconds = step_profiles::find(profile).map_or(50.0, |one| one.milliseconds(128));
    let step = Consumer::FixedStep {
        milliseconds,
        profile: Some(profile.to_owned()),
    };
    let consumers = [
        Consumer::None,
        Consumer::fixed_step(0.5),
        Consumer::fixed_step(2.0),
        Consumer::fixed_step(8.0),
        step,
        Consumer::Model(TrainingSettings::of(ModelName::Cnn)),
    ];
    let layouts = LAYOUTS.iter().map(|(name, ..)| layout(name));
    let plan = Plan::new(
        "made-up figures, complete",
        DataPlan::of("data/made-up"),
        layouts.collect(),
        consumers.into_iter().map(ConsumerPlan::of).collect(),
    )
    .expect("the plan makes sense");
    Plan {
        cache: vec![CacheState::Warm, CacheState::Cold],
        split: true,
        epochs: EPOCHS,
        ..plan
    }
}

fn experiment() -> ExperimentRecord {
    let plan = plan();
    let store = |(name, micros, bytes): &(&str, f64, u64), split: Split, count: u64| StoreSummary {
        layout: layout(name),
        split,
        path: format!("stores/{}/{split}", layout(name).directory_name()),
        count: count as u32,
        bytes: bytes * count,
        prepare_seconds: micros * 1e-6 * count as f64,
        manifest_digest: "0".repeat(64),
    };
    let stores = LAYOUTS.iter().flat_map(|one| {
        [
            store(one, Split::Train, SAMPLES),
            store(one, Split::Test, 10_000),
        ]
    });
    ExperimentRecord {
        format_version: 1,
        program: "ielade 0.1.0".to_owned(),
        created: "2026-11-23T15:04:05Z".to_owned(),
        configurations: plan.configurations(),
        data_set: DataSetSummary {
            name: "CIFAR-Ten".to_owned(),
            classes: ["aeroplane", "cat & dog", "ship"]
                .map(str::to_owned)
                .to_vec(),
            train_samples: SAMPLES,
            test_samples: 10_000,
            image: "32×32×3".to_owned(),
            composition: Some(Box::new(images::composition())),
            thumbnails: images::thumbnails(),
        },
        stores: stores.collect(),
        environment: environment(),
        plan,
    }
}

/// What a run is about.
struct Subject<'a> {
    configuration: &'a Configuration,
    place: usize,
    seed: u64,
}

impl Subject<'_> {
    /// Seconds to prepare and to fetch an epoch's images, and to take them.
    fn parts(&self, epoch: u32) -> (f64, f64, f64) {
        let (_, micros, bytes) = LAYOUTS[self.place];
        let noise = noise(self.seed, u64::from(epoch), 0.04);
        let from_store = self.configuration.origin.is_store();
        let preparing = if from_store {
            micros * 1e-6 * SAMPLES as f64 * noise
        } else {
            0.0
        };
        let is_cold = from_store && self.configuration.cache.drops_before(epoch);
        let fetching = if is_cold {
            (bytes * SAMPLES) as f64 / DISK * noise
        } else {
            0.0
        };
        let steps = SAMPLES.div_ceil(BATCH) as f64;
        let taking = match &self.configuration.consumer {
            Consumer::None => 0.0,
            Consumer::FixedStep { milliseconds, .. } => steps * milliseconds / 1e3,
            Consumer::Model(_) => COMPUTE * noise,
        };
        (preparing, fetching, taking)
    }

    fn epoch(&self, epoch: u32) -> EpochReport {
        let (preparing, fetching, taking) = self.parts(epoch);
        let is_model = matches!(self.configuration.consumer, Consumer::Model(_));
        // A model shares the processors with the loader; a step that sleeps does not.
        let waiting = if is_model {
            0.7 * preparing + fetching
        } else {
            (preparing + fetching - taking).max(0.02 * preparing)
        };
        let steps = SAMPLES.div_ceil(BATCH);
        let seconds = taking + waiting;
        let is_cold = self.configuration.cache.drops_before(epoch);
        let progress = f64::from(epoch + 1);
        let metrics = |height: f64, images: u64| {
            is_model.then(|| Metrics {
                loss: 2.3 * (-0.4 * progress).exp() + 0.3,
                top1: height * (1.0 - (-0.9 * progress).exp()),
                top5: 0.97,
                images,
            })
        };
        EpochReport {
            epoch,
            seconds,
            first_batch_seconds: 0.004,
            wait_seconds: waiting,
            steps,
            images: SAMPLES,
            cpu_user_seconds: preparing * 1.8 + if is_model { taking } else { 0.0 },
            cpu_system_seconds: preparing * 0.2,
            residency_before: Some(if is_cold { 0.0 } else { 1.0 }),
            residency: Some(1.0),
            wait: Some(spread(waiting / steps as f64, steps)),
            step: Some(spread(taking / steps as f64, steps)),
            buffer_allocations: Some(u64::from(epoch == 0) * 6),
            train: metrics(0.74, SAMPLES),
            test: metrics(0.71, 10_000),
            evaluation_seconds: if is_model { 1.1 } else { 0.0 },
            ..EpochReport::default()
        }
    }
}

/// So many durations about a mean.
fn spread(mean: f64, count: u64) -> Histogram {
    let mut histogram = Histogram::default();
    for place in 0..count {
        histogram.record(mean * (0.6 + 0.8 * place as f64 / count as f64));
    }
    histogram
}

fn series(epochs: &[EpochReport]) -> ProbeSeries {
    let end: f64 = epochs.iter().map(|epoch| epoch.seconds).sum();
    let points = 200;
    let at = |place: u32| f64::from(place) * end / f64::from(points);
    let values = |of: &dyn Fn(f64) -> f64| -> Vec<Option<f64>> {
        (0..points).map(|place| Some(of(at(place)))).collect()
    };
    let mut cpu_user = values(&|time| 1.6 + 0.3 * (time * 3.0).sin());
    cpu_user[0] = None;
    ProbeSeries {
        seconds: (0..points).map(at).collect(),
        rss_bytes: values(&|time| 9e7 + 1.5e8 * (time / end).min(0.4)),
        anonymous_bytes: values(&|time| 6e7 + 1e6 * (time * 2.0).sin()),
        page_cache_bytes: values(&|time| 2e9 + 3e8 * time / end),
        cpu_user,
        cpu_system: values(&|time| 0.2 + 0.05 * (time * 5.0).cos()),
        machine_cpu: values(&|time| 2.1 + 0.3 * (time * 3.0).sin()),
        read_bytes: values(&|time| 1.5e8 * (time * 4.0 / end).min(1.0)),
        ..ProbeSeries::default()
    }
}

fn probe(epochs: &[EpochReport]) -> ProbeSummary {
    let mut end_seconds = 0.0;
    let intervals = epochs.iter().map(|epoch| {
        end_seconds += epoch.seconds;
        ProbeInterval {
            until: "epoch".to_owned(),
            end_seconds,
            ..ProbeInterval::default()
        }
    });
    ProbeSummary {
        samples: 120,
        peak_rss_bytes: 240 << 20,
        peak_anonymous_bytes: 61 << 20,
        peak_pss_bytes: Some(200 << 20),
        intervals: intervals.collect(),
        machine: Some(MachineUse {
            seconds: 12.0,
            processors: 8,
            foreign_seconds: 0.2,
            pressure: Some(Pressure {
                io_some_seconds: 0.8,
                ..Pressure::default()
            }),
            ..MachineUse::default()
        }),
        gpu: GpuReport::Absent {
            reason: "no NVIDIA driver was found".to_owned(),
        },
        cost: ProbeCost {
            cpu_seconds: 0.05,
            ..ProbeCost::default()
        },
        ..ProbeSummary::default()
    }
}

fn run_record(subject: &Subject<'_>, index: u32, block: u32, position: u32) -> RunRecord {
    let epochs: Vec<EpochReport> = (0..EPOCHS).map(|epoch| subject.epoch(epoch)).collect();
    let training: f64 = 0.01 + epochs.iter().map(|epoch| epoch.seconds).sum::<f64>();
    let is_warm = subject.configuration.cache == CacheState::Warm;
    RunRecord {
        configuration: index,
        block,
        position,
        started: format!("2026-11-23T{:02}:{:02}:05Z", 4 + block, position % 60),
        process_seconds: training + 0.4,
        load_before: Some(0.4),
        outcome: Outcome::Completed,
        ready: Some(Ready {
            protocol: PROTOCOL_VERSION,
            worker: "ielade 0.1.0".to_owned(),
            device: "cpu".to_owned(),
            threads: 2,
            samples: SAMPLES as u32,
            setup_seconds: 0.01,
            cache_seconds: 0.2,
            residency: Some(if is_warm { 1.0 } else { 0.0 }),
            parameters: None,
            order: None,
            guesses: Vec::new(),
        }),
        probe: probe(&epochs),
        series: Some(series(&epochs)),
        epochs,
        done: Some(Done {
            training_seconds: training,
            evaluation_seconds: 0.0,
            order_digest: Some("d1".to_owned()),
            evaluation: None,
        }),
        marks: Vec::new(),
        attempt: 0,
    }
}

/// What befell some of the runs of the first block.
fn befallen(run: &RunRecord) -> Vec<RunRecord> {
    match (run.block, run.configuration) {
        // A cold run that was not cold.
        (0, 9) => vec![RunRecord {
            marks: vec![RunMark::CacheNotEstablished {
                asked: CacheState::Cold,
                epoch: 1,
                residency: 0.34,
            }],
            ..run.clone()
        }],
        // A busy machine, and the repetition.
        (0, 5) => vec![
            RunRecord {
                marks: vec![RunMark::BusyMachine {
                    what: "other programs took 1.7 processors".to_owned(),
                }],
                ..run.clone()
            },
            RunRecord {
                attempt: 1,
                ..run.clone()
            },
        ],
        (0, 3) => vec![
            RunRecord {
                outcome: Outcome::Failed {
                    message: "the worker was ended by signal 9 <killed>".to_owned(),
                    log: "last words".to_owned(),
                },
                done: None,
                ..run.clone()
            },
            RunRecord {
                attempt: 1,
                ..run.clone()
            },
        ],
        _ => vec![run.clone()],
    }
}

/// `blocks` blocks, each configuration once a block.
pub(crate) fn records(blocks: u32) -> Vec<Record> {
    let experiment = experiment();
    let configurations = experiment.configurations.clone();
    let count = configurations.len() as u32;
    let mut records = vec![Record::Experiment(Box::new(experiment))];
    for block in 0..blocks {
        for position in 0..count {
            // Prime to the number of configurations, so that each comes once a block.
            let index = (position * 19 + block * 4) % count;
            let configuration = &configurations[index as usize];
            let mut places = LAYOUTS.iter();
            let place = places.position(|(name, ..)| layout(name) == configuration.layout);
            let subject = Subject {
                configuration,
                place: place.expect("the layout is one of ours"),
                seed: u64::from(index * 100 + block),
            };
            let run = run_record(&subject, index, block, position);
            let all = befallen(&run).into_iter();
            records.extend(all.map(|run| Record::Run(Box::new(run))));
        }
    }
    records
}
