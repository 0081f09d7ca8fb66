//! The command, as a person meets it: help, messages, exit codes, files left behind.

use crate::{
    photos::{jpeg, photos},
    shared::Ielade,
};
use ielade::core::worker_protocol::Event;
use std::{fs, path::Path};

const COMMANDS: [&str; 10] = [
    "bench",
    "report",
    "fetch",
    "inspect",
    "layouts",
    "prepare",
    "verify",
    "load",
    "train",
    "completions",
];

#[test]
fn every_command_explains_itself_with_an_example() {
    let ielade = Ielade::new();
    for command in COMMANDS {
        let help = ielade.done(&[command, "--help"]);
        assert!(help.contains("Example"), "{command}: {help}");
        assert!(help.contains(&format!("ielade {command}")), "{help}");
    }
    assert!(ielade.done(&["--help"]).contains("Exit codes"));
}

#[test]
fn arguments_that_are_not_understood_exit_with_2() {
    let left = Ielade::new().run(&["prepare", "demo", "--layout", "npy"]);
    assert_eq!(left.code, Some(2));
    assert!(
        left.stderr.contains("container/encoding"),
        "{}",
        left.stderr
    );
}

#[test]
fn completions_are_made_for_every_usual_shell() {
    let ielade = Ielade::new();
    for shell in ["bash", "zsh", "fish"] {
        assert!(ielade.done(&["completions", shell]).contains("inspect"));
    }
}

#[test]
fn inspect_names_broken_files_with_their_reasons() {
    let ielade = Ielade::new();
    photos(&ielade.path("photos"), 4, |_| 24);
    let whole = jpeg(24, 1);
    fs::write(ielade.path("photos/dog/cut.jpg"), &whole[..whole.len() / 2]).unwrap();
    fs::write(ielade.path("photos/dog/empty.jpg"), b"").unwrap();
    fs::write(ielade.path("photos/dog/letter.jpg"), b"Dear reader").unwrap();
    let seen = ielade.done(&["inspect", "photos"]);
    for (file, reason) in [
        ("dog/cut.jpg", "truncated"),
        ("dog/empty.jpg", "empty"),
        ("dog/letter.jpg", "not an image"),
    ] {
        let line = seen.lines().find(|line| line.contains(file));
        let line = line.unwrap_or_else(|| panic!("{file} is not named in\n{seen}"));
        assert!(line.contains(reason), "{line}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&ielade.done(&["inspect", "photos", "--json"])).unwrap();
    assert_eq!(json["broken"].as_array().unwrap().len(), 3);
}

#[test]
fn a_folder_that_is_missing_or_holds_nothing_is_named_with_a_hint() {
    let ielade = Ielade::new();
    let error = ielade.fails(&["inspect", "nowhere"]);
    assert!(error.contains("nowhere"), "{error}");
    photos(&ielade.path("photos"), 2, |_| 24);
    fs::create_dir(ielade.path("photos/bird")).unwrap();
    let error = ielade.fails(&["inspect", "photos"]);
    assert!(error.contains("bird"), "{error}");
    ielade.done(&["inspect", "photos", "--allow-empty-classes"]);
    let error = ielade.fails(&["load", "nowhere"]);
    assert!(error.contains("nowhere"), "{error}");
}

#[test]
fn a_bad_sample_stops_prepare_by_name_or_is_left_out_and_listed() {
    let ielade = Ielade::new();
    photos(&ielade.path("photos"), 10, |_| 24);
    fs::write(ielade.path("photos/dog/letter.jpg"), b"Dear reader").unwrap();
    let arguments = [
        "prepare",
        "photos",
        "--layout",
        "npy/u8",
        "--test-share",
        "0",
    ];
    let error = ielade.fails(&arguments);
    assert!(error.contains("letter.jpg"), "{error}");
    assert!(!ielade.path("stores/photos-train/npy-u8").exists());
    ielade.done(&[&arguments[..], &["--on-bad-sample", "skip"]].concat());
    let skipped = ielade.path("stores/photos-train/npy-u8/skipped.csv");
    assert!(fs::read_to_string(skipped).unwrap().contains("letter.jpg"));
}

#[test]
fn a_file_that_breaks_after_prepare_fails_is_skipped_or_replaced() {
    let ielade = Ielade::new();
    photos(&ielade.path("photos"), 10, |_| 24);
    ielade.done(&[
        "prepare",
        "photos",
        "--layout",
        "files/jpeg",
        "--test-share",
        "0",
    ]);
    let store = "stores/photos-train/files-jpeg";
    let broken = find(&ielade.path(store), "photo 3.jpg");
    let whole = fs::read(&broken).unwrap();
    // Same length, so that only decoding can tell.
    let mut bytes = whole[..whole.len() / 2].to_vec();
    bytes.resize(whole.len(), 0);
    fs::write(&broken, bytes).unwrap();
    let load = |policy: &'static str| {
        vec![
            "load",
            store,
            "--resize",
            "24x24",
            "--epochs",
            "1",
            "--on-bad-sample",
            policy,
        ]
    };
    let error = ielade.fails(&load("fail"));
    assert!(error.contains("photo 3.jpg"), "{error}");
    assert!(error.contains("--on-bad-sample"), "{error}");
    for policy in ["skip", "replace"] {
        let left = ielade.run(&load(policy));
        assert_eq!(left.code, Some(0), "{}", left.stderr);
    }
    let left = ielade.run(&["verify", store, "--against", "photos", "--test-share", "0"]);
    assert_eq!(left.code, Some(3), "{}{}", left.stdout, left.stderr);
}

/// The file of that name below a folder.
fn find(folder: &Path, name: &str) -> std::path::PathBuf {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|found| found == name) {
                return path;
            }
        }
    }
    panic!("no {name}");
}

