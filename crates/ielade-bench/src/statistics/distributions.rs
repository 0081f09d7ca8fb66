//! Tails and quantiles of the distributions that the tests use.
//!
//! Degrees of freedom that make no sense give `NaN`, which no comparison takes for significant.

use statrs::distribution::{ChiSquared, ContinuousCDF, FisherSnedecor, Normal, StudentsT};

/// P(Z ≤ z) of the standard normal distribution.
pub(super) fn normal_cdf(z: f64) -> f64 {
    Normal::standard().cdf(z)
}

/// The z below which a standard normal value lies with this probability.
pub(super) fn normal_quantile(probability: f64) -> f64 {
    Normal::standard().inverse_cdf(probability)
}

/// The t below which a value of Student's distribution lies with this probability.
pub(super) fn t_quantile(degrees: f64, probability: f64) -> f64 {
    StudentsT::new(0.0, 1.0, degrees).map_or(f64::NAN, |t| t.inverse_cdf(probability))
}

/// P(T > t) of Student's distribution.
pub(super) fn t_upper_tail(degrees: f64, t: f64) -> f64 {
    // The lower tail of the mirrored value keeps its digits where the upper one is 1 − almost 1.
    StudentsT::new(0.0, 1.0, degrees).map_or(f64::NAN, |student| student.cdf(-t))
}

/// P(|T| ≥ |t|) of Student's distribution.
pub(super) fn t_two_sided(degrees: f64, t: f64) -> f64 {
    (2.0 * t_upper_tail(degrees, t.abs())).min(1.0)
}

/// P(X² > x) of the χ² distribution.
pub(super) fn chi_squared_upper_tail(degrees: f64, x: f64) -> f64 {
    ChiSquared::new(degrees).map_or(f64::NAN, |chi| chi.sf(x))
}

/// P(F > f) of Fisher's and Snedecor's distribution.
pub(super) fn f_upper_tail(above: f64, below: f64, f: f64) -> f64 {
    FisherSnedecor::new(above, below).map_or(f64::NAN, |fisher| fisher.sf(f))
}
