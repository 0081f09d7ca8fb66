//! From a stored sample into its place in a batch.

use crate::fixtures;
use half::f16;
use ielade_codec::{
    AugmentationKey, BatchSlot, CodecError, Normaliser, PixelPipeline, SampleHead, ThreadContext,
    convert,
};
use ielade_core::{
    AlignedBytes, Augmentation, Element, Encoding, ImageSpec, Normalisation, OrientationRule,
    OutputSpec, Payload, sample::NO_LABEL,
};
use proptest::prelude::*;

const SPEC: ImageSpec = ImageSpec::rgb(9, 9);

const NO_AUGMENTATION: AugmentationKey = AugmentationKey {
    augmentation: Augmentation::NONE,
    seed: 0,
    epoch: 0,
};

fn cifar() -> Normalisation {
    Normalisation {
        mean: vec![0.4914, 0.4822, 0.4465],
        std: vec![0.2470, 0.2435, 0.2616],
    }
}

fn pipeline(element: Element, image: ImageSpec) -> PixelPipeline {
    let output = OutputSpec { element, image };
    PixelPipeline::new(output, &cifar(), OrientationRule::Apply)
}

/// What one sample becomes in a batch of one.
fn put(
    pipeline: &PixelPipeline,
    augmentation: AugmentationKey,
    index: u32,
    payload: Payload<'_>,
) -> Result<AlignedBytes, CodecError> {
    let mut images = AlignedBytes::zeroed(pipeline.output.image_bytes());
    let (mut labels, mut indices) = ([0], [0]);
    let mut slot = BatchSlot::new(
        pipeline,
        augmentation,
        images.as_bytes_mut(),
        &mut labels,
        &mut indices,
    );
    let mut context = ThreadContext::new(pipeline);
    let head = SampleHead { index, label: None };
    slot.put(0, head, payload, &mut context.pixels)?;
    assert_eq!((labels[0], indices[0]), (NO_LABEL, index));
    Ok(images)
}

/// One image in each form in which a store can hold it.
struct Forms {
    u8: Vec<u8>,
    u16: Vec<u16>,
    f16: Vec<f16>,
    f32: Vec<f32>,
}

impl Forms {
    fn of(pixels: &[u8]) -> Self {
        let mut planes = vec![0.0; pixels.len()];
        Normaliser::new(&cifar()).u8_to_f32(pixels, &mut planes);
        let mut halves = vec![f16::ZERO; pixels.len()];
        convert::f32_to_f16(&planes, &mut halves);
        Self {
            u8: pixels.to_vec(),
            u16: pixels.iter().copied().map(convert::u8_to_u16).collect(),
            f16: halves,
            f32: planes,
        }
    }

    fn payloads(&self, spec: ImageSpec) -> [Payload<'_>; 4] {
        [
            Payload::PixelsU8 {
                spec,
                values: &self.u8,
            },
            Payload::PixelsU16 {
                spec,
                values: &self.u16,
            },
            Payload::NormalisedF32 {
                spec,
                values: &self.f32,
            },
            Payload::NormalisedF16 {
                spec,
                values: &self.f16,
            },
        ]
    }
}

proptest! {
    #[test]
    fn a_store_of_any_element_gives_the_same_batch(
        pixels in prop::collection::vec(any::<u8>(), SPEC.values()),
        padding in 0_u32..12, horizontal_flip: bool, seed: u64, index: u32,
    ) {
        let forms = Forms::of(&pixels);
        let key = AugmentationKey {
            augmentation: Augmentation { crop_padding: padding, horizontal_flip },
            seed,
            epoch: 3,
        };
        for element in [Element::F32, Element::F16] {
            let pipeline = pipeline(element, SPEC);
            let [u8, u16, f32, f16] = forms.payloads(SPEC)
                .map(|payload| put(&pipeline, key, index, payload).unwrap());
            prop_assert_eq!(u8.as_bytes(), u16.as_bytes());
            prop_assert_eq!(u8.as_bytes(), f32.as_bytes());
            if element == Element::F16 {
                // Rounded once, by the store or by the batch.
                prop_assert_eq!(u8.as_bytes(), f16.as_bytes());
                continue;
            }
            let exact: &[f32] = bytemuck::cast_slice(f32.as_bytes());
            let rounded: &[f32] = bytemuck::cast_slice(f16.as_bytes());
            for (exact, rounded) in exact.iter().zip(rounded) {
                let expected = f16::from_f32(*exact).to_f32();
                prop_assert_eq!(rounded.to_bits(), expected.to_bits());
            }
        }
        let pipeline = pipeline(Element::U8, SPEC);
        let [u8, u16, ..] = forms.payloads(SPEC);
        let narrow = put(&pipeline, key, index, u8).unwrap();
        let wide = put(&pipeline, key, index, u16).unwrap();
        prop_assert_eq!(narrow.as_bytes(), wide.as_bytes());
    }
}

