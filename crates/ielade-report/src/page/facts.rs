//! What was measured on what: the data set, the plan, the machine.

use crate::figures::{bytes, count, percent};
use ielade_bench::{
    analysis::Analysis,
    plan::Plan,
    record::{Environment, ExperimentRecord, GpuReport, Record},
};
use ielade_core::{
    Augmentation, BadSamplePolicy, OrientationRule, Shuffle,
    training::TrainingSettings,
    worker_protocol::{CacheState, Consumer, LastBatch, LoaderSettings},
};
use serde::Serialize;

use super::stalls::milliseconds as step_text;

/// Facts about one thing.
#[derive(Debug, Serialize)]
pub(super) struct FactGroup {
    title: &'static str,
    facts: Vec<Fact>,
}

/// One fact.
#[derive(Debug, Serialize)]
struct Fact {
    name: &'static str,
    value: String,
}

/// Class names that are listed; beyond that, their number must do.
const LISTED_CLASSES: usize = 12;

/// All that a reader needs to know to place the figures.
pub(super) fn fact_groups(analysis: &Analysis, records: &[Record]) -> Vec<FactGroup> {
    let experiment = &analysis.experiment;
    [
        ("Data", data(experiment)),
        ("Plan", plan(analysis)),
        ("Loading", loading(&experiment.plan.loader, records)),
        ("Machine", machine(&experiment.environment)),
        ("Watching", watching(records)),
    ]
    .into_iter()
    .filter(|(_, facts)| !facts.is_empty())
    .map(|(title, facts)| FactGroup {
        title,
        facts: facts
            .into_iter()
            .map(|(name, value)| Fact { name, value })
            .collect(),
    })
    .collect()
}

type Facts = Vec<(&'static str, String)>;

fn data(experiment: &ExperimentRecord) -> Facts {
    let data_set = &experiment.data_set;
    let plan = &experiment.plan.data;
    let mut facts = vec![
        ("Data set", data_set.name.clone()),
        ("Image size", data_set.image.clone()),
        ("To train on", counted(data_set.train_samples)),
        ("To test on", counted(data_set.test_samples)),
        ("Classes", classes(&data_set.classes)),
        ("Source", plan.source.clone()),
    ];
    facts.extend(plan.resize.map(|size| ("Stored as", size_text(size))));
    if plan.orientation == OrientationRule::Ignore {
        facts.push(("EXIF orientation", "ignored".to_owned()));
    }
    facts
}

fn counted(images: u64) -> String {
    format!("{} images", count(images))
}

fn size_text((height, width): (u32, u32)) -> String {
    format!("{height}×{width} pixels")
}

fn classes(names: &[String]) -> String {
    let number = count(names.len() as u64);
    if names.is_empty() || names.len() > LISTED_CLASSES {
        number
    } else {
        format!("{number}: {}", names.join(", "))
    }
}

fn plan(analysis: &Analysis) -> Facts {
    let plan = &analysis.experiment.plan;
    let consumers: Vec<String> = plan
        .consumers
        .iter()
        .map(|consumer| consumer_text(&consumer.consumer, consumer.epochs.unwrap_or(plan.epochs)))
        .collect();
    let layouts: Vec<String> = plan.layouts.iter().map(ToString::to_string).collect();
    let mut facts = vec![
        ("Experiment", plan.name.clone()),
        ("Layouts", layouts.join(", ")),
        ("Baseline", analysis.baseline.to_string()),
        ("Consumers", consumers.join("; ")),
        (
            "Blocks",
            format!("{} complete of {}", analysis.complete_blocks, plan.blocks),
        ),
        ("Cache", cache(&plan.cache)),
        ("Seed", plan.seed.to_string()),
    ];
    facts.extend(safeguards(plan));
    facts
}

/// What the plan does for figures that can be trusted, as far as it asks for it.
fn safeguards(plan: &Plan) -> Facts {
    let mut facts: Facts = Vec::new();
    if plan.control {
        let control = format!("{} once more, under another name", plan.baseline);
        facts.push(("Control", control));
    }
    if plan.split {
        let split = "models also run on batches from memory, for their time alone";
        facts.push(("Split", split.to_owned()));
    }
    facts.extend(plan.target_ci.map(|target| {
        let blocks = plan.block_limit();
        let text = format!(
            "intervals of ±{} % or less, within {blocks} blocks",
            target * 100.0
        );
        ("Precision asked for", text)
    }));
    facts.extend(
        plan.memory_limit
            .map(|limit| ("Memory limit", limit.to_string())),
    );
    if plan.most_repeats > 0 {
        let repeats = match plan.most_repeats {
            1 => "repeated once".to_owned(),
            times => format!("repeated up to {times} times"),
        };
        facts.push(("On a busy machine", repeats));
    }
    facts
}

fn consumer_text(consumer: &Consumer, epochs: u32) -> String {
    let what = match consumer {
        Consumer::None => "none, the loader alone".to_owned(),
        Consumer::FixedStep {
            milliseconds,
            profile: Some(profile),
        } => format!("step of {} ({profile})", step_text(*milliseconds)),
        Consumer::FixedStep { milliseconds, .. } => format!("step of {}", step_text(*milliseconds)),
        Consumer::Model(settings) => model_text(settings),
    };
    let epochs = match epochs {
        1 => "1 epoch".to_owned(),
        epochs => format!("{epochs} epochs"),
    };
    format!("{what} ({epochs} a run)")
}

fn model_text(settings: &TrainingSettings) -> String {
    format!(
        "model {}, {}, learning rate {}",
        settings.model,
        settings.optimiser,
        settings.base_rate()
    )
}

fn cache(states: &[CacheState]) -> String {
    let texts: Vec<&str> = states.iter().map(|state| cache_text(*state)).collect();
    texts.join("; ")
}

const fn cache_text(state: CacheState) -> &'static str {
    match state {
        CacheState::Warm => "warm: files read once before the first epoch",
        CacheState::Cold => "cold: files dropped from the page cache before every epoch",
        CacheState::ColdFirst => {
            "cold at first: files dropped from the page cache before the first epoch"
        }
        CacheState::AsIs => "as it is: nothing was done to the page cache",
    }
}

