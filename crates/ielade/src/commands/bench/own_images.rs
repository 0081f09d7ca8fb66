//! A sensible plan for a person's own images, with the time and the disk that it will take.

use super::Proposal;
use crate::{commands::data_source, progress};
use anyhow::{Context, bail};
use ielade::{
    bench::plan::{ConsumerPlan, DataPlan, Plan},
    codec::Decoder,
    core::{
        Batch, Element, Encoding, ForeignNames, ImageSpec, LayoutId, OrientationRule, OutputSpec,
        Payload, Split,
        training::{ModelName, TrainingSettings},
        worker_protocol::{Consumer, LoaderSettings},
    },
    dataset::{DataSet, OpenOptions, SampleBuffer},
    train::{DeviceChoice, Trainer, TrainerOptions},
};
use std::{
    path::Path,
    time::{Duration, Instant},
};

/// Images that are looked at to know the rest.
const SURVEYED: usize = 200;

/// Images up to this side are trained on as they are, where all have one size.
const LARGEST_SIDE: u32 = 256;

/// The size to which others are resized; the usual one of image classifiers.
const USUAL_SIZE: (u32, u32) = (224, 224);

/// Values of an image above which a batch is smaller.
const SMALL_IMAGE: usize = 3 * 96 * 96;

/// Time that the runs with a model may take together before a lighter model is chosen.
const MODEL_BUDGET: Duration = Duration::from_mins(30);

/// An experiment longer than this is not begun without asking.
const LONG: Duration = Duration::from_mins(10);

/// The step that stands for a graphics processor.
const FIXED_STEP: f64 = 5.0;

/// Epochs of a run with a model.
const EPOCHS: u32 = 2;

/// What a look at some of the images showed.
struct Survey {
    train: u64,
    test: u64,
    classes: usize,
    all_jpeg: bool,
    /// The common size, if the images seen have one.
    size: Option<ImageSpec>,
    bytes_per_image: f64,
    decode_seconds: f64,
}

pub(super) fn propose(folder: &Path, in_file: &ForeignNames) -> anyhow::Result<Proposal> {
    let data_set = data_source::open_with(folder, &OpenOptions::default(), in_file)?;
    let survey = survey(&data_set)?;
    let (mut plan, image) = draft(folder, &data_set, &survey)?;
    plan.data.images.clone_from(&in_file.images);
    plan.data.labels.clone_from(&in_file.labels);
    let (plan, model) = with_model(plan, &survey, image)?;
    let runs = Estimate::of(&plan, &survey, image, model);
    let free = free_bytes(&plan.data.stores);
    let estimate = vec![
        format!(
            "{}: {} training and {} test images in {} classes; each epoch sees them as {image}",
            data_set.name(),
            survey.train,
            survey.test,
            survey.classes
        ),
        format!(
            "layouts {}; baseline {}; {} blocks",
            names(&plan.layouts),
            plan.baseline,
            plan.blocks
        ),
        format!("consumers {}", plan.consumer_labels().join(", ")),
        format!(
            "this takes about {} and {} of disk ({} free)",
            progress::duration(runs.seconds),
            progress::human_bytes(runs.bytes),
            free.map_or_else(|| "unknown".to_owned(), progress::human_bytes)
        ),
    ];
    if free.is_some_and(|free| free < runs.bytes) {
        bail!(
            "{}\nthe disk has too little room; name another place with --stores",
            estimate.join("\n")
        );
    }
    Ok(Proposal {
        plan,
        estimate,
        is_long: runs.seconds > LONG.as_secs_f64(),
    })
}

fn survey(data_set: &DataSet) -> anyhow::Result<Survey> {
    let samples = data_set
        .split(Split::Train)
        .context("the data set has no train split")?;
    let test = data_set
        .evaluation_split()
        .and_then(|split| data_set.split(split));
    let mut found = Survey {
        train: samples.len() as u64,
        test: test.map_or(0, |test| test.len() as u64),
        classes: data_set.classes().len(),
        all_jpeg: true,
        size: None,
        bytes_per_image: 0.0,
        decode_seconds: 0.0,
    };
    let stride = samples.len().div_ceil(SURVEYED).max(1);
    let mut buffer = SampleBuffer::default();
    let mut decoder = Decoder::new(OrientationRule::Apply);
    let mut sizes = Vec::new();
    let mut seen = 0.0_f64;
    for index in (0..samples.len()).step_by(stride) {
        let start = Instant::now();
        let sample = samples.read(index, &mut buffer)?;
        found.bytes_per_image += sample.payload.bytes().len() as f64;
        sizes.push(match sample.payload {
            Payload::Encoded { encoding, bytes } => {
                found.all_jpeg &= encoding == Encoding::Jpeg;
                let decoded = decoder.decode(encoding, bytes);
                decoded
                    .with_context(|| format!("bad image {}", sample.key))?
                    .1
            }
            other => {
                found.all_jpeg = false;
                other.spec().context("a sample without a size")?
            }
        });
        found.decode_seconds += start.elapsed().as_secs_f64();
        seen += 1.0;
    }
    found.bytes_per_image /= seen.max(1.0);
    found.decode_seconds /= seen.max(1.0);
    sizes.dedup();
    if let [only] = sizes.as_slice() {
        found.size = Some(*only);
    }
    Ok(found)
}

