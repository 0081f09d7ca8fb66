//! What the experiment says.

use crate::{
    contest::{self, Entry, cnn, group},
    sample::layout,
};
use ielade_bench::analysis::{self, Comparison, Ratio, Test};
use ielade_core::worker_protocol::Consumer;
use ielade_report::answer::{Answer, Verdict, Work};

fn answer(entries: &[Entry]) -> Answer {
    Answer::of_group(&group(&cnn(), entries), &layout("files/jpeg"))
}

const BASELINE: Entry = Entry::new("files/jpeg", 20.0, 0.4);

#[test]
fn a_layout_whose_interval_lies_below_1_is_fastest() {
    let answer = answer(&[
        BASELINE,
        Entry::new("npy/u8", 10.6, 0.2).ratio(0.53, 0.51, 0.55),
        Entry::new("npy/f32", 14.0, 0.2).ratio(0.70, 0.68, 0.72),
    ]);
    assert_eq!(answer.heading(), "npy/u8 trains fastest here");
    assert_eq!(
        answer.sentence(),
        "npy/u8 trains fastest here: total training time 0.53× of files/jpeg (95 % interval \
         0.51 to 0.55), cnn."
    );
}

#[test]
fn layouts_whose_intervals_overlap_the_fastest_are_not_told_apart() {
    let answer = answer(&[
        BASELINE,
        Entry::new("npy/u8", 10.6, 0.2).ratio(0.53, 0.51, 0.55),
        Entry::new("npy/f16", 10.8, 0.2).ratio(0.54, 0.52, 0.56),
        Entry::new("npy/f32", 14.0, 0.2).ratio(0.70, 0.68, 0.72),
    ]);
    assert_eq!(answer.heading(), "npy/u8 and npy/f16 train fastest here");
    assert_eq!(
        answer.sentence(),
        "npy/u8 has the shortest total training time here, 0.53× of files/jpeg (95 % interval \
         0.51 to 0.55), cnn. npy/f16 is not told apart from it: the intervals overlap."
    );
}

#[test]
fn a_smaller_mean_that_may_be_chance_does_not_win() {
    let noisy = Entry::new("npy/f32", 18.0, 5.0).ratio(0.90, 0.65, 1.15);
    let steady = Entry::new("npy/u8", 18.4, 0.2).ratio(0.92, 0.90, 0.94);
    let answer = answer(&[BASELINE, noisy, steady]);
    let Verdict::Fastest {
        fastest,
        not_told_apart,
    } = answer.verdict
    else {
        panic!("{:?}", answer.verdict);
    };
    assert_eq!(fastest.layout, layout("npy/u8"));
    assert_eq!(not_told_apart, [layout("npy/f32")]);
}

#[test]
fn an_interval_that_includes_1_is_no_difference() {
    let answer = answer(&[
        BASELINE,
        Entry::new("npy/u8", 19.6, 0.8).ratio(0.98, 0.95, 1.02),
    ]);
    assert_eq!(
        answer.heading(),
        "No difference found between files/jpeg and npy/u8"
    );
    assert_eq!(
        answer.sentence(),
        "No difference found between files/jpeg and npy/u8: total training time 0.98× of \
         files/jpeg (95 % interval 0.95 to 1.02), cnn."
    );
}

#[test]
fn an_interval_that_ends_at_1_includes_it() {
    let answer = answer(&[
        BASELINE,
        Entry::new("npy/u8", 19.0, 0.8).ratio(0.95, 0.90, 1.0),
    ]);
    assert!(matches!(answer.verdict, Verdict::NoDifference { .. }));
}

#[test]
fn among_layouts_without_difference_the_slower_ones_are_named() {
    let answer = answer(&[
        BASELINE,
        Entry::new("npy/u8", 19.6, 0.8).ratio(0.98, 0.95, 1.02),
        Entry::new("npy/f16", 20.2, 0.8).ratio(1.01, 0.97, 1.05),
        Entry::new("npy/f32", 30.0, 0.8).ratio(1.5, 1.46, 1.54),
    ]);
    assert_eq!(
        answer.sentence(),
        "No difference to files/jpeg found in total training time: npy/u8 0.98× (95 % interval \
         0.95 to 1.02), npy/f16 1.01× (95 % interval 0.97 to 1.05), cnn. npy/f32 is slower."
    );
}

#[test]
fn the_baseline_wins_where_all_others_are_slower() {
    let answer = answer(&[
        BASELINE,
        Entry::new("npy/f32", 30.0, 0.8).ratio(1.5, 1.46, 1.54),
        Entry::new("npy/u8", 24.0, 0.4).ratio(1.2, 1.17, 1.23),
    ]);
    assert_eq!(
        answer.sentence(),
        "files/jpeg, the baseline, trains fastest here: the next, npy/u8, takes 1.20× as long \
         (95 % interval 1.17 to 1.23), cnn."
    );
}

