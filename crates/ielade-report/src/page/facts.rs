//! What was measured on what: the data set, the plan, the machine.

mod machine;

use crate::{
    figures::{bytes, count},
    language::{FactWords, Language, fill},
};
use ielade_bench::{
    analysis::Analysis,
    plan::Plan,
    record::{ExperimentRecord, Record},
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
pub(super) fn fact_groups(
    analysis: &Analysis,
    records: &[Record],
    language: Language,
) -> Vec<FactGroup> {
    let words = &language.words().facts;
    let teller = Teller { language, words };
    let experiment = &analysis.experiment;
    [
        (words.data, teller.data(experiment)),
        (words.plan, teller.plan(analysis)),
        (
            words.loading,
            teller.loading(&experiment.plan.loader, records),
        ),
        (words.machine, teller.machine(&experiment.environment)),
        (words.watching, teller.watching(records)),
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

/// Tells facts in a language.
#[derive(Clone, Copy)]
struct Teller {
    language: Language,
    words: &'static FactWords,
}

type Facts = Vec<(&'static str, String)>;

impl Teller {
    fn number(self, text: &str) -> String {
        self.language.number(text)
    }

    fn bytes(self, value: u64) -> String {
        self.number(&bytes(value))
    }

    fn data(self, experiment: &ExperimentRecord) -> Facts {
        let words = self.words;
        let data_set = &experiment.data_set;
        let plan = &experiment.plan.data;
        let mut facts = vec![
            (words.data_set, data_set.name.clone()),
            (words.image_size, data_set.image.clone()),
            (words.to_train, self.images(data_set.train_samples)),
            (words.to_test, self.images(data_set.test_samples)),
            (words.classes, self.classes(&data_set.classes)),
            (words.source, plan.source.clone()),
        ];
        let size = plan.resize.map(|size| self.size(size));
        facts.extend(size.map(|size| (words.stored_as, size)));
        if plan.orientation == OrientationRule::Ignore {
            facts.push((words.orientation, words.ignored.to_owned()));
        }
        facts
    }

    fn images(self, images: u64) -> String {
        let count = usize::try_from(images).unwrap_or(usize::MAX);
        self.words.count_images.of(self.language, count)
    }

    fn size(self, (height, width): (u32, u32)) -> String {
        let (height, width) = (height.to_string(), width.to_string());
        fill(self.words.pixels, &[("height", &height), ("width", &width)])
    }

    fn classes(self, names: &[String]) -> String {
        let number = self.number(&count(names.len() as u64));
        if names.is_empty() || names.len() > LISTED_CLASSES {
            number
        } else {
            format!("{number}: {}", names.join(", "))
        }
    }

    fn plan(self, analysis: &Analysis) -> Facts {
        let words = self.words;
        let plan = &analysis.experiment.plan;
        let consumers: Vec<String> = plan
            .consumers
            .iter()
            .map(|one| self.consumer(&one.consumer, one.epochs.unwrap_or(plan.epochs)))
            .collect();
        let layouts: Vec<String> = plan.layouts.iter().map(ToString::to_string).collect();
        let caches: Vec<&str> = plan.cache.iter().map(|state| self.cache(*state)).collect();
        let blocks = fill(
            words.blocks_complete,
            &[
                ("complete", &analysis.complete_blocks.to_string()),
                ("planned", &plan.blocks.to_string()),
            ],
        );
        let mut facts = vec![
            (words.experiment, plan.name.clone()),
            (words.layouts, layouts.join(", ")),
            (words.baseline, analysis.baseline.to_string()),
            (words.consumers, consumers.join("; ")),
            (words.blocks, blocks),
            (words.cache, caches.join("; ")),
            (words.seed, plan.seed.to_string()),
        ];
        facts.extend(self.safeguards(plan));
        facts
    }

    /// What the plan does for figures that can be trusted, as far as it asks for it.
    fn safeguards(self, plan: &Plan) -> Facts {
        let words = self.words;
        let mut facts: Facts = Vec::new();
        if plan.control {
            let baseline = plan.baseline.to_string();
            let control = fill(words.control_text, &[("baseline", &baseline)]);
            facts.push((words.control, control));
        }
        if plan.split {
            facts.push((words.split, words.split_text.to_owned()));
        }
        facts.extend(plan.target_ci.map(|target| {
            let target = self.number(&(target * 100.0).to_string());
            let blocks = plan.block_limit().to_string();
            let text = fill(
                words.precision_text,
                &[("target", &target), ("blocks", &blocks)],
            );
            (words.precision, text)
        }));
        let limit = plan.memory_limit.as_ref();
        facts.extend(limit.map(|limit| (words.memory_limit, self.number(&limit.to_string()))));
        if plan.most_repeats > 0 {
            let repeats = match plan.most_repeats {
                1 => words.repeated_once.to_owned(),
                times => fill(words.repeated_often, &[("n", &times.to_string())]),
            };
            facts.push((words.busy_machine, repeats));
        }
        facts
    }

    fn consumer(self, consumer: &Consumer, epochs: u32) -> String {
        let words = self.words;
        let step = |milliseconds| {
            let step = step_text(milliseconds, self.language);
            fill(words.step_of, &[("step", &step)])
        };
        let what = match consumer {
            Consumer::None => words.no_consumer.to_owned(),
            Consumer::FixedStep {
                milliseconds,
                profile: Some(profile),
            } => format!("{} ({profile})", step(*milliseconds)),
            Consumer::FixedStep { milliseconds, .. } => step(*milliseconds),
            Consumer::Model(settings) => self.model(settings),
        };
        let epochs = words.count_epochs.of(self.language, epochs as usize);
        fill(
            words.consumer_epochs,
            &[("what", &what), ("epochs", &epochs)],
        )
    }

    fn model(self, settings: &TrainingSettings) -> String {
        fill(
            self.words.model,
            &[
                ("model", &settings.model.to_string()),
                ("optimiser", &settings.optimiser.to_string()),
                ("rate", &self.number(&settings.base_rate().to_string())),
            ],
        )
    }

    const fn cache(self, state: CacheState) -> &'static str {
        match state {
            CacheState::Warm => self.words.warm,
            CacheState::Cold => self.words.cold,
            CacheState::ColdFirst => self.words.cold_first,
            CacheState::AsIs => self.words.as_is,
        }
    }

    fn loading(self, loader: &LoaderSettings, records: &[Record]) -> Facts {
        let words = self.words;
        let element = loader.element.to_string();
        let mut facts = vec![
            (words.batch, self.images(u64::from(loader.batch_size))),
            (words.threads, self.threads(loader, records)),
            (
                words.delivered_as,
                fill(words.channels_first, &[("element", &element)]),
            ),
            (words.order, self.order(loader)),
            (words.augmentation, self.augmentation(loader.augmentation)),
            (
                words.last_batch,
                self.last_batch(loader.last_batch).to_owned(),
            ),
            (
                words.bad_sample,
                self.bad_sample(loader.on_bad_sample).to_owned(),
            ),
        ];
        let size = loader.resize.map(|size| self.size(size));
        facts.extend(size.map(|size| (words.resized_to, size)));
        facts
    }

    /// The threads that the workers said they used; what the plan says, where none has said so.
    fn threads(self, loader: &LoaderSettings, records: &[Record]) -> String {
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
            ([], 0) => self.words.one_a_processor.to_owned(),
            ([], planned) => planned.to_string(),
            (used, _) => {
                let used: Vec<String> = used.iter().map(ToString::to_string).collect();
                used.join(self.words.or)
            }
        }
    }

    fn order(self, loader: &LoaderSettings) -> String {
        let words = self.words;
        match loader.shuffle {
            Shuffle::Global => words.shuffled.to_owned(),
            Shuffle::None => words.as_stored.to_owned(),
            Shuffle::Chunks { buffer } => {
                fill(words.shuffled_chunks, &[("buffer", &buffer.to_string())])
            }
        }
    }

    fn augmentation(self, augmentation: Augmentation) -> String {
        let words = self.words;
        let crop = (augmentation.crop_padding > 0).then(|| {
            let padding = augmentation.crop_padding.to_string();
            fill(words.random_crop, &[("padding", &padding)])
        });
        let flip = augmentation
            .horizontal_flip
            .then(|| words.random_mirroring.to_owned());
        let changes: Vec<String> = crop.into_iter().chain(flip).collect();
        if changes.is_empty() {
            words.none.to_owned()
        } else {
            changes.join(", ")
        }
    }

    const fn last_batch(self, rule: LastBatch) -> &'static str {
        match rule {
            LastBatch::Keep => self.words.last_kept,
            LastBatch::Drop => self.words.last_dropped,
        }
    }

    const fn bad_sample(self, policy: BadSamplePolicy) -> &'static str {
        match policy {
            BadSamplePolicy::Fail => self.words.bad_fails,
            BadSamplePolicy::Skip => self.words.bad_skipped,
            BadSamplePolicy::Replace => self.words.bad_replaced,
        }
    }
}
