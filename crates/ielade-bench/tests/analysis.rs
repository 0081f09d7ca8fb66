//! Analyses of records made by hand.

use ielade_bench::{
    analysis::{Analysis, AnalysisError, Metric, Test, Verdict, analyse},
    plan::{ConsumerPlan, DataPlan, Plan},
    record::{
        DataSetSummary, Environment, ExperimentRecord, Outcome, ProbeSummary, Record, RunMark,
        RunRecord, SessionRecord,
    },
};
use ielade_core::{
    BadSample,
    training::{Metrics, ModelName, TrainingSettings},
    worker_protocol::{CacheState, Consumer, Done, EpochReport, Ready},
};

fn environment() -> Environment {
    Environment {
        cpu: "a processor".to_owned(),
        cpus: 2,
        ..Environment::default()
    }
}

/// Records of an experiment over `npy/u8` (the baseline), `npy/f32` and `npy/f16`, without a
/// consumer and with a model.
struct Made {
    plan: Plan,
    records: Vec<Record>,
}

impl Made {
    fn new(cache: CacheState) -> Self {
        let layouts = ["npy/u8", "npy/f32", "npy/f16"].map(|name| name.parse().unwrap());
        let consumers = vec![
            ConsumerPlan::of(Consumer::None),
            ConsumerPlan::of(Consumer::Model(TrainingSettings::of(ModelName::Cnn))),
        ];
        let data = DataPlan::of("demo");
        let plan = Plan {
            cache: vec![cache],
            control: false,
            ..Plan::new("made", data, layouts.to_vec(), consumers).unwrap()
        };
        let experiment = ExperimentRecord {
            format_version: 1,
            program: "test 1".to_owned(),
            created: "2026-01-01T00:00:00.000Z".to_owned(),
            configurations: plan.configurations(),
            plan: plan.clone(),
            data_set: DataSetSummary {
                name: "demo".to_owned(),
                classes: Vec::new(),
                train_samples: 1000,
                test_samples: 0,
                image: "32×32×3".to_owned(),
                ..DataSetSummary::default()
            },
            stores: Vec::new(),
            environment: environment(),
        };
        let mut made = Self {
            plan,
            records: vec![Record::Experiment(Box::new(experiment))],
        };
        made.session(0, environment());
        made
    }

    fn session(&mut self, runs_before: u32, environment: Environment) {
        self.records.push(Record::Session(Box::new(SessionRecord {
            at: "2026-01-01T00:00:00.000Z".to_owned(),
            runs_before,
            environment,
        })));
    }

    /// Ten whole blocks: `u8` takes 2 s an epoch, `f32` 4 s, `f16` 3 s, more in some blocks.
    fn ten_blocks(cache: CacheState) -> Self {
        let mut made = Self::new(cache);
        for block in 0..10 {
            for configuration in 0..6 {
                made.records.push(run(block, configuration));
            }
        }
        made
    }

    /// Changes the runs of one configuration in one block.
    fn change(&mut self, block: u32, configuration: u32, change: impl Fn(&mut RunRecord)) {
        let mut changed = 0;
        for record in &mut self.records {
            if let Record::Run(run) = record
                && (run.block, run.configuration) == (block, configuration)
            {
                change(run);
                changed += 1;
            }
        }
        assert!(changed > 0);
    }

    fn analyse(&self) -> Analysis {
        analyse(&self.records).unwrap()
    }

    /// The only warning.
    fn warning(&self) -> String {
        let warnings = self.analyse().warnings;
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        warnings[0].to_string()
    }
}

fn epoch(number: u32, seconds: f64) -> EpochReport {
    EpochReport {
        epoch: number,
        seconds,
        first_batch_seconds: 0.25,
        wait_seconds: seconds / 4.0,
        steps: 8,
        images: 1000,
        cpu_user_seconds: seconds,
        cpu_system_seconds: seconds / 2.0,
        residency: Some(1.0),
        train: None,
        test: None,
        evaluation_seconds: 0.0,
        step_losses: Vec::new(),
        bad_samples: Vec::new(),
        ..EpochReport::default()
    }
}