#[test]
fn the_baseline_does_not_win_over_a_layout_with_too_few_runs() {
    let answer = answer(&[
        BASELINE,
        Entry::new("npy/f32", 30.0, 0.8).ratio(1.5, 1.46, 1.54),
        Entry::with_few_runs("npy/u8", 24.0, 2).bare_ratio(1.2),
    ]);
    let Verdict::NoDifference { alike, slower } = answer.verdict else {
        panic!("{:?}", answer.verdict);
    };
    assert_eq!(alike[0].layout, layout("npy/u8"));
    assert_eq!(slower, [layout("npy/f32")]);
}

#[test]
fn two_runs_give_an_order_and_no_interval() {
    let answer = answer(&[
        Entry::with_few_runs("files/jpeg", 20.0, 2),
        Entry::with_few_runs("npy/u8", 10.6, 2).bare_ratio(0.53),
    ]);
    assert_eq!(
        answer.sentence(),
        "After 2 runs, npy/u8 has the shortest mean total training time, 0.530× of files/jpeg, \
         cnn. That may be chance: an interval needs at least 3 runs."
    );
    assert!(answer.heading().contains("too few runs"));
}

#[test]
fn one_run_with_the_baseline_ahead_says_so() {
    let answer = answer(&[
        Entry::with_few_runs("files/jpeg", 10.0, 1),
        Entry::with_few_runs("npy/u8", 12.0, 1).bare_ratio(1.2),
    ]);
    assert_eq!(
        answer.sentence(),
        "After 1 run, files/jpeg, the baseline, has the shortest mean total training time; the \
         next, npy/u8, takes 1.20× as long, cnn. That may be chance: an interval needs at least \
         3 runs."
    );
}

#[test]
fn without_a_completed_run_there_is_no_answer() {
    let answer = answer(&[
        Entry::without_runs("files/jpeg"),
        Entry::without_runs("npy/u8"),
    ]);
    assert_eq!(answer.verdict, Verdict::NothingCompleted { failed: 4 });
    assert_eq!(
        answer.sentence(),
        "No run completed, cnn, so there is no answer; 4 runs failed."
    );
}

#[test]
fn one_layout_alone_is_not_compared() {
    let answer = answer(&[
        Entry::without_runs("files/jpeg"),
        Entry::new("npy/u8", 10.6, 0.2),
    ]);
    assert_eq!(
        answer.sentence(),
        "Only npy/u8 has completed runs, cnn: mean total training time 10.6 s (95 % interval \
         10.4 to 10.8 s). There is nothing to compare it with."
    );
}

#[test]
fn without_the_baseline_no_ratio_is_given() {
    let answer = answer(&[
        Entry::without_runs("files/jpeg"),
        Entry::new("npy/f32", 14.0, 0.2),
        Entry::new("npy/u8", 10.6, 0.2),
    ]);
    assert_eq!(
        answer.sentence(),
        "The baseline files/jpeg has no completed run, so no ratio can be given. Of the others, \
         npy/u8 has the shortest mean total training time 10.6 s (95 % interval 10.4 to 10.8 s), \
         cnn."
    );
}

#[test]
fn a_model_comes_before_a_fixed_step_and_that_before_the_loader_alone() {
    let entries = [BASELINE];
    let step = Consumer::fixed_step(5.0);
    let groups = vec![
        group(&Consumer::None, &entries),
        group(&step, &entries),
        group(&cnn(), &entries),
    ];
    let first = |groups| Answer::headline(&contest::analysis(groups)).map(|answer| answer.work);
    assert_eq!(first(groups.clone()), Some(Work::Train));
    assert_eq!(first(groups[..2].to_vec()), Some(Work::Feed));
    assert_eq!(first(groups[..1].to_vec()), Some(Work::Load));
    assert_eq!(first(Vec::new()), None);
}

#[test]
fn the_words_follow_the_consumer() {
    let entries = [
        BASELINE,
        Entry::new("npy/u8", 10.6, 0.2).ratio(0.53, 0.51, 0.55),
    ];
    let sentence = |consumer: &Consumer| {
        Answer::of_group(&group(consumer, &entries), &layout("files/jpeg")).sentence()
    };
    let alone = sentence(&Consumer::None);
    assert!(
        alone.starts_with("npy/u8 loads fastest here: total time"),
        "{alone}"
    );
    assert!(alone.ends_with(", loader alone."), "{alone}");
    let step = sentence(&Consumer::fixed_step(5.0));
    assert!(step.starts_with("npy/u8 feeds fastest here"), "{step}");
    assert!(step.ends_with(", fixed 5 ms step."), "{step}");
}

