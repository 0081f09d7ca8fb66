//! Numbers as a reader wants them: `1.86× (1.84–1.88)`, `12.3 s`, `110,000 img/s`.
//!
//! A figure has as many digits as its confidence interval justifies: the last one stands where
//! the first digit of the interval's half width does, within two to four significant digits.
//! Without an interval it has three.

use ielade_bench::analysis::Interval;

/// What stands for a value that is missing or not a number.
pub const MISSING: &str = "–";

const MIB: f64 = 1024.0 * 1024.0;
const GIB: f64 = 1024.0 * MIB;

/// What kind of thing a number is; says which units it can be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// A duration, given in seconds.
    Time,
    /// Memory or storage, given in bytes.
    Bytes,
    /// A share, given as 0..1 and written in per cent.
    Share,
    /// Images a second.
    Rate,
    /// A number without a unit.
    Number,
    /// A quotient of two like things, written with `×`.
    Ratio,
}

/// A unit, and what a value must be multiplied with to be in it.
///
/// All figures of a column share one scale, so that they can be compared at a glance.
///
/// ```
/// use ielade_report::figures::{Quantity, Scale};
/// assert_eq!(Scale::fitting(Quantity::Time, [0.045, 0.3]).symbol, "ms");
/// assert_eq!(Scale::fitting(Quantity::Time, [0.5, 12.0]).symbol, "s");
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// Factor from the value's own unit to this one.
    pub factor: f64,
    /// The unit's symbol; empty for a plain number.
    pub symbol: &'static str,
}

impl Scale {
    const fn new(factor: f64, symbol: &'static str) -> Self {
        Self { factor, symbol }
    }

    /// The unit in which all `values` read well.
    pub fn fitting(quantity: Quantity, values: impl IntoIterator<Item = f64>) -> Self {
        let (low, high) = range(values);
        match quantity {
            Quantity::Time => Self::of_times(low, high),
            Quantity::Bytes => Self::of_bytes(low, high),
            Quantity::Share => Self::new(100.0, "%"),
            Quantity::Rate => Self::new(1.0, "img/s"),
            Quantity::Number => Self::new(1.0, ""),
            Quantity::Ratio => Self::new(1.0, "×"),
        }
    }

    const fn of_times(low: f64, high: f64) -> Self {
        if low >= 600.0 {
            Self::new(1.0 / 60.0, "min")
        } else if high >= 1.0 {
            Self::new(1.0, "s")
        } else if high >= 1e-3 {
            Self::new(1e3, "ms")
        } else {
            Self::new(1e6, "µs")
        }
    }

    const fn of_bytes(low: f64, high: f64) -> Self {
        if low >= 4.0 * GIB {
            Self::new(1.0 / GIB, "GiB")
        } else if high >= MIB {
            Self::new(1.0 / MIB, "MiB")
        } else {
            Self::new(1.0 / 1024.0, "KiB")
        }
    }

    /// Writes a value and its interval in this unit, without the unit's symbol.
    ///
    /// ```
    /// use ielade_bench::analysis::Interval;
    /// use ielade_report::figures::{Quantity, Scale};
    /// let scale = Scale::fitting(Quantity::Time, [12.31]);
    /// let figure = scale.figure(12.31, Some(Interval { low: 12.1, high: 12.5 }));
    /// assert_eq!(figure.value, "12.3");
    /// assert_eq!(figure.range.unwrap(), "12.1–12.5");
    /// assert_eq!(figure.half_width.unwrap(), "0.2");
    /// ```
    pub fn figure(self, value: f64, interval: Option<Interval>) -> Figure {
        let value = value * self.factor;
        let interval = interval.map(|interval| Interval {
            low: interval.low * self.factor,
            high: interval.high * self.factor,
        });
        let places = decimal_places(value, interval);
        Figure {
            value: fixed(value, places),
            range: interval.map(|interval| range_text(interval, places)),
            half_width: interval.map(|interval| half_width_text(half_width(interval), places)),
        }
    }

    /// Writes a value with its unit: `12.3 s`.
    pub fn text(self, value: f64) -> String {
        with_symbol(&self.figure(value, None).value, self.symbol)
    }
}

/// A value and its 95 % interval, written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// The value: `12.3`.
    pub value: String,
    /// Both ends of the interval: `12.1–12.5`.
    pub range: Option<String>,
    /// Half the interval's width: `0.2`.
    pub half_width: Option<String>,
}

