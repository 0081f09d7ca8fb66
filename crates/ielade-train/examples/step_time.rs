//! Measures the time of a training step of every model: the least of several.
//!
//! `cargo run --release -p ielade-train --example step_time [MODEL] [STEPS]`

use ielade_core::{
    Batch, Element, ImageSpec, OutputSpec,
    random::KeyedRandom,
    training::{ModelName, TrainingSettings},
};
use ielade_train::{DeviceChoice, TrainError, Trainer, TrainerOptions};
use std::time::{Duration, Instant};

const BATCH: usize = 128;
const CLASSES: usize = 10;
const IMAGE: ImageSpec = ImageSpec::rgb(32, 32);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let models = match arguments.next() {
        Some(name) => vec![name.parse()?],
        None => ModelName::ALL.to_vec(),
    };
    let steps = arguments.next().map_or(Ok(5), |steps| steps.parse())?;
    let batch = noise();
    println!("batch of {BATCH} images of {IMAGE}, {CLASSES} classes, Adam; least of {steps} steps");
    for model in models {
        let (parameters, least) = least_step(model, steps, &batch)?;
        let milliseconds = least.as_secs_f64() * 1e3;
        println!("{model:>10}  {parameters:>10} parameters  {milliseconds:>8.1} ms");
    }
    Ok(())
}

/// Parameters of the model and its least step time.
fn least_step(
    model: ModelName,
    steps: usize,
    batch: &Batch,
) -> Result<(u64, Duration), TrainError> {
    let mut trainer = Trainer::new(TrainerOptions {
        settings: TrainingSettings::of(model),
        classes: CLASSES,
        image: IMAGE,
        seed: 0,
        steps_per_epoch: steps as u64,
        epochs: 1,
        device: DeviceChoice::Cpu,
    })?;
    // The first step also makes the optimiser's state.
    trainer.step(batch)?;
    let mut least = Duration::MAX;
    for _ in 0..steps {
        let start = Instant::now();
        trainer.step(batch)?;
        least = least.min(start.elapsed());
    }
    Ok((trainer.parameters(), least))
}

/// A batch of random images with random labels.
fn noise() -> Batch {
    let output = OutputSpec {
        element: Element::F32,
        image: IMAGE,
    };
    let mut batch = Batch::with_capacity(output, BATCH);
    batch.len = BATCH;
    let mut random = KeyedRandom::new(&[1]);
    for bytes in batch.images.as_bytes_mut().chunks_exact_mut(4) {
        bytes.copy_from_slice(&((random.unit() * 4.0 - 2.0) as f32).to_le_bytes());
    }
    for label in &mut batch.labels {
        *label = i64::from(random.below(CLASSES as u32));
    }
    batch
}
