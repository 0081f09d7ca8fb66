//! How fast small JPEGs in memory are decoded on one thread: [`Decoder::decode`] next to the bare
//! decoder library, measured in turns in one run.
//!
//! `cargo bench -p ielade-codec --bench jpeg`; with `--features turbojpeg` libjpeg-turbo, the usual
//! limit of what a processor can do, takes its turns too. With the environment variable `IELADE_TEST_DATA` set to a folder that holds
//! `cifar10/` unpacked, its first test images are measured too.

use ielade_codec::{DECODER, Decoder, encode_jpeg};
use ielade_core::{Encoding, ImageSpec, OrientationRule};
use std::{hint::black_box, path::Path, time::Instant};
use zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
use zune_jpeg::JpegDecoder;

const ROUNDS: usize = 300;
const IMAGES: usize = 100;

/// One contestant: its name and how it decodes one image.
type Contestant<'a> = (&'static str, Box<dyn FnMut(&[u8]) + 'a>);

/// Seconds an image of each contestant: the minimum over rounds in which they take turns.
fn fastest(contestants: &mut [Contestant<'_>], images: &[Vec<u8>]) -> Vec<f64> {
    let mut best = vec![f64::INFINITY; contestants.len()];
    for _ in 0..ROUNDS {
        for ((_, decode), best) in contestants.iter_mut().zip(&mut best) {
            let start = Instant::now();
            for image in images {
                decode(image);
            }
            *best = best.min(start.elapsed().as_secs_f64() / images.len() as f64);
        }
    }
    best
}

/// The bare library with the options that [`Decoder`] gives it.
fn open(bytes: &[u8]) -> JpegDecoder<ZCursor<&[u8]>> {
    let options = DecoderOptions::default()
        .jpeg_set_out_colorspace(ColorSpace::RGB)
        .set_strict_mode(true);
    JpegDecoder::new_with_options(ZCursor::new(bytes), options)
}

#[cfg(not(feature = "turbojpeg"))]
fn decoder() -> Decoder {
    Decoder::new(OrientationRule::Apply)
}

#[cfg(feature = "turbojpeg")]
fn decoder() -> Decoder {
    Decoder::without_libjpeg_turbo(OrientationRule::Apply)
}

fn measure(what: &str, images: &[Vec<u8>]) {
    let bytes: usize = images.iter().map(Vec::len).sum();
    let mut decoder = decoder();
    #[cfg(feature = "turbojpeg")]
    let mut turbo = Decoder::new(OrientationRule::Apply);
    let mut pixels = vec![0; 1 << 20];
    let mut contestants: Vec<Contestant<'_>> = vec![
        (
            "Decoder::decode",
            Box::new(|bytes| {
                black_box(decoder.decode(Encoding::Jpeg, bytes).expect("a sound JPEG"));
            }),
        ),
        (
            "zune-jpeg, all",
            Box::new(|bytes| {
                open(bytes).decode_into(&mut pixels).expect("a sound JPEG");
                black_box(&mut pixels);
            }),
        ),
        (
            "zune-jpeg, headers",
            Box::new(|bytes| {
                let mut decoder = open(bytes);
                decoder.decode_headers().expect("a sound JPEG");
                black_box(decoder.dimensions());
            }),
        ),
        #[cfg(feature = "turbojpeg")]
        (
            "libjpeg-turbo",
            Box::new(|bytes| {
                black_box(turbo.decode(Encoding::Jpeg, bytes).expect("a sound JPEG"));
            }),
        ),
    ];
    let seconds = fastest(&mut contestants, images);
    println!(
        "{what}: mean {} bytes, one thread, minimum of {ROUNDS} rounds of {} images",
        bytes / images.len(),
        images.len(),
    );
    println!(
        "{:<20} {:>10} {:>10} {:>14}",
        "", "images/s", "µs", "to zune-jpeg"
    );
    for ((name, _), time) in contestants.iter().zip(&seconds) {
        println!(
            "{name:<20} {:>10.0} {:>10.2} {:>13.2}×",
            1.0 / time,
            time * 1e6,
            seconds[1] / time,
        );
    }
    println!();
}

/// Images of soft colours with some texture, each another.
fn procedural(side: u32) -> Vec<Vec<u8>> {
    let spec = ImageSpec::rgb(side, side);
    let image = |number: usize| {
        let mut pixels = Vec::with_capacity(spec.values());
        for at in 0..spec.pixels() {
            let (y, x) = (at / side as usize, at % side as usize);
            let wave = |step: usize| ((x * step + y * (7 - step) + number * 31) % 256) as u8;
            let grain = (at.wrapping_mul(2_654_435_761) >> 13) as u8 & 7;
            pixels.extend([wave(2) ^ grain, wave(3), 255 - wave(5) / 2]);
        }
        let mut jpeg = Vec::new();
        encode_jpeg(&pixels, spec, 75, &mut jpeg).expect("pixels of the right size");
        jpeg
    };
    (0..IMAGES).map(image).collect()
}

/// The first images of CIFAR-10's test split, where they are.
fn cifar(data: &Path) -> Option<Vec<Vec<u8>>> {
    let folder = std::fs::read_dir(data.join("cifar10/test/cat")).ok()?;
    let mut paths: Vec<_> = folder.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
        .iter()
        .take(IMAGES)
        .map(|path| std::fs::read(path).ok())
        .collect()
}

fn main() {
    println!("decoders of this build: {DECODER}\n");
    measure("procedural 32×32, 4:4:4", &procedural(32));
    measure("procedural 64×64, 4:4:4", &procedural(64));
    let data = std::env::var_os("IELADE_TEST_DATA");
    match data.and_then(|data| cifar(Path::new(&data))) {
        Some(images) => measure("CIFAR-10", &images),
        None => println!("no cifar10/ under IELADE_TEST_DATA: real images not measured"),
    }
}
