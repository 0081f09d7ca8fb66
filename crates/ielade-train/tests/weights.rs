//! Weights files: what others read of them, the way back, and refusals.

use ielade_core::{
    Batch, Element, ImageSpec, OutputSpec,
    training::{ModelName, TrainingSettings},
};
use ielade_train::{DeviceChoice, TrainError, Trainer, TrainerOptions};
use safetensors::SafeTensors;
use std::path::Path;

fn trainer(model: ModelName, classes: usize, seed: u64) -> Trainer {
    Trainer::new(TrainerOptions {
        settings: TrainingSettings::of(model),
        classes,
        image: ImageSpec::rgb(8, 8),
        seed,
        steps_per_epoch: 1,
        epochs: 1,
        device: DeviceChoice::Cpu,
    })
    .unwrap()
}

/// Four grey images, each of another shade.
fn batch() -> Batch {
    let output = OutputSpec {
        element: Element::U8,
        image: ImageSpec::rgb(8, 8),
    };
    let mut batch = Batch::with_capacity(output, 4);
    batch.len = 4;
    for (place, byte) in batch.images.as_bytes_mut().iter_mut().enumerate() {
        *byte = (place * place % 251) as u8;
    }
    batch.labels.copy_from_slice(&[0, 1, 1, 0]);
    batch
}

fn save(trainer: &Trainer, folder: &Path) -> std::path::PathBuf {
    let path = folder.join("weights.safetensors");
    trainer.save_weights(&path).unwrap();
    path
}

#[test]
fn a_trained_model_comes_back_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    for model in ModelName::ALL {
        let mut trained = trainer(*model, 2, 1);
        for _ in 0..3 {
            trained.step(&batch()).unwrap();
        }
        let path = save(&trained, folder.path());
        let bytes = std::fs::read(&path).unwrap();
        let mut other = trainer(*model, 2, 2);
        other.load_weights(&path).unwrap();
        let again = save(&other, folder.path());
        assert_eq!(std::fs::read(again).unwrap(), bytes, "{model}");
    }
}

#[test]
fn a_loaded_model_goes_on_as_the_one_that_was_saved() {
    let folder = tempfile::tempdir().unwrap();
    let first = trainer(ModelName::Cnn, 2, 1);
    let path = save(&first, folder.path());
    let mut other = trainer(ModelName::Cnn, 2, 9);
    other.load_weights(&path).unwrap();
    let curve =
        |mut trainer: Trainer| [(); 3].map(|()| trainer.step(&batch()).unwrap().loss.to_bits());
    assert_eq!(curve(first), curve(other));
}

#[test]
fn the_file_has_pytorchs_names_and_shapes_and_says_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = std::fs::read(save(&trainer(ModelName::Mlp, 5, 1), folder.path())).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let mut shapes: Vec<(String, Vec<usize>)> = file
        .iter()
        .map(|(name, view)| (name.to_owned(), view.shape().to_vec()))
        .collect();
    shapes.sort();
    let expected = [
        ("fc1.bias", vec![256]),
        ("fc1.weight", vec![256, 192]),
        ("fc2.bias", vec![5]),
        ("fc2.weight", vec![5, 256]),
    ];
    assert_eq!(
        shapes,
        expected.map(|(name, shape)| (name.to_owned(), shape))
    );
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
    let metadata = header.metadata().as_ref().unwrap();
    assert_eq!(metadata["model"], "mlp");
    assert_eq!(metadata["classes"], "5");
    assert_eq!(metadata["image"], "8×8×3");
}

