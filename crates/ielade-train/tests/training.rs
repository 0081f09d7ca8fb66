//! The trainer as the worker uses it: learning, determinism, refusals, files.

use ielade_core::{
    Batch, BatchSource, Element, ImageSpec, OutputSpec,
    random::KeyedRandom,
    training::{ModelName, OptimiserName, Schedule, TrainingSettings},
};
use ielade_train::{DeviceChoice, StepResult, TrainError, Trainer, TrainerOptions};
use std::convert::Infallible;

const IMAGE: ImageSpec = ImageSpec::rgb(8, 8);
const CLASSES: usize = 3;

fn options(model: ModelName) -> TrainerOptions {
    TrainerOptions {
        settings: TrainingSettings::of(model),
        classes: CLASSES,
        image: IMAGE,
        seed: 5,
        steps_per_epoch: 10,
        epochs: 2,
        device: DeviceChoice::Cpu,
    }
}

fn trainer(model: ModelName) -> Trainer {
    Trainer::new(options(model)).unwrap()
}

/// Random images of 0..255 with random labels, as `u8`.
fn bytes(seed: u64, len: usize) -> Batch {
    let output = OutputSpec {
        element: Element::U8,
        image: IMAGE,
    };
    // Room for one more, to see that it is not looked at.
    let mut batch = Batch::with_capacity(output, len + 1);
    batch.len = len;
    let mut random = KeyedRandom::new(&[seed]);
    for byte in batch.images.as_bytes_mut() {
        *byte = random.below(256) as u8;
    }
    for (label, index) in batch.labels.iter_mut().zip(&mut batch.sample_indices) {
        *label = i64::from(random.below(CLASSES as u32));
        *index = random.below(1000);
    }
    batch.labels[len] = -1;
    batch
}

/// The same images as values of another element type, divided by 255.
fn converted(batch: &Batch, element: Element, write: impl Fn(f32) -> Vec<u8>) -> Batch {
    let output = OutputSpec {
        element,
        image: IMAGE,
    };
    let mut result = Batch::with_capacity(output, batch.capacity());
    let values = batch.images.as_bytes().iter();
    let bytes: Vec<u8> = values
        .flat_map(|byte| write(f32::from(*byte) / 255.0))
        .collect();
    result.images.as_bytes_mut().copy_from_slice(&bytes);
    result.len = batch.len;
    result.labels.clone_from(&batch.labels);
    result.sample_indices.clone_from(&batch.sample_indices);
    result
}

fn single(batch: &Batch) -> Batch {
    converted(batch, Element::F32, |value| value.to_le_bytes().to_vec())
}

fn batch(seed: u64) -> Batch {
    single(&bytes(seed, 6))
}

/// Hands out batches that are there already.
struct Ready<'a>(std::slice::Iter<'a, Batch>);

impl BatchSource for Ready<'_> {
    type Error = Infallible;

    fn next_batch(&mut self) -> Result<Option<&Batch>, Infallible> {
        Ok(self.0.next())
    }
}

fn evaluate(trainer: &Trainer, batches: &[Batch]) -> ielade_core::training::Evaluation {
    trainer.evaluate(&mut Ready(batches.iter())).unwrap()
}

/// Bits of the losses of a few steps, and of the saved weights.
fn curve(mut trainer: Trainer) -> (Vec<u32>, Vec<u8>) {
    let losses = (0..3)
        .map(|seed| trainer.step(&batch(seed)).unwrap().loss.to_bits())
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.safetensors");
    trainer.save_weights(&path).unwrap();
    (losses, std::fs::read(path).unwrap())
}

#[test]
fn every_model_learns_a_small_batch_by_heart() {
    for model in ModelName::ALL {
        let mut options = options(*model);
        options.settings.learning_rate = Some(0.003);
        let mut trainer = Trainer::new(options).unwrap();
        let batch = batch(1);
        let first = trainer.step(&batch).unwrap();
        let mut last = first;
        for _ in 0..25 {
            last = trainer.step(&batch).unwrap();
        }
        assert!(
            last.loss < 0.3 * first.loss,
            "{model}: {first:?} to {last:?}"
        );
        assert_eq!(last.top1, 6, "{model}");
    }
}

#[test]
fn every_optimiser_lowers_the_loss() {
    for optimiser in OptimiserName::ALL {
        let mut options = options(ModelName::Mlp);
        options.settings.optimiser = *optimiser;
        let mut trainer = Trainer::new(options).unwrap();
        let batch = batch(1);
        let first = trainer.step(&batch).unwrap().loss;
        for _ in 0..20 {
            trainer.step(&batch).unwrap();
        }
        assert!(trainer.step(&batch).unwrap().loss < first, "{optimiser}");
    }
}

