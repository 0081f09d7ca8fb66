//! Stall against step time.

use super::{Mean, mean_among, place_of, short};
use crate::{figures::Quantity, language::Language, page::stalls::break_even_text};
use ielade_bench::analysis::{Analysis, BreakEven, StallCurve};
use serde::Serialize;

/// The stall of one layout over all step times, in one state of the cache.
#[derive(Debug, Serialize)]
pub(in crate::page) struct StallChart {
    layout: usize,
    cache: &'static str,
    points: Vec<StallPoint>,
    /// Milliseconds of a step at which the layout begins to keep up, where it lies between the
    /// step times that were run.
    break_even: Option<f64>,
    /// The same in words, for all cases.
    break_even_text: String,
}

#[derive(Debug, Serialize)]
struct StallPoint {
    milliseconds: f64,
    profile: Option<String>,
    share: Mean,
}

impl StallChart {
    pub(super) fn all(analysis: &Analysis, names: &[String], language: Language) -> Vec<Self> {
        let curves = analysis.stalls.iter();
        curves
            .map(|curve| Self::of(curve, names, language))
            .collect()
    }

    /// True where there are at least two points to draw a line between.
    pub(super) const fn is_line(&self) -> bool {
        self.points.len() > 1
    }

    fn of(curve: &StallCurve, names: &[String], language: Language) -> Self {
        let kind = (Quantity::Share, language);
        Self {
            layout: place_of(names, &curve.layout),
            cache: curve.cache.name(),
            points: curve
                .points
                .iter()
                .map(|point| StallPoint {
                    milliseconds: short(point.milliseconds),
                    profile: point.profile.clone(),
                    share: mean_among(kind, &point.share, [point.share.mean]),
                })
                .collect(),
            break_even: match &curve.break_even {
                Some(BreakEven::At(estimate)) => Some(short(estimate.mean)),
                _ => None,
            },
            break_even_text: break_even_text(curve.break_even.as_ref(), language),
        }
    }
}
