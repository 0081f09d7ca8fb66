//! Loss, accuracy, precision, recall, F1 and the confusion matrix, from logits.
//!
//! Plain arithmetic in double precision, independent of any framework, so that every worker's
//! figures mean the same.

use ielade_core::training::{ClassMetrics, Evaluation, Metrics};
use std::cmp::Ordering;

/// Classes among which the right one must be for [`Metrics::top5`].
pub const TOP: usize = 5;

/// The class with the highest logit; the lowest of several equal ones. A value that is not a
/// number never wins; 0 where all are.
///
/// ```
/// use ielade_train::metrics::most_likely;
/// assert_eq!(most_likely(&[0.5, 2.0, -1.0]), 1);
/// assert_eq!(most_likely(&[3.0, 3.0]), 0);
/// ```
pub fn most_likely(logits: &[f32]) -> usize {
    let mut best = 0;
    for (class, logit) in logits.iter().enumerate() {
        if *logit > logits[best] || logits[best].is_nan() && !logit.is_nan() {
            best = class;
        }
    }
    best
}

/// How many classes come before `class` when they are sorted by falling logit, equal ones by
/// rising class; `None` where its logit is not a number.
///
/// The class is the prediction where the rank is 0, and among the five most likely where it is
/// below 5.
///
/// ```
/// use ielade_train::metrics::rank;
/// assert_eq!(rank(&[0.5, 2.0, -1.0], 0), Some(1));
/// assert_eq!(rank(&[f32::NAN, 2.0], 0), None);
/// ```
pub fn rank(logits: &[f32], class: usize) -> Option<usize> {
    let own = logits[class];
    if own.is_nan() {
        return None;
    }
    let before =
        logits
            .iter()
            .enumerate()
            .filter(|(other, logit)| match logit.partial_cmp(&&own) {
                Some(Ordering::Greater) => true,
                Some(Ordering::Equal) => *other < class,
                Some(Ordering::Less) | None => false,
            });
    Some(before.count())
}

