use crate::{broken::broken, source::MemorySource};
use ielade_codec::Decoder;
use ielade_core::{Normalisation, OrientationRule};
use ielade_layout::{
    LayoutError,
    prepare::{OnBadSample, StatisticsRequest, channel_statistics},
};
use std::sync::atomic::AtomicBool;

const REQUEST: StatisticsRequest = StatisticsRequest {
    orientation: OrientationRule::Apply,
    resize: None,
    on_bad_sample: OnBadSample::Fail,
};

fn statistics(
    request: &StatisticsRequest,
    source: &MemorySource,
) -> Result<Normalisation, LayoutError> {
    channel_statistics(request, source, &mut |_| {}, &AtomicBool::new(false))
}

#[test]
fn statistics_are_those_of_all_decoded_pixels() {
    let source = MemorySource::varied(40);
    let mut decoder = Decoder::new(OrientationRule::Apply);
    let (mut count, mut sums, mut squares) = (0, [0_u64; 3], [0_u64; 3]);
    for image in &source.images {
        let ielade_core::Payload::Encoded { bytes, .. } = image.payload() else {
            panic!()
        };
        for pixel in decoder.decode_any(bytes).unwrap().0.chunks(3) {
            count += 1;
            for channel in 0..3 {
                sums[channel] += u64::from(pixel[channel]);
                squares[channel] += u64::from(pixel[channel]).pow(2);
            }
        }
    }
    let expected = Normalisation::from_sums(count, &sums, &squares);
    assert_eq!(statistics(&REQUEST, &source).unwrap(), expected);
}

#[test]
fn statistics_are_the_same_for_any_number_of_threads() {
    let source = MemorySource::varied(40);
    let with = |threads| {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap()
            .install(|| statistics(&REQUEST, &source).unwrap())
    };
    assert_eq!(with(1), with(5));
}

#[test]
fn a_bad_sample_is_named_or_left_out() {
    let mut source = MemorySource::jpeg(30);
    let without = {
        let mut source = source.clone();
        source.images.remove(4);
        source.keys.remove(4);
        source.labels.remove(4);
        statistics(&REQUEST, &source).unwrap()
    };
    source.images[4] = broken();
    let error = statistics(&REQUEST, &source).unwrap_err().to_string();
    assert!(error.contains(&source.keys[4]), "{error}");
    let skipping = StatisticsRequest {
        on_bad_sample: OnBadSample::Skip,
        ..REQUEST
    };
    assert_eq!(statistics(&skipping, &source).unwrap(), without);
    let none = MemorySource::of(2, |_| broken());
    let error = statistics(&skipping, &none).unwrap_err();
    assert!(matches!(error, LayoutError::NoSamples { .. }), "{error}");
}
