//! Filling the places of one piece, and what happens to samples that cannot be read.

use crate::{LoadError, window::Filled};
use ielade_codec::{BatchSlot, ThreadContext};
use ielade_core::{BadSample, BadSamplePolicy, random::KeyedRandom};
use ielade_layout::{LayoutError, LayoutReader};

/// Keeps the draw of replacements apart from other uses of the same seed.
const REPLACEMENT_DOMAIN: u64 = u64::from_be_bytes(*b"ielrepla");

/// How many samples are drawn in place of a bad one before the epoch is given up.
const REPLACEMENT_TRIES: u32 = 16;

/// Who decides about bad samples, and by which numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BadSampleRule {
    pub(crate) policy: BadSamplePolicy,
    pub(crate) seed: u64,
    pub(crate) epoch: u64,
}

/// Fills the slot with these samples, in order, treating bad ones by the rule.
pub(crate) fn fill(
    reader: &dyn LayoutReader,
    indices: &[u32],
    slot: &mut BatchSlot<'_>,
    context: &mut ThreadContext,
    rule: BadSampleRule,
) -> Filled {
    let mut filled = Filled {
        places: 0,
        bad_samples: Vec::new(),
        error: None,
    };
    let mut rest = indices;
    while !rest.is_empty() {
        let mut free = slot.from_place(filled.places);
        let (place, reason) = match reader.read_batch(rest, &mut free, context) {
            Ok(()) => {
                filled.places += rest.len();
                break;
            }
            Err(LayoutError::BadSample {
                place,
                path,
                reason,
                ..
            }) => (place, format!("{}: {reason}", path.display())),
            Err(other) => {
                filled.error = Some(other.into());
                break;
            }
        };
        let index = rest[place];
        rest = &rest[place + 1..];
        filled.places += place;
        let mut bad = BadSample {
            index,
            key: reader.key(index),
            reason,
            replaced_by: None,
        };
        match rule.policy {
            BadSamplePolicy::Fail => {
                filled.error = Some(LoadError::BadSample {
                    index,
                    key: bad.key,
                    reason: bad.reason,
                });
                break;
            }
            BadSamplePolicy::Skip => {}
            BadSamplePolicy::Replace => {
                let mut free = slot.from_place(filled.places);
                bad.replaced_by = replace(reader, index, &mut free, context, rule);
                if bad.replaced_by.is_none() {
                    filled.error = Some(LoadError::NoReplacement {
                        index,
                        key: bad.key,
                        tries: REPLACEMENT_TRIES,
                    });
                    break;
                }
                filled.places += 1;
            }
        }
        filled.bad_samples.push(bad);
    }
    filled
}

/// Puts another sample into the slot's first place; which one depends on (seed, epoch, sample)
/// alone, so that it is the same for any number of threads.
fn replace(
    reader: &dyn LayoutReader,
    index: u32,
    slot: &mut BatchSlot<'_>,
    context: &mut ThreadContext,
    rule: BadSampleRule,
) -> Option<u32> {
    let mut random = KeyedRandom::new(&[REPLACEMENT_DOMAIN, rule.seed, rule.epoch, index.into()]);
    (0..REPLACEMENT_TRIES)
        .map(|_| random.below(reader.manifest().count))
        .find(|other| *other != index && reader.read_batch(&[*other], slot, context).is_ok())
}