/// The plan without a model, and the size at which images are delivered.
fn draft(folder: &Path, data_set: &DataSet, survey: &Survey) -> anyhow::Result<(Plan, ImageSpec)> {
    let resize = match survey.size {
        Some(size) if size.height.max(size.width) <= LARGEST_SIDE => None,
        _ => Some(USUAL_SIZE),
    };
    let image = match (resize, survey.size) {
        (None, Some(size)) => size,
        _ => ImageSpec::rgb(USUAL_SIZE.0, USUAL_SIZE.1),
    };
    let files = if survey.all_jpeg {
        Encoding::Jpeg
    } else {
        Encoding::Png
    };
    let arrays = [Element::U8, Element::F16, Element::F32];
    let layouts = std::iter::once(LayoutId::new("files", files))
        .chain(arrays.map(|element| LayoutId::new("npy", Encoding::Raw(element))))
        .collect();
    let mut data = DataPlan::of(&folder.display().to_string());
    data.resize = resize;
    let consumers = vec![
        ConsumerPlan {
            consumer: Consumer::None,
            epochs: Some(3),
        },
        ConsumerPlan {
            consumer: Consumer::fixed_step(FIXED_STEP),
            epochs: Some(EPOCHS),
        },
    ];
    let mut plan = Plan::new(data_set.name(), data, layouts, consumers)?;
    plan.loader = LoaderSettings {
        batch_size: if image.values() > SMALL_IMAGE {
            32
        } else {
            128
        },
        resize,
        ..LoaderSettings::default()
    };
    Ok((plan, image))
}

/// Adds the largest model whose runs fit the budget, with the seconds of one of its steps.
fn with_model(
    mut plan: Plan,
    survey: &Survey,
    image: ImageSpec,
) -> anyhow::Result<(Plan, Option<f64>)> {
    let steps = survey.train as f64 / f64::from(plan.loader.batch_size);
    let runs = plan.layouts.len() as f64 * f64::from(plan.blocks);
    for model in [ModelName::Cnn, ModelName::Mlp] {
        let step = step_seconds(model, survey.classes, image, plan.loader.batch_size)?;
        if step * steps * f64::from(EPOCHS) * runs <= MODEL_BUDGET.as_secs_f64() {
            plan.consumers.push(ConsumerPlan {
                consumer: Consumer::Model(TrainingSettings::of(model)),
                epochs: Some(EPOCHS),
            });
            return Ok((plan, Some(step)));
        }
    }
    Ok((plan, None))
}

/// Seconds of a training step, tried out: the faster of two.
fn step_seconds(
    model: ModelName,
    classes: usize,
    image: ImageSpec,
    batch_size: u32,
) -> anyhow::Result<f64> {
    let mut trainer = Trainer::new(TrainerOptions {
        settings: TrainingSettings::of(model),
        classes,
        image,
        seed: 0,
        steps_per_epoch: 1,
        epochs: 1,
        device: DeviceChoice::default(),
    })?;
    let output = OutputSpec {
        element: Element::F32,
        image,
    };
    let mut batch = Batch::with_capacity(output, batch_size as usize);
    batch.len = batch.capacity();
    let mut fastest = f64::INFINITY;
    for _ in 0..2 {
        let start = Instant::now();
        trainer.step(&batch)?;
        fastest = fastest.min(start.elapsed().as_secs_f64());
    }
    Ok(fastest)
}

/// What the experiment will take; rough, from what a few images took.
struct Estimate {
    seconds: f64,
    bytes: u64,
}

/// Bytes a second at which arrays come off a page cache and go onto a disk, at least.
const ARRAY_RATE: f64 = 1e9;
const DISK_RATE: f64 = 2e8;

/// Seconds that a worker takes to start and to end.
const PROCESS_SECONDS: f64 = 0.3;

impl Estimate {
    fn of(plan: &Plan, survey: &Survey, image: ImageSpec, step: Option<f64>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1.0, |count| count.get() as f64);
        let images = (survey.train + survey.test) as f64;
        let steps = (survey.train as f64 / f64::from(plan.loader.batch_size)).ceil();
        let mut bytes = 0.0;
        let mut seconds = 0.0;
        let load = |layout: &LayoutId| match layout.encoding.element() {
            None => (survey.bytes_per_image, survey.decode_seconds / cores),
            Some(element) => {
                let size = (image.values() * element.size()) as f64;
                (size, size / ARRAY_RATE)
            }
        };
        for layout in &plan.layouts {
            let (per_image, _) = load(layout);
            bytes += per_image * images;
            seconds += images * (survey.decode_seconds / cores + per_image / DISK_RATE);
        }
        for run in plan.configurations() {
            let epoch = survey.train as f64 * load(&run.layout).1;
            let work = match run.consumer {
                Consumer::None => 0.0,
                Consumer::FixedStep { milliseconds, .. } => steps * milliseconds / 1e3,
                // Evaluation goes forward only: about a third of a step.
                Consumer::Model(_) => {
                    step.unwrap_or_default()
                        * (steps + steps * survey.test as f64 / survey.train as f64 / 3.0)
                }
            };
            let all = f64::from(run.epochs) * epoch.max(work);
            seconds += f64::from(plan.blocks) * (PROCESS_SECONDS + all);
        }
        Self {
            seconds,
            bytes: bytes as u64,
        }
    }
}

fn names(layouts: &[LayoutId]) -> String {
    layouts
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

/// Free bytes where the stores will lie; `None` where the system does not tell.
fn free_bytes(stores: &Path) -> Option<u64> {
    let existing = stores
        .ancestors()
        .find(|folder| folder.exists())
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or_else(|| Path::new("."));
    let found = rustix::fs::statvfs(existing).ok()?;
    Some(found.f_bavail * found.f_frsize)
}
