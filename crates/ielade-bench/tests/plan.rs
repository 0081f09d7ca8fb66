//! Plans as people write them, and as they should not.

use ielade_bench::plan::{
    Comparisons, ConsumerPlan, DataPlan, MemoryLimit, Plan, PlanError, TestKind,
};
use ielade_core::{
    Augmentation, BadSamplePolicy, Element, Encoding, LayoutId, OrientationRule, Shuffle,
    training::{ModelName, OptimiserName, Schedule, TrainingSettings},
    worker_protocol::{CacheState, Consumer, LastBatch, LoaderSettings},
};
use proptest::prelude::*;
use std::path::{Path, PathBuf};

const WHOLE: &str = r#"name = "cifar10"
seed = 7
blocks = 12
epochs = 3
baseline = "npy/u8"
cache = "cold"
layouts = ["files/jpeg", "npy/u8", "npy/f16", "npy/f32"]
timeout_seconds = 60

[data]
source = "data/cifar10"
stores = "big/stores"
resize = [224, 192]
orientation = "ignore"
test_share = 0.2
images = "train/images"
thumbnails = false

[loader]
batch_size = 64
threads = 2
prefetch = 5
element = "f16"
resize = [32, 32]
augmentation = { crop_padding = 4, horizontal_flip = true }
shuffle = "chunks:8"
last_batch = "drop"
on_bad_sample = "skip"

[[consumers]]
kind = "none"

[[consumers]]
kind = "fixed-step"
milliseconds = 5

[[consumers]]
kind = "model"
model = "cnn"
optimiser = "sgd"
learning_rate = 0.1
schedule = { kind = "step", epochs = 1, factor = 0.5 }
weight_decay = 1e-4
epochs = 2
"#;

const SMALL: &str = r#"name = "small"
layouts = ["files/png", "npy/u8"]
[data]
source = "demo"
[[consumers]]
kind = "none"
"#;

fn read(text: &str) -> Result<Plan, PlanError> {
    Plan::from_toml(text, Path::new("dir/experiment.toml"))
}

/// Line and message of the error that `text` gives.
fn error(text: &str) -> (usize, String) {
    match read(text) {
        Err(PlanError::Text {
            path,
            line,
            message,
        }) => {
            assert_eq!(path, Path::new("dir/experiment.toml"));
            (line, message)
        }
        other => panic!("{other:?}"),
    }
}

/// `WHOLE` with one line changed, and where that line is.
fn whole_with(old: &str, new: &str) -> (String, usize) {
    assert_eq!(WHOLE.matches(old).count(), 1, "{old:?} once");
    let line = 1 + WHOLE[..WHOLE.find(old).unwrap()].matches('\n').count();
    (WHOLE.replace(old, new), line)
}

#[test]
fn a_whole_plan_is_read_value_for_value() {
    let plan = read(WHOLE).unwrap();
    assert_eq!((plan.seed, plan.blocks, plan.epochs), (7, 12, 3));
    assert_eq!(plan.baseline.to_string(), "npy/u8");
    assert_eq!(
        (plan.cache, plan.timeout_seconds),
        (vec![CacheState::Cold], 60)
    );
    assert_eq!(
        plan.data,
        DataPlan {
            source: "data/cifar10".to_owned(),
            stores: PathBuf::from("big/stores"),
            resize: Some((224, 192)),
            orientation: OrientationRule::Ignore,
            test_share: Some(0.2),
            images: Some("train/images".to_owned()),
            labels: None,
            thumbnails: false,
        }
    );
    assert_eq!(
        plan.loader,
        LoaderSettings {
            batch_size: 64,
            threads: 2,
            prefetch: 5,
            element: Element::F16,
            resize: Some((32, 32)),
            augmentation: Augmentation {
                crop_padding: 4,
                horizontal_flip: true,
            },
            shuffle: Shuffle::Chunks { buffer: 8 },
            last_batch: LastBatch::Drop,
            on_bad_sample: BadSamplePolicy::Skip,
        }
    );
    let training = TrainingSettings {
        model: ModelName::Cnn,
        optimiser: OptimiserName::Sgd,
        learning_rate: Some(0.1),
        schedule: Schedule::Step {
            epochs: 1,
            factor: 0.5,
        },
        weight_decay: 1e-4,
    };
    let consumers = [
        (Consumer::None, None),
        (Consumer::fixed_step(5.0), None),
        (Consumer::Model(training), Some(2)),
    ];
    let read: Vec<(Consumer, Option<u32>)> = plan
        .consumers
        .into_iter()
        .map(|plan| (plan.consumer, plan.epochs))
        .collect();
    assert_eq!(read, consumers);
}