/// A duration in seconds, in the unit that fits it.
///
/// ```
/// use ielade_report::figures::seconds;
/// assert_eq!(seconds(12.34), "12.3 s");
/// assert_eq!(seconds(0.045), "45.0 ms");
/// assert_eq!(seconds(f64::NAN), "–");
/// ```
pub fn seconds(value: f64) -> String {
    Scale::fitting(Quantity::Time, [value]).text(value)
}

/// A number of bytes, in binary units.
///
/// ```
/// assert_eq!(ielade_report::figures::bytes(327_155_712), "312 MiB");
/// ```
pub fn bytes(value: u64) -> String {
    let value = value as f64;
    Scale::fitting(Quantity::Bytes, [value]).text(value)
}

/// A share of 0..1 in per cent.
///
/// ```
/// assert_eq!(ielade_report::figures::percent(0.612), "61.2 %");
/// ```
pub fn percent(value: f64) -> String {
    with_symbol(&fixed(value * 100.0, 1), "%")
}

/// Images a second.
///
/// ```
/// assert_eq!(ielade_report::figures::images_per_second(110_234.0), "110,000 img/s");
/// ```
pub fn images_per_second(value: f64) -> String {
    Scale::fitting(Quantity::Rate, [value]).text(value)
}

/// A whole number with its thousands set apart.
///
/// ```
/// assert_eq!(ielade_report::figures::count(60_000), "60,000");
/// ```
pub fn count(value: u64) -> String {
    group_thousands(&value.to_string())
}

/// A ratio with its interval.
///
/// ```
/// use ielade_bench::analysis::Interval;
/// use ielade_report::figures::ratio;
/// let interval = Interval { low: 1.84, high: 1.88 };
/// assert_eq!(ratio(1.861, Some(interval)), "1.86× (1.84–1.88)");
/// assert_eq!(ratio(0.5321, None), "0.532×");
/// ```
pub fn ratio(value: f64, interval: Option<Interval>) -> String {
    let figure = Scale::fitting(Quantity::Ratio, [value]).figure(value, interval);
    match figure.range {
        Some(range) => format!("{}× ({range})", figure.value),
        None => format!("{}×", figure.value),
    }
}

/// The place of the last digit that means something: 1 for tenths, 0 for ones, −3 for thousands.
///
/// ```
/// use ielade_bench::analysis::Interval;
/// use ielade_report::figures::decimal_places;
/// assert_eq!(decimal_places(12.31, Some(Interval { low: 12.1, high: 12.5 })), 1);
/// assert_eq!(decimal_places(109_873.0, Some(Interval { low: 108_000.0, high: 112_000.0 })), -3);
/// assert_eq!(decimal_places(12.31, None), 1);
/// ```
pub fn decimal_places(value: f64, interval: Option<Interval>) -> i32 {
    let magnitude = magnitude(value).unwrap_or(0);
    let three_digits = 2 - magnitude;
    interval
        .and_then(|interval| self::magnitude(half_width(interval)))
        .map_or(three_digits, |width| {
            (-width).clamp(three_digits - 1, three_digits + 1)
        })
}

/// A number with its last digit at `places`, thousands set apart by commas; [`MISSING`] where it
/// is not finite.
///
/// ```
/// use ielade_report::figures::fixed;
/// assert_eq!(fixed(109_873.0, -3), "110,000");
/// assert_eq!(fixed(1234.5, 2), "1,234.50");
/// assert_eq!(fixed(-0.01, 1), "0.0");
/// ```
pub fn fixed(value: f64, places: i32) -> String {
    if !value.is_finite() {
        return MISSING.to_owned();
    }
    // Beyond this a double holds no further decimal digits, and a format string would be endless.
    let places = places.clamp(-300, 17);
    let decimals = usize::try_from(places).unwrap_or(0);
    let step = 10_f64.powi(-places);
    let rounded = if places < 0 {
        (value / step).round() * step
    } else {
        value
    };
    let text = format!("{rounded:.decimals$}");
    let is_zero = !text.contains(|digit: char| ('1'..='9').contains(&digit));
    let unsigned = text.trim_start_matches('-');
    let grouped = group_thousands(unsigned);
    if is_zero || unsigned.len() == text.len() {
        grouped
    } else {
        format!("−{grouped}")
    }
}

fn range_text(interval: Interval, places: i32) -> String {
    let low = fixed(interval.low, places);
    let high = fixed(interval.high, places);
    format!("{low}–{high}")
}

/// A half width below the value's last digit has a digit of its own; one far below counts as 0.
fn half_width_text(width: f64, places: i32) -> String {
    let own = magnitude(width).map(|magnitude| -magnitude);
    match own.map(|own| (own, own - places)) {
        Some((_, ..=0)) => fixed(width, places),
        Some((own, 1..=2)) => fixed(width, own),
        _ => "0".to_owned(),
    }
}

