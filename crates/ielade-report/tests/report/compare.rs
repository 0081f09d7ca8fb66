//! Two experiments compared.

use crate::sample;
use ielade_bench::{
    analysis::{Analysis, analyse},
    record::Record,
};
use ielade_report::compare::{Comparison, PairVerdict, Side};

fn compared(first: &Analysis, second: &Analysis) -> Comparison {
    let side = |name, analysis| Side { name, analysis };
    Comparison::of(side("old", first), side("new", second))
}

fn analysis(change: impl Fn(&mut Record)) -> Analysis {
    let mut records = sample::records(10);
    records.iter_mut().for_each(change);
    analyse(&records).unwrap()
}

#[test]
fn an_experiment_does_not_differ_from_itself() {
    let one = analysis(|_| ());
    let comparison = compared(&one, &one);
    assert_eq!(comparison.pairs.len(), 15);
    assert!(comparison.differences.is_empty() && comparison.left_out.is_empty());
    for pair in &comparison.pairs {
        assert_eq!(pair.verdict, PairVerdict::NotToldApart);
        assert!((pair.ratio.ratio - 1.0).abs() < 1e-12);
    }
}

#[test]
fn a_slower_machine_is_found_slower_and_named() {
    let slower = analysis(|record| match record {
        Record::Experiment(experiment) => experiment.environment.cpu = "Old CPU".to_owned(),
        Record::Run(run) => {
            if let Some(done) = &mut run.done {
                done.training_seconds *= 1.5;
            }
        }
        Record::Session(_) => {}
    });
    let comparison = compared(&analysis(|_| ()), &slower);
    for pair in &comparison.pairs {
        assert_eq!(pair.verdict, PairVerdict::Slower, "{pair:?}");
        let interval = pair.ratio.interval.unwrap();
        assert!(interval.low <= 1.5 && 1.5 <= interval.high, "{pair:?}");
    }
    let text = comparison.text();
    assert!(
        text.contains("Old CPU") && text.contains("slower in 15"),
        "{text}"
    );
    assert!(comparison.markdown().contains("| Configuration |"));
}

#[test]
fn other_data_or_batches_are_not_compared() {
    let other = analysis(|record| {
        if let Record::Experiment(experiment) = record {
            experiment.plan.loader.batch_size = 32;
        }
    });
    let comparison = compared(&analysis(|_| ()), &other);
    assert!(comparison.pairs.is_empty());
    let text = comparison.text();
    assert!(
        text.contains("cannot be compared")
            && text.contains("batch size is not the same: 128 and 32"),
        "{text}"
    );
}

#[test]
fn what_only_one_has_is_named_with_the_reason() {
    let other = analysis(|record| {
        if let Record::Experiment(experiment) = record {
            for configuration in &mut experiment.configurations {
                if configuration.name == "npy/u8 · cnn" {
                    configuration.epochs = 7;
                }
            }
        }
    });
    let comparison = compared(&analysis(|_| ()), &other);
    assert_eq!(comparison.pairs.len(), 14);
    let (name, reason) = &comparison.left_out[0];
    assert_eq!(name, "npy/u8 · cnn");
    assert!(reason.contains("7 in the second"), "{reason}");
}
