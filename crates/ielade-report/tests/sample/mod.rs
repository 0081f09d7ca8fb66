//! The records of an experiment that never ran, with made-up figures. Shared by the tests and
//! the example.

pub(crate) mod images;
pub(crate) mod rich;

use ielade_bench::{
    plan::{ConsumerPlan, DataPlan, Plan},
    record::{
        DataSetSummary, Environment, ExperimentRecord, Outcome, ProbeSummary, Record, RunRecord,
        StoreSummary,
    },
};
use ielade_core::{
    BadSample, LayoutId, Split,
    training::{Metrics, ModelName, TrainingSettings},
    worker_protocol::{Consumer, Done, EpochReport, PROTOCOL_VERSION, Ready},
};

pub(crate) const LAYOUTS: [&str; 5] = ["files/jpeg", "files/png", "npy/u8", "npy/f16", "npy/f32"];

/// Microseconds that one image costs in each layout, and bytes that it takes.
const COST_MICROSECONDS: [f64; 5] = [9.1, 22.0, 0.5, 0.52, 0.9];
const IMAGE_BYTES: [u64; 5] = [1_180, 2_460, 3_072, 6_144, 12_288];
const SAMPLES: u64 = 50_000;

pub(crate) fn layout(name: &str) -> LayoutId {
    name.parse().expect("a layout's name")
}

