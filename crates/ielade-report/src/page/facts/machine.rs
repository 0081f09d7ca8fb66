//! What the runs ran on, and how they were watched.

use super::{Facts, Teller};
use crate::{
    figures::{count, percent},
    language::fill,
};
use ielade_bench::record::{Environment, GpuReport, Record};

impl Teller {
    pub(super) fn machine(self, environment: &Environment) -> Facts {
        let words = self.words;
        let known = |text: &str| {
            if text.is_empty() {
                words.not_known.to_owned()
            } else {
                text.to_owned()
            }
        };
        let gpu = environment.gpu.clone();
        let mut facts = vec![
            (words.processor, known(&environment.cpu)),
            (words.processors_usable, environment.cpus.to_string()),
            (words.memory, self.memory(environment)),
            (
                words.graphics_processor,
                gpu.unwrap_or_else(|| words.none.to_owned()),
            ),
            (words.kernel, known(&environment.kernel)),
        ];
        let file_system = environment.file_system.clone();
        facts.extend(file_system.map(|text| (words.file_system, text)));
        let read_ahead = environment.read_ahead_bytes;
        facts.extend(read_ahead.map(|size| (words.read_ahead, self.bytes(size))));
        let governor = environment.governor.clone();
        facts.extend(governor.map(|text| (words.governor, text)));
        let group = self.control_group(environment);
        facts.extend(group.map(|text| (words.control_group, text)));
        let load = environment.load;
        facts.extend(load.map(|load| (words.load, self.number(&format!("{load:.2}")))));
        facts
    }

    /// The limits beside that of the memory.
    fn control_group(self, environment: &Environment) -> Option<String> {
        let words = self.words;
        let group = environment.control_group.as_ref()?;
        let processors = group.processors.map(|number| {
            let number = self.number(&number.to_string());
            fill(words.some_processors, &[("n", &number)])
        });
        let set = group.processor_set.as_ref();
        let set = set.map(|set| fill(words.processor_set, &[("set", set)]));
        let swap = group.swap_bytes.map(|limit| {
            let limit = self.bytes(limit);
            fill(words.swap, &[("limit", &limit)])
        });
        let limits: Vec<String> = processors.into_iter().chain(set).chain(swap).collect();
        (!limits.is_empty()).then(|| limits.join(", "))
    }

    /// How the runs were watched from outside, and what that cost.
    pub(super) fn watching(self, records: &[Record]) -> Facts {
        let words = self.words;
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
        let samples = probes.iter().map(|(probe, _)| u64::from(probe.samples));
        let cost: f64 = probes.iter().map(|(probe, _)| probe.cost.cpu_seconds).sum();
        let watched: f64 = probes.iter().map(|(_, seconds)| seconds).sum();
        let mut facts = vec![(words.samples, self.number(&count(samples.sum())))];
        if cost > 0.0 && watched > 0.0 {
            let share = self.number(&percent(cost / watched));
            facts.push((words.own_cost, fill(words.cost_share, &[("share", &share)])));
        }
        let gpu = match &last.gpu {
            GpuReport::Absent { reason } => fill(words.not_seen, &[("reason", reason)]),
            GpuReport::Seen { cards } => {
                let names: Vec<&str> = cards.iter().map(|card| card.name.as_str()).collect();
                names.join(", ")
            }
        };
        facts.push((words.graphics_processor, gpu));
        facts
    }

    fn memory(self, environment: &Environment) -> String {
        let all = self.bytes(environment.memory_bytes);
        match environment.memory_limit_bytes {
            Some(limit) if limit < environment.memory_bytes => {
                let limit = self.bytes(limit);
                fill(
                    self.words.limited_memory,
                    &[("all", &all), ("limit", &limit)],
                )
            }
            _ => all,
        }
    }
}