#[test]
fn what_a_plan_leaves_out_has_its_usual_value() {
    let plan = read(SMALL).unwrap();
    assert_eq!((plan.seed, plan.blocks, plan.epochs), (1, 10, 3));
    assert_eq!(plan.baseline.to_string(), "files/png");
    assert_eq!(
        (plan.cache, plan.timeout_seconds),
        (vec![CacheState::Warm], 3600)
    );
    assert_eq!(plan.loader, LoaderSettings::default());
    assert_eq!(plan.data, DataPlan::of("demo"));
    assert_eq!(plan.data.stores, Path::new("stores"));
    assert!(plan.data.is_demo());
}

#[test]
fn configurations_are_consumers_times_layouts_in_order() {
    let configurations = read(WHOLE).unwrap().configurations();
    let names: Vec<&str> = configurations.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names.len(), 15);
    assert_eq!(names[..2], ["files/jpeg · none", "npy/u8 · none"]);
    assert_eq!(names[4], "npy/u8 (control) · none");
    assert_eq!(names[6], "npy/u8 · fixed 5 ms");
    assert_eq!(names[13], "npy/f32 · cnn");
    assert_eq!(
        (configurations[0].epochs, configurations[13].epochs),
        (3, 2)
    );
}

#[test]
fn one_model_with_two_settings_gives_two_names() {
    let mut plan = read(SMALL).unwrap();
    let cnn = |optimiser, weight_decay| {
        ConsumerPlan::of(Consumer::Model(TrainingSettings {
            optimiser,
            weight_decay,
            ..TrainingSettings::of(ModelName::Cnn)
        }))
    };
    plan.consumers = vec![cnn(OptimiserName::Sgd, 0.0), cnn(OptimiserName::Adam, 0.0)];
    assert_eq!(plan.consumer_labels(), ["cnn sgd", "cnn adam"]);
    plan.consumers.push(cnn(OptimiserName::Adam, 0.1));
    assert_eq!(
        plan.consumer_labels(),
        ["cnn sgd", "cnn adam #2", "cnn adam #3"]
    );
}

