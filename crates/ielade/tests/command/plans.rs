//! The plans that are shipped.

use ielade::{bench::plan::Plan, layout::registry};
use std::path::Path;

#[test]
fn every_plan_that_is_shipped_can_be_read_and_its_layouts_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments");
    let mut plans = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "toml") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let plan = Plan::from_toml(&text, &path).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(path.file_stem().unwrap(), plan.name.as_str());
        for layout in &plan.layouts {
            registry::check(layout).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        }
        plans += 1;
    }
    assert!(plans >= 4, "{plans} plans in {}", folder.display());
}