fn with_symbol(figure: &str, symbol: &str) -> String {
    if figure == MISSING {
        return MISSING.to_owned();
    }
    match symbol {
        "" => figure.to_owned(),
        "×" => format!("{figure}×"),
        symbol => format!("{figure} {symbol}"),
    }
}

fn half_width(interval: Interval) -> f64 {
    (interval.high - interval.low).abs() / 2.0
}

/// Place of the first digit: 0 for 1..10; `None` for zero and for what is not finite.
fn magnitude(value: f64) -> Option<i32> {
    let exponent = value.abs().log10();
    // Subtractions leave 0.3 as 0.29999999999999999, which has its first digit elsewhere.
    exponent
        .is_finite()
        .then(|| (exponent + 1e-9).floor() as i32)
}

fn range(values: impl IntoIterator<Item = f64>) -> (f64, f64) {
    let finite = values.into_iter().filter(|value| value.is_finite());
    let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    if low > high { (0.0, 0.0) } else { (low, high) }
}

fn group_thousands(text: &str) -> String {
    let (whole, fraction) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut grouped = String::with_capacity(text.len() + whole.len() / 3);
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + fraction
}

#[cfg(test)]
mod tests {
    use super::{Quantity, Scale, bytes, count, decimal_places, fixed, percent, ratio, seconds};
    use ielade_bench::analysis::Interval;

    const fn interval(low: f64, high: f64) -> Interval {
        Interval { low, high }
    }

    #[test]
    fn a_narrow_interval_gives_more_digits_than_a_wide_one() {
        assert_eq!(
            ratio(1.861, Some(interval(1.859, 1.863))),
            "1.861× (1.859–1.863)"
        );
        assert_eq!(
            ratio(1.861, Some(interval(1.84, 1.88))),
            "1.86× (1.84–1.88)"
        );
        assert_eq!(ratio(1.861, Some(interval(1.6, 2.1))), "1.9× (1.6–2.1)");
    }

    #[test]
    fn digits_stay_between_two_and_four() {
        assert_eq!(
            decimal_places(1.86, Some(interval(1.859_999, 1.860_001))),
            3
        );
        assert_eq!(decimal_places(1.86, Some(interval(-100.0, 100.0))), 1);
    }

    #[test]
    fn an_interval_without_width_gives_three_digits() {
        assert_eq!(decimal_places(12.0, Some(interval(12.0, 12.0))), 1);
        assert_eq!(decimal_places(0.0, Some(interval(0.0, 0.0))), 2);
    }

    #[test]
    fn a_half_width_just_below_a_power_of_ten_by_rounding_counts_as_that_power() {
        assert_eq!(decimal_places(1.5, Some(interval(1.4, 1.6))), 1);
        assert_eq!(decimal_places(0.5, Some(interval(0.49, 0.51))), 2);
    }

    #[test]
    fn units_follow_the_size() {
        assert_eq!(seconds(0.000_012), "12.0 µs");
        assert_eq!(seconds(0.045), "45.0 ms");
        assert_eq!(seconds(599.0), "599 s");
        assert_eq!(seconds(1200.0), "20.0 min");
        assert_eq!(bytes(512), "0.500 KiB");
        assert_eq!(bytes(8 << 30), "8.00 GiB");
        assert_eq!(percent(0.612), "61.2 %");
    }

    #[test]
    fn one_unit_serves_a_whole_column() {
        let scale = Scale::fitting(Quantity::Time, [0.03, 5.61]);
        assert_eq!(scale.symbol, "s");
        assert_eq!(scale.figure(0.03, None).value, "0.0300");
        assert_eq!(Scale::fitting(Quantity::Time, []).text(f64::NAN), "–");
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_000), "1,000");
        assert_eq!(count(12_345_678), "12,345,678");
        assert_eq!(fixed(1234.5, 1), "1,234.5");
        assert_eq!(fixed(-1234.0, 0), "−1,234");
    }

    #[test]
    fn numbers_that_are_none_are_a_dash() {
        assert_eq!(fixed(f64::INFINITY, 2), "–");
        assert_eq!(fixed(f64::NAN, 2), "–");
        assert_eq!(ratio(f64::NAN, None), "–×");
    }

    #[test]
    fn extreme_numbers_are_written_without_a_panic() {
        for value in [f64::MAX, f64::MIN_POSITIVE, -f64::MAX, 1e-320] {
            assert!(
                !Scale::fitting(Quantity::Number, [value])
                    .text(value)
                    .is_empty()
            );
        }
    }
}
