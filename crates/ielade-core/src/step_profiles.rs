//! How long a training step takes elsewhere: published speeds of named GPU × model pairs.
//!
//! A person on a laptop can so see at which GPU speed a layout begins to starve it. Only speeds
//! with a public source are here, and each names it; none is estimated.

/// A published training speed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepProfile {
    /// The name in plans, for example `a100-resnet50-tf32`.
    pub name: &'static str,
    /// The graphics processor.
    pub gpu: &'static str,
    /// The model, and the image size where it is not 224×224.
    pub model: &'static str,
    /// Framework and numeric precision.
    pub precision: &'static str,
    /// Images a batch on one GPU in that measurement.
    pub batch_size: u32,
    /// Training images a second on one GPU.
    pub images_per_second: f64,
    /// Where it was published.
    pub source: &'static str,
    /// When, or as of which version, as the source says.
    pub date: &'static str,
}

impl StepProfile {
    /// Milliseconds of a step of so many images at the published speed; for batches of other
    /// sizes than the published one, this takes the speed as the same.
    pub fn milliseconds(&self, batch_size: u32) -> f64 {
        1000.0 * f64::from(batch_size) / self.images_per_second
    }
}

/// The profile of a name.
pub fn find(name: &str) -> Option<&'static StepProfile> {
    PROFILES.iter().find(|profile| profile.name == name)
}

/// All profiles, by GPU and model.
pub const PROFILES: &[StepProfile] = &[];
