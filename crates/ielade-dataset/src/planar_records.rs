//! Images that lie in a file one after the other, each as three planes of bytes.

use crate::{DataSetError, samples::SampleBuffer};
use ielade_core::{ImageSpec, Payload};
use std::{fs::File, os::unix::fs::FileExt, path::PathBuf};

/// Size of every image of the CIFAR sets.
pub(crate) const IMAGE: ImageSpec = ImageSpec::rgb(32, 32);

/// Bytes of an image.
pub(crate) const IMAGE_BYTES: usize = IMAGE.values();

/// Some files of images, as one sequence.
#[derive(Debug, Default)]
pub(crate) struct PlanarRecords {
    parts: Vec<Part>,
    len: usize,
}

#[derive(Debug)]
struct Part {
    path: PathBuf,
    /// Images in the parts before this one and in this one.
    end: usize,
    count: usize,
    pixels: Pixels,
}

/// Where the pixels of a part lie.
#[derive(Debug)]
pub(crate) enum Pixels {
    /// In a file: the first image, and the distance from one to the next, in bytes.
    InFile { file: File, first: u64, stride: u64 },
    /// In memory, one image after the other.
    InMemory(Vec<u8>),
}

impl PlanarRecords {
    pub(crate) fn push(&mut self, path: PathBuf, count: usize, pixels: Pixels) {
        self.len += count;
        self.parts.push(Part {
            path,
            end: self.len,
            count,
            pixels,
        });
    }

    /// The pixels of image `index`, which must be below the number of images.
    pub(crate) fn read<'b>(
        &self,
        index: usize,
        buffer: &'b mut SampleBuffer,
    ) -> Result<Payload<'b>, DataSetError> {
        let part = &self.parts[self.parts.partition_point(|part| part.end <= index)];
        let index = index - (part.end - part.count);
        let SampleBuffer { bytes, scratch, .. } = buffer;
        bytes.resize(IMAGE_BYTES, 0);
        match &part.pixels {
            Pixels::InFile {
                file,
                first,
                stride,
            } => {
                scratch.resize(IMAGE_BYTES, 0);
                file.read_exact_at(scratch, first + stride * index as u64)
                    .map_err(DataSetError::io("read", &part.path))?;
                interleave(scratch, bytes);
            }
            Pixels::InMemory(all) => {
                interleave(&all[index * IMAGE_BYTES..][..IMAGE_BYTES], bytes);
            }
        }
        Ok(Payload::PixelsU8 {
            spec: IMAGE,
            values: bytes,
        })
    }
}

/// Three planes to one value of each for every pixel.
fn interleave(planes: &[u8], pixels: &mut [u8]) {
    let (red, rest) = planes.split_at(IMAGE.pixels());
    let (green, blue) = rest.split_at(IMAGE.pixels());
    for (pixel, ((red, green), blue)) in pixels
        .chunks_exact_mut(3)
        .zip(red.iter().zip(green).zip(blue))
    {
        pixel.copy_from_slice(&[*red, *green, *blue]);
    }
}
