//! Which store a job uses.

use super::{ExperimentError, is_for_training};
use crate::{plan::Plan, record::StoreSummary};
use ielade_core::LayoutId;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// The stores of every layout.
#[derive(Debug)]
pub(super) struct StoreLocator(BTreeMap<LayoutId, (PathBuf, Option<PathBuf>)>);

impl StoreLocator {
    /// Finds for each layout of the plan the store to train from and the one to evaluate on.
    pub(super) fn of(plan: &Plan, stores: &[StoreSummary]) -> Result<Self, ExperimentError> {
        let mut located = BTreeMap::new();
        for layout in &plan.layouts {
            let (train, test): (Vec<_>, Vec<_>) = stores
                .iter()
                .filter(|store| store.layout == *layout)
                .partition(|store| is_for_training(store));
            let train =
                only(layout, "train from", &train)?.ok_or_else(|| ExperimentError::NoStore {
                    layout: layout.clone(),
                })?;
            let test = only(layout, "evaluate on", &test)?;
            located.insert(layout.clone(), (train, test));
        }
        Ok(Self(located))
    }

    /// The store to train from and the one to evaluate on, of a layout of the plan.
    pub(super) fn of_layout(&self, layout: &LayoutId) -> (&Path, Option<&Path>) {
        let (train, test) = &self.0[layout];
        (train, test.as_deref())
    }
}

fn only(
    layout: &LayoutId,
    purpose: &'static str,
    stores: &[&StoreSummary],
) -> Result<Option<PathBuf>, ExperimentError> {
    match stores {
        [] => Ok(None),
        [store] => Ok(Some(PathBuf::from(&store.path))),
        _ => Err(ExperimentError::ManyStores {
            layout: layout.clone(),
            purpose,
        }),
    }
}