fn run(block: u32, configuration: u32) -> Record {
    // Blocks differ by up to a factor of two, in no order.
    let mood = f64::from(block * 7 % 10) * 0.125;
    let seconds = [2.0, 4.0, 3.0][configuration as usize % 3] * (1.0 + mood);
    let trains = configuration >= 3;
    let mut epochs = vec![epoch(0, seconds), epoch(1, seconds), epoch(2, seconds)];
    epochs[2].test = trains.then_some(Metrics {
        loss: 1.0,
        top1: 0.5 + f64::from(block) / 100.0,
        top5: 1.0,
        images: 100,
    });
    Record::Run(Box::new(RunRecord {
        configuration,
        block,
        position: configuration,
        started: "2026-01-01T00:00:00.000Z".to_owned(),
        process_seconds: 4.0 * seconds,
        load_before: Some(0.1),
        outcome: Outcome::Completed,
        ready: Some(Ready {
            protocol: 1,
            worker: "w".to_owned(),
            device: "cpu".to_owned(),
            threads: 2,
            samples: 1000,
            setup_seconds: 0.5,
            cache_seconds: 0.0,
            residency: Some(1.0),
            parameters: None,
            order: None,
            guesses: Vec::new(),
        }),
        epochs,
        done: Some(Done {
            training_seconds: 3.0 * seconds + 0.5,
            evaluation_seconds: 0.0,
            order_digest: Some(format!("block {block}")),
            evaluation: None,
        }),
        probe: ProbeSummary {
            samples: 3,
            peak_rss_bytes: 3000,
            peak_anonymous_bytes: 2000,
            ..ProbeSummary::default()
        },
        series: None,
        marks: Vec::new(),
        attempt: 0,
    }))
}

fn assert_near(value: f64, expected: f64) {
    assert!((value - expected).abs() < 1e-9, "{value}, not {expected}");
}

/// All warnings, in English.
fn told(analysis: &Analysis) -> String {
    let warnings = analysis.warnings.iter();
    let told: Vec<String> = warnings.map(ToString::to_string).collect();
    told.join("\n")
}

#[test]
fn a_sound_experiment_has_no_warnings() {
    assert_eq!(Made::ten_blocks(CacheState::Warm).analyse().warnings, []);
}

#[test]
fn every_metric_is_what_its_definition_says() {
    let Record::Run(run) = run(0, 3) else {
        panic!("no run")
    };
    // Three epochs of 2 s and 1,000 images, 3 processor seconds and 0.5 s waiting each.
    for (metric, expected) in [
        (Metric::MeanEpochSeconds, 2.0),
        (Metric::TrainingSeconds, 6.5),
        (Metric::FirstBatchSeconds, 0.75),
        (Metric::ImagesPerSecond, 500.0),
        (Metric::WaitShare, 0.25),
        (Metric::CpuSecondsPer1000, 3.0),
        (Metric::CpuUtilisation, 1.5),
        (Metric::PeakRssBytes, 3000.0),
        (Metric::PeakAnonymousBytes, 2000.0),
        (Metric::ReadBytes, 0.0),
        (Metric::MajorFaults, 0.0),
        (Metric::TestTop1, 0.5),
    ] {
        assert_near(metric.of_run(&run).unwrap(), expected);
    }
}

#[test]
fn what_a_run_does_not_have_is_no_number() {
    let Record::Run(mut run) = run(0, 0) else {
        panic!("no run")
    };
    assert_eq!(Metric::TestTop1.of_run(&run), None);
    for epoch in &mut run.epochs {
        (epoch.seconds, epoch.images) = (0.0, 0);
    }
    run.probe = ProbeSummary::default();
    run.ready = None;
    run.done = None;
    for metric in Metric::ALL {
        let expected = (metric == Metric::MeanEpochSeconds).then_some(0.0);
        assert_eq!(metric.of_run(&run), expected, "{metric:?}");
    }
}

