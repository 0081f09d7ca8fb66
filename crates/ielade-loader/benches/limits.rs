//! The loader alone against the machine's own limits, measured in the same minute.
//!
//! ```text
//! cargo bench --package ielade-loader --bench limits                  the demo set, 50,000 images
//! cargo bench --package ielade-loader --bench limits -- SOURCE        any data set of equal JPEGs
//! cargo bench --package ielade-loader --bench limits --features turbojpeg-limit -- SOURCE
//! ```
//!
//! Limits: for arrays, a plain loop that gathers samples in shuffled order and normalises them
//! into f32 planes of a batch, on as many threads; for JPEG files, libjpeg-turbo on files already
//! in memory (with the feature `turbojpeg-limit`, which needs cmake and nasm), and our own decoder
//! on the same. Limits and loaders take turns, round after round; figures are medians of rounds,
//! ratios are medians of each round's ratio.

use ielade_codec::{Decoder, Normaliser};
use ielade_core::{
    BatchSource, Encoding, LayoutId, Normalisation, Order, OrientationRule, Split,
    worker_protocol::LoaderSettings,
};
use ielade_dataset::{DataSet, DemoOptions, OpenOptions};
use ielade_layout::{DataSetSplit, PrepareRequest, cache, open_store, prepare};
use ielade_loader::Loader;
use std::{
    error::Error,
    hint::black_box,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
    time::Instant,
};

const ROUNDS: usize = 15;
const BATCH: usize = 128;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let source = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with("--"));
    let data_set = match &source {
        Some(path) => DataSet::open(Path::new(path), &OpenOptions::default())?,
        None => DataSet::demo(DemoOptions {
            train: 50_000,
            test: 1,
            seed: 0,
        }),
    };
    let folder = std::env::temp_dir().join(format!("ielade-limits-{}", std::process::id()));
    let outcome = Stores::make(&data_set, &folder).and_then(|stores| measure(&stores));
    std::fs::remove_dir_all(&folder)?;
    outcome
}

struct Stores {
    npy: PathBuf,
    files: PathBuf,
}

impl Stores {
    fn make(data_set: &DataSet, folder: &Path) -> Outcome<Self> {
        let store = |layout: &str| -> Outcome<PathBuf> {
            let layout: LayoutId = layout.parse()?;
            let path = folder.join(layout.directory_name());
            let request = PrepareRequest::new(layout, path.clone(), Normalisation::identity(3));
            let split = DataSetSplit::of(data_set, Split::Train).ok_or("no train split")?;
            prepare(&request, &split, &mut |_| {}, &AtomicBool::new(false))?;
            cache::warm(&path)?;
            Ok(path)
        };
        Ok(Self {
            npy: store("npy/u8")?,
            files: store("files/jpeg")?,
        })
    }
}

fn measure(stores: &Stores) -> Outcome<()> {
    let threads = std::thread::available_parallelism()?.get();
    let jpegs = Jpegs::read(&stores.files)?;
    let plain = PlainLoop::over(&stores.npy)?;
    let mut npy = open(&stores.npy, threads)?;
    let mut files = open(&stores.files, threads)?;
    let mut contestants: Vec<Contestant<'_>> = vec![
        Contestant::new("limit: gather and normalise in a plain loop", |round| {
            plain.run(threads, round)
        }),
        Contestant::new("npy/u8 loader", |round| epoch(&mut npy, round)),
    ];
    #[cfg(feature = "turbojpeg-limit")]
    contestants.push(Contestant::new("limit: libjpeg-turbo from memory", |_| {
        jpegs.decode_with(threads, turbo)
    }));
    contestants.push(Contestant::new("our decoder from memory", |_| {
        jpegs.decode_with(threads, own)
    }));
    contestants.push(Contestant::new("files/jpeg loader", |round| {
        epoch(&mut files, round)
    }));
    for round in 0..ROUNDS {
        for contestant in &mut contestants {
            contestant.measure(round as u64);
        }
    }
    println!("{threads} threads, batches of {BATCH}, f32 planes, shuffled, warm; {ROUNDS} rounds");
    for contestant in &contestants {
        println!(
            "{:<45} {:>12.0} images/s",
            contestant.name,
            contestant.median()
        );
    }
    let ratio = |of: &str, to: &str| {
        let find = |name: &str| contestants.iter().find(|one| one.name.contains(name));
        if let (Some(of), Some(to)) = (find(of), find(to)) {
            println!("{} / {}: {:.3}", of.name, to.name, of.ratio(to));
        }
    };
    ratio("npy/u8", "plain loop");
    ratio("files/jpeg", "libjpeg-turbo");
    ratio("files/jpeg", "our decoder");
    Ok(())
}

