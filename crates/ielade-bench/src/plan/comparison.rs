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
    /// Block by block where the corrected test can find anything at all with so many blocks and
    /// comparisons, otherwise as if the runs were not paired.
    #[default]
    Auto,
    /// Block by block.
    Paired,
    /// As two independent samples.
    Unpaired,
}

impl Comparisons {
    /// All, with their names in plans.
    pub const ALL: [(&'static str, Self); 2] =
        [("baseline", Self::Baseline), ("all-pairs", Self::AllPairs)];
}

impl TestKind {
    /// All, with their names in plans.
    pub const ALL: [(&'static str, Self); 3] = [
        ("auto", Self::Auto),
        ("paired", Self::Paired),
        ("unpaired", Self::Unpaired),
    ];
}
