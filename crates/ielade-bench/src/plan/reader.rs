//! From TOML to a plan, with a line and a hint for everything that is wrong.
//!
//! The tables are read by hand and not by `serde`: a tagged or flattened type loses the place of
//! its keys there, and a person who misspells a key must be told where.

use super::{
    Comparisons, ConsumerPlan, DataPlan, Plan, PlanError, TestKind, defaults,
    rules::{Objection, Place},
    section::{Section, Source, Value, hint},
};
use ielade_core::{
    Augmentation, BadSamplePolicy, Element, Encoding, LayoutId, OrientationRule,
    step_profiles::{PROFILES, StepProfile},
    training::{ModelName, OptimiserName, Schedule, TrainingSettings},
    worker_protocol::{CacheState, Consumer, LastBatch, LoaderSettings},
};
use std::path::{Path, PathBuf};
use toml::de::DeTable;

const PLAN_KEYS: &[&str] = &[
    "name",
    "seed",
    "blocks",
    "epochs",
    "baseline",
    "cache",
    "control",
    "split",
    "comparisons",
    "test",
    "equivalence",
    "target_ci",
    "most_blocks",
    "most_repeats",
    "memory_limit",
    "layouts",
    "timeout_seconds",
    "data",
    "loader",
    "consumers",
];
const DATA_KEYS: &[&str] = &[
    "source",
    "stores",
    "resize",
    "orientation",
    "test_share",
    "images",
    "labels",
    "thumbnails",
];
const LOADER_KEYS: &[&str] = &[
    "batch_size",
    "threads",
    "prefetch",
    "element",
    "resize",
    "augmentation",
    "shuffle",
    "last_batch",
    "on_bad_sample",
];
const AUGMENTATION_KEYS: &[&str] = &["crop_padding", "horizontal_flip"];
const NONE_KEYS: &[&str] = &["kind", "epochs"];
const FIXED_STEP_KEYS: &[&str] = &["kind", "epochs", "milliseconds", "profile"];
const MODEL_KEYS: &[&str] = &[
    "kind",
    "epochs",
    "model",
    "optimiser",
    "learning_rate",
    "schedule",
    "weight_decay",
];
/// Everything that a consumer of any kind may say, for the case that its kind is not known yet.
const CONSUMER_KEYS: &[&str] = &[
    "kind",
    "epochs",
    "milliseconds",
    "profile",
    "model",
    "optimiser",
    "learning_rate",
    "schedule",
    "weight_decay",
];

const CONSUMERS: &str = "[[consumers]]";

/// Reads and checks a plan.
pub(super) fn read(text: &str, path: &Path) -> Result<Plan, PlanError> {
    let source = Source { path, text };
    let document = DeTable::parse(text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        source.error_at(offset, error.message())
    })?;
    let top = Section::new(source, "the plan", document.get_ref(), 0).only(PLAN_KEYS)?;
    let plan = plan(top)?;
    match plan.objection() {
        None => Ok(plan),
        Some(objection) => Err(source.error_at(offset_of(&objection, &top)?, objection.message)),
    }
}

/// Where the key lies that an objection is about.
fn offset_of(objection: &Objection, top: &Section<'_>) -> Result<usize, PlanError> {
    let section = match objection.place {
        Place::Top => Some(*top),
        Place::Data => top
            .get("data")
            .map(|value| value.section("[data]"))
            .transpose()?,
        Place::Loader => top
            .get("loader")
            .map(|value| value.section("[loader]"))
            .transpose()?,
        Place::Consumer(place) => consumer_tables(top)?
            .get(place)
            .map(|value| value.section(CONSUMERS))
            .transpose()?,
    };
    Ok(section.map_or(0, |section| section.offset_of(objection.key)))
}

fn plan(top: Section<'_>) -> Result<Plan, PlanError> {
    let layouts = layouts(&top.require("layouts")?)?;
    let baseline = match top.get("baseline") {
        Some(value) => layout(&value)?,
        None => layouts
            .first()
            .cloned()
            .ok_or_else(|| top_error(&top, "layouts"))?,
    };
    let loader = match top.get("loader") {
        Some(value) => loader(value.section("[loader]")?)?,
        None => LoaderSettings::default(),
    };
    Ok(Plan {
        name: top.require("name")?.text()?.to_owned(),
        seed: integer_or(&top, "seed", defaults::SEED)?,
        blocks: integer_or(&top, "blocks", defaults::BLOCKS)?,
        epochs: integer_or(&top, "epochs", defaults::EPOCHS)?,
        baseline,
        cache: match top.get("cache") {
            Some(value) => cache_states(&value)?,
            None => vec![CacheState::default()],
        },
        control: optional(&top, "control", Value::boolean)?.unwrap_or(true),
        split: optional(&top, "split", Value::boolean)?.unwrap_or_default(),
        comparisons: one_of_or_default(&top, "comparisons", &Comparisons::ALL)?,
        test: one_of_or_default(&top, "test", &TestKind::ALL)?,
        equivalence: optional(&top, "equivalence", Value::number)?.unwrap_or(defaults::EQUIVALENCE),
        target_ci: optional(&top, "target_ci", Value::number)?,
        most_blocks: optional(&top, "most_blocks", Value::integer)?,
        most_repeats: integer_or(&top, "most_repeats", defaults::MOST_REPEATS)?,
        memory_limit: optional(&top, "memory_limit", Value::parse)?,
        layouts,
        timeout_seconds: integer_or(&top, "timeout_seconds", defaults::TIMEOUT_SECONDS)?,
        data: data(top.require("data")?.section("[data]")?)?,
        consumers: consumer_tables(&top)?
            .iter()
            .map(|value| consumer(value.section(CONSUMERS)?, loader.batch_size))
            .collect::<Result<_, _>>()?,
        loader,
    })
}