/// Cross-entropy in nats between the softmax of the logits and the right class.
///
/// ```
/// use ielade_train::metrics::cross_entropy;
/// assert!((cross_entropy(&[0.0, 0.0], 1) - 2_f64.ln()).abs() < 1e-12);
/// ```
pub fn cross_entropy(logits: &[f32], class: usize) -> f64 {
    let highest = f64::from(logits.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    let sum: f64 = logits
        .iter()
        .map(|logit| (f64::from(*logit) - highest).exp())
        .sum();
    sum.ln() + highest - f64::from(logits[class])
}

/// Counts how well logits match labels, over any number of batches.
///
/// ```
/// use ielade_train::Tally;
/// let mut tally = Tally::new(3);
/// tally.add(&[9.0, 0.0, 0.0], 0);
/// tally.add(&[9.0, 0.0, 0.0], 1);
/// let evaluation = tally.evaluation();
/// assert_eq!(evaluation.metrics.top1, 0.5);
/// assert_eq!(evaluation.confusion[1][0], 1);
/// assert_eq!(evaluation.classes[0].precision, 0.5);
/// ```
#[derive(Debug, Clone)]
pub struct Tally {
    classes: usize,
    loss: f64,
    top5: u64,
    /// `classes × classes` counts, actual class by predicted class.
    confusion: Vec<u64>,
}

impl Tally {
    /// An empty tally for so many classes.
    pub fn new(classes: usize) -> Self {
        Self {
            classes,
            loss: 0.0,
            top5: 0,
            confusion: vec![0; classes * classes],
        }
    }

    /// Counts one image: its logits, one a class, and its label.
    ///
    /// # Panics
    /// Where the number of logits is not the number of classes, or the label is not below it.
    pub fn add(&mut self, logits: &[f32], label: usize) {
        assert_eq!(logits.len(), self.classes, "one logit a class");
        self.loss += cross_entropy(logits, label);
        self.top5 += u64::from(rank(logits, label).is_some_and(|rank| rank < TOP));
        self.confusion[label * self.classes + most_likely(logits)] += 1;
    }

    /// Images counted so far.
    pub fn images(&self) -> u64 {
        self.confusion.iter().sum()
    }

    /// Loss and accuracy; zeros without any image.
    pub fn metrics(&self) -> Metrics {
        let images = self.images();
        let right = (0..self.classes)
            .map(|class| self.count(class, class))
            .sum();
        Metrics {
            loss: self.loss / images.max(1) as f64,
            top1: share(right, images),
            top5: share(self.top5, images),
            images,
        }
    }

    /// Loss, accuracy, the figures of each class and the confusion matrix.
    pub fn evaluation(&self) -> Evaluation {
        Evaluation {
            metrics: self.metrics(),
            classes: (0..self.classes).map(|class| self.class(class)).collect(),
            confusion: self
                .confusion
                .chunks(self.classes.max(1))
                .map(<[u64]>::to_vec)
                .collect(),
        }
    }

    fn count(&self, actual: usize, predicted: usize) -> u64 {
        self.confusion[actual * self.classes + predicted]
    }

    fn class(&self, class: usize) -> ClassMetrics {
        let right = self.count(class, class);
        let predicted = (0..self.classes)
            .map(|actual| self.count(actual, class))
            .sum();
        let support = (0..self.classes)
            .map(|other| self.count(class, other))
            .sum();
        ClassMetrics {
            precision: share(right, predicted),
            recall: share(right, support),
            // 2PR / (P + R), without the two divisions.
            f1: share(2 * right, predicted + support),
            support,
        }
    }
}

/// `part / whole`, 0 for a whole of 0.
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

#[cfg(test)]
mod tests {
    use super::{Tally, cross_entropy, most_likely, rank};
    use proptest::prelude::*;

    /// Logits that predict `class` of `classes`.
    fn vote(classes: usize, class: usize) -> Vec<f32> {
        (0..classes)
            .map(|one| f32::from(u8::from(one == class)))
            .collect()
    }

    /// A tally of (actual, predicted) pairs.
    fn tally(classes: usize, pairs: &[(usize, usize)]) -> Tally {
        let mut tally = Tally::new(classes);
        for (actual, predicted) in pairs {
            tally.add(&vote(classes, *predicted), *actual);
        }
        tally
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-12
    }

    #[test]
    fn a_hand_made_confusion_gives_the_known_figures() {
        // scikit-learn: classification_report([0,0,0,1,1,2], [0,0,1,1,0,2]).
        let evaluation = tally(3, &[(0, 0), (0, 0), (0, 1), (1, 1), (1, 0), (2, 2)]).evaluation();
        assert_eq!(evaluation.confusion, [[2, 1, 0], [1, 1, 0], [0, 0, 1]]);
        assert!(close(evaluation.metrics.top1, 4.0 / 6.0));
        let [a, b, c] = &evaluation.classes[..] else {
            panic!("three classes")
        };
        assert!(close(a.precision, 2.0 / 3.0) && close(a.recall, 2.0 / 3.0));
        assert!(close(b.precision, 0.5) && close(b.recall, 0.5) && close(b.f1, 0.5));
        assert!(close(a.f1, 2.0 / 3.0) && close(c.f1, 1.0));
        assert_eq!([a.support, b.support, c.support], [3, 2, 1]);
    }

    #[test]
    fn a_class_never_predicted_has_precision_and_f1_of_zero() {
        let evaluation = tally(2, &[(0, 0), (1, 0)]).evaluation();
        let class = &evaluation.classes[1];
        assert_eq!((class.precision, class.recall, class.f1), (0.0, 0.0, 0.0));
        assert_eq!(class.support, 1);
    }

    #[test]
    fn a_class_without_images_has_recall_of_zero_and_no_support() {
        let evaluation = tally(3, &[(0, 2), (1, 1)]).evaluation();
        let class = &evaluation.classes[2];
        assert_eq!((class.precision, class.recall, class.f1), (0.0, 0.0, 0.0));
        assert_eq!(class.support, 0);
    }

    #[test]
    fn an_empty_tally_gives_zeros_and_no_nan() {
        let metrics = Tally::new(4).metrics();
        assert_eq!((metrics.loss, metrics.top1, metrics.top5), (0.0, 0.0, 0.0));
        assert_eq!(metrics.images, 0);
    }

    #[test]
    fn the_right_class_in_fifth_place_counts_for_top5_and_in_sixth_does_not() {
        let logits = [6.0, 5.0, 4.0, 3.0, 2.0, 1.0];
        let mut fifth = Tally::new(6);
        fifth.add(&logits, 4);
        assert_eq!((fifth.metrics().top1, fifth.metrics().top5), (0.0, 1.0));
        let mut sixth = Tally::new(6);
        sixth.add(&logits, 5);
        assert!(close(sixth.metrics().top5, 0.0));
    }

    #[test]
    fn with_three_classes_every_image_counts_for_top5() {
        assert!(close(
            tally(3, &[(0, 1), (1, 2), (2, 0)]).metrics().top5,
            1.0
        ));
    }

    #[test]
    fn equal_logits_go_to_the_lowest_class() {
        assert_eq!(most_likely(&[1.0, 1.0, 1.0]), 0);
        assert_eq!(rank(&[1.0, 1.0, 1.0], 2), Some(2));
    }

    #[test]
    fn values_that_are_not_numbers_never_win() {
        assert_eq!(most_likely(&[f32::NAN, -5.0, f32::NAN]), 1);
        assert_eq!(rank(&[f32::NAN, -5.0], 1), Some(0));
        assert_eq!(most_likely(&[f32::NAN; 3]), 0);
    }

    #[test]
    fn cross_entropy_of_large_logits_does_not_overflow() {
        assert!(close(cross_entropy(&[1e30, 0.0], 0), 0.0));
        assert!((cross_entropy(&[1e4, 0.0], 1) - 1e4).abs() < 1e-9);
        // ln(e + e² + e³) − 2, computed by hand.
        assert!((cross_entropy(&[1.0, 2.0, 3.0], 1) - 1.407_605_964_444_38).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn rank_zero_is_the_prediction(logits in prop::collection::vec(-3_i8..3, 1..9)) {
            let logits: Vec<f32> = logits.into_iter().map(f32::from).collect();
            let best = most_likely(&logits);
            for class in 0..logits.len() {
                prop_assert_eq!(rank(&logits, class) == Some(0), class == best);
            }
        }

        #[test]
        fn f1_is_the_harmonic_mean(
            pairs in prop::collection::vec((0_usize..4, 0_usize..4), 1..40)
        ) {
            for class in tally(4, &pairs).evaluation().classes {
                let sum = class.precision + class.recall;
                let mean = if sum == 0.0 { 0.0 } else { 2.0 * class.precision * class.recall / sum };
                prop_assert!((class.f1 - mean).abs() < 1e-12);
            }
        }

        #[test]
        fn supports_add_up_to_the_images(
            pairs in prop::collection::vec((0_usize..4, 0_usize..4), 0..40)
        ) {
            let evaluation = tally(4, &pairs).evaluation();
            let support: u64 = evaluation.classes.iter().map(|class| class.support).sum();
            prop_assert_eq!(support, pairs.len() as u64);
            prop_assert_eq!(evaluation.metrics.images, support);
        }
    }
}
