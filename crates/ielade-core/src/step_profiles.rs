//! How long a training step takes elsewhere: published speeds of named GPU × model pairs.
//!
//! A person on a laptop can so see at which GPU speed a layout begins to starve it. Only speeds
//! with a public source are here, and each names it; none is estimated. They are of one GPU and of
//! images of 224×224, with the loading of the images going on beside: a step alone may be shorter.
//!
//! ```
//! use ielade_core::step_profiles::find;
//! let a100 = find("a100-resnet50-amp").unwrap();
//! // 128 images at 2,470 a second.
//! assert!((a100.milliseconds(128) - 51.82).abs() < 0.01);
//! ```

/// A published training speed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepProfile {
    /// The name in plans, for example `a100-resnet50-tf32`.
    pub name: &'static str,
    /// The graphics processor.
    pub gpu: &'static str,
    /// The model.
    pub model: &'static str,
    /// Numeric precision.
    pub precision: &'static str,
    /// Training images a second on one GPU.
    pub images_per_second: f64,
    /// Where it was published, and what was measured.
    pub source: Source,
}

/// Where speeds were published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// Who published what.
    pub title: &'static str,
    /// Where it is read.
    pub address: &'static str,
    /// Software and its date, as the source says.
    pub software: &'static str,
}

impl StepProfile {
    /// Milliseconds of a step of so many images at the published speed, which is taken as the same
    /// for batches of any size.
    pub fn milliseconds(&self, batch_size: u32) -> f64 {
        1000.0 * f64::from(batch_size) / self.images_per_second
    }
}

/// The profile of a name.
pub fn find(name: &str) -> Option<&'static StepProfile> {
    PROFILES.iter().find(|profile| profile.name == name)
}

const NVIDIA_RESNET: Source = Source {
    title: "NVIDIA Deep Learning Examples, ResNet50 v1.5 for PyTorch, \"Training performance results\"",
    address: "https://github.com/NVIDIA/DeepLearningExamples/tree/master/PyTorch/Classification/ConvNets/resnet50v1.5",
    software: "PyTorch, NGC container 21.03 (March 2021)",
};

const NVIDIA_EFFICIENTNET: Source = Source {
    title: "NVIDIA Deep Learning Examples, EfficientNet for PyTorch, \"Training performance results\"",
    address: "https://github.com/NVIDIA/DeepLearningExamples/tree/master/PyTorch/Classification/ConvNets/efficientnet",
    software: "PyTorch, NGC container 21.03 (March 2021)",
};

const SERVER_GEAR: Source = Source {
    title: "server-gear.com, \"RTX4090 x4 exhaustive tf_cnn_benchmarks\", batch size 256",
    address: "https://server-gear.com/blog/post/rtx4090-x4-exhaustive-tf-cnn-benchmarks",
    software: "TensorFlow, tf_cnn_benchmarks, NGC container 23.02 (February 2023)",
};

const fn profile(
    name: &'static str,
    [gpu, model, precision]: [&'static str; 3],
    images_per_second: f64,
    source: Source,
) -> StepProfile {
    StepProfile {
        name,
        gpu,
        model,
        precision,
        images_per_second,
        source,
    }
}

const V100: &str = "NVIDIA V100 16 GB (DGX-1)";
const A100: &str = "NVIDIA A100 80 GB (DGX A100)";
const RESNET: &str = "ResNet-50 v1.5";
const EFFICIENTNET: &str = "EfficientNet-B0";
const MIXED: &str = "mixed (FP16 and FP32)";

/// All profiles, by model, from the slowest to the fastest.
pub const PROFILES: &[StepProfile] = &[
    profile(
        "v100-resnet50-fp32",
        [V100, RESNET, "FP32"],
        367.0,
        NVIDIA_RESNET,
    ),
    profile(
        "a100-resnet50-tf32",
        [A100, RESNET, "TF32"],
        938.0,
        NVIDIA_RESNET,
    ),
    profile(
        "rtx3090-resnet50-fp16",
        ["NVIDIA GeForce RTX 3090", "ResNet-50", "FP16"],
        1181.90,
        SERVER_GEAR,
    ),
    profile(
        "v100-resnet50-amp",
        [V100, RESNET, MIXED],
        1200.0,
        NVIDIA_RESNET,
    ),
    profile(
        "rtx4090-resnet50-fp16",
        ["NVIDIA GeForce RTX 4090", "ResNet-50", "FP16"],
        1776.41,
        SERVER_GEAR,
    ),
    profile(
        "a100-resnet50-amp",
        [A100, RESNET, MIXED],
        2470.0,
        NVIDIA_RESNET,
    ),
    profile(
        "v100-efficientnet-b0-fp32",
        [V100, EFFICIENTNET, "FP32"],
        655.0,
        NVIDIA_EFFICIENTNET,
    ),
    profile(
        "a100-efficientnet-b0-tf32",
        [A100, EFFICIENTNET, "TF32"],
        1078.0,
        NVIDIA_EFFICIENTNET,
    ),
    profile(
        "v100-efficientnet-b0-amp",
        [V100, EFFICIENTNET, MIXED],
        1301.0,
        NVIDIA_EFFICIENTNET,
    ),
    profile(
        "a100-efficientnet-b0-amp",
        [A100, EFFICIENTNET, MIXED],
        2489.0,
        NVIDIA_EFFICIENTNET,
    ),
];

#[cfg(test)]
mod tests {
    use super::{PROFILES, find};

    #[test]
    fn every_profile_is_found_by_its_name_and_says_where_it_is_from() {
        for profile in PROFILES {
            assert_eq!(find(profile.name), Some(profile), "named twice");
            assert!(profile.images_per_second > 1.0);
            assert!(profile.source.address.starts_with("https://"));
        }
        assert_eq!(find("abacus-resnet50"), None);
    }
}
