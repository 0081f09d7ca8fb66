//! The table of break-even steps: from which speed of a GPU on a layout starves it.

use crate::{
    figures::{Quantity, Scale, percent},
    language::{Language, PageWords, fill},
};
use ielade_bench::analysis::{Analysis, BreakEven, StallCurve};
use ielade_core::{
    step_profiles::{self, StepProfile},
    worker_protocol::Consumer,
};
use serde::Serialize;

/// Break-even steps, and where the step times come from.
#[derive(Debug, Serialize)]
pub(super) struct Stalls {
    /// Headings: a step time each.
    steps: Vec<String>,
    rows: Vec<StallRow>,
    profiles: Vec<ProfileRow>,
}

/// One layout in one state of the cache.
#[derive(Debug, Serialize)]
struct StallRow {
    layout: String,
    place: usize,
    cache: &'static str,
    cache_label: &'static str,
    break_even: String,
    break_even_value: Option<f64>,
    shares: Vec<Share>,
}

/// A stall, as text and as number.
#[derive(Debug, Serialize)]
struct Share {
    text: String,
    value: Option<f64>,
}

/// A GPU and a model whose step time takes part.
#[derive(Debug, Serialize)]
struct ProfileRow {
    name: String,
    milliseconds: String,
    what: String,
    source: String,
}

impl Stalls {
    /// `None` where consumers have fewer than two step times: nothing can lie between them.
    pub(super) fn of(analysis: &Analysis, names: &[String], language: Language) -> Option<Self> {
        let curves = &analysis.stalls;
        let mut steps: Vec<f64> = curves
            .iter()
            .flat_map(|curve| curve.points.iter().map(|point| point.milliseconds))
            .collect();
        steps.sort_by(f64::total_cmp);
        steps.dedup();
        (steps.len() > 1).then(|| Self {
            steps: (steps.iter())
                .map(|step| milliseconds(*step, language))
                .collect(),
            rows: curves
                .iter()
                .map(|curve| row(curve, &steps, names, language))
                .collect(),
            profiles: profiles(analysis, language),
        })
    }
}

fn row(curve: &StallCurve, steps: &[f64], names: &[String], language: Language) -> StallRow {
    let layout = curve.layout.to_string();
    let shares = steps.iter().map(|step| {
        let mut points = curve.points.iter();
        let found = points.find(|point| point.milliseconds.total_cmp(step).is_eq());
        Share {
            text: found.map_or_else(String::new, |point| {
                language.number(&percent(point.share.mean))
            }),
            value: found.map(|point| point.share.mean * 100.0),
        }
    });
    StallRow {
        place: names.iter().position(|name| *name == layout).unwrap_or(0),
        cache: curve.cache.name(),
        cache_label: language.words().charts.caches.of(curve.cache),
        break_even: break_even_text(curve.break_even.as_ref(), language),
        break_even_value: match &curve.break_even {
            Some(BreakEven::At(estimate)) => Some(estimate.mean),
            Some(BreakEven::Below(step) | BreakEven::Above(step)) => Some(*step),
            None => None,
        },
        shares: shares.collect(),
        layout,
    }
}

/// `4.1 ms (3.9–4.3)`, or that it lies beyond what was run.
pub(super) fn break_even_text(found: Option<&BreakEven>, language: Language) -> String {
    let words = &language.words().page;
    let beyond = |template, step| fill(template, &[("step", &milliseconds(step, language))]);
    match found {
        None => words.needs_two_steps.to_owned(),
        Some(BreakEven::Below(step)) => beyond(words.below_step, *step),
        Some(BreakEven::Above(step)) => beyond(words.above_step, *step),
        Some(BreakEven::At(estimate)) => {
            let scale = Scale::fitting(Quantity::Number, [estimate.mean]);
            let figure = scale.figure(estimate.mean, estimate.interval);
            let value = language.number(&figure.value);
            match figure.range {
                Some(range) => format!("{value} ms ({})", language.number(&range)),
                None => format!("{value} ms"),
            }
        }
    }
}

/// A step time as the plan says it, with three digits at most.
pub(super) fn milliseconds(step: f64, language: Language) -> String {
    let rounded = crate::figures::fixed(step, crate::figures::decimal_places(step, None));
    let short = if rounded.contains('.') {
        rounded.trim_end_matches('0').trim_end_matches('.')
    } else {
        &rounded
    };
    format!("{} ms", language.number(short))
}

fn profiles(analysis: &Analysis, language: Language) -> Vec<ProfileRow> {
    let words = &language.words().page;
    let consumers = analysis.experiment.plan.consumers.iter();
    consumers
        .filter_map(|one| match &one.consumer {
            Consumer::FixedStep {
                milliseconds: step,
                profile: Some(name),
            } => Some((*step, name.as_str())),
            _ => None,
        })
        .map(|(step, name)| {
            let profile = step_profiles::find(name);
            ProfileRow {
                name: name.to_owned(),
                milliseconds: milliseconds(step, language),
                what: profile.map_or_else(String::new, |profile| what(profile, words, language)),
                source: profile.map_or_else(
                    || words.unknown_profile.to_owned(),
                    |profile| {
                        let source = &profile.source;
                        format!("{}, {}; {}", source.title, source.software, source.address)
                    },
                ),
            }
        })
        .collect()
}

fn what(profile: &StepProfile, words: &PageWords, language: Language) -> String {
    let images = crate::figures::count(profile.images_per_second.round() as u64);
    format!(
        "{} × {}, {}, {}",
        profile.gpu,
        profile.model,
        profile.precision,
        fill(
            words.profile_speed,
            &[("images", &language.number(&images))]
        )
    )
}
