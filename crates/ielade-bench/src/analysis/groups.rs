//! Groups of configurations that can be compared, and their comparisons.

use super::{
    Comparison, ConfigurationSummary, ConsumerGroup, ConsumerSplit, Control, Drift, Evidence,
    Family, Metric,
    comparison::{Judge, Side, complete_log_times, judge, most_common_blocks},
    split::Parts,
    summary,
};
use crate::{
    plan::Comparisons,
    statistics::{BlockModel, Bootstrap, friedman_test},
};
use ielade_core::{
    LayoutId,
    worker_protocol::{CacheState, Consumer},
};

/// All groups, in the order of the plan, and the family that their comparisons form.
pub(super) fn of(
    evidence: &Evidence<'_>,
    summaries: &[ConfigurationSummary],
    bootstrap: Bootstrap,
) -> (Vec<ConsumerGroup>, Family) {
    let members = members(evidence, summaries);
    let plan = &evidence.experiment.plan;
    let declared: usize = members
        .iter()
        .map(|group| group.declared(plan.comparisons))
        .sum();
    let blocks = members
        .iter()
        .map(|group| most_common_blocks(&group.sides()));
    let family = Family::of(plan, declared as u32, blocks.max().unwrap_or(0));
    let maker = Maker {
        family: &family,
        bootstrap,
        baseline: &plan.baseline,
        comparisons: plan.comparisons,
    };
    let mut groups: Vec<ConsumerGroup> =
        members.iter().map(|members| maker.group(members)).collect();
    let all = groups.iter_mut().flat_map(|group| &mut group.comparisons);
    judge(&mut all.collect::<Vec<_>>(), family.comparisons);
    let controls = groups.iter_mut().filter_map(|group| group.control.as_mut());
    let mut controls: Vec<&mut Comparison> =
        controls.map(|control| &mut control.comparison).collect();
    judge(&mut controls, 0);
    (groups, family)
}

/// The split of every consumer that also ran on batches from memory.
pub(super) fn splits(
    evidence: &Evidence<'_>,
    summaries: &[ConfigurationSummary],
    bootstrap: Bootstrap,
) -> Vec<ConsumerSplit> {
    let memory = summaries
        .iter()
        .filter(|one| !one.configuration.origin.is_store());
    memory
        .filter_map(|memory| {
            let consumer = &memory.configuration.consumer;
            let contestants = summaries.iter().filter(|one| {
                one.configuration.is_contestant() && one.configuration.consumer == *consumer
            });
            let parts = Parts {
                consumer: &label(evidence, consumer),
                memory,
                contestants: contestants.collect(),
            };
            parts.split(bootstrap)
        })
        .collect()
}

/// The configurations of one group.
struct Members<'a> {
    name: String,
    consumer: String,
    cache: CacheState,
    contestants: Vec<&'a ConfigurationSummary>,
    control: Option<&'a ConfigurationSummary>,
}

fn members<'a>(evidence: &Evidence<'_>, summaries: &'a [ConfigurationSummary]) -> Vec<Members<'a>> {
    let several_states = evidence.experiment.plan.cache.len() > 1;
    let mut found: Vec<(&Consumer, Members<'a>)> = Vec::new();
    let from_store = summaries
        .iter()
        .filter(|one| one.configuration.origin.is_store());
    for summary in from_store {
        let configuration = &summary.configuration;
        let (consumer, cache) = (&configuration.consumer, configuration.cache);
        let place = found
            .iter()
            .position(|(theirs, members)| *theirs == consumer && members.cache == cache)
            .unwrap_or_else(|| {
                let label = label(evidence, consumer);
                let members = Members {
                    name: if several_states {
                        format!("{label} · {cache}")
                    } else {
                        label.clone()
                    },
                    consumer: label,
                    cache,
                    contestants: Vec::new(),
                    control: None,
                };
                found.push((consumer, members));
                found.len() - 1
            });
        let members = &mut found[place].1;
        if configuration.control {
            members.control = Some(summary);
        } else {
            members.contestants.push(summary);
        }
    }
    found.into_iter().map(|(_, members)| members).collect()
}

/// The name that the plan gives a consumer.
fn label(evidence: &Evidence<'_>, consumer: &Consumer) -> String {
    let plan = &evidence.experiment.plan;
    let mut planned = plan.consumers.iter().zip(plan.consumer_labels());
    let found = planned.find(|(planned, _)| planned.consumer == *consumer);
    found.map_or_else(|| consumer.label(), |(_, label)| label)
}

impl Members<'_> {
    fn sides(&self) -> Vec<Side<'_>> {
        let contestants = self.contestants.iter();
        contestants.map(|summary| side(summary)).collect()
    }

    /// How many comparisons the plan declares of them.
    fn declared(&self, comparisons: Comparisons) -> usize {
        let layouts = self.contestants.len();
        match comparisons {
            Comparisons::Baseline => layouts.saturating_sub(1),
            Comparisons::AllPairs => layouts * layouts.saturating_sub(1) / 2,
        }
    }

    fn of_layout(&self, layout: &LayoutId) -> Option<&ConfigurationSummary> {
        let mut contestants = self.contestants.iter().copied();
        contestants.find(|one| one.configuration.layout == *layout)
    }
}

