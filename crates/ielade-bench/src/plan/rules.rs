//! The rules that a plan must keep.

use super::{ConsumerPlan, Plan, section::hint};
use ielade_core::{
    step_profiles::{self, PROFILES},
    training::Schedule,
    worker_protocol::{Consumer, LoaderSettings},
};
use std::collections::HashSet;

/// The most blocks of a plan: far more than anybody waits for.
const MOST_BLOCKS: u32 = 10_000;

/// A table of the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Top,
    Data,
    Loader,
    Consumer(usize),
}

/// A rule that a plan breaks, and the key it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Objection {
    pub(super) place: Place,
    pub(super) key: &'static str,
    pub(super) message: String,
}

impl Place {
    fn objection(self, key: &'static str, message: impl Into<String>) -> Objection {
        Objection {
            place: self,
            key,
            message: message.into(),
        }
    }
}

impl Plan {
    /// The first rule that the plan breaks.
    pub(super) fn objection(&self) -> Option<Objection> {
        self.object_to_scope()
            .or_else(|| self.object_to_cache())
            .or_else(|| self.object_to_precision())
            .or_else(|| self.object_to_layouts())
            .or_else(|| self.object_to_data())
            .or_else(|| self.object_to_loader())
            .or_else(|| self.object_to_consumers())
    }

    fn object_to_scope(&self) -> Option<Objection> {
        if self.name.trim().is_empty() {
            return Some(Place::Top.objection("name", "`name` is empty"));
        }
        if i64::try_from(self.seed.saturating_add(u64::from(self.blocks))).is_err() {
            return Some(Place::Top.objection("seed", "`seed` plus `blocks` must stay below 2⁶³"));
        }
        if self.blocks > MOST_BLOCKS {
            let message = format!("`blocks` must be at most {MOST_BLOCKS}");
            return Some(Place::Top.objection("blocks", message));
        }
        let counts = [
            ("blocks", u64::from(self.blocks)),
            ("epochs", u64::from(self.epochs)),
            ("timeout_seconds", self.timeout_seconds),
        ];
        let zero = counts.into_iter().find(|(_, count)| *count == 0);
        zero.map(|(key, _)| Place::Top.objection(key, format!("`{key}` must be at least 1")))
    }

    fn object_to_cache(&self) -> Option<Objection> {
        if self.cache.is_empty() {
            let message = "`cache` is empty; name at least one state, for example \"warm\"";
            return Some(Place::Top.objection("cache", message));
        }
        let mut seen = HashSet::new();
        let twice = self.cache.iter().find(|state| !seen.insert(**state))?;
        Some(Place::Top.objection("cache", format!("cache state {twice} is named twice")))
    }

    fn object_to_precision(&self) -> Option<Objection> {
        let inside = |share: f64| share > 0.0 && share < 1.0;
        if !inside(self.equivalence) {
            let message = "`equivalence` must lie between 0 and 1, for example 0.05";
            return Some(Place::Top.objection("equivalence", message));
        }
        if self.target_ci.is_some_and(|target| !inside(target)) {
            let message = "`target_ci` must lie between 0 and 1, for example 0.02";
            return Some(Place::Top.objection("target_ci", message));
        }
        let most = self.most_blocks?;
        let message = match self.target_ci {
            None => "`most_blocks` says how far `target_ci` may go, and there is none".to_owned(),
            Some(_) if most < self.blocks => {
                format!("`most_blocks` must be at least `blocks` ({})", self.blocks)
            }
            Some(_) if most > MOST_BLOCKS => {
                format!("`most_blocks` must be at most {MOST_BLOCKS}")
            }
            Some(_) => return None,
        };
        Some(Place::Top.objection("most_blocks", message))
    }

    fn object_to_layouts(&self) -> Option<Objection> {
        if self.layouts.is_empty() {
            return Some(Place::Top.objection(
                "layouts",
                "`layouts` is empty; name at least one, for example \"npy/u8\"",
            ));
        }
        let mut seen = HashSet::new();
        if let Some(twice) = self.layouts.iter().find(|layout| !seen.insert(*layout)) {
            return Some(Place::Top.objection("layouts", format!("layout {twice} is named twice")));
        }
        (!self.layouts.contains(&self.baseline)).then(|| {
            Place::Top.objection(
                "baseline",
                format!(
                    "baseline {} is not among the layouts ({})",
                    self.baseline,
                    self.layouts
                        .iter()
                        .map(ToString::to_string)
                        .collect::<Vec<_>>()
                        .join(", ")
                ),
            )
        })
    }

