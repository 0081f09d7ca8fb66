//! Raw values in the forms in which arrays are stored, as payloads.

use crate::error::BadSampleReason;
use half::{bf16, f16};
use ielade_codec::CHANNELS;
use ielade_core::{AlignedBytes, Element, ImageSpec, Payload};

/// Which way the values of an image lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Axes {
    /// Height × width × channels.
    Interleaved,
    /// Channels × height × width.
    Planar,
}

/// Which byte of a value comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ByteOrder {
    Little,
    Big,
}

/// How one image lies in an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ArrayForm {
    pub(crate) element: Element,
    /// Size as stored: 1 or 3 channels. One becomes three equal ones.
    pub(crate) spec: ImageSpec,
    pub(crate) axes: Axes,
    pub(crate) byte_order: ByteOrder,
}

/// The shape of an image in a store: height × width × channels of integers, channels × height ×
/// width of floats.
pub(crate) const fn image_shape(element: Element, spec: ImageSpec) -> [u32; 3] {
    if element.is_float() {
        [spec.channels, spec.height, spec.width]
    } else {
        [spec.height, spec.width, spec.channels]
    }
}

/// The shape of an array of `count` such images.
pub(crate) fn stack_shape(element: Element, spec: ImageSpec, count: u32) -> [u64; 4] {
    let [outer, middle, inner] = image_shape(element, spec);
    [count, outer, middle, inner].map(u64::from)
}

impl ArrayForm {
    /// What stores hold: integers interleaved as decoded, floats planar as trained on.
    pub(crate) const fn of_stores(element: Element, spec: ImageSpec) -> Self {
        Self {
            element,
            spec,
            axes: if element.is_float() {
                Axes::Planar
            } else {
                Axes::Interleaved
            },
            byte_order: ByteOrder::Little,
        }
    }

    /// Bytes of an image.
    pub(crate) const fn image_bytes(&self) -> usize {
        self.spec.values() * self.element.size()
    }

    /// The size of the image that is delivered.
    pub(crate) const fn delivered(&self) -> ImageSpec {
        ImageSpec::rgb(self.spec.height, self.spec.width)
    }

    /// Whether the bytes are a payload as they are.
    pub(crate) const fn is_of_stores(&self) -> bool {
        let usual = Self::of_stores(self.element, self.spec);
        self.spec.channels as usize == CHANNELS
            && self.axes as u8 == usual.axes as u8
            && (self.byte_order as u8 == usual.byte_order as u8 || self.element.size() == 1)
    }

    /// Whether the bytes are three planes of 8-bit values, which go into a batch as they are.
    pub(crate) const fn is_planes_of_bytes(&self) -> bool {
        self.spec.channels as usize == CHANNELS
            && matches!(self.axes, Axes::Planar)
            && matches!(self.element, Element::U8)
    }

    /// The image as a payload: the bytes themselves where they lie as in stores and aligned to
    /// their type, else put in order in `room`.
    pub(crate) fn payload<'a>(
        &self,
        bytes: &'a [u8],
        room: &'a mut AlignedBytes,
    ) -> Result<Payload<'a>, BadSampleReason> {
        if bytes.len() != self.image_bytes() {
            return Err(BadSampleReason::SampleSize {
                expected: self.image_bytes() as u64,
                found: bytes.len() as u64,
            });
        }
        let spec = self.delivered();
        if self.is_of_stores() {
            if let Some(payload) = typed(self.element, spec, bytes) {
                return Ok(payload);
            }
            room.resize(bytes.len());
            room.as_bytes_mut().copy_from_slice(bytes);
        } else {
            room.resize(spec.values() * self.element.size());
            self.rearrange(bytes, room.as_bytes_mut());
        }
        typed(self.element, spec, room.as_bytes()).ok_or(BadSampleReason::SampleSize {
            expected: self.image_bytes() as u64,
            found: bytes.len() as u64,
        })
    }

    /// Puts the values in the order of stores, three channels, little-endian.
    fn rearrange(&self, bytes: &[u8], target: &mut [u8]) {
        match self.element.size() {
            1 => self.rearrange_values::<1>(bytes, target),
            2 => self.rearrange_values::<2>(bytes, target),
            _ => self.rearrange_values::<4>(bytes, target),
        }
    }

    fn rearrange_values<const SIZE: usize>(&self, bytes: &[u8], target: &mut [u8]) {
        let (source, _) = bytes.as_chunks::<SIZE>();
        let (target, _) = target.as_chunks_mut::<SIZE>();
        let pixels = self.spec.height as usize * self.spec.width as usize;
        let stored = self.spec.channels as usize;
        let planar_target = self.element.is_float();
        for pixel in 0..pixels {
            for channel in 0..CHANNELS {
                let from = channel.min(stored - 1);
                let mut value = match self.axes {
                    Axes::Interleaved => source[pixel * stored + from],
                    Axes::Planar => source[from * pixels + pixel],
                };
                if self.byte_order == ByteOrder::Big {
                    value.reverse();
                }
                let place = if planar_target {
                    channel * pixels + pixel
                } else {
                    pixel * CHANNELS + channel
                };
                target[place] = value;
            }
        }
    }
}

