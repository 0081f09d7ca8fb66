//! What is in a store, to compare one with another.

use std::{collections::BTreeMap, path::Path};

/// Every file of a store by its path, without what differs from run to run.
pub(crate) fn contents(store: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![store.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(store).unwrap().to_str().unwrap();
            let mut content = std::fs::read(&path).unwrap();
            if name == "manifest.json" {
                let mut manifest: serde_json::Value = serde_json::from_slice(&content).unwrap();
                manifest["made"] = serde_json::Value::Null;
                content = manifest.to_string().into_bytes();
            }
            files.insert(name.to_owned(), content);
        }
    }
    files
}
