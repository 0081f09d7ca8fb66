//! Mean, median and standard deviation.

/// Arithmetic mean; `None` of nothing.
///
/// ```
/// use ielade_bench::statistics::mean;
/// assert_eq!(mean(&[1.0, 2.0, 6.0]), Some(3.0));
/// assert_eq!(mean(&[]), None);
/// ```
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Middle value, or the mean of the two in the middle; `None` of nothing.
///
/// ```
/// use ielade_bench::statistics::median;
/// assert_eq!(median(&[5.0, 1.0, 2.0]), Some(2.0));
/// assert_eq!(median(&[4.0, 1.0, 2.0, 9.0]), Some(3.0));
/// ```
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(sorted[middle]),
        _ => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
    }
}

/// Standard deviation of a sample (divisor n − 1); 0 of one value, `None` of nothing.
///
/// ```
/// use ielade_bench::statistics::standard_deviation;
/// assert_eq!(standard_deviation(&[1.0, 3.0]), Some(2.0_f64.sqrt()));
/// assert_eq!(standard_deviation(&[7.0]), Some(0.0));
/// ```
pub fn standard_deviation(values: &[f64]) -> Option<f64> {
    let centre = mean(values)?;
    let squares: f64 = values.iter().map(|value| (value - centre).powi(2)).sum();
    Some((squares / (values.len() - 1).max(1) as f64).sqrt())
}