#[test]
fn images_of_differing_size_need_a_size_and_then_work() {
    let ielade = Ielade::new();
    photos(&ielade.path("photos"), 10, |number| 20 + u32::from(number));
    let error = ielade.fails(&["prepare", "photos", "--layout", "npy/u8"]);
    assert!(error.contains("--resize"), "{error}");
    ielade.done(&[
        "prepare",
        "photos",
        "--layout",
        "npy/u8",
        "--layout",
        "npy/f16",
        "--layout",
        "files/jpeg",
        "--layout",
        "files/png",
        "--resize",
        "16x12",
    ]);
    for layout in ["npy-u8", "npy-f16", "files-jpeg", "files-png"] {
        let store = format!("stores/photos-train/{layout}");
        ielade.done(&["load", &store, "--resize", "16x12", "--epochs", "1"]);
        let seen = ielade.done(&["verify", &store, "--against", "photos"]);
        assert!(seen.contains("sound"), "{seen}");
    }
}

#[test]
fn a_store_that_does_not_match_its_manifest_is_refused_by_name() {
    let ielade = Ielade::new();
    photos(&ielade.path("photos"), 10, |_| 24);
    ielade.done(&["prepare", "photos", "--layout", "npy/u8"]);
    let images = ielade.path("stores/photos-train/npy-u8/images.npy");
    let whole = fs::read(&images).unwrap();
    fs::write(&images, &whole[..whole.len() - 1]).unwrap();
    let error = ielade.fails(&["load", "stores/photos-train/npy-u8"]);
    assert!(error.contains("images.npy"), "{error}");
}

#[test]
fn a_target_that_cannot_be_written_is_named() {
    let ielade = Ielade::new();
    photos(&ielade.path("photos"), 4, |_| 24);
    fs::write(ielade.path("in the way"), b"").unwrap();
    let error = ielade.fails(&[
        "prepare",
        "photos",
        "--layout",
        "npy/u8",
        "--stores",
        "in the way",
    ]);
    assert!(error.contains("in the way"), "{error}");
}

#[test]
fn a_misspelt_key_in_a_plan_is_named_with_the_nearest_right_one() {
    let ielade = Ielade::new();
    fs::write(
        ielade.path("plan.toml"),
        "name = \"x\"\nlayouts = [\"npy/u8\"]\n[data]\nsource = \"demo\"\n[loader]\nbach_size = 3\n\
         [[consumers]]\nkind = \"none\"\n",
    )
    .unwrap();
    let error = ielade.fails(&["bench", "plan.toml"]);
    assert!(error.contains("plan.toml:6"), "{error}");
    assert!(error.contains("batch_size"), "{error}");
}

#[test]
fn the_printed_plan_is_a_plan() {
    let ielade = Ielade::new();
    let plan = ielade.done(&["bench", "--print-plan"]);
    fs::write(ielade.path("plan.toml"), &plan).unwrap();
    assert_eq!(ielade.done(&["bench", "plan.toml", "--print-plan"]), plan);
}

#[test]
fn the_plans_that_come_along_are_plans() {
    let ielade = Ielade::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments");
    let mut seen = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "toml") {
            let name = path.file_stem().unwrap().to_str().unwrap();
            let plan = ielade.done(&["bench", path.to_str().unwrap(), "--print-plan"]);
            assert!(plan.contains(&format!("name = \"{name}\"")), "{plan}");
            seen += 1;
        }
    }
    assert!(seen >= 4, "{seen}");
}

#[test]
fn lossless_layouts_train_along_the_same_curve_bit_for_bit() {
    let ielade = Ielade::new();
    photos(&ielade.path("photos"), 30, |_| 24);
    let mut curves = Vec::new();
    for layout in ["files/jpeg", "files/png", "npy/u8", "npy/u16", "npy/f32"] {
        ielade.done(&["prepare", "photos", "--layout", layout]);
        let folder = layout.replace('/', "-");
        let events = format!("{folder}.jsonl");
        ielade.done(&[
            "train",
            &format!("stores/photos-train/{folder}"),
            "--test",
            &format!("stores/photos-test/{folder}"),
            "--model",
            "mlp",
            "--epochs",
            "2",
            "--batch-size",
            "8",
            "--resize",
            "24x24",
            "--crop-padding",
            "2",
            "--flip",
            "--events",
            &events,
        ]);
        curves.push(losses(&ielade.path(&events)));
    }
    assert_eq!(curves[0].len(), 12);
    assert!(curves.iter().all(|curve| *curve == curves[0]), "{curves:?}");
}

/// The bits of every step's loss.
fn losses(events: &Path) -> Vec<u32> {
    fs::read_to_string(events)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter_map(|event| match event {
            Event::Epoch(epoch) => Some(epoch.step_losses),
            _ => None,
        })
        .flatten()
        .map(f32::to_bits)
        .collect()
}

#[test]
fn trained_weights_are_saved_as_safetensors() {
    let ielade = Ielade::new();
    photos(&ielade.path("photos"), 10, |_| 24);
    ielade.done(&["prepare", "photos", "--layout", "npy/u8"]);
    ielade.done(&[
        "train",
        "stores/photos-train/npy-u8",
        "--model",
        "linear",
        "--epochs",
        "1",
        "--save-weights",
        "weights.safetensors",
    ]);
    let bytes = fs::read(ielade.path("weights.safetensors")).unwrap();
    let header = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: serde_json::Value = serde_json::from_slice(&bytes[8..8 + header]).unwrap();
    assert_eq!(
        header["fc.weight"]["shape"],
        serde_json::json!([2, 1728]),
        "{header}"
    );
}
