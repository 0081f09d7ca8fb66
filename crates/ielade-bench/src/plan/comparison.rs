//! What is compared with what, and by which test: said in the plan, before any result is seen.

use serde::{Deserialize, Serialize};

/// Which configurations are compared with which.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Comparisons {
    /// Each with the baseline.
    #[default]
    Baseline,
    /// Each with each.
    AllPairs,
}

/// How two configurations are compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TestKind {
    /// Block by block: by permutation where that can find anything at all with so many blocks and
    /// comparisons, otherwise by a paired t-test, which has no smallest p-value.
    #[default]
    Auto,
    /// Block by block, by permutation.
    Paired,
    /// As two independent samples, by permutation.
    Unpaired,
    /// By the additive model of blocks and layouts, which takes all layouts to scatter alike.
    Model,
}

impl Comparisons {
    /// All, with their names in plans.
    pub const ALL: [(&'static str, Self); 2] =
        [("baseline", Self::Baseline), ("all-pairs", Self::AllPairs)];
}

impl TestKind {
    /// All, with their names in plans.
    pub const ALL: [(&'static str, Self); 4] = [
        ("auto", Self::Auto),
        ("paired", Self::Paired),
        ("unpaired", Self::Unpaired),
        ("model", Self::Model),
    ];
}
