//! How an epoch is shuffled, and how good a shuffle was.

use crate::element::UnknownName;
use serde::{Deserialize, Deserializer, Serialize};

/// Chunks between which samples are mixed, unless said otherwise.
const USUAL_BUFFER: u32 = 16;

/// How the samples of an epoch are put in order.
///
/// ```
/// use ielade_core::Shuffle;
/// assert_eq!("global".parse::<Shuffle>().unwrap(), Shuffle::Global);
/// assert_eq!("chunks:32".parse::<Shuffle>().unwrap().to_string(), "chunks:32");
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub enum Shuffle {
    /// As they lie in the store, every epoch.
    None,
    /// Every order of all samples is equally likely.
    #[default]
    Global,
    /// The store's chunks in random order, then all samples of so many of them at a time: each
    /// chunk is unpacked once, and no more than that many are needed at once. In a store without
    /// chunks this is the global shuffle.
    Chunks {
        /// Chunks whose samples are mixed.
        buffer: u32,
    },
}

impl std::fmt::Display for Shuffle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Global => f.write_str("global"),
            Self::Chunks { buffer } => write!(f, "chunks:{buffer}"),
        }
    }
}

impl From<Shuffle> for String {
    fn from(shuffle: Shuffle) -> Self {
        shuffle.to_string()
    }
}

impl std::str::FromStr for Shuffle {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || UnknownName::new("shuffle", text, &["global", "none", "chunks:16"]);
        match text {
            "none" => Ok(Self::None),
            "global" => Ok(Self::Global),
            "chunks" => Ok(Self::Chunks {
                buffer: USUAL_BUFFER,
            }),
            _ => {
                let buffer = text.strip_prefix("chunks:").ok_or_else(unknown)?;
                match buffer.parse() {
                    Ok(buffer) if buffer > 0 => Ok(Self::Chunks { buffer }),
                    _ => Err(unknown()),
                }
            }
        }
    }
}

impl<'de> Deserialize<'de> for Shuffle {
    /// Takes a name, and what it was before it had names: true for global, false for none.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Name(String),
            YesOrNo(bool),
        }
        match Form::deserialize(deserializer)? {
            Form::Name(name) => name.parse().map_err(serde::de::Error::custom),
            Form::YesOrNo(true) => Ok(Self::Global),
            Form::YesOrNo(false) => Ok(Self::None),
        }
    }
}

/// How good a shuffle was: the mean distance, in the store, between samples that were delivered
/// one after the other, divided by what it is on average for random pairs, (n + 1) / 3; at most 1.
///
/// 1 is a global shuffle, 0 (nearly) the store's own order; a shuffle within b chunks comes near
/// (b − 1) / b. It tells how far apart the samples of a batch come from, which is what keeps a
/// store that is sorted by class from feeding one class at a time.
///
/// ```
/// use ielade_core::{Order, Shuffle, shuffle};
/// let global = Order::new(Shuffle::Global, 10_000, 1, 7).epoch(0);
/// assert!(shuffle::score(&global) > 0.98);
/// let chunks = Order::new(Shuffle::Chunks { buffer: 2 }, 10_000, 100, 7).epoch(0);
/// assert!((shuffle::score(&chunks) - 0.5).abs() < 0.1);
/// let none = Order::new(Shuffle::None, 10_000, 1, 7).epoch(0);
/// assert!(shuffle::score(&none) < 0.001);
/// ```
pub fn score(order: &[u32]) -> f64 {
    if order.len() < 2 {
        return 1.0;
    }
    let distance: u64 = order
        .windows(2)
        .map(|pair| u64::from(pair[0].abs_diff(pair[1])))
        .sum();
    let mean = distance as f64 / (order.len() - 1) as f64;
    (mean * 3.0 / (order.len() as f64 + 1.0)).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::{Shuffle, score};

    #[test]
    fn names_come_back_and_old_records_are_understood() {
        for shuffle in [
            Shuffle::None,
            Shuffle::Global,
            Shuffle::Chunks { buffer: 3 },
        ] {
            let json = serde_json::to_string(&shuffle).unwrap();
            assert_eq!(serde_json::from_str::<Shuffle>(&json).unwrap(), shuffle);
        }
        assert_eq!(
            serde_json::from_str::<Shuffle>("true").unwrap(),
            Shuffle::Global
        );
        assert_eq!(
            serde_json::from_str::<Shuffle>("false").unwrap(),
            Shuffle::None
        );
        for wrong in ["chunks:0", "chunks:x", "random", ""] {
            let error = wrong.parse::<Shuffle>().unwrap_err();
            assert!(error.to_string().contains("chunks:16"), "{error}");
        }
    }

    #[test]
    fn a_score_is_between_none_and_global() {
        assert!((score(&[]) - 1.0).abs() < 1e-9);
        assert!((score(&[0, 9, 0, 9, 0, 9, 0, 9, 0, 9]) - 1.0).abs() < 1e-9);
        let forward: Vec<u32> = (0..1000).collect();
        assert!(score(&forward) < 0.004);
    }
}
