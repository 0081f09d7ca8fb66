//! The demo set: ten classes of small pictures, made by a seed.
//!
//! Five classes are striped at five angles, five show a shape: cross, disc, ring, square,
//! triangle. Place, size, phase, colours and noise are random; each class leans weakly to a
//! colour of its own. So a linear model, which sees little but the colour, stays well below a
//! small convolutional network, which learns most of the rest in a few epochs.
//!
//! An image is a pure function of (seed, split, number). Only additions, multiplications,
//! divisions and square roots are used, which IEEE 754 defines to the last bit, so that the same
//! seed gives the same pixels on every machine.

use crate::{
    DataSetError,
    data_set::Opened,
    samples::{Images, KeyTable, SampleBuffer, SplitSamples},
};
use ielade_codec::encode_jpeg;
use ielade_core::{Encoding, ImageSpec, Payload, Split, random::KeyedRandom};

/// Keeps the demo set apart from other uses of the same seed.
const DEMO_DOMAIN: u64 = u64::from_be_bytes(*b"ieledemo");

const SIZE: u32 = 32;
const SPEC: ImageSpec = ImageSpec::rgb(SIZE, SIZE);
const JPEG_QUALITY: u8 = 90;

/// Standard deviation of the noise is about 1.15 times this.
const NOISE: f32 = 18.0;

/// How far a class leans to its colour, in levels of 255.
const LEANING: f32 = 14.0;

/// The demo set's size and seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DemoOptions {
    /// Training images.
    pub train: u32,
    /// Test images.
    pub test: u32,
    /// Decides all that is random.
    pub seed: u64,
}

impl Default for DemoOptions {
    fn default() -> Self {
        Self {
            train: 2000,
            test: 500,
            seed: 0,
        }
    }
}

/// What is drawn in the pictures of a class.
#[derive(Debug, Clone, Copy)]
enum Motif {
    Cross,
    Disc,
    Ring,
    Square,
    Triangle,
    /// Stripes across this direction (cosine, sine).
    Stripes(f32, f32),
}

struct Class {
    name: &'static str,
    motif: Motif,
    /// The colour that the class leans to: red, green, blue, each -1 to 1.
    leaning: [f32; 3],
}

/// Sorted by name, as the classes of a folder are.
const CLASSES: [Class; 10] = [
    class("cross", Motif::Cross, [1.0, 0.0, -1.0]),
    class("disc", Motif::Disc, [-1.0, 1.0, 0.0]),
    class("ring", Motif::Ring, [0.0, -1.0, 1.0]),
    class("square", Motif::Square, [1.0, -1.0, 0.0]),
    class("stripes-000", Motif::Stripes(1.0, 0.0), [0.0, 1.0, -1.0]),
    class(
        "stripes-036",
        Motif::Stripes(0.809_017, 0.587_785_3),
        [-1.0, 0.0, 1.0],
    ),
    class(
        "stripes-072",
        Motif::Stripes(0.309_017, 0.951_056_5),
        [1.0, 1.0, 1.0],
    ),
    class(
        "stripes-108",
        Motif::Stripes(-0.309_017, 0.951_056_5),
        [-1.0, -1.0, -1.0],
    ),
    class(
        "stripes-144",
        Motif::Stripes(-0.809_017, 0.587_785_3),
        [1.0, 1.0, -1.0],
    ),
    class("triangle", Motif::Triangle, [-1.0, -1.0, 1.0]),
];

const fn class(name: &'static str, motif: Motif, leaning: [f32; 3]) -> Class {
    Class {
        name,
        motif,
        leaning,
    }
}

/// The images of one split of the demo set; drawn anew each time one is read.
#[derive(Debug)]
pub(crate) struct DemoImages {
    seed: u64,
    split: Split,
    count: u32,
}

/// Lists the demo set's samples; nothing is drawn yet.
pub(crate) fn open(options: DemoOptions) -> Opened {
    let sizes = [(Split::Train, options.train), (Split::Test, options.test)];
    Opened {
        classes: CLASSES.map(|class| class.name.to_owned()).to_vec(),
        class_descriptions: vec![None; CLASSES.len()],
        notes: Vec::new(),
        splits: sizes
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .map(|(split, count)| (split, open_split(split, count, options.seed)))
            .collect(),
    }
}

fn open_split(split: Split, count: u32, seed: u64) -> SplitSamples {
    let mut keys = KeyTable::default();
    let mut labels = Vec::new();
    for (label, class) in CLASSES.iter().enumerate() {
        for number in 0..class_size(count, label as u32) {
            keys.push(&format!("{split}/{}/{number:05}.jpg", class.name));
            labels.push(label as u32);
        }
    }
    let images = DemoImages { seed, split, count };
    SplitSamples::new(keys, labels, Images::Demo(images))
}

/// Images of a class: classes differ by one image at most.
fn class_size(count: u32, label: u32) -> u32 {
    let classes = CLASSES.len() as u32;
    count / classes + u32::from(label < count % classes)
}

