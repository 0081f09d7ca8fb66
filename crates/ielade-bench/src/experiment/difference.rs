//! Whether an experiment is the one whose records are in a folder.

use super::Setup;
use crate::{
    plan::Plan,
    record::{ExperimentRecord, StoreSummary},
};
use serde_json::Value;

/// What differs between the recorded experiment and the one that is asked for, in words; `None`
/// where they are the same. Where a store lies does not matter, what is in it does.
pub(super) fn between(recorded: &ExperimentRecord, asked: &Setup) -> Option<String> {
    let mut differences = Vec::new();
    if recorded.program != asked.program {
        // Times of two versions would be mixed in one table.
        differences.push(format!(
            "it was begun by {} and this is {}",
            recorded.program, asked.program
        ));
    }
    // Plans hold plain data only; what cannot be written compares as null on both sides.
    let value_of = |plan: &Plan| serde_json::to_value(without_looks(plan)).unwrap_or(Value::Null);
    compare(
        "",
        &value_of(&recorded.plan),
        &value_of(&asked.plan),
        &mut differences,
    );
    differences.extend(store_differences(&recorded.stores, &asked.stores));
    (!differences.is_empty()).then(|| differences.join("; "))
}

/// The plan without what changes the report alone.
fn without_looks(plan: &Plan) -> Plan {
    let mut plan = plan.clone();
    plan.data.thumbnails = true;
    plan
}

/// Adds every leaf that differs, by its path.
fn compare(path: &str, recorded: &Value, asked: &Value, differences: &mut Vec<String>) {
    if let (Value::Object(recorded), Value::Object(asked)) = (recorded, asked) {
        let mut keys: Vec<&String> = recorded.keys().chain(asked.keys()).collect();
        keys.sort();
        keys.dedup();
        for key in keys {
            let inner = if path.is_empty() {
                key.clone()
            } else {
                format!("{path}.{key}")
            };
            let of = |object: &serde_json::Map<String, Value>| {
                object.get(key).cloned().unwrap_or(Value::Null)
            };
            compare(&inner, &of(recorded), &of(asked), differences);
        }
    } else if recorded != asked {
        differences.push(format!("`{path}` was {recorded} and is {asked} now"));
    }
}

fn store_differences(recorded: &[StoreSummary], asked: &[StoreSummary]) -> Vec<String> {
    let same_place = |one: &StoreSummary, other: &StoreSummary| {
        one.layout == other.layout && one.split == other.split
    };
    let name = |store: &StoreSummary| format!("store {} ({})", store.layout, store.split);
    let changed =
        recorded
            .iter()
            .filter_map(|old| match asked.iter().find(|new| same_place(old, new)) {
                None => Some(format!("{} is missing", name(old))),
                Some(new) if new.manifest_digest != old.manifest_digest => {
                    Some(format!("{} has been made again", name(old)))
                }
                Some(_) => None,
            });
    let added = asked
        .iter()
        .filter(|new| !recorded.iter().any(|old| same_place(old, new)))
        .map(|new| format!("{} is new", name(new)));
    changed.chain(added).collect()
}
