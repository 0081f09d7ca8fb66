//! The table in the terminal.

use crate::{
    contest::{Entry, analysis, cnn, group},
    sample,
};
use ielade_bench::analysis::{Analysis, Warning, analyse};
use ielade_core::worker_protocol::Consumer;
use ielade_report::{TableOptions, terminal_table};
use unicode_width::UnicodeWidthStr;

fn sample_analysis(blocks: u32) -> Analysis {
    analyse(&sample::records(blocks)).expect("the records make sense")
}

const fn plain(width: usize) -> TableOptions {
    TableOptions {
        width,
        colour: false,
    }
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for blocks in [0, 1, 10] {
        let analysis = sample_analysis(blocks);
        for width in (40..=220).step_by(5).chain([80, 120]) {
            for line in terminal_table(&analysis, &plain(width)).lines() {
                assert!(line.width() <= width, "{} > {width}: {line}", line.width());
            }
        }
    }
}

#[test]
fn a_layout_that_is_no_different_is_marked_and_the_mark_explained() {
    let mut analysis = sample_analysis(3);
    assert!(!terminal_table(&analysis, &plain(80)).contains("no difference"));
    let comparison = &mut analysis.groups[0].comparisons[0];
    comparison.verdict = ielade_bench::analysis::Verdict::Equivalent;
    let name = comparison.layout.to_string();
    let table = terminal_table(&analysis, &plain(80));
    assert!(table.contains(&format!("= {name}")), "{table}");
    assert!(table.contains("= no difference to"), "{table}");
}

#[test]
fn a_long_name_is_cut_and_still_fits() {
    let mut analysis = sample_analysis(3);
    for summary in &mut analysis.groups[0].summaries {
        summary.configuration.layout.container = "画像".repeat(60);
    }
    let table = terminal_table(&analysis, &plain(80));
    assert!(table.lines().all(|line| line.width() <= 80), "{table}");
    assert!(table.contains('…'));
}

#[test]
fn a_wide_terminal_shows_more_columns_and_intervals_in_line() {
    let analysis = sample_analysis(10);
    let narrow = terminal_table(&analysis, &plain(80));
    let wide = terminal_table(&analysis, &plain(120));
    let widest = terminal_table(&analysis, &plain(300));
    let has_line_of_spreads =
        |table: &str| table.lines().any(|line| line.trim_start().starts_with('±'));
    assert!(has_line_of_spreads(&narrow));
    assert!(!has_line_of_spreads(&widest));
    assert!(!narrow.contains("CPU/1k"));
    assert!(wide.contains("CPU/1k"));
    assert!(widest.lines().count() < wide.lines().count());
    assert!(widest.contains("in brackets"));
}

#[test]
fn every_layout_has_a_row_in_every_block() {
    let table = terminal_table(&sample_analysis(10), &plain(80));
    for layout in sample::LAYOUTS {
        let rows = table.lines().filter(|line| {
            line.get(2..).is_some_and(|rest| rest.starts_with(layout))
                || line.contains(&format!("≈ {layout}"))
        });
        assert_eq!(rows.count(), 3, "{layout} in\n{table}");
    }
}

#[test]
fn without_colour_there_is_no_escape_sequence_and_with_it_the_text_is_the_same() {
    let analysis = sample_analysis(3);
    let without = terminal_table(&analysis, &plain(80));
    assert!(!without.contains('\u{1b}'));
    let with = terminal_table(
        &analysis,
        &TableOptions {
            width: 80,
            colour: true,
        },
    );
    assert!(with.contains("\u{1b}[1m"));
    let words = |text: &str| {
        text.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(words(&without_escapes(&with)), words(&without));
}

/// The text without `ESC [ … m`.
fn without_escapes(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |plain, part| {
        plain + part.split_once('m').map_or(part, |(_, rest)| rest)
    })
}

#[test]
fn names_and_warnings_cannot_steer_the_terminal() {
    let mut analysis = sample_analysis(3);
    analysis.warnings.push(Warning::Sessions {
        starts: vec!["\u{1b}[2Jgone\u{7}".to_owned()],
    });
    analysis.groups[0].name = "no\u{1b}ne\r".to_owned();
    analysis.groups[0].summaries[0]
        .configuration
        .layout
        .container = "a\u{9b}b".to_owned();
    let table = terminal_table(&analysis, &plain(80));
    assert!(!table.contains(|c: char| c.is_control() && c != '\n'));
}

#[test]
fn a_layout_without_runs_says_so_in_its_row() {
    let entries = [
        Entry::new("files/jpeg", 20.0, 0.4),
        Entry::without_runs("npy/u8"),
    ];
    let table = terminal_table(&analysis(vec![group(&cnn(), &entries)]), &plain(80));
    let row = table.lines().find(|line| line.contains("npy/u8"));
    assert!(
        row.is_some_and(|row| row.ends_with("no completed run")),
        "{table}"
    );
}

#[test]
fn an_experiment_without_groups_still_makes_a_table() {
    let table = terminal_table(&analysis(Vec::new()), &plain(80));
    assert!(table.starts_with("The experiment has no configurations"));
}

#[test]
fn the_table_is_the_one_kept_beside_the_tests() {
    let mut model = group(
        &cnn(),
        &[
            Entry::new("files/jpeg", 20.0, 0.4),
            Entry::new("npy/u8", 10.6, 0.2).ratio(0.53, 0.51, 0.55),
            Entry::new("npy/f16", 10.8, 0.2).ratio(0.54, 0.52, 0.56),
            Entry::without_runs("npy/f32"),
        ],
    );
    model.summaries[0].completed = 8;
    let alone = group(
        &Consumer::None,
        &[
            Entry::with_few_runs("files/jpeg", 0.61, 2),
            Entry::with_few_runs("npy/u8", 0.042, 2).bare_ratio(0.0689),
        ],
    );
    let mut analysis = analysis(vec![alone, model]);
    analysis.warnings = vec![Warning::ForeignLoad {
        runs: 3,
        highest: 1.9,
    }];
    let table = terminal_table(&analysis, &plain(80));
    assert_eq!(table, include_str!("../golden/table.txt"), "\n{table}");
}