#[test]
fn a_linear_layer_is_saved_as_pytorch_multiplies_it() {
    // Logits by hand from the saved tensors, as `x @ weight.T + bias`.
    let folder = tempfile::tempdir().unwrap();
    let mut trainer = trainer(ModelName::Linear, 2, 1);
    let bytes = std::fs::read(save(&trainer, folder.path())).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let values = |name| -> Vec<f64> {
        let (values, _) = file.tensor(name).unwrap().data().as_chunks::<4>();
        values
            .iter()
            .map(|bytes| f64::from(f32::from_le_bytes(*bytes)))
            .collect()
    };
    let (weight, bias) = (values("fc.weight"), values("fc.bias"));
    let batch = batch();
    let mut loss = 0.0;
    for (pixels, label) in batch.image_bytes().chunks(192).zip(batch.labels()) {
        let logits: Vec<f64> = weight
            .chunks(192)
            .zip(&bias)
            .map(|(row, bias)| {
                let products = row.iter().zip(pixels);
                bias + products
                    .map(|(w, x)| w * f64::from(*x) / 255.0)
                    .sum::<f64>()
            })
            .collect();
        let sum: f64 = logits.iter().map(|logit| logit.exp()).sum();
        loss += (sum.ln() - logits[*label as usize]) / 4.0;
    }
    assert!((f64::from(trainer.step(&batch).unwrap().loss) - loss).abs() < 1e-5);
}

#[test]
fn a_file_of_another_model_is_refused_by_tensor_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut linear = trainer(ModelName::Linear, 2, 1);
    let before = std::fs::read(save(&linear, folder.path())).unwrap();

    let mlp = save(&trainer(ModelName::Mlp, 2, 1), folder.path());
    let error = linear.load_weights(&mlp).unwrap_err();
    assert!(matches!(
        error,
        TrainError::WeightsFormat { .. } | TrainError::MissingTensor { .. }
    ));

    let classes = save(&trainer(ModelName::Linear, 3, 1), folder.path());
    let error = linear.load_weights(&classes).unwrap_err().to_string();
    let expected = "tensor \"fc.bias\" is F32 [3], the model needs F32 [2]";
    assert!(error.ends_with(expected), "{error}");

    assert_eq!(std::fs::read(save(&linear, folder.path())).unwrap(), before);
}

#[test]
fn a_tensor_too_many_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let mut linear = trainer(ModelName::Linear, 2, 1);
    let path = save(&linear, folder.path());
    let bytes = std::fs::read(&path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let extra = file.tensor("fc.bias").unwrap();
    let tensors = file.iter().chain([("extra", extra)]);
    std::fs::write(&path, safetensors::serialize(tensors, None).unwrap()).unwrap();
    let error = linear.load_weights(&path).unwrap_err();
    assert!(matches!(error, TrainError::UnknownTensor { tensor, .. } if tensor == "extra"));
}

#[test]
fn damaged_missing_and_oversized_files_are_refused_by_path() {
    let folder = tempfile::tempdir().unwrap();
    let mut linear = trainer(ModelName::Linear, 2, 1);
    let path = save(&linear, folder.path());
    let bytes = std::fs::read(&path).unwrap();
    for broken in [
        &bytes[..bytes.len() - 1],
        &bytes[..7],
        &[],
        b"not a safetensors file",
    ] {
        std::fs::write(&path, broken).unwrap();
        let error = linear.load_weights(&path).unwrap_err();
        assert!(
            matches!(&error, TrainError::WeightsFormat { .. }),
            "{error}"
        );
        assert!(error.to_string().contains("weights.safetensors"));
    }
    std::fs::write(&path, vec![0; 4 << 20]).unwrap();
    let error = linear.load_weights(&path).unwrap_err().to_string();
    assert!(error.contains("larger model"), "{error}");
    let missing = linear
        .load_weights(&folder.path().join("none"))
        .unwrap_err();
    assert!(matches!(missing, TrainError::File { .. }));
}

#[test]
fn a_failed_save_leaves_no_file_behind() {
    let folder = tempfile::tempdir().unwrap();
    // A folder where the file should be: the rename fails after the write.
    let path = folder.path().join("taken");
    std::fs::create_dir(&path).unwrap();
    std::fs::write(path.join("inside"), b"").unwrap();
    let error = trainer(ModelName::Linear, 2, 1)
        .save_weights(&path)
        .unwrap_err();
    assert!(error.to_string().contains("taken"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}
