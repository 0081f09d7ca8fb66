//! Graphics processors through NVML, NVIDIA's management library, which comes with the driver and
//! is loaded at run time: no CUDA is needed to build or to run. Other makers' cards are not seen.

use crate::record::{GpuReport, GpuUse};
use nvml_wrapper::{Device, Nvml, error::NvmlError};
use std::{ffi::OsStr, sync::OnceLock};

/// The name that every driver installs; the one without a version comes with development files
/// only.
const LIBRARY: &str = "libnvidia-ml.so.1";

/// One card at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct GpuSample {
    /// Memory in use by whomever, in bytes.
    pub(super) memory_used: u64,
    /// Share of the driver's last period (1/6 s to 1 s) in which a kernel ran, 0..1; `None` where
    /// it is not told, as of a card that is divided (MIG).
    pub(super) utilisation: Option<f64>,
}

/// The machine's cards, asked for once in the life of this program.
pub(super) fn library() -> Result<&'static Nvml, &'static str> {
    static LIBRARY_OR_REASON: OnceLock<Result<Nvml, String>> = OnceLock::new();
    let found = LIBRARY_OR_REASON.get_or_init(|| {
        Nvml::builder()
            .lib_path(OsStr::new(LIBRARY))
            .init()
            .map_err(|error| reason(&error))
    });
    found.as_ref().map_err(String::as_str)
}

fn reason(error: &NvmlError) -> String {
    match error {
        NvmlError::LibloadingError(_) => format!("no NVIDIA driver: {LIBRARY} is not there"),
        other => format!("NVML: {other}"),
    }
}

/// Cards that are watched.
pub(super) enum Gpus {
    /// None, and why.
    Absent(String),
    /// With what was seen of each so far.
    Seen(Vec<Card>),
}

/// One card that is watched.
pub(super) struct Card {
    device: Device<'static>,
    seen: GpuSum,
}

/// What was seen of a card so far.
#[derive(Debug, Clone, Default)]
struct GpuSum {
    name: String,
    memory: u64,
    before: Option<u64>,
    peak: u64,
    samples: u32,
    utilisation: f64,
    zeros: u32,
}

impl GpuSum {
    fn add(&mut self, sample: GpuSample) {
        self.before.get_or_insert(sample.memory_used);
        self.peak = self.peak.max(sample.memory_used);
        if let Some(utilisation) = sample.utilisation {
            self.samples += 1;
            self.utilisation += utilisation;
            self.zeros += u32::from(utilisation == 0.0);
        }
    }

    fn report(&self) -> GpuUse {
        let samples = f64::from(self.samples.max(1));
        GpuUse {
            name: self.name.clone(),
            memory_bytes: self.memory,
            memory_used_before_bytes: self.before.unwrap_or(0),
            peak_memory_used_bytes: self.peak,
            samples: self.samples,
            utilisation: self.utilisation / samples,
            zero_share: f64::from(self.zeros) / samples,
        }
    }
}

impl Gpus {
    /// All cards of this machine.
    pub(super) fn of_this_machine() -> Self {
        let cards = library().map_err(str::to_owned).and_then(|nvml| {
            let count = nvml.device_count().map_err(|error| reason(&error))?;
            let cards = (0..count).filter_map(|index| Card::of(nvml.device_by_index(index).ok()?));
            Ok(cards.collect::<Vec<_>>())
        });
        match cards {
            Err(reason) => Self::Absent(reason),
            Ok(cards) if cards.is_empty() => Self::Absent("the NVIDIA driver shows no card".into()),
            Ok(cards) => Self::Seen(cards),
        }
    }

    /// Looks at every card.
    pub(super) fn sample(&mut self) -> Vec<GpuSample> {
        let Self::Seen(cards) = self else {
            return Vec::new();
        };
        let sampled = cards.iter_mut().filter_map(Card::sample);
        sampled.collect()
    }

    /// What was seen so far.
    pub(super) fn report(&self) -> GpuReport {
        match self {
            Self::Absent(reason) => GpuReport::Absent {
                reason: reason.clone(),
            },
            Self::Seen(cards) => GpuReport::Seen {
                cards: cards.iter().map(|card| card.seen.report()).collect(),
            },
        }
    }
}

impl Card {
    fn of(device: Device<'static>) -> Option<Self> {
        let seen = GpuSum {
            name: device.name().unwrap_or_else(|_| "unknown".to_owned()),
            memory: device.memory_info().ok()?.total,
            ..GpuSum::default()
        };
        Some(Self { device, seen })
    }

    fn sample(&mut self) -> Option<GpuSample> {
        let rates = self.device.utilization_rates().ok();
        let sample = GpuSample {
            memory_used: self.device.memory_info().ok()?.used,
            utilisation: rates.map(|rates| f64::from(rates.gpu) / 100.0),
        };
        self.seen.add(sample);
        Some(sample)
    }
}

impl std::fmt::Debug for Gpus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Gpus").field(&self.report()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::{GpuSample, GpuSum, Gpus, library};
    use crate::record::GpuReport;

    fn sum(samples: &[(u64, Option<f64>)]) -> GpuSum {
        let mut sum = GpuSum::default();
        for (memory_used, utilisation) in samples {
            sum.add(GpuSample {
                memory_used: *memory_used,
                utilisation: *utilisation,
            });
        }
        sum
    }

    #[test]
    fn a_card_that_starves_shows_by_its_share_of_zeros() {
        let report = sum(&[
            (100, Some(0.0)),
            (300, Some(0.5)),
            (200, Some(0.0)),
            (200, Some(0.5)),
        ])
        .report();
        assert_eq!(report.memory_used_before_bytes, 100);
        assert_eq!(report.peak_memory_used_bytes, 300);
        assert_eq!(
            (report.samples, report.utilisation, report.zero_share),
            (4, 0.25, 0.5)
        );
    }

    #[test]
    fn a_card_without_utilisation_has_memory_all_the_same() {
        let report = sum(&[(100, None)]).report();
        assert_eq!((report.samples, report.zero_share), (0, 0.0));
        assert_eq!(report.peak_memory_used_bytes, 100);
    }

    #[test]
    fn cards_are_seen_or_their_absence_has_a_reason() {
        let mut gpus = Gpus::of_this_machine();
        let samples = gpus.sample();
        match gpus.report() {
            GpuReport::Absent { reason } => {
                assert!(!reason.is_empty() && samples.is_empty());
            }
            GpuReport::Seen { cards } => {
                assert!(library().is_ok());
                assert!(cards.iter().all(|card| card.memory_bytes > 0));
            }
        }
    }
}