    fn object_to_data(&self) -> Option<Objection> {
        if self.data.source.is_empty() {
            return Some(Place::Data.objection(
                "source",
                "`source` is empty; name a folder of images, or \"demo\"",
            ));
        }
        if self.data.stores.as_os_str().is_empty() {
            return Some(Place::Data.objection("stores", "`stores` is empty; name a folder"));
        }
        if self.data.resize.is_some_and(is_empty_size) {
            return Some(Place::Data.objection("resize", EMPTY_SIZE));
        }
        let inside = |share: f64| share > 0.0 && share < 1.0;
        self.data
            .test_share
            .filter(|share| !inside(*share))
            .map(|_| Place::Data.objection("test_share", "`test_share` must lie between 0 and 1"))
    }

    fn object_to_loader(&self) -> Option<Objection> {
        if self.loader.batch_size == 0 {
            return Some(Place::Loader.objection("batch_size", "`batch_size` must be at least 1"));
        }
        if !self.loader.element.is_delivered() {
            let element = self.loader.element;
            return Some(Place::Loader.objection(
                "element",
                format!("batches come as u8, f16 or f32, not as {element}"),
            ));
        }
        self.loader
            .resize
            .is_some_and(is_empty_size)
            .then(|| Place::Loader.objection("resize", EMPTY_SIZE))
    }

    fn object_to_consumers(&self) -> Option<Objection> {
        if self.consumers.is_empty() {
            return Some(Place::Top.objection(
                "consumers",
                "no consumer; add [[consumers]] with kind = \"none\", \"fixed-step\" or \"model\"",
            ));
        }
        let mut places = self.consumers.iter().enumerate();
        places.find_map(|(place, plan)| {
            let twice = self.consumers[..place]
                .iter()
                .any(|earlier| earlier.consumer == plan.consumer);
            let broken = if twice {
                let label = plan.consumer.label();
                Some(("kind", format!("consumer {label} is named twice")))
            } else {
                broken_rule(plan)
                    .map(|(key, rule)| (key, format!("`{key}` must be {rule}")))
                    .or_else(|| broken_profile(&plan.consumer, &self.loader))
            };
            broken.map(|(key, message)| Place::Consumer(place).objection(key, message))
        })
    }
}

const EMPTY_SIZE: &str = "`resize` needs a height and a width of at least 1";

const fn is_empty_size((height, width): (u32, u32)) -> bool {
    height == 0 || width == 0
}

/// The first key of a consumer with a value that makes no sense, and what it must be.
fn broken_rule(plan: &ConsumerPlan) -> Option<(&'static str, &'static str)> {
    let settings = match &plan.consumer {
        _ if plan.epochs == Some(0) => return Some(("epochs", "at least 1")),
        Consumer::None => return None,
        Consumer::FixedStep { milliseconds, .. } => {
            let rule = ("milliseconds", "a finite number above 0");
            return (!is_positive(*milliseconds)).then_some(rule);
        }
        Consumer::Model(settings) => settings,
    };
    if settings
        .learning_rate
        .is_some_and(|rate| !is_positive(rate))
    {
        return Some(("learning_rate", "a finite number above 0"));
    }
    if !(settings.weight_decay.is_finite() && settings.weight_decay >= 0.0) {
        return Some(("weight_decay", "a finite number, 0 or above"));
    }
    match settings.schedule {
        Schedule::Step { epochs, factor } if epochs == 0 || !is_positive(factor) => Some((
            "schedule",
            "of at least 1 epoch a step and a finite factor above 0",
        )),
        _ => None,
    }
}

/// What is wrong with the step profile of a consumer.
fn broken_profile(consumer: &Consumer, loader: &LoaderSettings) -> Option<(&'static str, String)> {
    let Consumer::FixedStep {
        milliseconds,
        profile: Some(name),
    } = consumer
    else {
        return None;
    };
    let Some(profile) = step_profiles::find(name) else {
        let names: Vec<&str> = PROFILES.iter().map(|profile| profile.name).collect();
        let message = format!("unknown profile {name:?}; {}", hint(name, &names));
        return Some(("profile", message));
    };
    let published = profile.milliseconds(loader.batch_size);
    let differs = (milliseconds / published - 1.0).abs() > ROUNDING;
    differs.then(|| {
        let message = format!(
            "`milliseconds` is {milliseconds}, and a step of {} images takes {published} ms by \
             profile {name}; leave one of both out",
            loader.batch_size
        );
        ("milliseconds", message)
    })
}

/// Relative difference that writing and reading a number may make.
const ROUNDING: f64 = 1e-6;

fn is_positive(value: f64) -> bool {
    value.is_finite() && value > 0.0
}