impl DemoImages {
    pub(crate) fn read<'b>(
        &self,
        index: usize,
        key: &str,
        buffer: &'b mut SampleBuffer,
    ) -> Result<Payload<'b>, DataSetError> {
        let (label, number) = self.place(index as u32);
        let key_parts = [
            DEMO_DOMAIN,
            self.seed,
            self.split as u64,
            u64::from(label),
            u64::from(number),
        ];
        let SampleBuffer { bytes, scratch, .. } = buffer;
        scratch.resize(SPEC.values(), 0);
        draw(
            &CLASSES[label as usize],
            &mut KeyedRandom::new(&key_parts),
            scratch,
        );
        bytes.clear();
        encode_jpeg(scratch, SPEC, JPEG_QUALITY, bytes).map_err(|source| DataSetError::Encode {
            key: key.to_owned(),
            source,
        })?;
        Ok(Payload::Encoded {
            encoding: Encoding::Jpeg,
            bytes,
        })
    }

    /// Class and number within it of image `index` of the split.
    fn place(&self, index: u32) -> (u32, u32) {
        let mut number = index;
        for label in 0..CLASSES.len() as u32 {
            let size = class_size(self.count, label);
            if number < size {
                return (label, number);
            }
            number -= size;
        }
        (0, number)
    }
}

fn draw(class: &Class, random: &mut KeyedRandom, pixels: &mut [u8]) {
    let ground = [(); 3].map(|()| between(random, 70.0, 185.0));
    let figure = figure_colour(random, ground);
    let coverage = Coverage::of(class.motif, random);
    for (place, pixel) in pixels.chunks_exact_mut(3).enumerate() {
        let x = (place % SIZE as usize) as f32;
        let y = (place / SIZE as usize) as f32;
        let share = coverage.at(x, y);
        let noise = random.next_u64().to_le_bytes();
        for (channel, value) in pixel.iter_mut().enumerate() {
            let colour = ground[channel] + (figure[channel] - ground[channel]) * share;
            // The sum of two even variables, with mean 0.
            let noise = f32::from(noise[2 * channel]) + f32::from(noise[2 * channel + 1]) - 255.0;
            let lean = LEANING * class.leaning[channel];
            *value = (colour + lean + noise * (NOISE / 90.0)).round() as u8;
        }
    }
}

/// A colour some way off the ground's in every channel, to either side.
fn figure_colour(random: &mut KeyedRandom, ground: [f32; 3]) -> [f32; 3] {
    let brighter = random.coin();
    ground.map(|value| {
        let distance = between(random, 25.0, 70.0);
        if brighter {
            value + distance
        } else {
            value - distance
        }
    })
}

/// How much of the figure's colour lies on each point.
struct Coverage {
    motif: Motif,
    /// Of the shape; of the stripes it is the phase.
    centre: (f32, f32),
    /// Of the shape: its radius; of the stripes: from one to the next.
    size: f32,
}

impl Coverage {
    fn of(motif: Motif, random: &mut KeyedRandom) -> Self {
        let middle = (SIZE - 1) as f32 / 2.0;
        let centre = (
            middle + between(random, -7.0, 7.0),
            middle + between(random, -7.0, 7.0),
        );
        let (motif, size) = match motif {
            Motif::Stripes(x, y) => {
                let bend = between(random, -0.22, 0.22);
                (
                    Motif::Stripes(x - bend * y, y + bend * x),
                    between(random, 5.0, 10.0),
                )
            }
            shape => (shape, between(random, 6.0, 11.0)),
        };
        Self {
            motif,
            centre,
            size,
        }
    }

    /// 0 outside of the figure, 1 inside, and between the two at its edge.
    fn at(&self, x: f32, y: f32) -> f32 {
        let (x, y) = (x - self.centre.0, y - self.centre.1);
        let size = self.size;
        let distance = match self.motif {
            Motif::Disc => (x * x + y * y).sqrt() - size,
            Motif::Ring => ((x * x + y * y).sqrt() - 0.8 * size).abs() - 0.25 * size,
            Motif::Square => x.abs().max(y.abs()) - 0.85 * size,
            Motif::Triangle => (0.866 * x.abs() - 0.5 * y).max(y) - 0.6 * size,
            Motif::Cross => {
                let bar =
                    |along: f32, across: f32| (along.abs() - size).max(across.abs() - 0.3 * size);
                bar(x, y).min(bar(y, x))
            }
            Motif::Stripes(across_x, across_y) => {
                let phase = (x * across_x + y * across_y) / size;
                ((phase - phase.floor() - 0.5).abs() - 0.25) * size
            }
        };
        (0.5 - distance).clamp(0.0, 1.0)
    }
}

fn between(random: &mut KeyedRandom, low: f32, high: f32) -> f32 {
    low + (high - low) * random.unit() as f32
}

#[cfg(test)]
mod tests {
    use super::{CLASSES, SPEC, draw};
    use ielade_core::random::KeyedRandom;

    #[test]
    fn the_pictures_of_a_seed_never_change_between_versions_and_machines() {
        let mut hasher = blake3::Hasher::new();
        let mut pixels = vec![0; SPEC.values()];
        for (number, class) in CLASSES.iter().enumerate() {
            draw(class, &mut KeyedRandom::new(&[number as u64]), &mut pixels);
            hasher.update(&pixels);
        }
        assert_eq!(hasher.finalize().to_hex().as_str(), GOLDEN);
    }

    const GOLDEN: &str = "3aa15b7190276d18579972ef32463a1db62dbd095607752ca8035cb0234f25d4";
}