fn loading(loader: &LoaderSettings, records: &[Record]) -> Facts {
    let mut facts = vec![
        ("Batch", format!("{} images", loader.batch_size)),
        ("Threads", threads(loader, records)),
        (
            "Delivered as",
            format!("{}, channels first", loader.element),
        ),
        ("Order", order(loader)),
        ("Augmentation", augmentation(loader.augmentation)),
        ("Last batch", last_batch(loader.last_batch).to_owned()),
        ("Bad sample", bad_sample(loader.on_bad_sample).to_owned()),
    ];
    facts.extend(loader.resize.map(|size| ("Resized to", size_text(size))));
    facts
}

/// The threads that the workers said they used; what the plan says, where none has said so.
fn threads(loader: &LoaderSettings, records: &[Record]) -> String {
    let mut used: Vec<u32> = records
        .iter()
        .filter_map(|record| match record {
            Record::Run(run) => run.ready.as_ref().map(|ready| ready.threads),
            Record::Experiment(_) | Record::Session(_) => None,
        })
        .collect();
    used.sort_unstable();
    used.dedup();
    match (used.as_slice(), loader.threads) {
        ([], 0) => "one for each processor".to_owned(),
        ([], planned) => planned.to_string(),
        (used, _) => {
            let used: Vec<String> = used.iter().map(ToString::to_string).collect();
            used.join(" or ")
        }
    }
}

fn order(loader: &LoaderSettings) -> String {
    match loader.shuffle {
        Shuffle::Global => "shuffled anew each epoch, the same for all layouts".to_owned(),
        Shuffle::None => "as stored".to_owned(),
        Shuffle::Chunks { buffer } => format!(
            "shuffled anew each epoch, within {buffer} chunks at a time where the layout has chunks"
        ),
    }
}

