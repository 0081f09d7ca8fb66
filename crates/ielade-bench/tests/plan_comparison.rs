//! What a plan says of states of the cache, the control, and how surely it is to be known.

use ielade_bench::plan::{Comparisons, Plan, PlanError, TestKind};
use ielade_core::worker_protocol::{BatchOrigin, CacheState};
use std::{collections::HashSet, path::Path};

const PLAN: &str = r#"name = "small"
layouts = ["files/png", "npy/u8"]
baseline = "npy/u8"
cache = ["warm", "cold", "cold-first"]
split = true
comparisons = "all-pairs"
test = "unpaired"
equivalence = 0.1
target_ci = 0.02
most_blocks = 40
most_repeats = 3
memory_limit = "512MiB"
[data]
source = "demo"
[[consumers]]
kind = "none"
[[consumers]]
kind = "model"
model = "mlp"
"#;

fn read(text: &str) -> Result<Plan, PlanError> {
    Plan::from_toml(text, Path::new("experiment.toml"))
}

#[test]
fn all_of_it_is_read_value_for_value() {
    let plan = read(PLAN).unwrap();
    let states = vec![CacheState::Warm, CacheState::Cold, CacheState::ColdFirst];
    assert_eq!(plan.cache, states);
    assert!(plan.control && plan.split);
    assert_eq!(plan.comparisons, Comparisons::AllPairs);
    assert_eq!(plan.test, TestKind::Unpaired);
    assert_eq!((plan.equivalence, plan.target_ci), (0.1, Some(0.02)));
    assert_eq!((plan.most_repeats, plan.block_limit()), (3, 40));
    assert_eq!(plan.memory_limit.unwrap().bytes(), 512 << 20);
}

#[test]
fn every_layout_runs_in_every_state_with_a_control_and_each_model_from_memory() {
    let all = read(PLAN).unwrap().configurations();
    let names: Vec<&str> = all.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(
        names[..6],
        [
            "files/png · none · warm",
            "npy/u8 · none · warm",
            "npy/u8 (control) · none · warm",
            "files/png · none · cold",
            "npy/u8 · none · cold",
            "npy/u8 (control) · none · cold",
        ]
    );
    // Two consumers in three states with two layouts and a control, and one model from memory.
    assert_eq!((names.len(), names[18]), (19, "memory · mlp"));
    assert_eq!(all[18].origin, BatchOrigin::Memory);
    assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
    let contestants = all.iter().filter(|one| one.is_contestant()).count();
    assert_eq!(contestants, 12);
    let controls = all.iter().filter(|one| one.control);
    assert!(
        controls
            .clone()
            .all(|one| one.layout.to_string() == "npy/u8")
    );
    assert_eq!(controls.count(), 6);
}

#[test]
fn a_single_state_is_not_part_of_the_names_and_the_control_can_be_left_out() {
    let text = PLAN.replace(r#"["warm", "cold", "cold-first"]"#, r#""cold""#);
    let text = text.replace("split = true", "control = false");
    let all = read(&text).unwrap().configurations();
    let names: Vec<&str> = all.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "files/png · none",
            "npy/u8 · none",
            "files/png · mlp",
            "npy/u8 · mlp"
        ]
    );
    assert!(all.iter().all(|one| one.cache == CacheState::Cold));
}

#[test]
fn what_makes_no_sense_is_refused_where_it_says_so() {
    let cases = [
        (
            r#"["warm", "cold", "cold-first"]"#,
            "[]",
            4,
            "`cache` is empty",
        ),
        ("\"cold-first\"", "\"cold\"", 4, "cold is named twice"),
        (
            "\"cold-first\"",
            "\"cold-frist\"",
            4,
            "did you mean `cold-first`?",
        ),
        (
            "\"all-pairs\"",
            "\"all-pair\"",
            6,
            "did you mean `all-pairs`?",
        ),
        (
            "\"unpaired\"",
            "\"umpaired\"",
            7,
            "did you mean `unpaired`?",
        ),
        ("equivalence = 0.1", "equivalence = 0", 8, "between 0 and 1"),
        ("target_ci = 0.02", "target_ci = 2", 9, "between 0 and 1"),
        (
            "target_ci = 0.02",
            "taget_ci = 0.02",
            9,
            "did you mean `target_ci`?",
        ),
        ("target_ci = 0.02\n", "", 9, "there is none"),
        (
            "most_blocks = 40",
            "most_blocks = 4",
            10,
            "at least `blocks` (10)",
        ),
        (
            "most_blocks = 40",
            "most_blocks = 40000",
            10,
            "at most 10000",
        ),
        ("\"512MiB\"", "512", 12, "expected a string"),
        ("\"512MiB\"", "\"512 mb\"", 12, "for example \"512MiB\""),
    ];
    for (right, wrong, line, expected) in cases {
        assert_eq!(PLAN.matches(right).count(), 1, "{right:?} once");
        let text = PLAN.replace(right, wrong);
        match read(&text) {
            Err(PlanError::Text {
                line: found,
                message,
                ..
            }) => {
                assert!(message.contains(expected), "{message}");
                assert_eq!(found, line, "{message}");
            }
            other => panic!("{wrong}: {other:?}"),
        }
    }
}

#[test]
fn a_record_of_an_earlier_version_had_no_control_and_one_state() {
    let mut json = serde_json::to_value(read(PLAN).unwrap()).unwrap();
    let object = json.as_object_mut().unwrap();
    for key in [
        "control",
        "split",
        "comparisons",
        "test",
        "equivalence",
        "target_ci",
        "most_blocks",
        "most_repeats",
        "memory_limit",
    ] {
        object.remove(key).unwrap();
    }
    object.insert("cache".to_owned(), "warm".into());
    let plan: Plan = serde_json::from_value(json).unwrap();
    assert_eq!(plan.cache, [CacheState::Warm]);
    assert!(!plan.control && !plan.split && plan.target_ci.is_none());
    assert_eq!(serde_json::to_value(plan).unwrap()["cache"], "warm");
}
