//! The support table in the docs is the one that the registry makes.

use std::path::Path;

/// Set to write the page instead of comparing it.
const WRITE: &str = "IELADE_WRITE_DOCS";

#[test]
fn the_page_of_layouts_is_what_the_registry_says() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/layouts.md");
    let table = ielade_layout::support::table();
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(&page, &table).unwrap();
    }
    let written = std::fs::read_to_string(&page).unwrap_or_default();
    assert!(
        written == table,
        "docs/layouts.md is out of date; write it with {WRITE}=1 cargo test -p ielade-layout \
         --test support_table"
    );
}
