//! What a writer is given, checked against what its store holds.

use crate::{LayoutError, registry::StorePlan, store::one_size};
use ielade_core::{Encoding, ImageSpec, Sample, sample::NO_LABEL};

/// What every sample of a store must be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ExpectedPayload {
    encoding: Encoding,
    /// The one size of raw images.
    size: Option<ImageSpec>,
    container: &'static str,
    classes: usize,
}

impl ExpectedPayload {
    /// What a plan asks for.
    ///
    /// # Errors
    /// Where raw images are of several sizes.
    pub(crate) fn of(plan: &StorePlan<'_>, container: &'static str) -> Result<Self, LayoutError> {
        let size = match plan.encoding.is_compressed_image() {
            true => None,
            false => Some(one_size(plan.shape, plan.folder, container)?),
        };
        Ok(Self {
            encoding: plan.encoding,
            size,
            container,
            classes: plan.classes.len(),
        })
    }

    /// Bytes of every sample; `None` where they differ.
    pub(crate) fn sample_bytes(&self) -> Option<usize> {
        let element = self.encoding.element()?;
        Some(self.size?.values() * element.size())
    }

    /// The bytes to be stored.
    ///
    /// # Errors
    /// Where the sample is something else than the store holds.
    pub(crate) fn bytes<'s>(&self, sample: &'s Sample<'_>) -> Result<&'s [u8], LayoutError> {
        let wrong = |expected: String, found: String| LayoutError::WrongPayload {
            key: sample.key.to_owned(),
            expected,
            found,
        };
        let (payload, found) = (&sample.payload, sample.payload.encoding());
        if found != self.encoding {
            return Err(wrong(self.encoding.to_string(), found.to_string()));
        }
        let bytes = payload.bytes();
        if payload.spec() != self.size {
            let text = |spec: Option<ImageSpec>| spec.map_or_else(String::new, |s| s.to_string());
            return Err(LayoutError::SizesDiffer {
                key: sample.key.to_owned(),
                found: text(payload.spec()),
                expected: text(self.size),
                container: self.container,
            });
        }
        match self.sample_bytes() {
            Some(expected) if expected != bytes.len() => Err(wrong(
                format!("{expected} bytes"),
                format!("{} bytes", bytes.len()),
            )),
            _ => Ok(bytes),
        }
    }

    /// The label to be stored, -1 for none.
    ///
    /// # Errors
    /// Where it is no index into the class names.
    pub(crate) fn label(&self, sample: &Sample<'_>) -> Result<i64, LayoutError> {
        match sample.label {
            Some(label) if label as usize >= self.classes => Err(LayoutError::LabelOutOfRange {
                key: sample.key.to_owned(),
                label,
                classes: self.classes,
            }),
            Some(label) => Ok(label.into()),
            None => Ok(NO_LABEL),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ExpectedPayload;
    use crate::registry::StorePlan;
    use ielade_core::{Encoding, ImageShape, ImageSpec, LayoutOptions, Payload, Sample, Split};
    use std::path::Path;

    fn expected(encoding: &str, shape: ImageShape) -> ExpectedPayload {
        let plan = StorePlan {
            folder: Path::new("store"),
            split: Split::Train,
            encoding: encoding.parse().unwrap(),
            options: &LayoutOptions::default(),
            shape,
            classes: &["a".to_owned()],
            expected: 1,
            written: 0,
        };
        ExpectedPayload::of(&plan, "npy").unwrap()
    }

    #[test]
    fn only_what_the_store_holds_passes() {
        let sample = |payload, label| Sample {
            key: "k",
            label,
            payload,
        };
        let spec = ImageSpec::rgb(1, 2);
        let pixels = Payload::PixelsU8 {
            spec,
            values: &[0; 6],
        };
        let raw = expected("u8", ImageShape::Fixed(spec));
        assert_eq!(raw.sample_bytes(), Some(6));
        assert_eq!(raw.bytes(&sample(pixels, None)).unwrap(), [0; 6]);
        let other = expected("u8", ImageShape::Fixed(ImageSpec::rgb(2, 1)));
        let error = other.bytes(&sample(pixels, None)).unwrap_err().to_string();
        assert!(
            error.contains("1×2×3") && error.contains("2×1×3"),
            "{error}"
        );
        let short = Payload::PixelsU8 {
            spec,
            values: &[0; 5],
        };
        let error = raw.bytes(&sample(short, None)).unwrap_err().to_string();
        assert!(error.contains("5 bytes"), "{error}");
        let encoded = Payload::Encoded {
            encoding: Encoding::Png,
            bytes: b"png",
        };
        assert!(raw.bytes(&sample(encoded, None)).is_err());
        let png = expected("png", ImageShape::Varies);
        assert_eq!(png.bytes(&sample(encoded, None)).unwrap(), b"png");
        assert_eq!(raw.label(&sample(pixels, Some(0))).unwrap(), 0);
        assert_eq!(raw.label(&sample(pixels, None)).unwrap(), -1);
        assert!(raw.label(&sample(pixels, Some(1))).is_err());
    }
}