#[test]
fn summaries_come_in_the_order_of_the_plan_with_mean_median_and_spread() {
    let analysis = Made::ten_blocks(CacheState::Warm).analyse();
    assert_eq!(analysis.complete_blocks, 10);
    let names: Vec<(&str, Vec<&str>)> = analysis
        .groups
        .iter()
        .map(|group| {
            let names = group
                .summaries
                .iter()
                .map(|one| one.configuration.name.as_str());
            (group.consumer.as_str(), names.collect())
        })
        .collect();
    assert_eq!(
        names,
        [
            (
                "none",
                vec!["npy/u8 · none", "npy/f32 · none", "npy/f16 · none"]
            ),
            (
                "cnn",
                vec!["npy/u8 · cnn", "npy/f32 · cnn", "npy/f16 · cnn"]
            ),
        ]
    );
    let base = &analysis.groups[0].summaries[0];
    let estimate = base.estimate(Metric::MeanEpochSeconds).unwrap();
    // 2 s times 1, 1.125, … 2.125.
    assert_eq!((base.completed, estimate.runs), (10, 10));
    assert_near(estimate.mean, 3.125);
    assert_near(estimate.median, 3.125);
    assert_near(estimate.standard_deviation, 0.25 * (82.5_f64 / 9.0).sqrt());
    let interval = estimate.interval.unwrap();
    assert!(interval.low > 2.5 && interval.low < 2.7, "{interval:?}");
    assert!(interval.high > 3.55 && interval.high < 3.75, "{interval:?}");
    assert_eq!(base.estimate(Metric::TestTop1), None);
    assert_eq!(base.points.len(), 10);
    assert_eq!((base.points[3].block, base.points[3].sequence), (3, 18));
    assert_eq!(base.points[0].epoch_seconds, [2.0; 3]);
}

#[test]
fn ratios_are_taken_within_blocks() {
    let analysis = Made::ten_blocks(CacheState::Warm).analyse();
    let [base, slow, _] = analysis.groups[0].summaries.as_slice() else {
        panic!("three layouts")
    };
    assert!(base.ratios.is_empty());
    let ratio = slow.ratio(Metric::MeanEpochSeconds).unwrap();
    assert_near(ratio.ratio, 2.0);
    // Blocks differ by a factor of two, and the ratio within each is the same.
    let interval = ratio.interval.unwrap();
    assert_near(interval.low, 2.0);
    assert_near(interval.high, 2.0);
    assert_eq!(slow.ratio(Metric::PeakRssBytes), None);
}

#[test]
fn a_lost_run_costs_its_block_and_no_more() {
    let mut made = Made::ten_blocks(CacheState::Warm);
    made.change(9, 1, |run| run.outcome = failed("lost"));
    let analysis = made.analyse();
    let group = &analysis.groups[0];
    let ratio = group.summaries[1].ratio(Metric::MeanEpochSeconds).unwrap();
    // Nine blocks are left in which it took twice as long, whatever the block's mood.
    assert_near(ratio.ratio, 2.0);
    assert_near(ratio.interval.unwrap().high, 2.0);
    assert_eq!(group.comparisons[0].blocks, 9);
    assert_eq!(group.comparisons[1].blocks, 10);
}

#[test]
fn without_common_blocks_runs_are_compared_as_independent_ones() {
    let mut made = Made::ten_blocks(CacheState::Warm);
    for block in 0..10 {
        made.change(block, block % 2, |run| run.outcome = failed("lost"));
    }
    let analysis = made.analyse();
    let group = &analysis.groups[0];
    let ratio = group.summaries[1].ratio(Metric::MeanEpochSeconds).unwrap();
    let interval = ratio.interval.unwrap();
    assert!(interval.low < 1.8 && interval.high > 2.0, "{interval:?}");
    let comparison = &group.comparisons[0];
    assert_eq!((comparison.blocks, comparison.test), (0, Test::Unpaired));
    assert_eq!(comparison.equivalence_p, None);
}

#[test]
fn too_few_runs_have_a_mean_and_no_interval() {
    let mut made = Made::new(CacheState::Warm);
    for block in 0..2 {
        for configuration in 0..6 {
            made.records.push(run(block, configuration));
        }
    }
    let analysis = made.analyse();
    let slow = &analysis.groups[0].summaries[1];
    assert_eq!(
        slow.estimate(Metric::MeanEpochSeconds).unwrap().interval,
        None
    );
    assert_eq!(slow.ratio(Metric::MeanEpochSeconds).unwrap().interval, None);
    assert!(
        made.warning()
            .contains("2 of 10 planned blocks are complete")
    );
}

#[test]
fn an_experiment_without_runs_is_analysed() {
    let analysis = Made::new(CacheState::Warm).analyse();
    assert_eq!(analysis.complete_blocks, 0);
    assert!(analysis.groups[1].summaries[2].estimates.is_empty());
}

fn failed(message: &str) -> Outcome {
    Outcome::Failed {
        message: message.to_owned(),
        log: String::new(),
    }
}