/// The values as a payload; `None` where they are not aligned to their type.
fn typed(element: Element, spec: ImageSpec, bytes: &[u8]) -> Option<Payload<'_>> {
    Some(match element {
        Element::U8 => Payload::PixelsU8 {
            spec,
            values: bytes,
        },
        Element::U16 => Payload::PixelsU16 {
            spec,
            values: bytemuck::try_cast_slice(bytes).ok()?,
        },
        Element::F16 => Payload::NormalisedF16 {
            spec,
            values: bytemuck::try_cast_slice::<_, f16>(bytes).ok()?,
        },
        Element::Bf16 => Payload::NormalisedBf16 {
            spec,
            values: bytemuck::try_cast_slice::<_, bf16>(bytes).ok()?,
        },
        Element::F32 => Payload::NormalisedF32 {
            spec,
            values: bytemuck::try_cast_slice(bytes).ok()?,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::{ArrayForm, Axes, ByteOrder};
    use ielade_core::{AlignedBytes, Element, ImageSpec, Payload};

    fn values(form: ArrayForm, bytes: &[u8]) -> Vec<u8> {
        let mut room = AlignedBytes::default();
        form.payload(bytes, &mut room).unwrap().bytes().to_vec()
    }

    const SIZE: ImageSpec = ImageSpec::rgb(1, 2);

    #[test]
    fn the_usual_form_is_lent_and_not_copied() {
        let form = ArrayForm::of_stores(Element::U8, SIZE);
        let bytes = [1, 2, 3, 4, 5, 6];
        let mut room = AlignedBytes::default();
        let payload = form.payload(&bytes, &mut room).unwrap();
        assert_eq!(payload.bytes().as_ptr(), bytes.as_ptr());
    }

    #[test]
    fn planes_grey_and_big_endian_become_the_usual_form() {
        let mut form = ArrayForm::of_stores(Element::U8, SIZE);
        form.axes = Axes::Planar;
        assert_eq!(values(form, &[1, 4, 2, 5, 3, 6]), [1, 2, 3, 4, 5, 6]);
        form.spec.channels = 1;
        assert_eq!(values(form, &[7, 8]), [7, 7, 7, 8, 8, 8]);

        let mut form = ArrayForm::of_stores(Element::U16, SIZE);
        form.byte_order = ByteOrder::Big;
        let bytes: Vec<u8> = (1..=6).flat_map(|value| [0, value]).collect();
        let expected: Vec<u8> = (1..=6).flat_map(|value| [value, 0]).collect();
        assert_eq!(values(form, &bytes), expected);

        let mut form = ArrayForm::of_stores(Element::F32, SIZE);
        form.axes = Axes::Interleaved;
        let interleaved: [f32; 6] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let mut room = AlignedBytes::default();
        match form.payload(bytemuck::cast_slice(&interleaved), &mut room) {
            Ok(Payload::NormalisedF32 { values, .. }) => {
                assert_eq!(values, [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn values_at_an_odd_address_are_copied_to_an_even_one() {
        let form = ArrayForm::of_stores(Element::F32, SIZE);
        let mut memory = AlignedBytes::zeroed(25);
        memory.as_bytes_mut()[1..].copy_from_slice(bytemuck::cast_slice(&[0.5_f32; 6]));
        assert_eq!(
            values(form, &memory.as_bytes()[1..]),
            bytemuck::cast_slice::<f32, u8>(&[0.5; 6])
        );
    }

    #[test]
    fn bytes_of_another_number_are_refused() {
        let form = ArrayForm::of_stores(Element::U8, SIZE);
        let mut room = AlignedBytes::default();
        let error = form.payload(&[1, 2, 3], &mut room).unwrap_err();
        assert!(error.to_string().contains("3 bytes"), "{error}");
    }
}