#[test]
fn the_paragraph_tells_how_every_other_layout_compares() {
    let answer = answer(&[
        BASELINE,
        Entry::new("npy/u8", 10.0, 0.2).ratio(0.5, 0.48, 0.52),
        Entry::new("npy/f16", 10.1, 0.2).ratio(0.505, 0.49, 0.52),
        Entry::new("npy/f32", 14.0, 0.2).ratio(0.70, 0.68, 0.72),
    ]);
    assert_eq!(
        answer.paragraph("CIFAR-10", 0.05),
        "On this machine npy/u8 trains CIFAR-10 fastest (cnn); files/jpeg, the baseline, takes \
         2.00× as long (95 % interval 1.92 to 2.08), npy/f32 1.40×. npy/f16 is not told apart from \
         npy/u8."
    );
}

#[test]
fn where_the_baseline_is_fastest_all_others_are_told_as_its_multiples() {
    let answer = answer(&[
        BASELINE,
        Entry::new("npy/f32", 30.0, 0.8).ratio(1.5, 1.46, 1.54),
        Entry::new("npy/u8", 24.0, 0.4).ratio(1.2, 1.17, 1.23),
    ]);
    assert_eq!(
        answer.paragraph("CIFAR-10", 0.05),
        "On this machine files/jpeg, the baseline, trains CIFAR-10 fastest (cnn); npy/u8 takes \
         1.20× as long (95 % interval 1.17 to 1.23), npy/f32 1.50× (1.46 to 1.54)."
    );
}

#[test]
fn all_ratios_of_a_paragraph_are_to_the_fastest_layout_with_their_intervals() {
    let records = crate::sample::rich::records(4);
    let analysis = analysis::analyse(&records).expect("the records make sense");
    let answer = Answer::headline(&analysis).expect("there are groups");
    let Verdict::Fastest { fastest, .. } = &answer.verdict else {
        panic!("{:?}", answer.verdict)
    };
    let fastest = &fastest.layout;
    let place = analysis
        .groups
        .iter()
        .position(|group| group.consumer == answer.consumer && Some(group.cache) == answer.cache);
    let group = &analysis.groups[place.expect("the group is there")];
    assert_eq!(answer.against_fastest.len(), group.summaries.len() - 1);
    for one in &answer.against_fastest {
        let ratio = group.ratio(&one.layout, fastest).expect("both have runs");
        assert!((one.ratio.ratio / ratio.ratio - 1.0).abs() < 1e-9);
        let (shown, own) = (one.ratio.interval.unwrap(), ratio.interval.unwrap());
        assert!((shown.low / own.low - 1.0).abs() < 1e-9, "{}", one.layout);
        assert!((shown.high / own.high - 1.0).abs() < 1e-9, "{}", one.layout);
    }
    let paragraph = answer.paragraph("CIFAR-10", 0.05);
    assert!(!paragraph.contains("multiple of"), "{paragraph}");
}

#[test]
fn what_the_analysis_says_counts_more_than_an_interval() {
    let entries = [
        BASELINE,
        Entry::new("npy/u8", 19.0, 0.2).ratio(0.97, 0.95, 0.99),
        Entry::new("npy/f16", 18.0, 0.2).ratio(0.90, 0.88, 0.92),
    ];
    let mut group = group(&cnn(), &entries);
    group.comparisons = vec![
        compared("npy/u8", 0.97, analysis::Verdict::Equivalent),
        compared("npy/f16", 0.90, analysis::Verdict::NotToldApart),
    ];
    let answer = Answer::of_group(&group, &layout("files/jpeg"));
    assert!(matches!(answer.verdict, Verdict::NoDifference { .. }));
    let paragraph = answer.paragraph("CIFAR-10", 0.05);
    assert!(
        paragraph.ends_with(
            "npy/u8 0.97× (0.95 to 0.99) shows no difference to files/jpeg: one beyond 5 % is \
             ruled out."
        ),
        "{paragraph}"
    );
}

fn compared(name: &str, ratio: f64, verdict: analysis::Verdict) -> Comparison {
    Comparison {
        layout: layout(name),
        against: layout("files/jpeg"),
        blocks: 10,
        ratio: Ratio {
            ratio,
            interval: None,
        },
        geometric_ratio: ratio,
        cliffs_delta: None,
        test: Test::SignFlip,
        p_value: 0.5,
        adjusted_p: 0.5,
        equivalence_p: None,
        verdict,
    }
}