#[test]
fn a_misspelt_key_is_refused_with_its_line_and_the_nearest_right_one() {
    let cases = [
        (
            "batch_size",
            "bach_size",
            "unknown key `bach_size` in [loader]; did you mean `batch_size`?",
        ),
        (
            "blocks",
            "block",
            "unknown key `block` in the plan; did you mean `blocks`?",
        ),
        (
            "source",
            "sorce",
            "unknown key `sorce` in [data]; did you mean `source`?",
        ),
        (
            "milliseconds",
            "miliseconds",
            "did you mean `milliseconds`?",
        ),
        (
            "learning_rate",
            "learning-rate",
            "did you mean `learning_rate`?",
        ),
        (
            "crop_padding",
            "crop_paddding",
            "did you mean `crop_padding`?",
        ),
        ("factor", "fator", "did you mean `factor`?"),
        (
            "orientation",
            "sharpness",
            "known: source, stores, resize, orientation, test_share",
        ),
    ];
    for (right, wrong, expected) in cases {
        let (text, line) = whole_with(right, wrong);
        let (found_line, message) = error(&text);
        assert_eq!(found_line, line, "{message}");
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn a_key_of_another_kind_of_consumer_is_refused() {
    let (text, line) = whole_with("milliseconds = 5", "milliseconds = 5\nmodel = \"cnn\"");
    let (found_line, message) = error(&text);
    assert_eq!(found_line, line + 1);
    assert!(message.contains("unknown key `model`"), "{message}");
}

#[test]
fn a_misspelt_value_is_refused_with_its_line_and_the_nearest_right_one() {
    let cases = [
        ("\"cold\"", "\"clod\"", "did you mean `cold`?"),
        ("\"f16\"", "\"f61\"", "did you mean `f16`?"),
        (
            "\"npy/f32\"",
            "\"npy/f23\"",
            "unknown encoding \"f23\" in \"npy/f23\"; did you mean `f32`?",
        ),
        ("\"files/jpeg\"", "\"jpeg\"", "container/encoding"),
        ("\"cnn\"", "\"cmm\"", "known: linear, mlp, cnn"),
        ("\"sgd\"", "\"sdg\"", "did you mean `sgd`?"),
        (
            "\"fixed-step\"",
            "\"fixed_step\"",
            "did you mean `fixed-step`?",
        ),
        ("\"skip\"", "\"skipp\"", "did you mean `skip`?"),
        ("kind = \"step\"", "kind = \"stop\"", "did you mean `step`?"),
        (
            "batch_size = 64",
            "batch_size = \"64\"",
            "expected a whole number, found string",
        ),
        ("batch_size = 64", "batch_size = -1", "out of range"),
        (
            "shuffle = \"chunks:8\"",
            "shuffle = 0",
            "expected a shuffle",
        ),
        (
            "shuffle = \"chunks:8\"",
            "shuffle = \"chunks:0\"",
            "chunks:16",
        ),
        ("[224, 192]", "[224]", "expected [height, width]"),
        ("seed = 7", "seed = 7.5", "expected a whole number"),
        ("name = \"cifar10\"", "name = cifar10", ""),
    ];
    for (right, wrong, expected) in cases {
        let (text, line) = whole_with(right, wrong);
        let (found_line, message) = error(&text);
        assert_eq!(found_line, line, "{message}");
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn a_plan_that_makes_no_sense_is_refused_where_it_says_so() {
    let cases = [
        ("blocks = 12", "blocks = 0", "`blocks` must be at least 1"),
        (
            "blocks = 12",
            "blocks = 10001",
            "`blocks` must be at most 10000",
        ),
        ("epochs = 3", "epochs = 0", "`epochs` must be at least 1"),
        ("epochs = 2", "epochs = 0", "`epochs` must be at least 1"),
        (
            "batch_size = 64",
            "batch_size = 0",
            "`batch_size` must be at least 1",
        ),
        ("milliseconds = 5", "milliseconds = 0.0", "`milliseconds`"),
        ("milliseconds = 5", "milliseconds = inf", "`milliseconds`"),
        ("milliseconds = 5", "milliseconds = nan", "`milliseconds`"),
        (
            "learning_rate = 0.1",
            "learning_rate = -0.1",
            "`learning_rate`",
        ),
        ("factor = 0.5", "factor = 0", "`schedule`"),
        ("test_share = 0.2", "test_share = 1.0", "`test_share`"),
        ("[32, 32]", "[0, 32]", "`resize`"),
        ("element = \"f16\"", "element = \"u16\"", "u8, f16 or f32"),
        (
            "baseline = \"npy/u8\"",
            "baseline = \"npy/u16\"",
            "not among the layouts",
        ),
        (
            "\"npy/f16\", \"npy/f32\"",
            "\"npy/f16\", \"npy/f16\"",
            "named twice",
        ),
        (
            "timeout_seconds = 60",
            "timeout_seconds = 0",
            "`timeout_seconds`",
        ),
        ("name = \"cifar10\"", "name = \" \"", "`name` is empty"),
    ];
    for (right, wrong, expected) in cases {
        let (text, line) = whole_with(right, wrong);
        let (found_line, message) = error(&text);
        assert_eq!(found_line, line, "{message}");
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn missing_parts_are_named() {
    for (left_out, expected) in [
        ("name = \"small\"\n", "`name` is missing"),
        (
            "layouts = [\"files/png\", \"npy/u8\"]\n",
            "`layouts` is missing",
        ),
        ("[data]\nsource = \"demo\"\n", "`data` is missing"),
        ("[[consumers]]\nkind = \"none\"\n", "no consumer"),
    ] {
        assert!(SMALL.contains(left_out));
        let (_, message) = error(&SMALL.replace(left_out, ""));
        assert!(message.contains(expected), "{message}");
    }
    let (_, message) = error(&SMALL.replace("[\"files/png\", \"npy/u8\"]", "[]"));
    assert!(message.contains("name at least one"), "{message}");
}

#[test]
fn a_consumer_that_is_named_twice_is_refused_at_the_second() {
    let text = format!("{SMALL}[[consumers]]\nkind = \"none\"\n");
    let (line, message) = error(&text);
    assert_eq!(line, 8);
    assert!(
        message.contains("consumer none is named twice"),
        "{message}"
    );
}

#[test]
fn a_plan_made_by_hand_is_checked_too() {
    let none = vec![ConsumerPlan::of(Consumer::None)];
    let layouts = vec!["npy/u8".parse().unwrap(); 2];
    let error = Plan::new("p", DataPlan::of("demo"), layouts, none.clone()).unwrap_err();
    assert!(error.to_string().contains("named twice"));
    let error = Plan::new("p", DataPlan::of("demo"), Vec::new(), none).unwrap_err();
    assert!(error.to_string().contains("`layouts` is empty"));
}

fn encodings() -> impl Strategy<Value = Encoding> {
    prop::sample::select(Encoding::ALL.to_vec())
}

fn positive() -> impl Strategy<Value = f64> {
    1e-9_f64..1e9
}

fn schedules() -> impl Strategy<Value = Schedule> {
    prop_oneof![
        Just(Schedule::Constant),
        Just(Schedule::Cosine),
        (1_u32..100, positive()).prop_map(|(epochs, factor)| Schedule::Step { epochs, factor }),
    ]
}

fn trainings() -> impl Strategy<Value = TrainingSettings> {
    (
        prop::sample::select(ModelName::ALL.to_vec()),
        prop::sample::select(OptimiserName::ALL.to_vec()),
        prop::option::of(positive()),
        schedules(),
        0.0_f64..1.0,
    )
        .prop_map(
            |(model, optimiser, learning_rate, schedule, weight_decay)| TrainingSettings {
                model,
                optimiser,
                learning_rate,
                schedule,
                weight_decay,
            },
        )
}

fn consumers() -> impl Strategy<Value = Vec<ConsumerPlan>> {
    let epochs = || prop::option::of(1_u32..100);
    (positive(), trainings(), epochs(), epochs(), epochs()).prop_map(
        |(milliseconds, training, first, second, third)| {
            let consumers = [
                (Consumer::None, first),
                (Consumer::fixed_step(milliseconds), second),
                (Consumer::Model(training), third),
            ];
            consumers
                .map(|(consumer, epochs)| ConsumerPlan { consumer, epochs })
                .to_vec()
        },
    )
}

fn shuffles() -> impl Strategy<Value = Shuffle> {
    prop_oneof![
        Just(Shuffle::None),
        Just(Shuffle::Global),
        (1_u32..).prop_map(|buffer| Shuffle::Chunks { buffer }),
    ]
}

fn sizes() -> impl Strategy<Value = Option<(u32, u32)>> {
    prop::option::of((1_u32..9999, 1_u32..9999))
}

fn loaders() -> impl Strategy<Value = LoaderSettings> {
    let elements = prop::sample::select(vec![Element::U8, Element::F16, Element::F32]);
    let policies = prop::sample::select(vec![
        BadSamplePolicy::Fail,
        BadSamplePolicy::Skip,
        BadSamplePolicy::Replace,
    ]);
    let drops = any::<bool>();
    (
        (1_u32.., any::<u32>(), any::<u32>(), elements, sizes()),
        (any::<u32>(), any::<bool>(), shuffles(), drops, policies),
    )
        .prop_map(|(first, second)| LoaderSettings {
            batch_size: first.0,
            threads: first.1,
            prefetch: first.2,
            element: first.3,
            resize: first.4,
            augmentation: Augmentation {
                crop_padding: second.0,
                horizontal_flip: second.1,
            },
            shuffle: second.2,
            last_batch: if second.3 {
                LastBatch::Drop
            } else {
                LastBatch::Keep
            },
            on_bad_sample: second.4,
        })
}

fn data() -> impl Strategy<Value = DataPlan> {
    let share = prop::option::of(0.001_f64..0.999);
    (
        "\\PC{1,20}",
        "[a-z/ü \"]{1,20}",
        sizes(),
        any::<bool>(),
        share,
        prop::option::of("\\PC{1,20}"),
        prop::option::of("\\PC{1,20}"),
        any::<bool>(),
    )
        .prop_map(
            |(source, stores, resize, ignore, test_share, images, labels, thumbnails)| DataPlan {
                source,
                stores: PathBuf::from(stores),
                resize,
                orientation: if ignore {
                    OrientationRule::Ignore
                } else {
                    OrientationRule::Apply
                },
                test_share,
                images,
                labels,
                thumbnails,
            },
        )
}

/// What a plan says of how surely its answer is to be known.
#[derive(Debug, Clone)]
struct Precision {
    control: bool,
    split: bool,
    comparisons: Comparisons,
    test: TestKind,
    equivalence: f64,
    target_ci: Option<f64>,
    most_repeats: u32,
    memory_limit: Option<MemoryLimit>,
}

fn precisions() -> impl Strategy<Value = Precision> {
    let share = || 0.001_f64..0.999;
    (
        any::<(bool, bool)>(),
        prop::sample::select(Comparisons::ALL.map(|(_, one)| one).to_vec()),
        prop::sample::select(TestKind::ALL.map(|(_, one)| one).to_vec()),
        share(),
        prop::option::of(share()),
        any::<u32>(),
        prop::option::of(16_u64..1 << 30),
    )
        .prop_map(
            |(switches, comparisons, test, equivalence, target_ci, most_repeats, mebibytes)| {
                Precision {
                    control: switches.0,
                    split: switches.1,
                    comparisons,
                    test,
                    equivalence,
                    target_ci,
                    most_repeats,
                    memory_limit: mebibytes.map(|size| format!("{size}MiB").parse().unwrap()),
                }
            },
        )
}

fn plans() -> impl Strategy<Value = Plan> {
    let layouts = prop::collection::btree_set(("[a-z0-9]{1,8}", encodings()), 1..6);
    let caches = prop::sample::subsequence(CacheState::ALL.to_vec(), 1..=4);
    let counts = (0..=u64::MAX / 4, 1_u32..10_000, 1_u32.., 1_u64..1 << 60);
    (
        "[a-z]\\PC{0,20}",
        counts,
        layouts,
        any::<prop::sample::Index>(),
        caches,
    )
        .prop_flat_map(|head| (Just(head), data(), loaders(), consumers(), precisions()))
        .prop_map(
            |((name, counts, layouts, baseline, cache), data, loader, consumers, precision)| {
                let layouts: Vec<LayoutId> = layouts
                    .into_iter()
                    .map(|(container, encoding)| LayoutId::new(&container, encoding))
                    .collect();
                Plan {
                    name,
                    seed: counts.0,
                    blocks: counts.1,
                    epochs: counts.2,
                    baseline: baseline.get(&layouts).clone(),
                    cache,
                    control: precision.control,
                    split: precision.split,
                    comparisons: precision.comparisons,
                    test: precision.test,
                    equivalence: precision.equivalence,
                    target_ci: precision.target_ci,
                    most_blocks: precision.target_ci.map(|_| counts.1),
                    most_repeats: precision.most_repeats,
                    memory_limit: precision.memory_limit,
                    layouts,
                    timeout_seconds: counts.3,
                    data,
                    loader,
                    consumers,
                }
            },
        )
}

proptest! {
    #[test]
    fn a_plan_survives_toml_and_json(plan in plans()) {
        prop_assert_eq!(plan.validate(), Ok(()));
        let toml = plan.to_toml().unwrap();
        prop_assert_eq!(read(&toml), Ok(plan.clone()), "{}", toml);
        let json = serde_json::to_string(&plan).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Plan>(&json).unwrap(), &plan);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
        let _ = read(&text);
    }

    #[test]
    fn a_plan_with_any_bytes_changed_is_read_or_refused(
        at in any::<prop::sample::Index>(),
        new in "\\PC{0,4}",
    ) {
        let places: Vec<usize> = WHOLE.char_indices().map(|(place, _)| place).collect();
        let place = *at.get(&places);
        let text = format!("{}{new}{}", &WHOLE[..place], &WHOLE[place + 1..]);
        let _ = read(&text);
    }
}