#[test]
fn a_failed_run_does_not_count_and_is_named() {
    let mut made = Made::ten_blocks(CacheState::Warm);
    made.change(4, 2, |run| run.outcome = failed("no memory"));
    let analysis = made.analyse();
    let summary = &analysis.groups[0].summaries[2];
    assert_eq!((summary.completed, analysis.complete_blocks), (9, 9));
    let failure = &summary.failures[0];
    assert_eq!((failure.block, failure.message.as_str()), (4, "no memory"));
    let warnings = told(&analysis);
    assert!(
        warnings.contains("npy/f16 · none: 1 run failed"),
        "{warnings}"
    );
}

#[test]
fn a_run_that_succeeded_at_the_second_try_counts() {
    let mut made = Made::ten_blocks(CacheState::Warm);
    made.change(4, 2, |run| run.outcome = failed("no memory"));
    made.records.push(run(4, 2));
    let analysis = made.analyse();
    assert_eq!(analysis.complete_blocks, 10);
    // Pairs are found by block, whatever the order of the runs.
    let ratio = analysis.groups[0].summaries[2].ratio(Metric::MeanEpochSeconds);
    assert_near(ratio.unwrap().interval.unwrap().low, 1.5);
}

#[test]
fn a_run_whose_cache_was_not_as_asked_does_not_count_and_is_named() {
    let mut made = Made::ten_blocks(CacheState::Warm);
    made.change(3, 1, |run| {
        run.ready.as_mut().unwrap().residency = Some(0.5);
    });
    let analysis = made.analyse();
    let warnings = told(&analysis);
    for part in ["not warm in 1 run", "50.0 %", "npy/f32 · none in block 4"] {
        assert!(warnings.contains(part), "{warnings}");
    }
    let summary = &analysis.groups[0].summaries[1];
    assert_eq!((summary.completed, summary.points.len()), (9, 9));
    assert_eq!(summary.left_out[0].point.block, 3);
    assert!(
        summary.left_out[0]
            .reason
            .to_string()
            .contains("before epoch 1")
    );
    assert_eq!(analysis.groups[0].comparisons[0].blocks, 9);
    assert_eq!(analysis.complete_blocks, 9);
}

#[test]
fn a_cold_experiment_on_a_warm_cache_has_no_results() {
    let analysis = Made::ten_blocks(CacheState::Cold).analyse();
    let warnings = told(&analysis);
    assert!(warnings.contains("not cold in 60 runs"), "{warnings}");
    assert!(analysis.groups[0].comparisons.is_empty());
    assert_eq!(
        Made::ten_blocks(CacheState::AsIs).analyse().complete_blocks,
        10
    );
}

#[test]
fn a_mark_leaves_a_run_out_whatever_the_first_word_says() {
    let mut made = Made::ten_blocks(CacheState::Warm);
    made.change(2, 0, |run| {
        run.marks.push(RunMark::CacheNotEstablished {
            asked: CacheState::Warm,
            epoch: 1,
            residency: 0.25,
        });
    });
    let left_out = &made.analyse().groups[0].summaries[0].left_out;
    assert!(
        left_out[0].reason.to_string().contains("25.0 %"),
        "{left_out:?}"
    );
}

#[test]
fn of_a_busy_run_and_its_repetition_the_quiet_one_counts() {
    let mut made = Made::ten_blocks(CacheState::Warm);
    let busy = || RunMark::BusyMachine {
        what: "load".to_owned(),
    };
    made.change(5, 0, |run| run.marks.push(busy()));
    assert!(made.warning().contains("1 run counts all the same"));
    made.records.push(run(5, 0));
    let analysis = made.analyse();
    assert!(made.warning().contains("1 run was repeated"));
    let summary = &analysis.groups[0].summaries[0];
    assert_eq!((summary.completed, summary.left_out.len()), (10, 1));
    assert_eq!(summary.points[9].sequence, 60);
    assert!(summary.left_out[0].reason.to_string().contains("repeated"));
    // A repetition on a machine that is busy still replaces a busy run, and no quiet one.
    made.change(5, 0, |run| run.marks = vec![busy()]);
    assert_eq!(made.analyse().groups[0].summaries[0].points[9].sequence, 60);
}