/// Noise around 1, the same for the same numbers.
fn noise(run: u64, epoch: u64, spread: f64) -> f64 {
    let mut state =
        (run * 1000 + epoch).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5851_F42D_4C95_7F2D;
    let mut sum = 0.0;
    for _ in 0..4 {
        state ^= state >> 29;
        state = state.wrapping_mul(0xBF58_476D_1CE4_E5B9);
        state ^= state >> 32;
        sum += (state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5;
    }
    1.0 + spread * sum
}

pub(crate) fn plan() -> Plan {
    let consumers = [
        Consumer::None,
        Consumer::fixed_step(5.0),
        Consumer::Model(TrainingSettings::of(ModelName::Cnn)),
    ];
    let plan = Plan::new(
        "made-up figures",
        DataPlan::of("data/made-up"),
        LAYOUTS.iter().map(|name| layout(name)).collect(),
        consumers.into_iter().map(ConsumerPlan::of).collect(),
    )
    .expect("the plan makes sense");
    Plan {
        control: false,
        ..plan
    }
}

pub(crate) fn environment() -> Environment {
    Environment {
        kernel: "Linux 6.12.9".to_owned(),
        cpu: "Example CPU 9000, 2.9 GHz".to_owned(),
        cpus: 8,
        governor: Some("performance".to_owned()),
        memory_bytes: 32 << 30,
        memory_limit_bytes: Some(16 << 30),
        file_system: Some("ext4 (rw,relatime,discard)".to_owned()),
        gpu: None,
        load: Some(0.31),
        ..Environment::default()
    }
}

pub(crate) fn experiment() -> ExperimentRecord {
    let plan = plan();
    let store = |place: usize, split: Split, count: u64| StoreSummary {
        layout: layout(LAYOUTS[place]),
        split,
        path: format!("stores/{}/{split}", layout(LAYOUTS[place]).directory_name()),
        count: count as u32,
        bytes: IMAGE_BYTES[place] * count,
        prepare_seconds: 0.000_031 * count as f64 * (place + 1) as f64,
        manifest_digest: "0".repeat(64),
    };
    ExperimentRecord {
        format_version: 1,
        program: "ielade 0.1.0".to_owned(),
        created: "2026-11-23T15:04:05Z".to_owned(),
        configurations: plan.configurations(),
        data_set: DataSetSummary {
            name: "made-up figures".to_owned(),
            classes: ["aeroplane", "cat & dog", "</script><b>ship"]
                .map(str::to_owned)
                .to_vec(),
            train_samples: SAMPLES,
            test_samples: 10_000,
            image: "32×32×3".to_owned(),
            ..DataSetSummary::default()
        },
        stores: (0..LAYOUTS.len())
            .flat_map(|place| {
                [
                    store(place, Split::Train, SAMPLES),
                    store(place, Split::Test, 10_000),
                ]
            })
            .collect(),
        environment: environment(),
        plan,
    }
}

/// Seconds of an epoch with nothing but loading.
fn load_seconds(place: usize, run: u64, epoch: u64) -> f64 {
    let cold_start = if epoch == 0 { 1.18 } else { 1.0 };
    COST_MICROSECONDS[place] * 1e-6 * SAMPLES as f64 / 2.0 * noise(run, epoch, 0.05) * cold_start
}

fn epoch_report(place: usize, consumer: &Consumer, run: u64, epoch: u32) -> EpochReport {
    let load = load_seconds(place, run, u64::from(epoch));
    let steps = SAMPLES.div_ceil(128);
    let (seconds, wait) = match consumer {
        Consumer::None => (load, load),
        Consumer::FixedStep { milliseconds, .. } => {
            let busy = steps as f64 * milliseconds / 1000.0;
            (busy + 0.04 * load, 0.04 * load)
        }
        Consumer::Model(_) => {
            let busy = 9.4 * noise(run, 77 + u64::from(epoch), 0.02);
            (busy + 5.0 * load, 0.3 * load)
        }
    };
    let is_model = matches!(consumer, Consumer::Model(_));
    // The same seed, the same curve; only f16 rounds the pixels.
    let seed = run % 100 + if LAYOUTS[place] == "npy/f16" { 50 } else { 0 };
    let progress = f64::from(epoch + 1);
    let accuracy = |height: f64| height * (1.0 - (-0.9 * progress).exp()) * noise(seed, 9, 0.01);
    let metrics = |height: f64, images: u64| {
        is_model.then(|| Metrics {
            loss: 2.3 * (-0.4 * progress).exp() * noise(seed, 5, 0.02) + 0.3,
            top1: accuracy(height),
            top5: accuracy(0.97),
            images,
        })
    };
    EpochReport {
        epoch,
        seconds,
        first_batch_seconds: 0.0006 + COST_MICROSECONDS[place] * 128e-6,
        wait_seconds: wait,
        steps,
        images: SAMPLES,
        cpu_user_seconds: load * 1.7 + if is_model { seconds } else { 0.0 },
        cpu_system_seconds: load * 0.2,
        residency: Some(1.0),
        train: metrics(0.74, SAMPLES),
        test: metrics(0.71, 10_000),
        evaluation_seconds: if is_model { 1.1 } else { 0.0 },
        step_losses: Vec::new(),
        bad_samples: Vec::new(),
        ..EpochReport::default()
    }
}

/// What of a layout's store lies in memory when it is mapped.
fn mapped_bytes(place: usize) -> u64 {
    if LAYOUTS[place].starts_with("npy") {
        IMAGE_BYTES[place] * SAMPLES
    } else {
        0
    }
}

fn run_record(configuration: u32, block: u32, position: u32) -> RunRecord {
    let experiment_plan = plan();
    let configurations = experiment_plan.configurations();
    let chosen = &configurations[configuration as usize];
    let place = LAYOUTS
        .iter()
        .position(|name| layout(name) == chosen.layout)
        .unwrap_or(0);
    let run = u64::from(configuration * 100 + block);
    let epochs: Vec<EpochReport> = (0..chosen.epochs)
        .map(|epoch| epoch_report(place, &chosen.consumer, run, epoch))
        .collect();
    let setup_seconds = 0.012 * noise(run, 3, 0.2);
    let training: f64 = setup_seconds + epochs.iter().map(|epoch| epoch.seconds).sum::<f64>();
    let resident = 48 << 20;
    RunRecord {
        configuration,
        block,
        position,
        started: format!("2026-11-23T15:{:02}:{:02}Z", 4 + block, position * 3),
        process_seconds: training + 0.4,
        load_before: Some(0.4),
        outcome: Outcome::Completed,
        ready: Some(Ready {
            protocol: PROTOCOL_VERSION,
            worker: "ielade 0.1.0".to_owned(),
            device: "cpu".to_owned(),
            threads: 2,
            samples: SAMPLES as u32,
            setup_seconds,
            cache_seconds: 0.2,
            residency: Some(1.0),
            parameters: None,
            order: None,
            guesses: Vec::new(),
        }),
        epochs,
        done: Some(Done {
            training_seconds: training,
            evaluation_seconds: 0.0,
            order_digest: Some("d1".to_owned()),
            evaluation: None,
        }),
        probe: ProbeSummary {
            samples: 40,
            peak_rss_bytes: resident + mapped_bytes(place),
            peak_anonymous_bytes: resident,
            cpu_user_seconds: training,
            cpu_system_seconds: 0.1,
            ..ProbeSummary::default()
        },
        series: None,
        marks: Vec::new(),
        attempt: 0,
    }
}

/// `blocks` blocks, each configuration once a block; with one failed run and two bad samples.
pub(crate) fn records(blocks: u32) -> Vec<Record> {
    let mut records = vec![Record::Experiment(Box::new(experiment()))];
    let count = plan().configurations().len() as u32;
    for block in 0..blocks {
        for position in 0..count {
            // Prime to the number of configurations, so that each comes once a block.
            let configuration = (position * 7 + block * 4) % count;
            let mut run = run_record(configuration, block, position);
            if block == 1 && position == 2 {
                let mut failed = run.clone();
                failed.outcome = Outcome::Failed {
                    message: "the worker was ended by signal 9 <killed>".to_owned(),
                    log: "last words\nof the worker".to_owned(),
                };
                failed.epochs.truncate(1);
                failed.done = None;
                records.push(Record::Run(Box::new(failed)));
            }
            if block == 0 && configuration == 0 {
                run.epochs[0].bad_samples.push(BadSample {
                    index: 41,
                    key: "frog/broken <1>.jpg".to_owned(),
                    reason: "premature end of the JPEG data".to_owned(),
                    replaced_by: Some(7),
                });
            }
            records.push(Record::Run(Box::new(run)));
        }
    }
    records
}