/// An image whose red channel numbers its pixels from 1; 0 is padding.
fn numbered() -> Vec<u8> {
    (1..=SPEC.pixels() as u8)
        .flat_map(|number| [number, 0, 0])
        .collect()
}

/// The window that was cut, found again from the batch: rows down, columns to the right, mirrored.
fn window(seed: u64, epoch: u64, index: u32) -> (i32, i32, bool) {
    let key = AugmentationKey {
        augmentation: Augmentation {
            crop_padding: 2,
            horizontal_flip: true,
        },
        seed,
        epoch,
    };
    let pixels = numbered();
    let payload = Payload::PixelsU8 {
        spec: SPEC,
        values: &pixels,
    };
    let image = put(&pipeline(Element::U8, SPEC), key, index, payload).unwrap();
    // The middle pixel of the batch shows which one of the image came there.
    let red = &image.as_bytes()[..SPEC.pixels()];
    let (middle, next) = (i32::from(red[4 * 9 + 4]) - 1, i32::from(red[4 * 9 + 5]) - 1);
    let mirrored = next < middle;
    (middle / 9 - 4, middle % 9 - 4, mirrored)
}

#[test]
fn the_augmentation_of_a_sample_never_changes() {
    // Written down once: recorded experiments hang on it.
    let found = [
        window(0, 0, 0),
        window(0, 0, 1),
        window(0, 1, 0),
        window(1, 0, 0),
        window(42, 7, 49_999),
        window(u64::MAX, u64::MAX, u32::MAX),
    ];
    assert_eq!(found, GOLDEN, "{found:?}");
}

const GOLDEN: [(i32, i32, bool); 6] = [
    (2, -2, false),
    (-1, -2, true),
    (0, 1, true),
    (2, -1, false),
    (-1, 1, true),
    (-2, 1, false),
];

#[test]
fn augmentations_cover_their_whole_range() {
    let windows: Vec<_> = (0..2_000).map(|index| window(5, 0, index)).collect();
    for offset in -2..=2 {
        for side in [
            windows.iter().filter(|it| it.0 == offset).count(),
            windows.iter().filter(|it| it.1 == offset).count(),
        ] {
            assert!((320..=480).contains(&side), "{offset}: {side} of 2,000");
        }
    }
    let mirrored = windows.iter().filter(|it| it.2).count();
    assert!((900..=1_100).contains(&mirrored), "{mirrored} of 2,000");
}

#[test]
fn padding_beyond_all_bounds_gives_a_black_image_or_less() {
    let pixels = numbered();
    let payload = Payload::PixelsU8 {
        spec: SPEC,
        values: &pixels,
    };
    let key = AugmentationKey {
        augmentation: Augmentation {
            crop_padding: u32::MAX,
            horizontal_flip: false,
        },
        ..NO_AUGMENTATION
    };
    let image = put(&pipeline(Element::U8, SPEC), key, 1, payload).unwrap();
    assert!(image.as_bytes().iter().all(|value| *value == 0));
}

#[test]
fn an_encoded_sample_is_decoded_resized_and_normalised() {
    let bytes = fixtures::bytes("resize-source.png");
    let (spec, expected) = fixtures::pixels("resize-11x9");
    let payload = Payload::Encoded {
        encoding: Encoding::Png,
        bytes: &bytes,
    };
    let resizing = pipeline(Element::U8, spec).resizing();
    let image = put(&resizing, NO_AUGMENTATION, 0, payload).unwrap();
    let mut planes = vec![0; spec.values()];
    Normaliser::new(&cifar()).u8_to_planes(&expected, &mut planes);
    let (_, most) = fixtures::difference(image.as_bytes(), &planes);
    assert!(most <= 1);
}

#[test]
fn an_image_of_another_size_is_refused_unless_it_may_be_resized() {
    let pixels = numbered();
    for payload in Forms::of(&pixels).payloads(SPEC) {
        let other = pipeline(Element::F32, ImageSpec::rgb(8, 9));
        let error = put(&other, NO_AUGMENTATION, 0, payload).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the image is 9×9×3 but the batch holds 8×9×3; set a size to resize to"
        );
    }
}

