//! The image classifiers, one module each, and the names of their tensors.

mod cnn;
mod inception;
mod layers;
mod linear;
mod mlp;
mod resnet18;

use crate::error::TrainError;
use burn::{
    module::Module,
    tensor::{Device, Tensor},
};
use ielade_core::{ImageSpec, training::ModelName};

/// Weights and biases that a model may have at most (2³⁰: 4 GiB, and 12 more while it is
/// trained with Adam).
const MOST_PARAMETERS: u64 = 1 << 30;

/// An image classifier: images `[batch, channels, height, width]` to logits `[batch, classes]`.
#[expect(
    clippy::large_enum_variant,
    reason = "a process has one model, and moves it twice a step"
)]
#[derive(Module, Debug)]
pub(crate) enum Model {
    Linear(linear::SoftmaxRegression),
    Mlp(mlp::Mlp),
    Cnn(cnn::Cnn),
    Resnet18(resnet18::Resnet18),
    Inception(inception::Inception),
}

impl Model {
    /// The model of this name, with Burn's own initial weights (never drawn, if they are
    /// replaced before they are looked at).
    ///
    /// # Errors
    /// Where there are no classes, or the images are too small or too large for the model.
    pub(crate) fn new(
        name: ModelName,
        image: ImageSpec,
        classes: usize,
        device: &Device,
    ) -> Result<Self, TrainError> {
        check(name, image, classes)?;
        let channels = image.channels as usize;
        Ok(match name {
            ModelName::Linear => {
                Self::Linear(linear::SoftmaxRegression::new(image, classes, device))
            }
            ModelName::Mlp => Self::Mlp(mlp::Mlp::new(image, classes, device)),
            ModelName::Cnn => Self::Cnn(cnn::Cnn::new(channels, classes, device)),
            ModelName::Resnet18 => {
                Self::Resnet18(resnet18::Resnet18::new(channels, classes, device))
            }
            ModelName::Inception => {
                Self::Inception(inception::Inception::new(channels, classes, device))
            }
        })
    }

    /// Logits of the images. On a device with gradients the model is in training: batch
    /// normalisation takes the batch's own statistics.
    pub(crate) fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        match self {
            Self::Linear(model) => model.forward(images),
            Self::Mlp(model) => model.forward(images),
            Self::Cnn(model) => model.forward(images),
            Self::Resnet18(model) => model.forward(images),
            Self::Inception(model) => model.forward(images),
        }
    }
}

/// Refuses what the model cannot be built for.
fn check(model: ModelName, image: ImageSpec, classes: usize) -> Result<(), TrainError> {
    if classes == 0 {
        return Err(TrainError::NoClasses);
    }
    let least = smallest_side(model);
    if image.height.min(image.width) < least || image.channels == 0 {
        return Err(TrainError::ImageTooSmall {
            model,
            least,
            image,
        });
    }
    let parameters = size_dependent_parameters(model, image, classes);
    if parameters > MOST_PARAMETERS {
        return Err(TrainError::TooManyParameters {
            model,
            classes,
            image,
            parameters,
            most: MOST_PARAMETERS,
        });
    }
    Ok(())
}

/// Pixels on the shorter side that the model needs.
const fn smallest_side(model: ModelName) -> u32 {
    match model {
        ModelName::Linear | ModelName::Mlp | ModelName::Resnet18 => 1,
        ModelName::Cnn | ModelName::Inception => 8,
    }
}