fn side(summary: &ConfigurationSummary) -> Side<'_> {
    Side {
        layout: &summary.configuration.layout,
        points: &summary.points,
    }
}

/// Makes groups of members.
struct Maker<'a> {
    family: &'a Family,
    bootstrap: Bootstrap,
    baseline: &'a LayoutId,
    comparisons: Comparisons,
}

impl Maker<'_> {
    fn group(&self, members: &Members<'_>) -> ConsumerGroup {
        let baseline = members.of_layout(self.baseline);
        let sides: Vec<Side<'_>> = members
            .sides()
            .into_iter()
            .filter(|side| !side.points.is_empty())
            .collect();
        let rows = complete_log_times(&sides);
        let judge = Judge {
            family: self.family,
            bootstrap: self.bootstrap,
            model: BlockModel::fit(&rows)
                .map(|model| (model, sides.iter().map(|side| side.layout).collect())),
        };
        let control = members
            .control
            .zip(baseline)
            .and_then(|(control, baseline)| {
                Some(Control {
                    comparison: judge.compare(side(control), side(baseline))?,
                    summary: control.clone(),
                })
            });
        let mut every = members.contestants.clone();
        every.extend(members.control);
        ConsumerGroup {
            name: members.name.clone(),
            consumer: members.consumer.clone(),
            cache: members.cache,
            summaries: self.with_ratios(&members.contestants, baseline),
            comparisons: self.compare(&judge, &sides),
            friedman: friedman_test(&rows),
            control,
            drift: Drift::of(&every),
        }
    }

    /// The declared comparisons; with the baseline in the order of the plan, of all pairs the
    /// later one with the earlier.
    fn compare(&self, judge: &Judge<'_>, sides: &[Side<'_>]) -> Vec<Comparison> {
        let mut comparisons = Vec::new();
        match self.comparisons {
            Comparisons::Baseline => {
                let base = sides.iter().find(|side| side.layout == self.baseline);
                let others = sides.iter().filter(|side| side.layout != self.baseline);
                for (other, base) in others.zip(base.into_iter().cycle()) {
                    comparisons.extend(judge.compare(*other, *base));
                }
            }
            Comparisons::AllPairs => {
                for (place, later) in sides.iter().enumerate() {
                    for earlier in &sides[..place] {
                        comparisons.extend(judge.compare(*later, *earlier));
                    }
                }
            }
        }
        comparisons
    }

    /// The contestants with their ratios to the baseline filled in.
    fn with_ratios(
        &self,
        contestants: &[&ConfigurationSummary],
        baseline: Option<&ConfigurationSummary>,
    ) -> Vec<ConfigurationSummary> {
        let mut summaries: Vec<ConfigurationSummary> =
            contestants.iter().copied().cloned().collect();
        let Some(base) = baseline else {
            return summaries;
        };
        for summary in &mut summaries {
            if summary.configuration.layout == *self.baseline {
                continue;
            }
            let compared = Metric::ALL.into_iter().filter(|one| one.is_compared());
            summary.ratios = compared
                .filter_map(|metric| {
                    let (points, base) = (&summary.points, &base.points);
                    Some((
                        metric,
                        summary::ratio(points, base, metric, self.bootstrap)?,
                    ))
                })
                .collect();
        }
        summaries
    }
}