#[test]
fn fewer_values_than_the_size_says_are_refused() {
    let forms = Forms::of(&numbered()[..30]);
    for payload in forms.payloads(SPEC) {
        let error = put(&pipeline(Element::F32, SPEC), NO_AUGMENTATION, 0, payload).unwrap_err();
        assert!(error.to_string().contains("30 values"), "{error}");
    }
}

#[test]
fn conversions_without_meaning_are_refused_by_name() {
    let forms = Forms::of(&numbered());
    let [u8, u16, f32, f16] = forms.payloads(SPEC);
    let refused = |element, payload| {
        let error = put(&pipeline(element, SPEC), NO_AUGMENTATION, 0, payload).unwrap_err();
        assert!(matches!(error, CodecError::NoConversion { .. }), "{error}");
        error.to_string()
    };
    assert_eq!(
        refused(Element::U8, f32),
        "f32 values cannot be delivered as u8; load u8 from a store that holds pixels"
    );
    refused(Element::U8, f16);
    for payload in [u8, u16, f32, f16] {
        refused(Element::U16, payload);
    }
}

#[test]
fn labels_and_positions_are_written_beside_the_images() {
    let pipeline = pipeline(Element::F32, SPEC);
    let mut images = AlignedBytes::zeroed(3 * pipeline.output.image_bytes());
    let (mut labels, mut indices) = ([0; 3], [0; 3]);
    let mut slot = BatchSlot::new(
        &pipeline,
        NO_AUGMENTATION,
        images.as_bytes_mut(),
        &mut labels,
        &mut indices,
    );
    let pixels = numbered();
    let payload = Payload::PixelsU8 {
        spec: SPEC,
        values: &pixels,
    };
    let mut context = ThreadContext::new(&pipeline);
    let heads = [(7, Some(3)), (9, None), (2, Some(0))];
    let [first, second, third] = heads.map(|(index, label)| SampleHead { index, label });
    slot.put(0, first, payload, &mut context.pixels).unwrap();
    let mut rest = slot.from_place(1);
    assert_eq!(rest.len(), 2);
    rest.put(1, third, payload, &mut context.pixels).unwrap();
    rest.put(0, second, payload, &mut context.pixels).unwrap();
    assert_eq!(labels, [3, NO_LABEL, 0]);
    assert_eq!(indices, [7, 9, 2]);
    let places: Vec<&[u8]> = images
        .as_bytes()
        .chunks(pipeline.output.image_bytes())
        .collect();
    assert!(places[0] == places[1] && places[1] == places[2]);
    assert!(places[0].iter().any(|byte| *byte != 0));
}

proptest! {
    #[test]
    fn planes_of_bytes_give_the_same_batch_as_interleaved_pixels(
        pixels in proptest::collection::vec(any::<u8>(), SPEC.values()),
        seed in any::<u64>(),
    ) {
        let planes: Vec<u8> = (0..3)
            .flat_map(|channel| pixels.iter().skip(channel).step_by(3).copied())
            .collect();
        let key = AugmentationKey {
            augmentation: Augmentation { crop_padding: 4, horizontal_flip: true },
            seed,
            epoch: 0,
        };
        for element in [Element::F32, Element::F16, Element::U8] {
            let pipeline = pipeline(element, SPEC);
            let expected =
                put(&pipeline, key, 5, Payload::PixelsU8 { spec: SPEC, values: &pixels }).unwrap();
            let mut images = AlignedBytes::zeroed(pipeline.output.image_bytes());
            let (mut labels, mut indices) = ([0], [0]);
            let mut slot = BatchSlot::new(
                &pipeline,
                key,
                images.as_bytes_mut(),
                &mut labels,
                &mut indices,
            );
            prop_assert!(slot.is_of_size(SPEC));
            let scratch = &mut ThreadContext::new(&pipeline).pixels;
            let head = SampleHead { index: 5, label: Some(2) };
            slot.put_planes(0, head, &planes, scratch).unwrap();
            prop_assert!(slot.put_planes(0, head, &planes[1..], scratch).is_err());
            prop_assert_eq!((labels[0], indices[0]), (2, 5));
            prop_assert_eq!(images.as_bytes(), expected.as_bytes());
        }
    }
}
