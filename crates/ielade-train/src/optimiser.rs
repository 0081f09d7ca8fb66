//! The rules by which gradients change the weights, with PyTorch's conventions.
//!
//! | name | rule | constants |
//! |---|---|---|
//! | `sgd` | `w ← w − r·g` | |
//! | `momentum` | `v ← 0.9·v + g; w ← w − r·v` | no dampening |
//! | `nesterov` | `v ← 0.9·v + g; w ← w − r·(g + 0.9·v)` | no dampening |
//! | `rmsprop` | `s ← α·s + (1 − α)·g²; w ← w − r·g / (√s + ε)` | α 0.99, ε 1e-8 |
//! | `adagrad` | `s ← s + g²; w ← w − r·g / (√s + ε)` | ε 1e-10 |
//! | `adam` | Kingma, Ba, 2014, algorithm 1 | β 0.9, 0.999, ε 1e-8 |
//! | `adamw` | Loshchilov, Hutter, 2017, algorithm 2 | as `adam` |
//!
//! Weight decay `λ` is added to the gradient (`g + λ·w`), except for `adamw`, which first scales
//! the weights by `1 − r·λ`. It applies to every parameter, biases and normalisation included,
//! as it does in PyTorch when a model's parameters are handed over in one group.
//!
//! Burn's own defaults differ (momentum is dampened by 0.1, `RMSProp` has a momentum of 0.9, ε is
//! 1e-5) and are overridden. What remains: Burn computes `1 − β` and the bias corrections in
//! single precision, PyTorch in double, which changes an Adam step by some 1e-5 of its size.

use burn::optim::{
    AdaGradConfig, AdamConfig, AdamWConfig, ModuleOptimizer, RmsPropConfig, SgdConfig,
    decay::WeightDecayConfig, momentum::MomentumConfig,
};
use ielade_core::training::OptimiserName;

/// Share of the velocity that is kept, of `momentum` and `nesterov`.
const MOMENTUM: f64 = 0.9;

/// The optimiser of this name, without any state yet.
pub(crate) fn optimiser(name: OptimiserName, weight_decay: f64) -> ModuleOptimizer {
    let decay = (weight_decay != 0.0).then(|| WeightDecayConfig::new(weight_decay as f32));
    match name {
        OptimiserName::Sgd => SgdConfig::new().with_weight_decay(decay).init(),
        OptimiserName::Momentum => velocity(false, decay),
        OptimiserName::Nesterov => velocity(true, decay),
        OptimiserName::Rmsprop => RmsPropConfig::new()
            .with_alpha(0.99)
            .with_momentum(0.0)
            .with_epsilon(1e-8)
            .with_weight_decay(decay)
            .init(),
        OptimiserName::Adagrad => AdaGradConfig::new()
            .with_epsilon(1e-10)
            .with_weight_decay(decay)
            .init(),
        OptimiserName::Adam => AdamConfig::new()
            .with_epsilon(1e-8)
            .with_weight_decay(decay)
            .init(),
        OptimiserName::Adamw => AdamWConfig::new()
            .with_epsilon(1e-8)
            .with_weight_decay(weight_decay as f32)
            .init(),
    }
}

/// Stochastic gradient descent with momentum.
fn velocity(nesterov: bool, decay: Option<WeightDecayConfig>) -> ModuleOptimizer {
    SgdConfig::new()
        .with_momentum(Some(
            MomentumConfig::new()
                .with_momentum(MOMENTUM)
                .with_dampening(0.0)
                .with_nesterov(nesterov),
        ))
        .with_weight_decay(decay)
        .init()
}

#[cfg(test)]
mod tests {
    use super::optimiser;
    use burn::{
        module::{Module, Param},
        optim::GradientsParams,
        tensor::{Device, Tensor},
    };
    use ielade_core::training::OptimiserName;

    const RATE: f64 = 0.05;
    const STEPS: usize = 12;
    const START: [f64; 3] = [1.0, -2.0, 0.5];

    /// Coefficients of the loss `Σ a·w² + b·w`, whose gradient is `2·a·w + b`.
    const CURVE: [(f64, f64); 3] = [(1.0, 0.3), (0.2, -1.0), (3.0, 0.0)];