#[test]
fn the_same_seed_gives_the_same_curve_and_file_bit_for_bit() {
    for model in ModelName::ALL {
        assert_eq!(curve(trainer(*model)), curve(trainer(*model)), "{model}");
    }
}

#[test]
fn another_seed_gives_another_curve() {
    let mut other = options(ModelName::Cnn);
    other.seed = 6;
    let other = Trainer::new(other).unwrap();
    assert_ne!(curve(trainer(ModelName::Cnn)).0, curve(other).0);
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    for model in ModelName::ALL {
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| curve(trainer(*model)))
        };
        assert_eq!(run(1), run(3), "{model}");
    }
}

#[test]
fn a_trainer_that_changes_threads_and_has_company_keeps_its_curve() {
    let alone = curve(trainer(ModelName::Inception));
    let mut company = trainer(ModelName::Cnn);
    let mut moving = trainer(ModelName::Inception);
    let mut losses = Vec::new();
    for seed in 0..3 {
        company.step(&batch(seed + 10)).unwrap();
        let result;
        (moving, result) = std::thread::spawn(move || {
            let result = moving.step(&batch(seed)).unwrap();
            (moving, result)
        })
        .join()
        .unwrap();
        losses.push(result.loss.to_bits());
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.safetensors");
    moving.save_weights(&path).unwrap();
    assert_eq!((losses, std::fs::read(path).unwrap()), alone);
}

#[test]
fn bytes_and_half_precision_are_trained_like_single_precision() {
    let bytes = bytes(1, 6);
    let half = converted(&bytes, Element::F16, |value| {
        half::f16::from_f32(value).to_le_bytes().to_vec()
    });
    let loss = |batch: &Batch| trainer(ModelName::Cnn).step(batch).unwrap().loss;
    let exact = loss(&single(&bytes));
    assert_eq!(loss(&bytes).to_bits(), exact.to_bits());
    assert!((loss(&half) - exact).abs() < 1e-2);
}

#[test]
fn a_step_counts_what_was_right_before_the_update() {
    // With no training yet, evaluation and step see the same linear model.
    let mut trainer = trainer(ModelName::Linear);
    let batches = [batch(1)];
    let before = evaluate(&trainer, &batches).metrics;
    let StepResult {
        loss,
        top1,
        top5,
        images,
    } = trainer.step(&batches[0]).unwrap();
    assert!((f64::from(loss) - before.loss).abs() < 1e-6);
    assert!((f64::from(top1) / 6.0 - before.top1).abs() < 1e-12);
    // Three classes: the right one is always among the five most likely.
    assert_eq!((top5, images), (6, 6));
    assert_eq!(trainer.steps(), 1);
}

#[test]
fn evaluation_changes_nothing_and_covers_all_batches() {
    let mut trainer = trainer(ModelName::Cnn);
    trainer.step(&batch(1)).unwrap();
    let batches = [batch(2), single(&bytes(3, 1)), batch(4)];
    let first = evaluate(&trainer, &batches);
    assert_eq!(first, evaluate(&trainer, &batches));
    assert_eq!(first.metrics.images, 13);
    assert_eq!(first.classes.len(), CLASSES);
    let supports: u64 = first.classes.iter().map(|class| class.support).sum();
    assert_eq!(supports, 13);
}

#[test]
fn evaluating_in_other_batches_gives_the_same_counts() {
    let trainer = trainer(ModelName::Cnn);
    let whole = bytes(1, 6);
    let image = whole.output.image_bytes();
    let parts: Vec<Batch> = (0..6)
        .map(|place| {
            let mut part = Batch::with_capacity(whole.output, 1);
            part.len = 1;
            let pixels = &whole.image_bytes()[place * image..(place + 1) * image];
            part.images.as_bytes_mut().copy_from_slice(pixels);
            part.labels[0] = whole.labels[place];
            part
        })
        .collect();
    let (whole, parts) = (evaluate(&trainer, &[whole]), evaluate(&trainer, &parts));
    assert_eq!(whole.confusion, parts.confusion);
    assert!((whole.metrics.loss - parts.metrics.loss).abs() < 1e-5);
}

#[test]
fn the_schedule_sets_the_rate_of_each_step() {
    let mut options = options(ModelName::Linear);
    options.steps_per_epoch = 2;
    options.settings.learning_rate = Some(0.1);
    options.settings.schedule = Schedule::Step {
        epochs: 1,
        factor: 0.5,
    };
    let mut trainer = Trainer::new(options).unwrap();
    let rates: Vec<f64> = (0..4)
        .map(|seed| {
            let rate = trainer.rate();
            trainer.step(&batch(seed)).unwrap();
            rate
        })
        .collect();
    assert_eq!(rates, [0.1, 0.1, 0.05, 0.05]);
}

#[test]
fn a_rate_of_zero_changes_no_weight() {
    let mut options = options(ModelName::Mlp);
    options.settings.learning_rate = Some(0.0);
    let mut trainer = Trainer::new(options).unwrap();
    let losses: Vec<f32> = (0..3)
        .map(|_| trainer.step(&batch(1)).unwrap().loss)
        .collect();
    assert_eq!(losses, [losses[0]; 3]);
}

#[test]
fn a_loss_that_is_not_finite_names_step_and_rate() {
    let mut options = options(ModelName::Mlp);
    options.settings.optimiser = OptimiserName::Sgd;
    options.settings.learning_rate = Some(1e30);
    let mut trainer = Trainer::new(options).unwrap();
    let error = (0..5)
        .find_map(|seed| trainer.step(&batch(seed)).err())
        .unwrap();
    assert!(
        matches!(error, TrainError::Diverged { rate, .. } if rate > 9e29),
        "{error}"
    );
    let evaluated = trainer.evaluate(&mut Ready([batch(9)].iter()));
    assert!(matches!(
        evaluated,
        Err(TrainError::EvaluationDiverged { .. })
    ));
}

#[test]
fn labels_that_are_missing_or_too_large_are_refused_by_sample() {
    let mut trainer = trainer(ModelName::Linear);
    let mut unlabelled = batch(1);
    unlabelled.labels[2] = -1;
    unlabelled.sample_indices[2] = 77;
    let error = trainer.step(&unlabelled).unwrap_err().to_string();
    assert!(
        error.starts_with("sample 77 has no label: the store has no labels"),
        "{error}"
    );
    let mut large = batch(1);
    large.labels[0] = 3;
    large.sample_indices[0] = 4;
    let error = trainer.step(&large).unwrap_err().to_string();
    assert_eq!(
        error,
        "sample 4 has label 3, but there are 3 classes (0 to 2)"
    );
    let evaluated = trainer.evaluate(&mut Ready([large].iter()));
    assert!(matches!(evaluated, Err(TrainError::LabelOutOfRange { .. })));
    // A refused batch is no step.
    assert_eq!(trainer.steps(), 0);
}

#[test]
fn batches_of_another_shape_type_or_length_are_refused() {
    let mut trainer = trainer(ModelName::Linear);
    let mut other = batch(1);
    other.output.image = ImageSpec::rgb(4, 16);
    assert!(matches!(
        trainer.step(&other),
        Err(TrainError::ImageSize { .. })
    ));
    let mut empty = batch(1);
    empty.len = 0;
    assert!(matches!(
        trainer.step(&empty),
        Err(TrainError::EmptyBatch { .. })
    ));
    let mut wide = batch(1);
    wide.output.element = Element::U16;
    assert!(matches!(
        trainer.step(&wide),
        Err(TrainError::Element(Element::U16))
    ));
}

#[test]
fn unusable_settings_are_refused() {
    for rate in [-0.1, f64::NAN, f64::INFINITY] {
        let mut options = options(ModelName::Linear);
        options.settings.learning_rate = Some(rate);
        assert!(matches!(
            Trainer::new(options),
            Err(TrainError::Setting { .. })
        ));
    }
    let mut options = options(ModelName::Linear);
    options.settings.weight_decay = -1.0;
    let error = Trainer::new(options).unwrap_err().to_string();
    assert_eq!(
        error,
        "the weight decay is -1: it must be a finite number of at least 0"
    );
}

/// A source that breaks at once.
struct Broken;

impl BatchSource for Broken {
    type Error = std::io::Error;

    fn next_batch(&mut self) -> Result<Option<&Batch>, std::io::Error> {
        Err(std::io::Error::other("disk on fire"))
    }
}

#[test]
fn the_error_of_a_source_is_passed_on() {
    let error = trainer(ModelName::Linear)
        .evaluate(&mut Broken)
        .unwrap_err();
    let source = std::error::Error::source(&error).unwrap();
    assert_eq!(source.to_string(), "disk on fire");
}

#[test]
fn an_evaluation_without_batches_is_all_zero() {
    let evaluation = evaluate(&trainer(ModelName::Linear), &[]);
    assert_eq!(evaluation.metrics.images, 0);
    assert!(evaluation.metrics.loss.abs() < f64::EPSILON);
}
