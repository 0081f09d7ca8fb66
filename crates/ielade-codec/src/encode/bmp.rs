//! 8-bit RGB to a Windows bitmap: 24 bits a pixel, uncompressed, the last row first.

use crate::CHANNELS;
use ielade_core::ImageSpec;

/// Bytes of the file header and of the plainest header of an image.
const HEADER: u32 = 14 + 40;

/// Appends the pixels; `None` where the file would be longer than its header can say.
pub(super) fn append_bmp(pixels: &[u8], spec: ImageSpec, out: &mut Vec<u8>) -> Option<()> {
    let row = spec.width as usize * CHANNELS;
    let padding = row.next_multiple_of(4) - row;
    let data = (row + padding).checked_mul(spec.height as usize)?;
    let length = u32::try_from(data).ok()?.checked_add(HEADER)?;
    let (width, height) = (
        i32::try_from(spec.width).ok()?,
        i32::try_from(spec.height).ok()?,
    );
    out.reserve(length as usize);
    out.extend_from_slice(b"BM");
    for number in [length, 0, HEADER, 40] {
        out.extend_from_slice(&number.to_le_bytes());
    }
    out.extend_from_slice(&width.to_le_bytes());
    out.extend_from_slice(&height.to_le_bytes());
    // One plane of 24 bits, no compression.
    out.extend_from_slice(&[1, 0, 24, 0, 0, 0, 0, 0]);
    for number in [data as u32, 0, 0, 0, 0] {
        out.extend_from_slice(&number.to_le_bytes());
    }
    for row in pixels.chunks_exact(row).rev() {
        for [red, green, blue] in row.as_chunks::<CHANNELS>().0 {
            out.extend_from_slice(&[*blue, *green, *red]);
        }
        out.extend_from_slice(&[0; 3][..padding]);
    }
    Some(())
}
