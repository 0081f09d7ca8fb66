//! How many images have which width and height, as marks of a drawing.

use crate::{
    composition::share,
    figures::count,
    language::{Language, fill},
};
use ielade_core::composition::{Composition, SizeCell};
use serde::Serialize;

/// The drawing's size and the place of its axes, in units of its own.
const WIDTH: f64 = 420.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 42.0;

/// Radius of the mark of a size that all images have.
const LARGEST_RADIUS: f64 = 18.0;
const SMALLEST_RADIUS: f64 = 2.5;

/// Sides whose largest is more than so many times the smallest are drawn by their logarithm.
const LOGARITHMIC_FROM: f64 = 4.0;

/// Width across, height upwards: a rectangle for images within bounds, a disc for those of one size.
#[derive(Debug, Serialize)]
pub(super) struct SizeChart {
    width: f64,
    height: f64,
    left: f64,
    bottom: f64,
    right: f64,
    top: f64,
    across: &'static str,
    upwards: &'static str,
    marks: Vec<Mark>,
    columns: Vec<Tick>,
    rows: Vec<Tick>,
}

#[derive(Debug, Serialize)]
struct Mark {
    is_disc: bool,
    x: f64,
    y: f64,
    width: f64,
    height: f64,
    opacity: f64,
    tip: String,
}

#[derive(Debug, Serialize)]
struct Tick {
    at: f64,
    label: String,
}

impl SizeChart {
    /// `None` where all images have one size, or none could be read.
    pub(super) fn of(found: &Composition, language: Language) -> Option<Self> {
        if found.sizes.len() < 2 {
            return None;
        }
        let words = language.image_words();
        let across = Axis::of(
            found.sizes.iter().map(|cell| cell.width),
            LEFT,
            WIDTH - RIGHT,
        )?;
        let upwards = Axis::of(
            found.sizes.iter().map(|cell| cell.height),
            HEIGHT - BOTTOM,
            TOP,
        )?;
        let most = found.sizes.iter().map(|cell| cell.count).max()?;
        let marks = found.sizes.iter().map(|cell| Mark {
            tip: tip(cell, found, language),
            ..mark(cell, &across, &upwards, cell.count as f64 / most as f64)
        });
        Some(Self {
            width: WIDTH,
            height: HEIGHT,
            left: LEFT,
            bottom: HEIGHT - BOTTOM,
            right: WIDTH - RIGHT,
            top: TOP,
            across: words.width,
            upwards: words.height,
            marks: marks.collect(),
            columns: across.ticks(language),
            rows: upwards.ticks(language),
        })
    }
}

fn mark(cell: &SizeCell, across: &Axis, upwards: &Axis, share_of_most: f64) -> Mark {
    let is_disc = cell.width[0] == cell.width[1] && cell.height[0] == cell.height[1];
    // Areas, and not lengths, are seen as amounts.
    let weight = share_of_most.sqrt();
    if is_disc {
        let radius = (LARGEST_RADIUS * weight).max(SMALLEST_RADIUS);
        return Mark {
            is_disc,
            x: rounded(across.at(cell.width[0].into())),
            y: rounded(upwards.at(cell.height[0].into())),
            width: rounded(radius),
            height: rounded(radius),
            opacity: 0.6,
            tip: String::new(),
        };
    }
    // A bound belongs to the cell: it ends where the next begins.
    let ends = |range: [u32; 2]| (f64::from(range[0]), f64::from(range[1]) + 1.0);
    let (left, right) = ends(cell.width);
    let (low, high) = ends(cell.height);
    let (left, right) = (across.at(left), across.at(right));
    let (bottom, top) = (upwards.at(low), upwards.at(high));
    Mark {
        is_disc,
        x: rounded(left),
        y: rounded(top),
        width: rounded(right - left),
        height: rounded(bottom - top),
        opacity: rounded(0.08 + 0.87 * weight),
        tip: String::new(),
    }
}

fn tip(cell: &SizeCell, found: &Composition, language: Language) -> String {
    let number = |value: u64| language.number(&count(value));
    let range = |[low, high]: [u32; 2]| {
        if low == high {
            number(low.into())
        } else {
            format!("{}–{}", number(low.into()), number(high.into()))
        }
    };
    fill(
        language.image_words().size_mark,
        &[
            ("width", &range(cell.width)),
            ("height", &range(cell.height)),
            ("images", &number(cell.count)),
            ("share", &share(cell.count, found, language)),
        ],
    )
}

/// Tenths of a unit are fine enough, and keep the page small.
fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// From pixels of an image to the drawing.
struct Axis {
    low: f64,
    high: f64,
    is_logarithmic: bool,
    from: f64,
    to: f64,
}

