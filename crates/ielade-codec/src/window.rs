//! Cutting a window out of an image that lies in a field of padding, and mirroring it.

/// Where a window of the image's own size is cut, relative to the image, and whether it is
/// mirrored left to right afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) down: i32,
    pub(crate) right: i32,
    pub(crate) mirrored: bool,
}

/// Copies the window of `source` (`height` rows of `width` pixels) into `target` of the same
/// size; what lies outside the image is `padding`.
pub(crate) fn cut<P: Copy>(
    source: &[P],
    width: usize,
    target: &mut [P],
    window: Window,
    padding: P,
) {
    let height = source.len() / width;
    let shift = window.right.unsigned_abs() as usize;
    let kept = width.saturating_sub(shift);
    for (y, row) in target.chunks_exact_mut(width).enumerate() {
        let from = y as i64 + i64::from(window.down);
        if from < 0 || from >= height as i64 || kept == 0 {
            row.fill(padding);
            continue;
        }
        let line = &source[from as usize * width..][..width];
        if window.right >= 0 {
            row[..kept].copy_from_slice(&line[shift..]);
            row[kept..].fill(padding);
        } else {
            row[shift..].copy_from_slice(&line[..kept]);
            row[..shift].fill(padding);
        }
        if window.mirrored {
            row.reverse();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Window, cut};
    use proptest::prelude::*;

    /// The definition, one pixel at a time.
    fn pixel(source: &[u32], size: (i64, i64), at: (i64, i64), window: Window) -> u32 {
        let (height, width) = size;
        let x = if window.mirrored {
            width - 1 - at.1
        } else {
            at.1
        };
        let (y, x) = (at.0 + i64::from(window.down), x + i64::from(window.right));
        if (0..height).contains(&y) && (0..width).contains(&x) {
            source[(y * width + x) as usize]
        } else {
            999
        }
    }

    proptest! {
        #[test]
        fn every_pixel_comes_from_where_the_window_says(
            height in 1_i64..7, width in 1_i64..7, down in -8_i32..8, right in -8_i32..8,
            mirrored: bool,
        ) {
            let source: Vec<u32> = (0..(height * width) as u32).collect();
            let mut target = vec![0; source.len()];
            let window = Window { down, right, mirrored };
            cut(&source, width as usize, &mut target, window, 999);
            for y in 0..height {
                for x in 0..width {
                    let expected = pixel(&source, (height, width), (y, x), window);
                    prop_assert_eq!(target[(y * width + x) as usize], expected);
                }
            }
        }
    }
}