fn top_error(top: &Section<'_>, key: &'static str) -> PlanError {
    match top.require(key) {
        Ok(value) => value.error("is empty; name at least one, for example \"npy/u8\""),
        Err(missing) => missing,
    }
}

fn consumer_tables<'a>(top: &Section<'a>) -> Result<Vec<Value<'a>>, PlanError> {
    top.get("consumers")
        .map_or(Ok(Vec::new()), |value| value.elements())
}

fn layouts(value: &Value<'_>) -> Result<Vec<LayoutId>, PlanError> {
    value.elements()?.iter().map(layout).collect()
}

/// A layout; the container is not known here, the encoding is.
fn layout(value: &Value<'_>) -> Result<LayoutId, PlanError> {
    let given = value.text()?;
    if let Some((_, encoding)) = given.split_once('/')
        && let encoding = encoding.split_once(':').map_or(encoding, |(name, _)| name)
        && encoding.parse::<Encoding>().is_err()
    {
        let message = format!(
            "unknown encoding {encoding:?} in {given:?}; {}",
            hint(encoding, &Encoding::ALL.map(Encoding::name))
        );
        return Err(value.error(message));
    }
    value.parse()
}

fn data(section: Section<'_>) -> Result<DataPlan, PlanError> {
    let section = section.only(DATA_KEYS)?;
    let usual = DataPlan::of(section.require("source")?.text()?);
    Ok(DataPlan {
        stores: match section.get("stores") {
            Some(value) => PathBuf::from(value.text()?),
            None => usual.stores.clone(),
        },
        resize: optional(&section, "resize", Value::size)?,
        orientation: one_of_or_default(&section, "orientation", ORIENTATIONS)?,
        test_share: optional(&section, "test_share", Value::number)?,
        images: optional(&section, "images", owned_text)?,
        labels: optional(&section, "labels", owned_text)?,
        thumbnails: optional(&section, "thumbnails", Value::boolean)?.unwrap_or(usual.thumbnails),
        ..usual
    })
}

fn owned_text(value: &Value<'_>) -> Result<String, PlanError> {
    value.text().map(str::to_owned)
}

fn loader(section: Section<'_>) -> Result<LoaderSettings, PlanError> {
    let section = section.only(LOADER_KEYS)?;
    let usual = LoaderSettings::default();
    Ok(LoaderSettings {
        batch_size: integer_or(&section, "batch_size", usual.batch_size)?,
        threads: integer_or(&section, "threads", usual.threads)?,
        prefetch: integer_or(&section, "prefetch", usual.prefetch)?,
        element: optional(&section, "element", element)?.unwrap_or(usual.element),
        resize: optional(&section, "resize", Value::size)?,
        augmentation: match section.get("augmentation") {
            Some(value) => augmentation(value.section("[loader.augmentation]")?)?,
            None => usual.augmentation,
        },
        shuffle: optional(&section, "shuffle", Value::shuffle)?.unwrap_or(usual.shuffle),
        last_batch: one_of_or_default(&section, "last_batch", LAST_BATCHES)?,
        on_bad_sample: one_of_or_default(&section, "on_bad_sample", BAD_SAMPLE_POLICIES)?,
    })
}

fn augmentation(section: Section<'_>) -> Result<Augmentation, PlanError> {
    let section = section.only(AUGMENTATION_KEYS)?;
    let usual = Augmentation::NONE;
    Ok(Augmentation {
        crop_padding: integer_or(&section, "crop_padding", usual.crop_padding)?,
        horizontal_flip: optional(&section, "horizontal_flip", Value::boolean)?
            .unwrap_or(usual.horizontal_flip),
    })
}

/// The kinds of consumers, before their settings are read.
#[derive(Debug, Clone, Copy)]
enum Kind {
    None,
    FixedStep,
    Model,
}

const KINDS: &[(&str, Kind)] = &[
    ("none", Kind::None),
    ("fixed-step", Kind::FixedStep),
    ("model", Kind::Model),
];

fn consumer(section: Section<'_>, batch_size: u32) -> Result<ConsumerPlan, PlanError> {
    let section = section.only(CONSUMER_KEYS)?;
    let kind = section.require("kind")?.one_of(KINDS)?;
    let consumer = match kind {
        Kind::None => {
            section.only(NONE_KEYS)?;
            Consumer::None
        }
        Kind::FixedStep => fixed_step(section.only(FIXED_STEP_KEYS)?, batch_size)?,
        Kind::Model => Consumer::Model(training(section.only(MODEL_KEYS)?)?),
    };
    Ok(ConsumerPlan {
        consumer,
        epochs: optional(&section, "epochs", Value::integer)?,
    })
}