fn augmentation(augmentation: Augmentation) -> String {
    let crop = (augmentation.crop_padding > 0)
        .then(|| format!("random crop, padding {}", augmentation.crop_padding));
    let flip = augmentation
        .horizontal_flip
        .then(|| "random mirroring".to_owned());
    let changes: Vec<String> = crop.into_iter().chain(flip).collect();
    if changes.is_empty() {
        "none".to_owned()
    } else {
        changes.join(", ")
    }
}

const fn last_batch(rule: LastBatch) -> &'static str {
    match rule {
        LastBatch::Keep => "kept, where it is not full",
        LastBatch::Drop => "left out, where it is not full",
    }
}

const fn bad_sample(policy: BadSamplePolicy) -> &'static str {
    match policy {
        BadSamplePolicy::Fail => "ends the run",
        BadSamplePolicy::Skip => "is left out",
        BadSamplePolicy::Replace => "is replaced by another",
    }
}

fn machine(environment: &Environment) -> Facts {
    let known = |text: &str| {
        if text.is_empty() {
            "not known".to_owned()
        } else {
            text.to_owned()
        }
    };
    let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
    let mut facts = vec![
        ("Processor", known(&environment.cpu)),
        ("Processors usable", environment.cpus.to_string()),
        ("Memory", memory(environment)),
        ("Graphics processor", or_none(&environment.gpu)),
        ("Kernel", known(&environment.kernel)),
    ];
    let file_system = environment.file_system.clone();
    facts.extend(file_system.map(|text| ("File system", text)));
    let read_ahead = environment.read_ahead_bytes;
    facts.extend(read_ahead.map(|size| ("Read-ahead of its device", bytes(size))));
    let governor = environment.governor.clone();
    facts.extend(governor.map(|text| ("Frequency governor", text)));
    facts.extend(control_group(environment).map(|text| ("Control group", text)));
    let load = environment.load;
    facts.extend(load.map(|load| ("Load at the start", format!("{load:.2}"))));
    facts
}

/// The limits beside that of the memory.
fn control_group(environment: &Environment) -> Option<String> {
    let group = environment.control_group.as_ref()?;
    let processors = group
        .processors
        .map(|number| format!("{number} processors"));
    let set = group.processor_set.as_ref();
    let set = set.map(|set| format!("processors {set}"));
    let swap = group
        .swap_bytes
        .map(|limit| format!("swap {}", bytes(limit)));
    let limits: Vec<String> = processors.into_iter().chain(set).chain(swap).collect();
    (!limits.is_empty()).then(|| limits.join(", "))
}

/// How the runs were watched from outside, and what that cost.
fn watching(records: &[Record]) -> Facts {
    let probes: Vec<_> = records
        .iter()
        .filter_map(|record| match record {
            Record::Run(run) => Some((&run.probe, run.process_seconds)),
            Record::Experiment(_) | Record::Session(_) => None,
        })
        .filter(|(probe, _)| probe.samples > 0)
        .collect();
    let Some((last, _)) = probes.last() else {
        return Vec::new();
    };
    let samples: u64 = probes
        .iter()
        .map(|(probe, _)| u64::from(probe.samples))
        .sum();
    let cost: f64 = probes.iter().map(|(probe, _)| probe.cost.cpu_seconds).sum();
    let watched: f64 = probes.iter().map(|(_, seconds)| seconds).sum();
    let mut facts = vec![("Samples", count(samples))];
    if cost > 0.0 && watched > 0.0 {
        let share = percent(cost / watched);
        facts.push(("Its own cost", format!("{share} of one processor")));
    }
    let gpu = match &last.gpu {
        GpuReport::Absent { reason } => format!("not seen: {reason}"),
        GpuReport::Seen { cards } => {
            let names: Vec<&str> = cards.iter().map(|card| card.name.as_str()).collect();
            names.join(", ")
        }
    };
    facts.push(("Graphics processor", gpu));
    facts
}

fn memory(environment: &Environment) -> String {
    let all = bytes(environment.memory_bytes);
    match environment.memory_limit_bytes {
        Some(limit) if limit < environment.memory_bytes => {
            format!("{all}, limited to {}", bytes(limit))
        }
        _ => all,
    }
}