    #[derive(Module, Debug)]
    struct Weights {
        weight: Param<Tensor<1>>,
    }

    /// Weights after every step, by Burn.
    fn found(name: OptimiserName, weight_decay: f64) -> Vec<[f64; 3]> {
        let device = Device::flex().autodiff();
        let tensor = |values: [f64; 3]| Tensor::<1>::from_floats(values.map(|x| x as f32), &device);
        let (squares, slopes) = (tensor(CURVE.map(|(a, _)| a)), tensor(CURVE.map(|(_, b)| b)));
        let mut optimiser = optimiser(name, weight_decay);
        let mut weights = Weights {
            weight: Param::from_tensor(tensor(START)),
        };
        (0..STEPS)
            .map(|_| {
                let w = weights.weight.val();
                let loss = (w.clone() * w.clone() * squares.clone() + w * slopes.clone()).sum();
                let gradients = GradientsParams::from_grads(loss.backward(), &weights);
                weights = optimiser.step(RATE, weights.clone(), gradients);
                let values = weights
                    .weight
                    .val()
                    .into_data()
                    .try_into_vec::<f32>()
                    .unwrap();
                std::array::from_fn(|place| f64::from(values[place]))
            })
            .collect()
    }

    /// Weights after every step, by the formulas in PyTorch's documentation of `torch.optim`
    /// (version 2.9), one weight at a time.
    fn expected(name: OptimiserName, weight_decay: f64) -> Vec<[f64; 3]> {
        let mut weights = START;
        let mut first = [0.0; 3];
        let mut second = [0.0; 3];
        (1..=STEPS)
            .map(|step| {
                for place in 0..3 {
                    let (a, b) = CURVE[place];
                    let w = &mut weights[place];
                    let gradient = 2.0 * a * *w + b;
                    let state = (&mut first[place], &mut second[place]);
                    pytorch(name, weight_decay, step as i32, gradient, w, state);
                }
                weights
            })
            .collect()
    }

    fn pytorch(
        name: OptimiserName,
        decay: f64,
        step: i32,
        mut g: f64,
        w: &mut f64,
        (m, v): (&mut f64, &mut f64),
    ) {
        if name == OptimiserName::Adamw {
            *w -= RATE * decay * *w;
        } else {
            g += decay * *w;
        }
        match name {
            OptimiserName::Sgd => *w -= RATE * g,
            OptimiserName::Momentum | OptimiserName::Nesterov => {
                *m = if step == 1 { g } else { 0.9 * *m + g };
                let nesterov = name == OptimiserName::Nesterov;
                *w -= RATE * if nesterov { g + 0.9 * *m } else { *m };
            }
            OptimiserName::Rmsprop => {
                *v = 0.99 * *v + 0.01 * g * g;
                *w -= RATE * g / (v.sqrt() + 1e-8);
            }
            OptimiserName::Adagrad => {
                *v += g * g;
                *w -= RATE * g / (v.sqrt() + 1e-10);
            }
            OptimiserName::Adam | OptimiserName::Adamw => {
                *m = 0.9 * *m + 0.1 * g;
                *v = 0.999 * *v + 0.001 * g * g;
                let corrected = *m / (1.0 - 0.9_f64.powi(step));
                let deviation = (*v / (1.0 - 0.999_f64.powi(step))).sqrt();
                *w -= RATE * corrected / (deviation + 1e-8);
            }
        }
    }

    #[test]
    fn every_optimiser_follows_pytorchs_formula_step_by_step() {
        for name in OptimiserName::ALL {
            for weight_decay in [0.0, 0.1] {
                let pairs = found(*name, weight_decay)
                    .into_iter()
                    .zip(expected(*name, weight_decay));
                for (step, (found, expected)) in pairs.enumerate() {
                    for (found, expected) in found.iter().zip(expected) {
                        assert!(
                            (found - expected).abs() < 2e-5,
                            "{name}, decay {weight_decay}, step {step}: {found} for {expected}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn weight_decay_changes_every_optimiser() {
        for name in OptimiserName::ALL {
            assert_ne!(found(*name, 0.0), found(*name, 0.1), "{name}");
        }
    }
}