/// A step of a length of its own, or of that of a profile.
fn fixed_step(section: Section<'_>, batch_size: u32) -> Result<Consumer, PlanError> {
    let Some(value) = section.get("profile") else {
        let milliseconds = section.require("milliseconds")?.number()?;
        return Ok(Consumer::fixed_step(milliseconds));
    };
    let profiles: Vec<(&str, &StepProfile)> = PROFILES.iter().map(|one| (one.name, one)).collect();
    let profile = value.one_of(&profiles)?;
    let milliseconds = optional(&section, "milliseconds", Value::number)?;
    Ok(Consumer::FixedStep {
        milliseconds: milliseconds.unwrap_or_else(|| profile.milliseconds(batch_size)),
        profile: Some(profile.name.to_owned()),
    })
}

fn training(section: Section<'_>) -> Result<TrainingSettings, PlanError> {
    let model = section
        .require("model")?
        .one_of(&named(ModelName::ALL, ModelName::name))?;
    let usual = TrainingSettings::of(model);
    let optimisers = named(OptimiserName::ALL, OptimiserName::name);
    Ok(TrainingSettings {
        model,
        optimiser: optional(&section, "optimiser", |value| value.one_of(&optimisers))?
            .unwrap_or(usual.optimiser),
        learning_rate: optional(&section, "learning_rate", Value::number)?,
        schedule: match section.get("schedule") {
            Some(value) => schedule(value.section("`schedule`")?)?,
            None => usual.schedule,
        },
        weight_decay: optional(&section, "weight_decay", Value::number)?
            .unwrap_or(usual.weight_decay),
    })
}

/// The kinds of schedules, before their settings are read.
#[derive(Debug, Clone, Copy)]
enum ScheduleKind {
    Constant,
    Step,
    Cosine,
}

const SCHEDULES: &[(&str, ScheduleKind)] = &[
    ("constant", ScheduleKind::Constant),
    ("step", ScheduleKind::Step),
    ("cosine", ScheduleKind::Cosine),
];

fn schedule(section: Section<'_>) -> Result<Schedule, PlanError> {
    let section = section.only(&["kind", "epochs", "factor"])?;
    let kind = section.require("kind")?.one_of(SCHEDULES)?;
    if let ScheduleKind::Step = kind {
        return Ok(Schedule::Step {
            epochs: section.require("epochs")?.integer()?,
            factor: section.require("factor")?.number()?,
        });
    }
    section.only(&["kind"])?;
    Ok(match kind {
        ScheduleKind::Cosine => Schedule::Cosine,
        ScheduleKind::Constant | ScheduleKind::Step => Schedule::Constant,
    })
}

/// One state of the page cache, or several.
fn cache_states(value: &Value<'_>) -> Result<Vec<CacheState>, PlanError> {
    let states = named(&CacheState::ALL, CacheState::name);
    if value.is_array() {
        let elements = value.elements()?;
        return elements.iter().map(|one| one.one_of(&states)).collect();
    }
    Ok(vec![value.one_of(&states)?])
}

const ORIENTATIONS: &[(&str, OrientationRule)] = &[
    ("apply", OrientationRule::Apply),
    ("ignore", OrientationRule::Ignore),
];
const LAST_BATCHES: &[(&str, LastBatch)] = &[("keep", LastBatch::Keep), ("drop", LastBatch::Drop)];
const BAD_SAMPLE_POLICIES: &[(&str, BadSamplePolicy)] = &[
    ("fail", BadSamplePolicy::Fail),
    ("skip", BadSamplePolicy::Skip),
    ("replace", BadSamplePolicy::Replace),
];

fn element(value: &Value<'_>) -> Result<Element, PlanError> {
    value.one_of(&named(&Element::ALL, Element::name))
}

fn named<T: Copy>(all: &[T], name: impl Fn(T) -> &'static str) -> Vec<(&'static str, T)> {
    all.iter().map(|one| (name(*one), *one)).collect()
}

fn optional<'a, T>(
    section: &Section<'a>,
    key: &'static str,
    read: impl FnOnce(&Value<'a>) -> Result<T, PlanError>,
) -> Result<Option<T>, PlanError> {
    section.get(key).map(|value| read(&value)).transpose()
}

fn integer_or<T: TryFrom<i128>>(
    section: &Section<'_>,
    key: &'static str,
    usual: T,
) -> Result<T, PlanError> {
    Ok(optional(section, key, Value::integer)?.unwrap_or(usual))
}

fn one_of_or_default<T: Copy + Default>(
    section: &Section<'_>,
    key: &'static str,
    known: &[(&str, T)],
) -> Result<T, PlanError> {
    Ok(optional(section, key, |value| value.one_of(known))?.unwrap_or_default())
}
