//! What was measured on what: the data set, the plan, the machine.

use crate::figures::{bytes, count};
use ielade_bench::{
    analysis::Analysis,
    record::{Environment, ExperimentRecord, Record},
};
use ielade_core::{
    Augmentation, BadSamplePolicy, OrientationRule, Shuffle,
    training::TrainingSettings,
    worker_protocol::{CacheState, Consumer, LastBatch, LoaderSettings},
};
use serde::Serialize;

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
    ]
    .into_iter()
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
    vec![
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
    ]
}

fn consumer_text(consumer: &Consumer, epochs: u32) -> String {
    let what = match consumer {
        Consumer::None => "none, the loader alone".to_owned(),
        Consumer::FixedStep {
            milliseconds,
            profile: Some(profile),
        } => format!("fixed step of {milliseconds} ms (profile {profile})"),
        Consumer::FixedStep { milliseconds, .. } => format!("fixed step of {milliseconds} ms"),
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
    let governor = environment.governor.clone();
    facts.extend(governor.map(|text| ("Frequency governor", text)));
    let load = environment.load;
    facts.extend(load.map(|load| ("Load at the start", format!("{load:.2}"))));
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