impl Axis {
    fn of(ranges: impl Iterator<Item = [u32; 2]> + Clone, from: f64, to: f64) -> Option<Self> {
        let lowest = f64::from(ranges.clone().map(|range| range[0]).min()?).max(1.0);
        let highest = f64::from(ranges.map(|range| range[1]).max()?).max(1.0) + 1.0;
        let is_logarithmic = highest > LOGARITHMIC_FROM * lowest;
        let (low, high) = if is_logarithmic {
            (lowest / 1.1, highest * 1.1)
        } else {
            let margin = (0.08 * (highest - lowest)).max(1.0);
            ((lowest - margin).max(0.0), highest + margin)
        };
        Some(Self {
            low,
            high,
            is_logarithmic,
            from,
            to,
        })
    }

    fn at(&self, value: f64) -> f64 {
        let share = if self.is_logarithmic {
            (value.max(1.0) / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        self.from + share.clamp(0.0, 1.0) * (self.to - self.from)
    }

    /// Round numbers: 1, 2 and 5 times powers of ten on a logarithmic axis, otherwise some five
    /// with equal steps.
    fn ticks(&self, language: Language) -> Vec<Tick> {
        let values: Vec<f64> = if self.is_logarithmic {
            let decades = (0..10).map(|power| 10_f64.powi(power));
            decades
                .flat_map(|decade| [1.0, 2.0, 5.0].map(|digit| digit * decade))
                .collect()
        } else {
            let step = round_step((self.high - self.low) / 5.0);
            let first = (self.low / step).ceil();
            (0..12)
                .map(|place| (first + f64::from(place)) * step)
                .collect()
        };
        values
            .into_iter()
            .filter(|value| (self.low..=self.high).contains(value))
            .map(|value| Tick {
                at: rounded(self.at(value)),
                label: language.number(&count(value.round() as u64)),
            })
            .collect()
    }
}

/// The smallest of 1, 2 and 5 times a power of ten that is not below `least`, and a whole number.
fn round_step(least: f64) -> f64 {
    let decade = 10_f64.powf(least.max(1.0).log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|digit| digit * decade);
    let found = steps.into_iter().find(|step| *step >= least);
    found.unwrap_or(10.0 * decade)
}

#[cfg(test)]
mod tests {
    use super::{Axis, HEIGHT, SizeChart, WIDTH, round_step};
    use crate::language::Language;
    use ielade_core::composition::{Composition, SizeCell};
    use proptest::prelude::*;

    fn chart(cells: Vec<SizeCell>) -> Option<SizeChart> {
        let found = Composition {
            looked_at: cells.iter().map(|cell| cell.count).sum(),
            sizes: cells,
            ..Composition::default()
        };
        SizeChart::of(&found, Language::English)
    }

    fn cell() -> impl Strategy<Value = SizeCell> {
        (
            0_u32..70_000,
            0_u32..9000,
            0_u32..70_000,
            0_u32..9000,
            1_u64..1 << 40,
        )
            .prop_map(|(left, across, low, upwards, count)| SizeCell {
                width: [left, left + across],
                height: [low, low + upwards],
                count,
            })
    }

    proptest! {
        #[test]
        fn every_mark_lies_within_the_drawing(cells in prop::collection::vec(cell(), 2..20)) {
            let drawn = chart(cells).unwrap();
            for mark in drawn.marks {
                prop_assert!(mark.x.is_finite() && (0.0..=WIDTH).contains(&mark.x));
                prop_assert!(mark.y.is_finite() && (0.0..=HEIGHT).contains(&mark.y));
                prop_assert!(mark.width >= 0.0 && mark.height >= 0.0, "{mark:?}");
                prop_assert!((0.0..=1.0).contains(&mark.opacity));
            }
        }
    }

    #[test]
    fn one_size_needs_no_chart() {
        let only = SizeCell {
            width: [32; 2],
            height: [32; 2],
            count: 9,
        };
        assert!(chart(vec![only]).is_none());
        assert!(chart(Vec::new()).is_none());
    }

    #[test]
    fn ticks_are_round_numbers() {
        let labels = |low, high| {
            let axis = Axis::of([[low, high]].into_iter(), 0.0, 100.0).unwrap();
            let ticks = axis.ticks(Language::English).into_iter();
            ticks.map(|tick| tick.label).collect::<Vec<_>>()
        };
        assert_eq!(labels(110, 3456), ["100", "200", "500", "1,000", "2,000"]);
        assert_eq!(labels(200, 300), ["200", "250", "300"]);
        assert_eq!((round_step(23.0), round_step(0.2)), (50.0, 1.0));
    }
}
