//! What is encoded here is read by Pillow, and the other way round.
//!
//! Python is looked for as `python3` or where `IELADE_TEST_PYTHON` says; a test for which it lacks
//! Pillow (or, for JPEG XL, pillow-jxl-plugin) is reported as ignored, never as passed.

use ielade_codec::{Decoder, ImageEncoder, Subsampling};
use ielade_core::{Encoding, ImageSpec};
use libtest_mimic::{Arguments, Failed, Trial};
use std::{path::Path, process::Command, process::ExitCode};

/// Images of one encoding, and what Python must be able to import.
const FORMATS: [(Encoding, &str); 7] = [
    (Encoding::Jpeg, PILLOW),
    (Encoding::Png, PILLOW),
    (Encoding::Jp2, PILLOW),
    (Encoding::Webp, PILLOW),
    (Encoding::Qoi, PILLOW),
    (Encoding::Jxl, PILLOW_JXL),
    (Encoding::Bmp, PILLOW),
];

const PILLOW: &str = "from PIL import Image, features; assert features.check('jpg_2000')";
const PILLOW_JXL: &str = "import pillow_jxl";

const SIZES: [(u32, u32); 5] = [(2, 2), (31, 17), (64, 64), (70, 131), (300, 260)];

fn main() -> ExitCode {
    let python = std::env::var("IELADE_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let mut trials = Vec::new();
    let mut add = |name: String, needs: &str, test: Test| {
        let is_there = can_run(&python, needs);
        if !is_there {
            eprintln!("{name}: skipped, {python} cannot do {needs:?}");
        }
        let python = python.clone();
        let trial = Trial::test(name, move || test(&python)).with_ignored_flag(!is_there);
        trials.push(trial);
    };
    for (encoding, needs) in FORMATS {
        let read = Box::new(move |python: &str| is_read(python, encoding));
        add(format!("{encoding}_is_read_by_pillow"), needs, read);
        let written = Box::new(move |python: &str| is_read_here(python, encoding));
        add(format!("{encoding}_of_pillow_is_read"), needs, written);
    }
    let name = "a_lossy_jp2_is_as_good_as_openjpegs";
    add(name.to_owned(), PILLOW, Box::new(lossy_jp2));
    let name = "a_jpeg_is_as_good_as_libjpegs";
    add(name.to_owned(), PILLOW, Box::new(lossy_jpeg));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

type Test = Box<dyn FnOnce(&str) -> Result<(), Failed> + Send>;

fn can_run(python: &str, script: &str) -> bool {
    let output = Command::new(python).args(["-c", script]).output();
    output.is_ok_and(|output| output.status.success())
}

fn run(python: &str, script: &str, folder: &Path) {
    let output = Command::new(python)
        .args(["-c", script])
        .current_dir(folder)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
}

/// A slope with a wave and some noise.
fn picture(spec: ImageSpec) -> Vec<u8> {
    let width = spec.width as usize;
    (0..spec.values())
        .map(|at| {
            let (x, y, channel) = (at / 3 % width, at / 3 / width, at % 3);
            let wave = 60.0 * ((x * (channel + 1)) as f64 / 9.0 + y as f64 / 5.0).sin();
            let noise = (at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 60;
            (110.0 + wave + (x / 2 + y / 3) as f64 / 4.0) as u8 + noise as u8
        })
        .collect()
}

/// Whether the encoding of the name keeps pixels as these tests use it.
const fn lossless_or_fine(encoding: Encoding) -> ImageEncoder {
    match ImageEncoder::lossless(encoding) {
        Some(encoder) => encoder,
        None => ImageEncoder::Jpeg {
            quality: 100,
            subsampling: Subsampling::Full,
        },
    }
}

fn check(encoding: Encoding, spec: ImageSpec, found: &[u8], expected: &[u8]) {
    assert_eq!(found.len(), expected.len(), "{encoding} {spec}");
    let most = found
        .iter()
        .zip(expected)
        .map(|(a, b)| a.abs_diff(*b))
        .max();
    let bound = if encoding == Encoding::Jpeg { 4 } else { 0 };
    assert!(most <= Some(bound), "{encoding} {spec}: {most:?}");
}

const READ_ALL: &str = "
import glob, sys
from PIL import Image
try:
    import pillow_jxl
except ImportError:
    pass
for name in glob.glob('*.image'):
    image = Image.open(name)
    assert image.mode == 'RGB', image.mode
    head = '%d %d ' % image.size
    open(name + '.rgb', 'wb').write(image.tobytes())
    open(name + '.size', 'w').write(head + image.format)
";

fn is_read(python: &str, encoding: Encoding) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let path = |name: String| folder.path().join(name);
    let images = || SIZES.map(|(height, width)| ImageSpec::rgb(height, width));
    for spec in images() {
        let mut bytes = Vec::new();
        lossless_or_fine(encoding).encode(&picture(spec), spec, &mut bytes)?;
        std::fs::write(path(format!("{}.image", spec.width)), bytes)?;
    }
    run(python, READ_ALL, folder.path());
    for spec in images() {
        let size = std::fs::read_to_string(path(format!("{}.image.size", spec.width)))?;
        let expected = format!("{} {} ", spec.width, spec.height);
        assert!(size.starts_with(&expected), "{size}");
        let found = std::fs::read(path(format!("{}.image.rgb", spec.width)))?;
        check(encoding, spec, &found, &picture(spec));
    }
    Ok(())
}

const WRITE_ALL: &str = "
import glob
from PIL import Image
try:
    import pillow_jxl
except ImportError:
    pass
kinds = {'jp2': 'JPEG2000', 'webp': 'WEBP', 'jxl': 'JXL', 'jpeg': 'JPEG'}
options = {'webp': {'lossless': True}, 'jxl': {'lossless': True}}
options['jpeg'] = {'quality': 100, 'subsampling': 0}
encoding = open('encoding').read()
for name in glob.glob('*.rgb'):
    width, height, _ = name.split('.')
    image = Image.frombytes('RGB', (int(width), int(height)), open(name, 'rb').read())
    kind = kinds.get(encoding, encoding.upper())
    with open(name + '.image', 'wb') as file:
        image.save(file, kind, **options.get(encoding, {}))
";

fn is_read_here(python: &str, encoding: Encoding) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let path = |spec: ImageSpec, ending: &str| {
        let name = format!("{}.{}.rgb{ending}", spec.width, spec.height);
        folder.path().join(name)
    };
    let images = || SIZES.map(|(height, width)| ImageSpec::rgb(height, width));
    std::fs::write(folder.path().join("encoding"), encoding.name())?;
    for spec in images() {
        std::fs::write(path(spec, ""), picture(spec))?;
    }
    run(python, WRITE_ALL, folder.path());
    let mut decoder = Decoder::default();
    for spec in images() {
        let bytes = std::fs::read(path(spec, ".image"))?;
        let (found, found_spec) = decoder.decode(encoding, &bytes)?;
        assert_eq!(found_spec, spec);
        check(encoding, spec, found, &picture(spec));
    }
    Ok(())
}

/// Peak signal-to-noise ratio in dB of a file against the pixels that went in.
fn psnr(encoding: Encoding, bytes: &[u8], pixels: &[u8]) -> f64 {
    let mut decoder = Decoder::default();
    let (found, _) = decoder.decode(encoding, bytes).unwrap();
    let pairs = found.iter().zip(pixels);
    let squares: f64 = pairs.map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2)).sum();
    10.0 * (255.0 * 255.0 * pixels.len() as f64 / squares).log10()
}

