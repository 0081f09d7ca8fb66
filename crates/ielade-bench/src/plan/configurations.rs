//! All that a plan lets run, with a name for each.

use super::Plan;
use crate::record::Configuration;
use ielade_core::worker_protocol::{BatchOrigin, CacheState, Consumer};

impl Plan {
    /// All that runs, in the order of the plan: consumers, for each the states of the cache, for
    /// each the layouts and the control; behind them, where the plan asks for the split, the
    /// consumer on batches from memory.
    pub fn configurations(&self) -> Vec<Configuration> {
        let mut all = Vec::new();
        for (place, label) in self.consumer_labels().iter().enumerate() {
            for cache in &self.cache {
                all.extend(self.of_one_cache(place, label, *cache));
            }
            if self.split && matches!(self.consumers[place].consumer, Consumer::Model(_)) {
                all.push(Configuration {
                    origin: BatchOrigin::Memory,
                    ..self.configuration(place, format!("memory · {label}"), CacheState::AsIs)
                });
            }
        }
        all
    }

    /// Every layout with one consumer and one state of the cache, and the control.
    fn of_one_cache(&self, place: usize, label: &str, cache: CacheState) -> Vec<Configuration> {
        // The state is only named where there are several.
        let state = match self.cache.len() {
            0 | 1 => String::new(),
            _ => format!(" · {cache}"),
        };
        let mut all: Vec<Configuration> = self
            .layouts
            .iter()
            .map(|layout| Configuration {
                layout: layout.clone(),
                ..self.configuration(place, format!("{layout} · {label}{state}"), cache)
            })
            .collect();
        if self.control {
            let name = format!("{} (control) · {label}{state}", self.baseline);
            all.push(Configuration {
                control: true,
                ..self.configuration(place, name, cache)
            });
        }
        all
    }

    /// The baseline with one consumer.
    fn configuration(&self, place: usize, name: String, cache: CacheState) -> Configuration {
        let consumer = &self.consumers[place];
        Configuration {
            name,
            layout: self.baseline.clone(),
            consumer: consumer.consumer.clone(),
            epochs: consumer.epochs.unwrap_or(self.epochs),
            cache,
            origin: BatchOrigin::Store,
            control: false,
        }
    }

    /// One name a consumer: its label, with the optimiser or a number behind it where two
    /// consumers would share one (the same model with two optimisers).
    pub fn consumer_labels(&self) -> Vec<String> {
        let mut labels: Vec<String> = self
            .consumers
            .iter()
            .map(|consumer| consumer.consumer.label())
            .collect();
        let shared = |labels: &[String], label: &String| {
            labels.iter().filter(|other| *other == label).count() > 1
        };
        for (place, consumer) in self.consumers.iter().enumerate() {
            if let Consumer::Model(settings) = &consumer.consumer
                && self.shares_label(place)
            {
                labels[place] = format!("{} {}", settings.model, settings.optimiser);
            }
        }
        let named = labels.clone();
        for (place, label) in named.iter().enumerate() {
            if shared(&named, label) {
                labels[place] = format!("{label} #{}", place + 1);
            }
        }
        labels
    }

    fn shares_label(&self, place: usize) -> bool {
        let label = self.consumers[place].consumer.label();
        self.consumers
            .iter()
            .enumerate()
            .any(|(other, consumer)| other != place && consumer.consumer.label() == label)
    }
}
