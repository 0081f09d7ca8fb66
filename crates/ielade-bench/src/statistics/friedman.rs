//! Friedman's test: whether any of several layouts differs, by their ranks within blocks.

use super::distributions::{chi_squared_upper_tail, f_upper_tail};
use serde::{Deserialize, Serialize};

/// What Friedman's test found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Friedman {
    /// Mean rank of each layout over the blocks, 1 for the smallest value.
    pub mean_ranks: Vec<f64>,
    /// Blocks.
    pub blocks: u32,
    /// Friedman's statistic, corrected for ties; χ² with (layouts − 1) degrees of freedom.
    pub chi_squared: f64,
    /// p-value by that distribution, which is too large for few blocks.
    pub chi_squared_p: f64,
    /// The statistic of Iman and Davenport, F with (layouts − 1) and (layouts − 1)(blocks − 1)
    /// degrees of freedom; `None` where all blocks rank the layouts alike, and it is infinite.
    pub f: Option<f64>,
    /// p-value to judge by: by F; where all blocks rank alike, the exact probability of that.
    pub p_value: f64,
}

/// Friedman's test over complete blocks; a row is a block and holds one value a layout.
///
/// See M. Friedman, *The use of ranks to avoid the assumption of normality implicit in the analysis
/// of variance*, JASA 32 (1937), and R. L. Iman, J. M. Davenport, *Approximations of the critical
/// region of the Friedman statistic*, Communications in Statistics A9 (1980). `None` below two
/// blocks or three layouts, where a row has another length than the first, where a value is not a
/// number, and where every block is one single tie.
///
/// ```
/// use ielade_bench::statistics::friedman_test;
/// let blocks = [vec![1.0, 2.0, 3.0], vec![1.1, 2.1, 2.9], vec![0.9, 2.2, 2.0]];
/// let test = friedman_test(&blocks).unwrap();
/// assert_eq!(test.mean_ranks[0], 1.0);
/// assert!(test.p_value < 0.1);
/// ```
pub fn friedman_test(blocks: &[Vec<f64>]) -> Option<Friedman> {
    let layouts = blocks.first()?.len();
    let sound = |row: &Vec<f64>| row.len() == layouts && !row.iter().any(|one| one.is_nan());
    if blocks.len() < 2 || layouts < 3 || !blocks.iter().all(sound) {
        return None;
    }
    let ranked: Vec<Ranked> = blocks.iter().map(|row| ranks(row)).collect();
    let (b, k) = (blocks.len() as f64, layouts as f64);
    let mean_ranks: Vec<f64> = (0..layouts)
        .map(|layout| ranked.iter().map(|row| row.ranks[layout]).sum::<f64>() / b)
        .collect();
    let middle = f64::midpoint(k, 1.0);
    let spread: f64 = mean_ranks.iter().map(|rank| (rank - middle).powi(2)).sum();
    let ties: f64 = ranked.iter().map(|row| row.ties).sum();
    let correction = 1.0 - ties / (b * k * (k * k - 1.0));
    if correction <= 0.0 {
        return None;
    }
    let chi_squared = 12.0 * b / (k * (k + 1.0)) * spread / correction;
    let left = b * (k - 1.0) - chi_squared;
    // The largest value there is, up to rounding: every block ranks the layouts alike.
    let f = (left > 1e-9 * b * k).then(|| (b - 1.0) * chi_squared / left);
    Some(Friedman {
        mean_ranks,
        blocks: blocks.len() as u32,
        chi_squared,
        chi_squared_p: chi_squared_upper_tail(k - 1.0, chi_squared),
        p_value: f.map_or_else(
            || all_alike(&ranked[0], blocks.len()),
            |f| f_upper_tail(k - 1.0, (k - 1.0) * (b - 1.0), f),
        ),
        f,
    })
}

/// A block's ranks, and how much ties take from their spread.
struct Ranked {
    ranks: Vec<f64>,
    /// Σ (t³ − t) over groups of t equal values.
    ties: f64,
    /// Logarithm of the number of different orders of these ranks.
    log_orders: f64,
}

/// Ranks from 1; equal values share the mean of theirs.
fn ranks(row: &[f64]) -> Ranked {
    let mut order: Vec<usize> = (0..row.len()).collect();
    order.sort_by(|a, b| row[*a].total_cmp(&row[*b]));
    let mut ranked = Ranked {
        ranks: vec![0.0; row.len()],
        ties: 0.0,
        log_orders: log_factorial(row.len()),
    };
    let mut before = 0;
    // In this order, not below the next one means equal to it.
    for equal in order.chunk_by(|a, b| row[*a] >= row[*b]) {
        let count = equal.len() as f64;
        let rank = before as f64 + f64::midpoint(count, 1.0);
        for place in equal {
            ranked.ranks[*place] = rank;
        }
        ranked.ties += count.powi(3) - count;
        ranked.log_orders -= log_factorial(equal.len());
        before += equal.len();
    }
    ranked
}

/// Probability that all blocks rank alike where every order is equally likely.
fn all_alike(ranked: &Ranked, blocks: usize) -> f64 {
    (-ranked.log_orders * (blocks as f64 - 1.0)).exp()
}

fn log_factorial(count: usize) -> f64 {
    (2..=count).map(|factor| (factor as f64).ln()).sum()
}

#[cfg(test)]
mod tests {
    use super::friedman_test;
    use proptest::prelude::*;

    #[test]
    fn what_cannot_be_ranked_is_no_test() {
        assert_eq!(friedman_test(&[]), None);
        assert_eq!(friedman_test(&[vec![1.0, 2.0], vec![2.0, 3.0]]), None);
        assert_eq!(friedman_test(&[vec![1.0, 2.0, 3.0], vec![2.0, 3.0]]), None);
        assert_eq!(friedman_test(&[vec![1.0; 3], vec![2.0; 3]]), None);
        assert_eq!(
            friedman_test(&[vec![1.0, 2.0, f64::NAN], vec![1.0, 2.0, 3.0]]),
            None
        );
    }

    #[test]
    fn blocks_that_all_rank_alike_have_the_exact_probability_of_that() {
        let found = friedman_test(&vec![vec![1.0, 2.0, 3.0, 4.0]; 5]).unwrap();
        assert_eq!(found.f, None);
        // Four further blocks, each with one of 24 orders.
        assert!((found.p_value - 24.0_f64.powi(-4)).abs() < 1e-12);
        let tied = friedman_test(&vec![vec![1.0, 2.0, 2.0]; 3]).unwrap();
        assert!((tied.p_value - 1.0 / 9.0).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn only_the_order_within_blocks_matters(
            blocks in prop::collection::vec(prop::collection::vec(0_u8..20, 4), 2..8),
        ) {
            let rows: Vec<Vec<f64>> = blocks
                .iter()
                .map(|row| row.iter().map(|value| f64::from(*value)).collect())
                .collect();
            let stretched: Vec<Vec<f64>> = rows
                .iter()
                .map(|row| row.iter().map(|value| value.exp() - 3.0).collect())
                .collect();
            let (one, other) = (friedman_test(&rows), friedman_test(&stretched));
            prop_assert_eq!(&one, &other);
            if let Some(found) = one {
                prop_assert!(found.p_value >= 0.0 && found.p_value <= 1.0);
            }
        }
    }
}
