//! The page of an experiment with everything in it: caches, control, split, steps, marks.

use crate::{
    page::{figures, markup, page_of},
    sample,
};
use serde_json::Value;

/// The first table behind a heading with this `id`.
fn table_behind<'a>(page: &'a str, id: &str) -> &'a str {
    let at = page
        .find(&format!("id=\"{id}\""))
        .expect("the heading is there");
    let table = &page[at..];
    let from = table.find("<table").expect("a table follows");
    let to = table.find("</table>").expect("the table ends");
    &table[from..to]
}

/// The text of a piece of markup, its pieces parted by one space each.
fn text_of(markup: &str) -> String {
    let mut text = String::new();
    let mut is_text = true;
    for character in markup.chars() {
        match character {
            '<' => is_text = false,
            '>' => {
                is_text = true;
                text.push(' ');
            }
            other if is_text => text.push(other),
            _ => {}
        }
    }
    let text = text
        .replace("&#x2f;", "/")
        .replace("&lt;", "<")
        .replace("&#x27;", "'");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A page with everything in it.
fn rich_page() -> String {
    page_of(&sample::rich::records(3))
}

#[test]
fn every_comparison_that_was_declared_stands_on_the_page() {
    let page = rich_page();
    let table = table_behind(&page, "comparisons");
    // Seven layouts with the baseline and the control, in twelve groups.
    assert_eq!(table.matches("<tr data-layout").count(), 12 * 8);
    let text = text_of(table);
    assert!(
        text.contains("Training cnn, cold cache npy/f32 files/jpeg"),
        "{text}"
    );
    assert!(text.contains("files/jpeg (control) files/jpeg"), "{text}");
    let family = text_of(
        &page[page
            .find("id=\"comparisons\"")
            .expect("the heading is there")..],
    );
    assert!(
        family.contains("84 comparisons of total time"),
        "{family:.300}"
    );
}

#[test]
fn runs_that_do_not_count_are_named_with_their_reason() {
    let page = rich_page();
    let marked = text_of(table_behind(&page, "marks"));
    assert!(
        marked.contains("files/jpeg · none · cold the cache was not cold: 34.0 % of the store was cached before epoch 2 no"),
        "{marked}"
    );
    assert!(
        marked.contains("the machine was busy: other programs took 1.7 processors no"),
        "{marked}"
    );
    assert!(
        marked.contains("the run was repeated, and the repetition counts no"),
        "{marked}"
    );
    let raw = text_of(table_behind(&page, "runs"));
    assert!(
        raw.contains("cache not cold: 34.0 % cached before epoch 2"),
        "{raw:.400}"
    );
    assert!(raw.contains("repetition 1"), "{raw:.400}");
}

#[test]
fn break_even_steps_name_the_published_speed_that_they_come_from() {
    let page = rich_page();
    let table = text_of(table_behind(&page, "stalls"));
    assert!(
        table.contains("npy/u8 warm below 0.5 ms: keeps up with all"),
        "{table}"
    );
    assert!(table.contains("files/jpeg warm 7.4"), "{table}");
    let profile = ielade_core::step_profiles::find("a100-resnet50-amp").expect("the profile");
    assert!(text_of(&markup(&page)).contains(profile.source.address));
    // One step time gives no break-even step.
    assert!(!page_of(&sample::records(3)).contains("id=\"stalls\""));
}

#[test]
fn the_split_of_an_epoch_is_drawn_from_its_estimates() {
    let figures = figures(&rich_page());
    let split = &figures["splits"][0];
    assert_eq!(split["consumer"], "cnn");
    let near = |value: &Value, expected: f64| {
        let value = value["mean"].as_f64().expect("a mean");
        assert!(
            (value - expected).abs() < 0.2,
            "{value} is not near {expected}"
        );
    };
    near(&split["compute"], 6.0);
    // 0.7 of 30 µs, and 1,180 bytes at 180 MB a second, for 50,000 images.
    near(&split["rows"][0]["preparation"], 1.05);
    near(&split["rows"][0]["fetch"], 0.33);
}

#[test]
fn one_run_of_each_configuration_is_shown_over_time() {
    let page_figures = figures(&rich_page());
    let series = page_figures["series"].as_array().expect("there are series");
    assert_eq!(series.len(), 60);
    assert_eq!(series[0]["consumer"], "cnn");
    assert_eq!(series[0]["epoch_ends"].as_array().map(Vec::len), Some(4));
    let points = series[0]["seconds"].as_array().map_or(0, Vec::len);
    assert_eq!(points, 100);
    for column in series[0]["columns"].as_array().into_iter().flatten() {
        assert_eq!(column["values"].as_array().map(Vec::len), Some(points));
    }
}

#[test]
fn many_groups_leave_those_of_other_consumers_in_a_box() {
    let page = markup(&rich_page());
    let at_once = page
        .find("<details class=\"more\" data-tables>")
        .expect("there is a box");
    let before = &page[page.find("id=\"results\"").expect("the heading is there")..at_once];
    assert_eq!(before.matches("<table class=\"results\"").count(), 2);
    assert_eq!(page.matches("<table class=\"results\"").count(), 12);
    assert!(!markup(&page_of(&sample::records(3))).contains("data-tables"));
}

#[test]
fn every_element_is_closed_where_it_was_opened() {
    const VOID: [&str; 6] = ["meta", "link", "br", "img", "input", "!doctype"];
    let page = markup(&rich_page());
    let mut open: Vec<&str> = Vec::new();
    for (at, _) in page.match_indices('<') {
        let tag = page[at + 1..].split('>').next().expect("the tag ends");
        let name = tag.split_whitespace().next().expect("the tag has a name");
        match name.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name), "{:.80}", &page[at..]),
            None if VOID.contains(&name) || tag.ends_with('/') => {}
            None => open.push(name),
        }
    }
    assert_eq!(open, Vec::<&str>::new());
}