#[test]
fn layouts_that_differ_in_every_block_are_told_apart_and_equal_ones_equivalent() {
    let mut made = Made::ten_blocks(CacheState::Warm);
    for block in 0..10 {
        let Record::Run(base) = run(block, 0) else {
            panic!("no run")
        };
        let seconds = base.done.unwrap().training_seconds;
        made.change(block, 2, |run| {
            // Half a percent more or less.
            let sign = if block % 2 == 0 { 1.005 } else { 0.995 };
            run.done.as_mut().unwrap().training_seconds = seconds * sign;
        });
    }
    let analysis = made.analyse();
    let [slow, alike] = analysis.groups[0].comparisons.as_slice() else {
        panic!("two comparisons")
    };
    assert_eq!((slow.verdict, slow.test), (Verdict::Slower, Test::SignFlip));
    // The clearest result of ten blocks, which three others of the family are as clear as.
    assert_near(slow.p_value, 1.0 / 512.0);
    assert_near(slow.adjusted_p, 4.0 / 512.0);
    assert_eq!(alike.verdict, Verdict::Equivalent);
    assert!(alike.is_within_band() && !slow.is_within_band());
    assert_eq!(analysis.family.comparisons, 4);
    // Of the blocks' three ranks the slow one always has the last.
    let friedman = analysis.groups[0].friedman.as_ref().unwrap();
    assert!((friedman.mean_ranks[1] - 3.0).abs() < 1e-12 && friedman.p_value < 0.001);
}

#[test]
fn a_steady_rise_over_the_runs_is_told_as_drift() {
    let mut made = Made::ten_blocks(CacheState::Warm);
    for block in 0..10 {
        for configuration in 0..6 {
            made.change(block, configuration, |run| {
                let done = run.done.as_mut().unwrap();
                done.training_seconds = 10.0 * (1.0 + 0.01 * f64::from(block));
            });
        }
    }
    let analysis = made.analyse();
    let drift = analysis.drift.unwrap();
    assert!((drift.change.ratio - 1.09).abs() < 0.002, "{drift:?}");
    let warnings = told(&analysis);
    assert!(
        warnings.contains("slower by 9.0 % from the first block"),
        "{warnings}"
    );
}

#[test]
fn a_run_that_stands_apart_is_marked_and_counts() {
    let mut made = Made::ten_blocks(CacheState::Warm);
    made.change(4, 3, |run| {
        run.done.as_mut().unwrap().training_seconds = 100.0;
    });
    let summary = &made.analyse().groups[1].summaries[0];
    assert_eq!(summary.completed, 10);
    assert_eq!(summary.outliers.len(), 1);
    assert_eq!(
        (summary.outliers[0].block, summary.outliers[0].sequence),
        (4, 27)
    );
    assert!(made.warning().contains("npy/u8 · cnn in block 5"));
}

#[test]
fn epochs_have_means_of_their_own() {
    let mut made = Made::ten_blocks(CacheState::Warm);
    for block in 0..10 {
        made.change(block, 0, |run| {
            run.epochs[0].seconds *= 1.5;
            run.epochs[1].residency_before = Some(0.75);
        });
    }
    let summary = &made.analyse().groups[0].summaries[0];
    let means: Vec<f64> = summary
        .epochs
        .iter()
        .map(|epoch| epoch.seconds.mean)
        .collect();
    assert_near(means[0], 1.5 * 3.125);
    assert_near(means[2], 3.125);
    assert_eq!(summary.epochs[0].residency_before, None);
    assert_near(summary.epochs[1].residency_before.unwrap(), 0.75);
    let ratio = summary.first_to_later.unwrap();
    assert_near(ratio.ratio, 1.5);
    assert_near(ratio.interval.unwrap().low, 1.5);
}

#[test]
fn an_unknown_cache_state_is_told() {
    let mut made = Made::ten_blocks(CacheState::Warm);
    made.change(3, 1, |run| run.ready.as_mut().unwrap().residency = None);
    assert!(made.warning().contains("could not be read in 1 run"));
}

#[test]
fn layouts_that_deliver_other_data_are_told() {
    let mut made = Made::ten_blocks(CacheState::Warm);
    made.change(3, 1, |run| {
        run.done.as_mut().unwrap().order_digest = Some("another".to_owned());
    });
    let warning = made.warning();
    assert!(
        warning.contains("did not deliver the same samples"),
        "{warning}"
    );
    assert!(
        warning.contains("block 4") && warning.contains("npy/f32 · none"),
        "{warning}"
    );
}

