//! The additive model of randomised complete blocks: layout effect + block effect + noise.

use super::{TTest, mean};

/// Two-way analysis of variance without replication: every layout once in every block.
///
/// A layout's mean less another's is judged by the spread that is left when layouts and blocks are
/// taken out, with (layouts − 1)(blocks − 1) degrees of freedom. It borrows that spread from all
/// layouts, so it finds more than [`paired_t_test`](super::paired_t_test) where they all scatter
/// alike, and too much where the two compared scatter more than the others. See D. C. Montgomery,
/// *Design and Analysis of Experiments*, chapter 4.
///
/// ```
/// use ielade_bench::statistics::BlockModel;
/// // Three blocks of three layouts; the last one is slower by 0.5.
/// let blocks = [vec![1.0, 1.1, 1.5], vec![2.0, 1.9, 2.5], vec![3.0, 3.1, 3.4]];
/// let model = BlockModel::fit(&blocks).unwrap();
/// assert_eq!(model.degrees(), 4.0);
/// let test = model.compare(2, 0).unwrap();
/// assert!((test.difference - 1.4 / 3.0).abs() < 1e-12 && test.p_value < 0.01);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct BlockModel {
    means: Vec<f64>,
    blocks: usize,
    residual_variance: f64,
    degrees: f64,
}

impl BlockModel {
    /// Fits the model; a row is a block and holds one value a layout, times as logarithms.
    ///
    /// `None` below two blocks or two layouts, where a row has another length than the first, or
    /// where a value is not finite.
    pub fn fit(blocks: &[Vec<f64>]) -> Option<Self> {
        let layouts = blocks.first()?.len();
        let sound = |row: &Vec<f64>| row.len() == layouts && row.iter().all(|one| one.is_finite());
        if blocks.len() < 2 || layouts < 2 || !blocks.iter().all(sound) {
            return None;
        }
        let means: Vec<f64> = (0..layouts)
            .map(|layout| blocks.iter().map(|row| row[layout]).sum::<f64>() / blocks.len() as f64)
            .collect();
        let centre = mean(&means)?;
        let mut squares = 0.0;
        for row in blocks {
            let mood = mean(row)? - centre;
            let residuals = row
                .iter()
                .zip(&means)
                .map(|(value, mean)| value - mean - mood);
            squares += residuals.map(|residual| residual * residual).sum::<f64>();
        }
        let degrees = ((layouts - 1) * (blocks.len() - 1)) as f64;
        Some(Self {
            means,
            blocks: blocks.len(),
            residual_variance: squares / degrees,
            degrees,
        })
    }

    /// Variance that neither layouts nor blocks explain.
    pub const fn residual_variance(&self) -> f64 {
        self.residual_variance
    }

    /// Degrees of freedom of that variance.
    pub const fn degrees(&self) -> f64 {
        self.degrees
    }

    /// The mean of one layout less that of another, by their places; `None` for a place that is
    /// not there.
    pub fn compare(&self, one: usize, other: usize) -> Option<TTest> {
        let difference = self.means.get(one)? - self.means.get(other)?;
        let error = (2.0 * self.residual_variance / self.blocks as f64).sqrt();
        Some(TTest::of(difference, error, self.degrees))
    }
}

#[cfg(test)]
mod tests {
    use super::BlockModel;
    use crate::statistics::paired_t_test;
    use proptest::prelude::*;

    #[test]
    fn blocks_that_are_not_complete_are_refused() {
        assert_eq!(BlockModel::fit(&[]), None);
        assert_eq!(BlockModel::fit(&[vec![1.0, 2.0]]), None);
        assert_eq!(BlockModel::fit(&[vec![1.0], vec![2.0]]), None);
        assert_eq!(BlockModel::fit(&[vec![1.0, 2.0], vec![2.0]]), None);
        assert_eq!(
            BlockModel::fit(&[vec![1.0, 2.0], vec![2.0, f64::NAN]]),
            None
        );
        let model = BlockModel::fit(&[vec![1.0, 2.0], vec![2.0, 5.0]]).unwrap();
        assert_eq!(model.compare(0, 2), None);
    }

    proptest! {
        #[test]
        fn of_two_layouts_it_is_the_paired_t_test(
            blocks in prop::collection::vec((0.0_f64..1.0, 0.0_f64..1.0), 2..12),
        ) {
            let rows: Vec<Vec<f64>> = blocks.iter().map(|(a, b)| vec![*a, *b]).collect();
            let differences: Vec<f64> = blocks.iter().map(|(a, b)| a - b).collect();
            let model = BlockModel::fit(&rows).unwrap().compare(0, 1).unwrap();
            let paired = paired_t_test(&differences).unwrap();
            prop_assert!((model.difference - paired.difference).abs() < 1e-9);
            prop_assert!((model.standard_error - paired.standard_error).abs() < 1e-9);
            prop_assert!((model.degrees - paired.degrees).abs() < 1e-12);
        }

        #[test]
        fn what_the_runs_of_a_block_share_does_not_matter(
            noise in prop::collection::vec(prop::collection::vec(0.0_f64..1.0, 3), 4),
            moods in prop::collection::vec(-10.0_f64..10.0, 4),
        ) {
            let moved: Vec<Vec<f64>> = noise
                .iter()
                .zip(&moods)
                .map(|(row, mood)| row.iter().map(|value| value + mood).collect())
                .collect();
            let (still, moved) = (BlockModel::fit(&noise).unwrap(), BlockModel::fit(&moved).unwrap());
            prop_assert!((still.residual_variance() - moved.residual_variance()).abs() < 1e-9);
        }
    }
}
