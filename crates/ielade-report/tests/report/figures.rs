//! Numbers as a reader sees them.

use ielade_bench::analysis::Interval;
use ielade_report::figures::{MISSING, Quantity, Scale, fixed, ratio};
use proptest::prelude::*;

fn read_back(text: &str) -> f64 {
    let plain = text.replace(',', "").replace('−', "-");
    plain.parse().expect("a plain number")
}

proptest! {
    #[test]
    fn a_figure_stands_within_half_of_its_last_digit(value in -1e12_f64..1e12, places in -6..10_i32) {
        let written = read_back(&fixed(value, places));
        let half_digit = 0.5 * 10_f64.powi(-places);
        prop_assert!((written - value).abs() <= half_digit * 1.001 + value.abs() * 1e-12);
    }

    #[test]
    fn a_figure_loses_less_than_a_twentieth_of_its_value(
        value in 1e-9_f64..1e12,
        width in 1e-9_f64..10.0,
    ) {
        let interval = Interval { low: value * (1.0 - width), high: value * (1.0 + width) };
        let scale = Scale::fitting(Quantity::Time, [value]);
        let written = read_back(&scale.figure(value, Some(interval)).value) / scale.factor;
        prop_assert!((written / value - 1.0).abs() <= 0.051, "{value} is written {written}");
    }

    #[test]
    fn no_number_is_refused(value in any::<f64>(), low in any::<f64>(), high in any::<f64>()) {
        for quantity in [Quantity::Time, Quantity::Bytes, Quantity::Share, Quantity::Rate] {
            let scale = Scale::fitting(quantity, [value, low]);
            let figure = scale.figure(value, Some(Interval { low, high }));
            let is_number = (value * scale.factor).is_finite();
            prop_assert_eq!(is_number, figure.value != MISSING);
        }
    }
}

#[test]
fn a_ratio_has_the_digits_that_its_interval_justifies() {
    let with = |low, high| ratio(1.861, Some(Interval { low, high }));
    assert_eq!(with(1.84, 1.88), "1.86× (1.84–1.88)");
    assert_eq!(with(1.86, 1.862), "1.861× (1.860–1.862)");
}
