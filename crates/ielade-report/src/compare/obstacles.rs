//! What keeps two experiments from being compared, and what differs between them.

use ielade_bench::record::{Environment, ExperimentRecord, StoreSummary};
use std::fmt::Debug;

/// Something that the two have differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What it is.
    pub what: &'static str,
    /// How it is in the first and in the second.
    pub values: [String; 2],
}

/// Adds a difference where there is one.
fn note<T: PartialEq + Debug>(found: &mut Vec<Difference>, what: &'static str, pair: (&T, &T)) {
    if pair.0 != pair.1 {
        found.push(Difference {
            what,
            values: [shown(pair.0), shown(pair.1)],
        });
    }
}

/// A value as its type shows it, without the quotes of texts and the `Some` of options.
fn shown<T: Debug>(value: &T) -> String {
    let text = format!("{value:?}");
    let inner = text
        .strip_prefix("Some(")
        .and_then(|rest| rest.strip_suffix(')'))
        .unwrap_or(&text);
    match inner {
        "None" => "none".to_owned(),
        inner => inner.trim_matches('"').to_owned(),
    }
}

/// Why nothing can be compared.
pub(super) fn obstacles(a: &ExperimentRecord, b: &ExperimentRecord) -> Vec<String> {
    let mut found = Vec::new();
    let (data, other) = (&a.data_set, &b.data_set);
    note(&mut found, "data set", (&data.name, &other.name));
    note(
        &mut found,
        "number of training images",
        (&data.train_samples, &other.train_samples),
    );
    note(&mut found, "image size", (&data.image, &other.image));
    note(&mut found, "classes", (&data.classes, &other.classes));
    let (plan, theirs) = (&a.plan, &b.plan);
    note(
        &mut found,
        "size of the stored images",
        (&plan.data.resize, &theirs.data.resize),
    );
    let (loader, other) = (&plan.loader, &theirs.loader);
    note(
        &mut found,
        "batch size",
        (&loader.batch_size, &other.batch_size),
    );
    note(
        &mut found,
        "element type",
        (&loader.element, &other.element),
    );
    note(&mut found, "resizing", (&loader.resize, &other.resize));
    note(
        &mut found,
        "augmentation",
        (&loader.augmentation, &other.augmentation),
    );
    note(&mut found, "shuffle", (&loader.shuffle, &other.shuffle));
    note(
        &mut found,
        "last batch",
        (&loader.last_batch, &other.last_batch),
    );
    note(
        &mut found,
        "format of the records",
        (&a.format_version, &b.format_version),
    );
    found
        .iter()
        .map(|one| {
            format!(
                "the {} is not the same: {} and {}",
                one.what, one.values[0], one.values[1]
            )
        })
        .collect()
}

/// What differs in machine, software and plan without forbidding a comparison.
pub(super) fn differences(a: &ExperimentRecord, b: &ExperimentRecord) -> Vec<Difference> {
    let mut found = Vec::new();
    note(&mut found, "program", (&a.program, &b.program));
    note(&mut found, "date", (&a.created, &b.created));
    environment(&mut found, &a.environment, &b.environment);
    let (plan, theirs) = (&a.plan, &b.plan);
    note(&mut found, "blocks", (&plan.blocks, &theirs.blocks));
    note(&mut found, "seed", (&plan.seed, &theirs.seed));
    let (loader, other) = (&plan.loader, &theirs.loader);
    note(
        &mut found,
        "loader threads (0: one a processor)",
        (&loader.threads, &other.threads),
    );
    note(
        &mut found,
        "prefetched batches (0: threads + 2)",
        (&loader.prefetch, &other.prefetch),
    );
    note(
        &mut found,
        "memory limit of a worker",
        (
            &plan.memory_limit.map(|limit| limit.to_string()),
            &theirs.memory_limit.map(|limit| limit.to_string()),
        ),
    );
    found
}

fn environment(found: &mut Vec<Difference>, a: &Environment, b: &Environment) {
    note(found, "processor", (&a.cpu, &b.cpu));
    note(found, "processors", (&a.cpus, &b.cpus));
    note(found, "kernel", (&a.kernel, &b.kernel));
    note(found, "governor", (&a.governor, &b.governor));
    let memory = |one: &Environment| crate::figures::bytes(one.memory_bytes);
    note(found, "memory", (&memory(a), &memory(b)));
    let limit = |one: &Environment| one.memory_limit_bytes.map(crate::figures::bytes);
    note(found, "memory limit", (&limit(a), &limit(b)));
    note(found, "file system", (&a.file_system, &b.file_system));
    note(found, "graphics processor", (&a.gpu, &b.gpu));
}

/// What a reader must know before believing the figures.
pub(super) fn cautions(a: &ExperimentRecord, b: &ExperimentRecord) -> Vec<String> {
    let mut found = Vec::new();
    if a.plan.seed != b.plan.seed {
        found.push(
            "the seeds differ: images come in another order, and models begin with other weights"
                .to_owned(),
        );
    }
    let changed: Vec<String> = (a.stores.iter())
        .filter_map(|store| {
            let other = same_store(b, store)?;
            let is_changed = other.manifest_digest != store.manifest_digest;
            is_changed.then(|| format!("{} ({})", store.layout, store.split))
        })
        .collect();
    if !changed.is_empty() {
        found.push(format!(
            "these stores are not the same bytes in both, so a difference may come from how they were \
             written: {}",
            changed.join(", ")
        ));
    }
    found
}

fn same_store<'a>(b: &'a ExperimentRecord, store: &StoreSummary) -> Option<&'a StoreSummary> {
    let mut stores = b.stores.iter();
    stores.find(|other| other.layout == store.layout && other.split == store.split)
}
