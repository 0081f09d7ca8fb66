//! How fast interleaved 8-bit pixels become normalised planes, next to the plain loop and to
//! copying the output once, all in cache, measured in turns in one run.
//!
//! `cargo bench -p ielade-codec --bench normalise`

use ielade_codec::Normaliser;
use ielade_core::{Normalisation, batch::AlignedBytes};
use std::{hint::black_box, time::Instant};

const ROUNDS: u32 = 400;

/// One contestant: its name and one image's work.
type Contestant<'a> = (&'static str, Box<dyn FnMut() + 'a>);

/// Seconds an image of each contestant: the minimum over rounds in which they take turns.
fn fastest(contestants: &mut [Contestant<'_>], images: u32) -> Vec<f64> {
    let mut best = vec![f64::INFINITY; contestants.len()];
    for _ in 0..ROUNDS {
        for ((_, work), best) in contestants.iter_mut().zip(&mut best) {
            let start = Instant::now();
            (0..images).for_each(|_| work());
            *best = best.min(start.elapsed().as_secs_f64() / f64::from(images));
        }
    }
    best
}

fn measure(side: usize, images: u32) {
    let values = side * side * 3;
    let pixels: Vec<u8> = (0..values).map(|at| (at * 7919 % 251) as u8).collect();
    let normaliser = Normaliser::new(&Normalisation {
        mean: vec![0.4914, 0.4822, 0.4465],
        std: vec![0.2470, 0.2435, 0.2616],
    });
    // As in a batch: planes start at a cache line.
    let mut memory = [(); 4].map(|()| AlignedBytes::zeroed(values * size_of::<f32>()));
    let [source, a, b, c] = memory
        .each_mut()
        .map(|bytes| bytemuck::cast_slice_mut::<u8, f32>(bytes.as_bytes_mut()));
    let mut contestants: Vec<Contestant<'_>> = vec![
        (
            "u8_to_f32",
            Box::new(|| normaliser.u8_to_f32(black_box(&pixels), black_box(&mut *a))),
        ),
        (
            "plain loop",
            Box::new(|| normaliser.u8_to_f32_plain(black_box(&pixels), black_box(&mut *b))),
        ),
        (
            "copy of the output",
            Box::new(|| black_box(&mut *c).copy_from_slice(black_box(source))),
        ),
    ];
    let seconds = fastest(&mut contestants, images);
    println!("{side}×{side}×3, one thread, minimum of {ROUNDS} rounds of {images} images");
    println!(
        "{:<20} {:>12} {:>14} {:>12}",
        "", "images/s", "to plain loop", "to copy"
    );
    for ((name, _), time) in contestants.iter().zip(&seconds) {
        println!(
            "{name:<20} {:>12.0} {:>13.2}× {:>11.2}×",
            1.0 / time,
            seconds[1] / time,
            seconds[2] / time,
        );
    }
    println!();
}

fn main() {
    measure(32, 200);
    measure(224, 4);
}
