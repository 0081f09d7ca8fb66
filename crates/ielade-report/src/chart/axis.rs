//! Where an axis begins and ends, and where its ticks stand.

/// A linear axis with ticks at round numbers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Axis {
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) ticks: Vec<f64>,
    /// Decimal places of the ticks' numbers.
    pub(crate) places: i32,
}

/// Ticks that an axis has, about.
const TICKS: f64 = 6.0;

impl Axis {
    /// The axis that holds all values, from 0 where they are not negative.
    pub(crate) fn from_zero(values: impl IntoIterator<Item = f64>) -> Self {
        let finite = values.into_iter().filter(|value| value.is_finite());
        let (low, high) = finite.fold((0.0_f64, 0.0_f64), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        Self::spanning(low, high, 0.0)
    }

    /// The same for numbers of things, of which there are no halves.
    pub(crate) fn of_counts(values: impl IntoIterator<Item = f64>) -> Self {
        let highest = values.into_iter().fold(1.0, f64::max);
        Self::spanning(0.0, highest, 1.0)
    }

    /// The axis that holds all values, with `level` in its middle.
    pub(crate) fn about(level: f64, values: impl IntoIterator<Item = f64>) -> Self {
        let finite = values.into_iter().filter(|value| value.is_finite());
        let furthest = finite
            .map(|value| (value - level).abs())
            .fold(1.0, f64::max);
        Self::spanning(level - furthest, level + furthest, 0.0)
    }

    fn spanning(low: f64, high: f64, least_step: f64) -> Self {
        let width = (high - low).max(f64::MIN_POSITIVE * 1e9);
        let step = round_step(width / TICKS).max(least_step);
        let (first, last) = ((low / step).floor(), (high / step * 0.999_999).ceil());
        let count = (last - first).clamp(1.0, 50.0) as u32;
        let ticks: Vec<f64> = (0..=count)
            .map(|place| (first + f64::from(place)) * step)
            .collect();
        Self {
            low: first * step,
            high: (first + f64::from(count)) * step,
            ticks,
            places: (-step.log10().floor()).clamp(0.0, 9.0) as i32,
        }
    }

    /// Where a value stands, 0 at the low end and 1 at the high end.
    pub(crate) fn place(&self, value: f64) -> f64 {
        ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }
}

/// 1, 2 or 5 times a power of ten, at least `step`.
fn round_step(step: f64) -> f64 {
    let power = 10_f64.powf(step.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    steps
        .into_iter()
        .find(|round| *round >= step * 0.999_999)
        .unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::Axis;

    #[test]
    fn ticks_stand_at_round_numbers_and_hold_all_values() {
        let axis = Axis::from_zero([3.2, 11.7]);
        assert_eq!(axis.ticks, [0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0]);
        assert_eq!((axis.places, axis.place(6.0)), (0, 0.5));
        assert_eq!(Axis::from_zero([0.031]).places, 2);
    }

    #[test]
    fn an_axis_about_a_level_has_it_in_its_middle() {
        let axis = Axis::about(100.0, [97.2, 101.0, f64::NAN]);
        assert_eq!((axis.low, axis.high), (97.0, 103.0));
        assert!((axis.place(100.0) - 0.5).abs() < 1e-9);
        let axis = Axis::about(100.0, []);
        assert!(axis.low < 100.0 && axis.high > 100.0);
    }

    #[test]
    fn an_axis_without_values_or_with_strange_ones_is_still_one() {
        for values in [
            vec![],
            vec![f64::NAN, f64::INFINITY],
            vec![0.0],
            vec![-4.0, 1e300],
        ] {
            let axis = Axis::from_zero(values);
            assert!(axis.high > axis.low && axis.ticks.len() >= 2, "{axis:?}");
        }
    }
}
