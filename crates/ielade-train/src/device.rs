//! Where the arithmetic runs.

use burn::tensor::Device;

/// Where the arithmetic runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DeviceChoice {
    /// The processor; every core that the process may use.
    #[default]
    Cpu,
    /// The first graphics processor that Vulkan offers.
    #[cfg(feature = "vulkan")]
    Vulkan,
}

impl DeviceChoice {
    /// Burn's device, with gradients.
    pub(crate) fn training_device(self) -> Device {
        match self {
            Self::Cpu => Device::flex().autodiff(),
            #[cfg(feature = "vulkan")]
            Self::Vulkan => Device::vulkan(burn::tensor::DeviceKind::default()).autodiff(),
        }
    }

    /// The name that goes into records.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu (burn flex)",
            #[cfg(feature = "vulkan")]
            Self::Vulkan => "gpu (burn vulkan)",
        }
    }
}