fn with_accuracy(run: &mut RunRecord, top1: f64) {
    run.epochs[2].test.as_mut().unwrap().top1 = top1;
}

#[test]
fn accuracies_that_differ_between_layouts_without_loss_are_told() {
    let mut made = Made::ten_blocks(CacheState::Warm);
    made.change(3, 5, |run| with_accuracy(run, 0.9));
    assert!(
        made.analyse().warnings.is_empty(),
        "f16 rounds, and may differ"
    );
    made.change(3, 4, |run| with_accuracy(run, 0.9));
    let warning = made.warning();
    assert!(
        warning.contains("different accuracies") && warning.contains("1 block"),
        "{warning}"
    );
}

#[test]
fn work_of_others_is_told_and_our_own_is_not() {
    let mut made = Made::ten_blocks(CacheState::Warm);
    // Two loader threads and a model on two processors before it: 4 of 4.5 are our own.
    made.change(3, 1, |run| run.load_before = Some(4.5));
    assert!(made.analyse().warnings.is_empty());
    made.change(3, 1, |run| run.load_before = Some(5.5));
    let warning = made.warning();
    assert!(
        warning.contains("before 1 run") && warning.contains("1.5"),
        "{warning}"
    );
}

#[test]
fn the_first_run_of_a_session_has_no_load_of_our_own_before_it() {
    let mut made = Made::ten_blocks(CacheState::Warm);
    made.change(0, 0, |run| run.load_before = Some(1.5));
    assert!(made.warning().contains("before 1 run"));
}

#[test]
fn sessions_and_what_changed_between_them_are_told() {
    let mut made = Made::ten_blocks(CacheState::Warm);
    made.session(60, environment());
    assert!(made.warning().contains("ran in 2 sessions"));
    made.session(
        60,
        Environment {
            cpus: 4,
            ..environment()
        },
    );
    let warnings = told(&made.analyse());
    assert!(
        warnings.contains("between sessions changed: the number of processors"),
        "{warnings}"
    );
}

#[test]
fn bad_samples_are_named_once() {
    let mut made = Made::ten_blocks(CacheState::Warm);
    for block in [1, 2] {
        made.change(block, 0, |run| {
            run.epochs[0].bad_samples.push(BadSample {
                index: 7,
                key: "train/cat/7.jpg".to_owned(),
                reason: "truncated".to_owned(),
                replaced_by: None,
            });
        });
    }
    let analysis = made.analyse();
    assert_eq!(
        analysis.groups[0].summaries[0].bad_samples,
        ["train/cat/7.jpg: truncated"]
    );
    let warning = made.warning();
    assert!(
        warning.contains("1 sample could not be delivered (from npy/u8)"),
        "{warning}"
    );
}

#[test]
fn the_same_records_give_the_same_analysis() {
    let made = Made::ten_blocks(CacheState::Warm);
    assert_eq!(made.analyse(), made.analyse());
    assert_eq!(made.analyse().baseline, made.plan.baseline);
}

#[test]
fn records_that_make_no_sense_are_refused() {
    let made = Made::ten_blocks(CacheState::Warm);
    assert_eq!(analyse(&[]), Err(AnalysisError::NoExperiment));
    assert_eq!(
        analyse(&made.records[1..]),
        Err(AnalysisError::NoExperiment)
    );
    let twice = [made.records[0].clone(), made.records[0].clone()];
    assert_eq!(analyse(&twice), Err(AnalysisError::SecondExperiment(2)));
    let outside = [made.records[0].clone(), run(0, 6)];
    let error = AnalysisError::Configuration {
        record: 2,
        configuration: 6,
        configurations: 6,
    };
    assert_eq!(analyse(&outside), Err(error));
    let mut newer = made.records[0].clone();
    if let Record::Experiment(experiment) = &mut newer {
        experiment.format_version = 2;
    }
    assert_eq!(analyse(&[newer]), Err(AnalysisError::Version(2)));
}

#[test]
fn records_survive_their_file() {
    for record in Made::ten_blocks(CacheState::Warm).records {
        let line = serde_json::to_string(&record).unwrap();
        assert!(!line.contains('\n'));
        assert_eq!(serde_json::from_str::<Record>(&line).unwrap(), record);
    }
}
