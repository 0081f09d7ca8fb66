//! What was measured on what: data, plan, machine, stores.

use super::{Block, Column, Inline, Table, results::cache_name};
use crate::{
    composition,
    document::bibliography,
    figures::{Quantity, Scale, count},
    language::Language,
};
use ielade_bench::analysis::Analysis;

/// The chapter on data, plan and machine.
pub(super) fn section(analysis: &Analysis, language: Language) -> Vec<Block> {
    let words = language.words();
    let mut pieces = vec![Inline::Text(words.setting_text.to_owned())];
    for key in bibliography::of_data_set(analysis)
        .into_iter()
        .chain(bibliography::of_layouts(analysis))
    {
        pieces.push(Inline::Text(" ".to_owned()));
        pieces.push(Inline::Cite(key));
    }
    pieces.push(Inline::Text(".".to_owned()));
    vec![
        Block::heading(1, words.setting),
        Block::Paragraph(pieces),
        Block::Table(facts(
            "data",
            words.data_caption,
            data(analysis, language),
            language,
        )),
        Block::Table(facts(
            "machine",
            words.machine_caption,
            machine(analysis, language),
            language,
        )),
        Block::Table(stores(analysis, language)),
    ]
}

type Facts = Vec<(&'static str, String)>;

fn facts(key: &str, caption: &str, facts: Facts, language: Language) -> Table {
    let words = language.words();
    Table {
        key: key.to_owned(),
        caption: caption.to_owned(),
        columns: vec![Column::left(words.fact), Column::left(words.value)],
        rows: (facts.into_iter())
            .map(|(name, value)| vec![name.to_owned(), value])
            .collect(),
        note: None,
    }
}

fn data(analysis: &Analysis, language: Language) -> Facts {
    let words = language.words();
    let experiment = &analysis.experiment;
    let (plan, data_set) = (&experiment.plan, &experiment.data_set);
    let number = |value: u64| language.number(&count(value));
    let consumers: Vec<String> = plan.consumer_labels();
    let caches: Vec<&str> = (plan.cache.iter())
        .map(|cache| cache_name(*cache, words))
        .collect();
    let layouts: Vec<String> = plan.layouts.iter().map(ToString::to_string).collect();
    let mut facts = vec![
        (words.data_set, data_set.name.clone()),
        (words.image_size, data_set.image.clone()),
        (words.training_images, number(data_set.train_samples)),
        (words.test_images, number(data_set.test_samples)),
        (words.classes, number(data_set.classes.len() as u64)),
    ];
    let composition = data_set.composition.as_deref();
    facts.extend(composition.map_or_else(Vec::new, |found| composition::facts(found, language)));
    facts.extend([
        (words.layouts, layouts.join(", ")),
        (words.baseline_layout, analysis.baseline.to_string()),
        (words.consumers, consumers.join(", ")),
        (words.cache, caches.join(", ")),
        (
            words.blocks,
            format!("{} / {}", analysis.complete_blocks, plan.blocks),
        ),
        (words.epochs, plan.epochs.to_string()),
        (words.batch_size, number(u64::from(plan.loader.batch_size))),
        (
            words.threads,
            threads(plan.loader.threads, words.one_a_processor),
        ),
        (words.element, plan.loader.element.to_string()),
        (words.seed, plan.seed.to_string()),
    ]);
    facts
}

fn threads(threads: u32, one_a_processor: &str) -> String {
    match threads {
        0 => one_a_processor.to_owned(),
        threads => threads.to_string(),
    }
}

fn machine(analysis: &Analysis, language: Language) -> Facts {
    let words = language.words();
    let environment = &analysis.experiment.environment;
    let bytes = |value: u64| {
        let value = value as f64;
        language.quantity(Scale::fitting(Quantity::Bytes, [value]), value)
    };
    let known = |text: Option<&str>| text.unwrap_or(words.not_known).to_owned();
    let mut facts = vec![
        (
            words.processor,
            known(
                Some(&environment.cpu)
                    .filter(|text| !text.is_empty())
                    .map(String::as_str),
            ),
        ),
        (words.processors, environment.cpus.to_string()),
        (words.memory, bytes(environment.memory_bytes)),
    ];
    let limit = environment.memory_limit_bytes;
    facts.extend(limit.map(|limit| (words.memory_limit, bytes(limit))));
    facts.push((
        words.gpu,
        environment
            .gpu
            .clone()
            .unwrap_or_else(|| words.none.to_owned()),
    ));
    facts.push((words.kernel, environment.kernel.clone()));
    facts.push((words.file_system, known(environment.file_system.as_deref())));
    facts.push((words.governor, known(environment.governor.as_deref())));
    facts.push((words.program, analysis.experiment.program.clone()));
    facts
}

fn stores(analysis: &Analysis, language: Language) -> Table {
    let words = language.words();
    let stores = &analysis.experiment.stores;
    let sizes = Scale::fitting(
        Quantity::Bytes,
        stores.iter().map(|store| store.bytes as f64),
    );
    let times = Scale::fitting(
        Quantity::Time,
        stores.iter().map(|store| store.prepare_seconds),
    );
    let rows = stores.iter().map(|store| {
        let each = store.bytes / u64::from(store.count.max(1));
        vec![
            store.layout.to_string(),
            words.page.split(store.split).to_owned(),
            language.number(&count(u64::from(store.count))),
            language.figure(sizes, store.bytes as f64, None),
            language.number(&count(each)),
            language.figure(times, store.prepare_seconds, None),
        ]
    });
    Table {
        key: "stores".to_owned(),
        caption: words.stores_caption.to_owned(),
        columns: vec![
            Column::left(words.layout),
            Column::left(words.part),
            Column::right(words.images),
            Column::right(format!("{}, {}", words.size_on_disk, sizes.symbol)),
            Column::right(words.bytes_an_image),
            Column::right(format!("{}, {}", words.preparing, times.symbol)),
        ],
        rows: rows.collect(),
        note: None,
    }
}