/// Something that is measured: images a second, once a round.
struct Contestant<'a> {
    name: &'static str,
    run: Box<dyn FnMut(u64) -> f64 + 'a>,
    rates: Vec<f64>,
}

impl<'a> Contestant<'a> {
    fn new(name: &'static str, run: impl FnMut(u64) -> f64 + 'a) -> Self {
        Self {
            name,
            run: Box::new(run),
            rates: Vec::new(),
        }
    }

    fn measure(&mut self, round: u64) {
        let rate = (self.run)(round);
        self.rates.push(rate);
    }

    fn median(&self) -> f64 {
        median(self.rates.clone())
    }

    fn ratio(&self, to: &Self) -> f64 {
        median(
            self.rates
                .iter()
                .zip(&to.rates)
                .map(|(a, b)| a / b)
                .collect(),
        )
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn open(store: &Path, threads: usize) -> Outcome<Loader> {
    let settings = LoaderSettings {
        batch_size: BATCH as u32,
        threads: threads as u32,
        ..LoaderSettings::default()
    };
    Ok(Loader::open(Arc::from(open_store(store)?), &settings, 1)?)
}

/// One epoch of a loader: images a second.
fn epoch(loader: &mut Loader, number: u64) -> f64 {
    let start = Instant::now();
    let mut images = 0;
    let mut batches = loader.epoch(number);
    while let Some(batch) = batches.next_batch().expect("the store is sound") {
        images += black_box(batch).len;
    }
    images as f64 / start.elapsed().as_secs_f64()
}

/// What anybody would write first, compiled for this processor: threads that each gather and
/// normalise their share in a plain loop.
struct PlainLoop {
    pixels: Vec<u8>,
    image: usize,
    count: usize,
}

impl PlainLoop {
    fn over(store: &Path) -> Outcome<Self> {
        let reader = open_store(store)?;
        let spec = reader
            .manifest()
            .shape
            .fixed()
            .ok_or("images differ in size")?;
        let region = reader.contiguous().ok_or("npy/u8 is one piece")?;
        Ok(Self {
            pixels: region.bytes.to_vec(),
            image: spec.values(),
            count: reader.manifest().count as usize,
        })
    }

    fn run(&self, threads: usize, round: u64) -> f64 {
        let order = Order::shuffled(self.count as u32, 1).epoch(round);
        let start = Instant::now();
        std::thread::scope(|scope| {
            for share in order.chunks(order.len().div_ceil(threads)) {
                scope.spawn(move || self.share(share));
            }
        });
        self.count as f64 / start.elapsed().as_secs_f64()
    }

    fn share(&self, order: &[u32]) {
        let normaliser = Normaliser::new(&black_box(Normalisation::identity(3)));
        let mut batch = vec![0.0_f32; BATCH * self.image];
        for indices in order.chunks(BATCH) {
            for (index, out) in indices.iter().zip(batch.chunks_exact_mut(self.image)) {
                let pixels = &self.pixels[*index as usize * self.image..][..self.image];
                normaliser.u8_to_f32_plain(pixels, out);
            }
            black_box(&batch);
        }
    }
}

/// All files of a store, in memory.
struct Jpegs {
    files: Vec<Vec<u8>>,
}

impl Jpegs {
    fn read(store: &Path) -> Outcome<Self> {
        let mut folders = vec![store.join("images")];
        let mut files = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder)? {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    files.push(std::fs::read(path)?);
                }
            }
        }
        Ok(Self { files })
    }

    fn decode_with(&self, threads: usize, decode: fn(&[Vec<u8>])) -> f64 {
        let start = Instant::now();
        std::thread::scope(|scope| {
            for share in self.files.chunks(self.files.len().div_ceil(threads)) {
                scope.spawn(move || decode(share));
            }
        });
        self.files.len() as f64 / start.elapsed().as_secs_f64()
    }
}

fn own(files: &[Vec<u8>]) {
    let mut decoder = Decoder::new(OrientationRule::Apply);
    for file in files {
        black_box(decoder.decode(Encoding::Jpeg, file).expect("a sound JPEG"));
    }
}

#[cfg(feature = "turbojpeg-limit")]
fn turbo(files: &[Vec<u8>]) {
    let mut decoder = turbojpeg::Decompressor::new().expect("libjpeg-turbo starts");
    let mut pixels = Vec::new();
    for file in files {
        let header = decoder.read_header(file).expect("a sound JPEG");
        pixels.resize(header.width * header.height * 3, 0);
        let image = turbojpeg::Image {
            pixels: pixels.as_mut_slice(),
            width: header.width,
            pitch: header.width * 3,
            height: header.height,
            format: turbojpeg::PixelFormat::RGB,
        };
        decoder.decompress(file, image).expect("a sound JPEG");
        black_box(&pixels);
    }
}