/// The weights that grow with image size, channels or classes.
fn size_dependent_parameters(model: ModelName, image: ImageSpec, classes: usize) -> u64 {
    let values = [image.height, image.width, image.channels]
        .into_iter()
        .fold(1_u64, |product, side| product.saturating_mul(side.into()));
    let classes = classes as u64;
    let channels = u64::from(image.channels);
    match model {
        ModelName::Linear => values.saturating_mul(classes),
        ModelName::Mlp => values
            .saturating_add(classes)
            .saturating_mul(mlp::HIDDEN as u64),
        ModelName::Cnn | ModelName::Resnet18 | ModelName::Inception => {
            channels.saturating_add(classes).saturating_mul(9 * 64)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Model;
    use crate::{
        error::TrainError,
        initial_weights,
        optimiser::optimiser,
        weights::{Tensors, count_parameters},
    };
    use burn::{
        module::Module as _,
        optim::GradientsParams,
        tensor::{Device, Tensor, TensorData},
    };
    use ielade_core::{
        ImageSpec,
        random::KeyedRandom,
        training::{ModelName, OptimiserName},
    };

    fn device() -> Device {
        Device::flex().autodiff()
    }

    fn model(name: ModelName, image: ImageSpec, classes: usize) -> Model {
        let model = Model::new(name, image, classes, &device()).unwrap();
        initial_weights::draw(model, 3, &device())
    }

    fn noise(count: usize, image: ImageSpec) -> Tensor<4> {
        let mut random = KeyedRandom::new(&[11]);
        let values: Vec<f32> = (0..count * image.values())
            .map(|_| (random.unit() * 2.0 - 1.0) as f32)
            .collect();
        let [channels, height, width] =
            [image.channels, image.height, image.width].map(|side| side as usize);
        Tensor::from_data(
            TensorData::new(values, [count, channels, height, width]),
            &device(),
        )
    }

    /// A loss with a gradient for every logit.
    fn loss(model: &Model, images: &Tensor<4>) -> Tensor<1> {
        let logits = model.forward(images.clone());
        (logits.clone() * logits).sum()
    }

    /// The gradient of every tensor by name: what a step of plain gradient descent with a rate
    /// of 1 takes away.
    fn gradients(model: &Model, images: &Tensor<4>) -> Tensors {
        let before = Tensors::of(model).unwrap();
        let gradients = GradientsParams::from_grads(loss(model, images).backward(), model);
        let moved = optimiser(OptimiserName::Sgd, 0.0).step(1.0, model.clone(), gradients);
        let mut result = Tensors::of(&moved).unwrap();
        for (name, after) in &mut result.by_name {
            for (after, before) in after.values.iter_mut().zip(&before.by_name[name].values) {
                *after = before - *after;
            }
        }
        result
    }

    /// The loss after the weights of one tensor have moved by `step` times the direction.
    fn moved_loss(
        model: &Model,
        images: &Tensor<4>,
        name: &str,
        direction: &[f32],
        step: f64,
    ) -> f64 {
        let mut tensors = Tensors::of(model).unwrap();
        let tensor = tensors.by_name.get_mut(name).unwrap();
        for (value, direction) in tensor.values.iter_mut().zip(direction) {
            *value += (step * f64::from(*direction)) as f32;
        }
        let moved = tensors.put_into(model.clone(), &device());
        f64::from(loss(&moved, images).into_scalar::<f32>())
    }

    /// Along its own gradient, the loss must rise by the square of the gradient's length.
    fn check_gradients(name: ModelName, every: usize) {
        let image = ImageSpec::rgb(12, 13);
        let model = model(name, image, 3);
        let images = noise(8, image);
        let start = f64::from(loss(&model, &images).into_scalar::<f32>());
        let gradients = gradients(&model, &images);
        let trained = gradients
            .by_name
            .iter()
            .filter(|(name, _)| !name.contains("running_"));
        for (tensor, gradient) in trained.step_by(every) {
            let square: f64 = gradient.values.iter().map(|x| f64::from(*x).powi(2)).sum();
            // So small that no rectifier turns much, so large that rounding does not show.
            let step = 1e-3 * start / square;
            let above = moved_loss(&model, &images, tensor, &gradient.values, step);
            let below = moved_loss(&model, &images, tensor, &gradient.values, -step);
            let slope = (above - below) / (2.0 * step);
            let error = (slope - square).abs() / square;
            assert!(error < 0.05, "{name}, {tensor}: slope {slope} for {square}");
        }
    }

    #[test]
    fn gradients_of_linear_follow_the_differences() {
        check_gradients(ModelName::Linear, 1);
    }

    #[test]
    fn gradients_of_mlp_follow_the_differences() {
        check_gradients(ModelName::Mlp, 1);
    }

    #[test]
    fn gradients_of_cnn_follow_the_differences() {
        check_gradients(ModelName::Cnn, 1);
    }

    #[test]
    fn gradients_of_resnet18_follow_the_differences() {
        check_gradients(ModelName::Resnet18, 7);
    }

    #[test]
    fn gradients_of_inception_follow_the_differences() {
        check_gradients(ModelName::Inception, 3);
    }

    #[test]
    fn every_model_takes_odd_sizes_and_any_number_of_classes() {
        for name in ModelName::ALL {
            for (height, width, channels, classes) in
                [(8, 8, 3, 2), (9, 31, 1, 7), (21, 10, 4, 200)]
            {
                let image = ImageSpec {
                    height,
                    width,
                    channels,
                };
                let logits = model(*name, image, classes).forward(noise(2, image));
                assert_eq!(logits.dims(), [2, classes], "{name} {image}");
            }
        }
    }

    #[test]
    fn resnet18_and_linear_take_a_single_pixel() {
        for name in [ModelName::Linear, ModelName::Mlp, ModelName::Resnet18] {
            let image = ImageSpec::rgb(1, 1);
            assert_eq!(
                model(name, image, 2).forward(noise(3, image)).dims(),
                [3, 2]
            );
        }
    }

    #[test]
    fn the_number_of_parameters_is_the_published_one() {
        let count = |name| count_parameters(&model(name, ImageSpec::rgb(32, 32), 10));
        assert_eq!(count(ModelName::Linear), 3072 * 10 + 10);
        assert_eq!(count(ModelName::Mlp), 3072 * 256 + 256 + 256 * 10 + 10);
        // kuangliu/pytorch-cifar, the usual ResNet-18 for CIFAR-10.
        assert_eq!(count(ModelName::Resnet18), 11_173_962);
    }

    #[test]
    fn resnet18_has_torchvisions_tensors() {
        let tensors = Tensors::of(&model(ModelName::Resnet18, ImageSpec::rgb(32, 32), 10)).unwrap();
        // 20 convolutions, 20 normalisations of 4 tensors, and the head.
        assert_eq!(tensors.by_name.len(), 20 + 20 * 4 + 2);
        for (name, shape) in [
            ("conv1.weight", vec![64, 3, 3, 3]),
            ("bn1.running_mean", vec![64]),
            ("layer1.0.conv1.weight", vec![64, 64, 3, 3]),
            ("layer2.0.downsample.0.weight", vec![128, 64, 1, 1]),
            ("layer2.0.downsample.1.running_var", vec![128]),
            ("layer4.1.bn2.bias", vec![512]),
            ("fc.weight", vec![10, 512]),
        ] {
            assert_eq!(tensors.by_name[name].shape, shape, "{name}");
        }
    }

    #[test]
    fn evaluation_leaves_the_running_statistics_alone_and_training_moves_them() {
        let image = ImageSpec::rgb(8, 8);
        let model = model(ModelName::Cnn, image, 2);
        let mean = |model: &Model| {
            Tensors::of(model).unwrap().by_name["block1.bn.running_mean"]
                .values
                .clone()
        };
        let start = mean(&model);
        model.valid().forward(noise(2, image).inner());
        assert_eq!(mean(&model), start);
        model.forward(noise(2, image));
        assert_ne!(mean(&model), start);
    }

    #[test]
    fn evaluation_with_the_batchs_statistics_equals_training() {
        let image = ImageSpec::rgb(32, 32);
        let model = model(ModelName::Inception, image, 2);
        let images = noise(8, image);
        // The running statistics draw near to those of the one batch: 0.9^200 is 7e-10.
        let mut trained = Vec::new();
        for _ in 0..200 {
            trained = model
                .forward(images.clone())
                .into_data()
                .try_into_vec::<f32>()
                .unwrap();
        }
        let evaluated = model.valid().forward(images.inner());
        let evaluated = evaluated.into_data().try_into_vec::<f32>().unwrap();
        for (trained, evaluated) in trained.iter().zip(evaluated) {
            // What remains is the unbiased variance: 1 in 128 in the deepest layer.
            assert!((trained - evaluated).abs() < 0.02 * trained.abs().max(0.5));
        }
    }

    #[test]
    fn impossible_models_are_refused() {
        let new = |name, image, classes| Model::new(name, image, classes, &device()).unwrap_err();
        assert!(matches!(
            new(ModelName::Cnn, ImageSpec::rgb(32, 32), 0),
            TrainError::NoClasses
        ));
        let small = new(ModelName::Cnn, ImageSpec::rgb(7, 32), 2);
        assert_eq!(
            small.to_string(),
            "cnn takes images of at least 8×8 pixels, not 7×32×3: resize them"
        );
        let empty = new(ModelName::Linear, ImageSpec::rgb(0, 32), 2);
        assert!(matches!(empty, TrainError::ImageTooSmall { .. }));
        let large = new(ModelName::Mlp, ImageSpec::rgb(5106, 3404), 2);
        assert!(matches!(large, TrainError::TooManyParameters { .. }));
        let huge = new(
            ModelName::Linear,
            ImageSpec::rgb(u32::MAX, u32::MAX),
            usize::MAX,
        );
        assert!(matches!(huge, TrainError::TooManyParameters { .. }));
    }
}
