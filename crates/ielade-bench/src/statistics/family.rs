//! Many comparisons at once: Holm's correction, and whether it leaves anything to find.

use super::permutation::{smallest_sign_flip_p, smallest_unpaired_p};
use serde::{Deserialize, Serialize};

/// p-values adjusted for the family that they form, by Holm's step-down method; in the order given.
///
/// An adjusted value of at most α keeps the probability of any false finding in the whole family at
/// α, whatever depends on what. See S. Holm, *A simple sequentially rejective multiple test
/// procedure*, Scandinavian Journal of Statistics 6 (1979).
///
/// ```
/// use ielade_bench::statistics::holm;
/// let adjusted = holm(&[0.01, 0.04, 0.03]);
/// assert!((adjusted[0] - 0.03).abs() < 1e-12);
/// assert!((adjusted[1] - 0.06).abs() < 1e-12);
/// assert!((adjusted[2] - 0.06).abs() < 1e-12);
/// ```
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    let mut adjusted = vec![1.0; p_values.len()];
    let mut largest = 0.0_f64;
    for (step, place) in order.into_iter().enumerate() {
        let left = (p_values.len() - step) as f64;
        largest = largest.max((p_values[place] * left).min(1.0));
        adjusted[place] = largest;
    }
    adjusted
}

/// What a paired exact test can find among so many comparisons.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Feasibility {
    /// Blocks of the experiment.
    pub blocks: u32,
    /// Comparisons of the family.
    pub comparisons: u32,
    /// Probability of any false finding that is allowed in the family.
    pub alpha: f64,
    /// The smallest p-value that the test can give with these blocks.
    pub smallest_p: f64,
    /// Blocks from which something can be found; `None` where that takes more than can be counted.
    pub blocks_needed: Option<u32>,
}

/// Whether the paired exact test ([`sign_flip_test`](super::sign_flip_test)) with Holm's correction
/// can find anything at all: with ten blocks it cannot give p < 1/512, so that beyond 25 comparisons
/// at 5 % nothing is ever found, however large the difference.
///
/// ```
/// use ielade_bench::statistics::family_is_feasible;
/// assert!(family_is_feasible(10, 25, 0.05).is_feasible());
/// let trap = family_is_feasible(10, 26, 0.05);
/// assert!(!trap.is_feasible());
/// assert_eq!(trap.blocks_needed, Some(11));
/// assert!(trap.advice().unwrap().contains("at most 25"));
/// ```
pub fn family_is_feasible(blocks: u32, comparisons: u32, alpha: f64) -> Feasibility {
    Feasibility {
        blocks,
        comparisons,
        alpha,
        smallest_p: smallest_sign_flip_p(blocks),
        blocks_needed: blocks_for_family(comparisons, alpha),
    }
}

/// The fewest blocks with which the paired exact test can find anything among so many comparisons;
/// `None` where even the smallest p-value that is ever given is not enough.
pub fn blocks_for_family(comparisons: u32, alpha: f64) -> Option<u32> {
    (1..=64).find(|blocks| finds(smallest_sign_flip_p(*blocks), comparisons, alpha))
}

fn finds(smallest_p: f64, comparisons: u32, alpha: f64) -> bool {
    smallest_p * f64::from(comparisons) <= alpha
}

impl Feasibility {
    /// True where a difference can be found.
    pub fn is_feasible(&self) -> bool {
        finds(self.smallest_p, self.comparisons, self.alpha)
    }

    /// The most comparisons among which a difference can be found with these blocks.
    pub fn most_comparisons(&self) -> u32 {
        (self.alpha / self.smallest_p) as u32
    }

    /// True where a test that ignores blocks could find a difference.
    pub fn is_unpaired_feasible(&self) -> bool {
        let unpaired = smallest_unpaired_p(self.blocks, self.blocks);
        finds(unpaired, self.comparisons, self.alpha)
    }

    /// What to do, in a sentence without a full stop; `None` where nothing needs to be done.
    pub fn advice(&self) -> Option<String> {
        if self.is_feasible() {
            return None;
        }
        let mut ways = Vec::new();
        ways.extend(
            self.blocks_needed
                .map(|blocks| format!("run {blocks} blocks")),
        );
        ways.push(match self.most_comparisons() {
            0 => "compare against one baseline only".to_owned(),
            most => format!("make at most {most} comparisons, for example against one baseline"),
        });
        if self.is_unpaired_feasible() {
            ways.push(
                "use a test that ignores blocks (`test = \"unpaired\"`) or assumes a normal \
                 distribution (`test = \"model\"`)"
                    .to_owned(),
            );
        } else {
            ways.push(
                "use the test that assumes a normal distribution (`test = \"model\"`)".to_owned(),
            );
        }
        Some(format!(
            "with {} a paired exact test cannot give a p-value below {:.2e}, and the first of {} \
             comparisons needs {:.2e} (Holm, {} %), so no difference could ever be found: {}",
            counted(self.blocks, "block"),
            self.smallest_p,
            self.comparisons,
            self.alpha / f64::from(self.comparisons.max(1)),
            100.0 * self.alpha,
            ways.join("; or ")
        ))
    }
}

fn counted(count: u32, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

#[cfg(test)]
mod tests {
    use super::{blocks_for_family, family_is_feasible, holm};
    use crate::statistics::sign_flip_test;
    use proptest::prelude::*;

    #[test]
    fn the_trap_of_many_comparisons_with_few_blocks_is_seen() {
        for (blocks, most) in [(5, 0), (6, 1), (10, 25), (12, 102), (20, 26_214)] {
            assert_eq!(family_is_feasible(blocks, 1, 0.05).most_comparisons(), most);
            assert!(!family_is_feasible(blocks, most + 1, 0.05).is_feasible());
        }
        assert_eq!(blocks_for_family(1, 0.05), Some(6));
        assert_eq!(blocks_for_family(42, 0.05), Some(11));
        assert_eq!(blocks_for_family(u32::MAX, 0.05), None);
    }

    #[test]
    fn what_is_said_to_be_impossible_is() {
        // The clearest result that ten blocks can give, in a family of 26.
        let clearest = sign_flip_test(&[1.0; 10], 0).unwrap().p_value;
        let found = |family: usize| holm(&vec![clearest; family])[0] <= 0.05;
        assert!(found(25) && !found(26));
    }

    #[test]
    fn the_advice_names_the_ways_out_that_help() {
        let advice = family_is_feasible(10, 42, 0.05).advice().unwrap();
        assert!(
            advice.contains("run 11 blocks") && advice.contains("unpaired"),
            "{advice}"
        );
        // Three runs have 20 ways: ignoring blocks does not help.
        let advice = family_is_feasible(3, 4, 0.05).advice().unwrap();
        assert!(
            !advice.contains("unpaired") && advice.contains("model"),
            "{advice}"
        );
        assert_eq!(family_is_feasible(10, 9, 0.05).advice(), None);
    }

    proptest! {
        #[test]
        fn adjusted_values_keep_the_order_and_grow(
            p_values in prop::collection::vec(0.0_f64..=1.0, 0..20),
        ) {
            let adjusted = holm(&p_values);
            for (one, raised) in p_values.iter().zip(&adjusted) {
                prop_assert!(raised >= one && *raised <= 1.0);
                for (other, other_raised) in p_values.iter().zip(&adjusted) {
                    prop_assert!(one > other || raised <= other_raised);
                }
            }
        }
    }
}