const LOSSY: ImageSpec = ImageSpec::rgb(300, 260);

fn lossy_jp2(python: &str) -> Result<(), Failed> {
    const SCRIPT: &str = "
from PIL import Image
image = Image.frombytes('RGB', (260, 300), open('pixels', 'rb').read())
for rate in (3, 10, 30):
    image.save(f'{rate}.jp2', quality_mode='rates', quality_layers=[rate], mct=1)
";
    let folder = tempfile::tempdir()?;
    let pixels = picture(LOSSY);
    std::fs::write(folder.path().join("pixels"), &pixels)?;
    run(python, SCRIPT, folder.path());
    for rate in [3_u8, 10, 30] {
        let theirs = std::fs::read(folder.path().join(format!("{rate}.jp2")))?;
        let mut ours = Vec::new();
        let rate = Some(f32::from(rate));
        ImageEncoder::Jp2 { rate }.encode(&pixels, LOSSY, &mut ours)?;
        let found = psnr(Encoding::Jp2, &ours, &pixels);
        let usual = psnr(Encoding::Jp2, &theirs, &pixels);
        println!(
            "{rate:?}: {found:.2} dB in {}, {usual:.2} dB in {}",
            ours.len(),
            theirs.len()
        );
        assert!(
            found > usual - 0.1,
            "{rate:?}: {found:.2} dB, theirs {usual:.2}"
        );
        assert!(ours.len() < theirs.len() + theirs.len() / 20);
    }
    Ok(())
}

fn lossy_jpeg(python: &str) -> Result<(), Failed> {
    const SCRIPT: &str = "
from PIL import Image, JpegImagePlugin
image = Image.frombytes('RGB', (260, 300), open('pixels', 'rb').read())
for kind, name in enumerate(('444', '422', '420')):
    for quality in (50, 90):
        image.save(f'{quality}-{name}.jpg', quality=quality, subsampling=kind)
        ours = Image.open(f'{quality}-{name}-ours.jpg')
        assert JpegImagePlugin.get_sampling(ours) == kind
        theirs = Image.open(f'{quality}-{name}.jpg')
        assert ours.quantization == theirs.quantization
";
    let folder = tempfile::tempdir()?;
    let pixels = picture(LOSSY);
    std::fs::write(folder.path().join("pixels"), &pixels)?;
    let path = |name: String| folder.path().join(name);
    for subsampling in Subsampling::ALL {
        for quality in [50, 90] {
            let encoder = ImageEncoder::Jpeg {
                quality,
                subsampling,
            };
            let mut bytes = Vec::new();
            encoder.encode(&pixels, LOSSY, &mut bytes)?;
            std::fs::write(
                path(format!("{quality}-{}-ours.jpg", subsampling.name())),
                bytes,
            )?;
        }
    }
    run(python, SCRIPT, folder.path());
    for subsampling in Subsampling::ALL {
        for quality in [50, 90] {
            let name = format!("{quality}-{}", subsampling.name());
            let ours = std::fs::read(path(format!("{name}-ours.jpg")))?;
            let theirs = std::fs::read(path(format!("{name}.jpg")))?;
            let found = psnr(Encoding::Jpeg, &ours, &pixels);
            let usual = psnr(Encoding::Jpeg, &theirs, &pixels);
            assert!(
                found > usual - 0.5,
                "{name}: {found:.2} dB, theirs {usual:.2}"
            );
            assert!(ours.len() < theirs.len() + theirs.len() / 20, "{name}");
        }
    }
    Ok(())
}
