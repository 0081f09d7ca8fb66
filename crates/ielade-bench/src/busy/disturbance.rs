//! What else a machine did, in the words of the records and back.
//!
//! Records keep what was noticed as text, so that they can be read without this program. A report
//! in another language needs the facts: [`Disturbance`] reads them from the text again.

use std::{
    fmt::{Display, Formatter, Result as Written},
    str::FromStr,
};

/// Something that disturbed a run.
///
/// ```
/// use ielade_bench::busy::Disturbance;
/// let text = "other processes used 1.4 of 2 processors";
/// let found: Disturbance = text.parse().unwrap();
/// assert_eq!(found, Disturbance::Processes { used: 1.4, processors: 2 });
/// assert_eq!(found.to_string(), text);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Disturbance {
    /// Other processes ran.
    Processes {
        /// Processors that they used on average.
        used: f64,
        /// Of how many.
        processors: u32,
    },
    /// The hypervisor gave processors to others.
    Steal {
        /// Processors on average.
        stolen: f64,
        /// Of how many.
        processors: u32,
    },
    /// Other processes used the store's device.
    Device {
        /// Megabytes (10⁶ bytes) a second.
        megabytes: f64,
    },
    /// Tasks waited while no worker ran.
    Waiting {
        /// For what.
        resource: Resource,
        /// Of the time, in per cent.
        percent: f64,
    },
    /// The processors ran slower than before.
    Frequency {
        /// Mean frequency in MHz.
        now: f64,
        /// Highest mean of the same configuration before, in MHz.
        before: f64,
    },
}

/// What tasks waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    /// A processor.
    Processor,
    /// Memory.
    Memory,
    /// A device.
    Device,
}

/// The text says nothing that this version knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a disturbance that this version knows; the text itself says what it was")]
pub struct UnknownDisturbance;

impl Display for Disturbance {
    fn fmt(&self, f: &mut Formatter<'_>) -> Written {
        match self {
            Self::Processes { used, processors } => {
                write!(
                    f,
                    "other processes used {used:.1} of {processors} processors"
                )
            }
            Self::Steal { stolen, processors } => write!(
                f,
                "the hypervisor gave {stolen:.1} of {processors} processors to others"
            ),
            Self::Device { megabytes } => write!(
                f,
                "other processes moved {megabytes:.0} MB/s to or from the store's device"
            ),
            Self::Waiting { resource, percent } => write!(
                f,
                "tasks waited for {} {percent:.0} % of the time",
                resource.name()
            ),
            Self::Frequency { now, before } => write!(
                f,
                "the processors ran at {now:.0} MHz and had run at {before:.0} MHz"
            ),
        }
    }
}

impl Resource {
    /// All resources.
    pub const ALL: [Self; 3] = [Self::Processor, Self::Memory, Self::Device];

    const fn name(self) -> &'static str {
        match self {
            Self::Processor => "a processor",
            Self::Memory => "memory",
            Self::Device => "a device",
        }
    }
}

impl FromStr for Disturbance {
    type Err = UnknownDisturbance;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let processes = || {
            let [used, processors] =
                between(text, ["other processes used ", " of ", " processors"])?;
            Some(Self::Processes {
                used: used.parse().ok()?,
                processors: processors.parse().ok()?,
            })
        };
        let steal = || {
            let parts = ["the hypervisor gave ", " of ", " processors to others"];
            let [stolen, processors] = between(text, parts)?;
            Some(Self::Steal {
                stolen: stolen.parse().ok()?,
                processors: processors.parse().ok()?,
            })
        };
        let device = || {
            let inner = text.strip_prefix("other processes moved ")?;
            let megabytes = inner.strip_suffix(" MB/s to or from the store's device")?;
            Some(Self::Device {
                megabytes: megabytes.parse().ok()?,
            })
        };
        let frequency = || {
            let parts = ["the processors ran at ", " MHz and had run at ", " MHz"];
            let [now, before] = between(text, parts)?;
            Some(Self::Frequency {
                now: now.parse().ok()?,
                before: before.parse().ok()?,
            })
        };
        processes()
            .or_else(steal)
            .or_else(device)
            .or_else(|| waiting(text))
            .or_else(frequency)
            .ok_or(UnknownDisturbance)
    }
}

fn waiting(text: &str) -> Option<Disturbance> {
    let inner = text.strip_prefix("tasks waited for ")?;
    let inner = inner.strip_suffix(" % of the time")?;
    let (name, percent) = inner.rsplit_once(' ')?;
    let resource = Resource::ALL.into_iter().find(|one| one.name() == name)?;
    Some(Disturbance::Waiting {
        resource,
        percent: percent.parse().ok()?,
    })
}

/// What stands between three parts that make the text up.
fn between<'a>(text: &'a str, [before, middle, after]: [&str; 3]) -> Option<[&'a str; 2]> {
    let inner = text.strip_prefix(before)?.strip_suffix(after)?;
    let (first, second) = inner.split_once(middle)?;
    Some([first, second])
}

#[cfg(test)]
mod tests {
    use super::{Disturbance, Resource};
    use proptest::prelude::*;

    fn disturbances() -> impl Strategy<Value = Disturbance> {
        let number = 0.0_f64..1e5;
        let resource = prop::sample::select(Resource::ALL.to_vec());
        prop_oneof![
            (number.clone(), 1_u32..999)
                .prop_map(|(used, processors)| Disturbance::Processes { used, processors }),
            (number.clone(), 1_u32..999)
                .prop_map(|(stolen, processors)| Disturbance::Steal { stolen, processors }),
            number
                .clone()
                .prop_map(|megabytes| Disturbance::Device { megabytes }),
            (resource, number.clone())
                .prop_map(|(resource, percent)| Disturbance::Waiting { resource, percent }),
            (number.clone(), number)
                .prop_map(|(now, before)| Disturbance::Frequency { now, before }),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(disturbance in disturbances()) {
            let text = disturbance.to_string();
            let read: Disturbance = text.parse().unwrap();
            prop_assert_eq!(read.to_string(), text);
        }

        #[test]
        fn other_texts_are_none(text in ".{0,80}") {
            prop_assume!(!text.starts_with("other") && !text.starts_with("the "));
            prop_assert!(text.parse::<Disturbance>().is_err());
        }
    }

    #[test]
    fn a_text_that_only_begins_like_one_is_none() {
        for text in [
            "other processes used 1.4 of two processors",
            "tasks waited for luck 20 % of the time",
            "other programs took 1.7 processors",
            "",
        ] {
            assert!(text.parse::<Disturbance>().is_err(), "{text}");
        }
    }
}
