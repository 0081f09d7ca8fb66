//! The weights before the first step: a pure function of the seed and the tensor's name.
//!
//! PyTorch's defaults: weights and biases of convolutions and linear layers are uniform in
//! `±1/√fan_in`, where `fan_in` is the number of values that one output is summed over; batch
//! normalisation starts as the identity. Each tensor has a generator of its own, keyed by
//! (seed, name), and draws in PyTorch's order of values, so that any framework can make the
//! same weights.

use crate::weights::{TensorName, Tensors};
use burn::{
    module::{Module, ModuleMapper, Param},
    tensor::{Device, Tensor, TensorData},
};
use ielade_core::random::KeyedRandom;

/// The module with weights drawn for this seed.
pub(crate) fn draw<M: Module>(module: M, seed: u64, device: &Device) -> M {
    module.map(&mut Drawer {
        seed,
        device: device.clone(),
        name: TensorName::default(),
        fan_in: 1,
    })
}

/// `count` values, uniform in `±1/√fan_in`, keyed by (seed, name).
pub(crate) fn uniform(seed: u64, name: &str, fan_in: usize, count: usize) -> Vec<f32> {
    let key: Vec<u64> = std::iter::once(seed)
        .chain(name.bytes().map(u64::from))
        .collect();
    let mut random = KeyedRandom::new(&key);
    let bound = 1.0 / (fan_in.max(1) as f64).sqrt();
    (0..count)
        .map(|_| ((2.0 * random.unit() - 1.0) * bound) as f32)
        .collect()
}

struct Drawer {
    seed: u64,
    device: Device,
    name: TensorName,
    /// `fan_in` of the newest weight; its bias comes right behind it.
    fan_in: usize,
}

impl ModuleMapper for Drawer {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.name.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.name.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if self.name.is_batch_norm() {
            return param;
        }
        let shape = Tensors::saved_shape(&param.lazy_shape());
        if D > 1 {
            self.fan_in = shape[1..].iter().product();
        }
        let count = shape.iter().product();
        let values = uniform(self.seed, &self.name.to_string(), self.fan_in, count);
        let drawn = Tensors::to_device::<D>(TensorData::new(values, shape), &self.device);
        Param::initialized(param.id, drawn.require_grad())
    }
}

#[cfg(test)]
mod tests {
    use super::uniform;

    #[test]
    fn values_fill_the_bounds_and_no_more() {
        let values = uniform(7, "fc.weight", 25, 10_000);
        let (low, high) = values.iter().fold((0.0_f32, 0.0_f32), |(low, high), x| {
            (low.min(*x), high.max(*x))
        });
        assert!((-0.2..-0.199).contains(&low) && (0.199..0.2).contains(&high));
        // The standard deviation of a uniform distribution over ±0.2.
        let variance = values.iter().map(|x| f64::from(x * x)).sum::<f64>() / 1e4;
        assert!((variance.sqrt() - 0.2 / 3_f64.sqrt()).abs() < 2e-3);
    }

    #[test]
    fn seed_and_name_both_matter_and_nothing_else() {
        let values = uniform(7, "fc.weight", 4, 8);
        assert_eq!(values, uniform(7, "fc.weight", 4, 8));
        assert_ne!(values, uniform(8, "fc.weight", 4, 8));
        assert_ne!(values, uniform(7, "fc.bias", 4, 8));
    }

    #[test]
    fn the_stream_never_changes_between_versions() {
        // Written down once; old experiments hang on it.
        assert_eq!(uniform(1, "fc.weight", 1, 3), GOLDEN);
    }

    const GOLDEN: [f32; 3] = [0.644_916_53, 0.517_958_5, 0.798_387_47];
}
