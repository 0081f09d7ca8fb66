//! How a layout's options say that images are encoded.

use crate::{
    LayoutError,
    options::{self, OptionRule, OptionValues},
};
use ielade_codec::{ImageEncoder, Subsampling};
use ielade_core::{Element, Encoding, LayoutId};

const QUALITY: OptionRule = OptionRule {
    name: "quality",
    description: "encode anew with this quality, as libjpeg counts it",
    values: OptionValues::Number { from: 1, to: 100 },
};
const SUBSAMPLING: OptionRule = OptionRule {
    name: "subsampling",
    description: "of the colours, when encoding anew",
    values: OptionValues::Words(&["444", "422", "420"]),
};
const RATE: OptionRule = OptionRule {
    name: "rate",
    description: "lossy, to this share of the raw bytes: 20 for a twentieth",
    values: OptionValues::Number { from: 2, to: 1000 },
};

/// The options of an encoding.
pub const fn options_of(encoding: Encoding) -> &'static [OptionRule] {
    match encoding {
        Encoding::Jpeg => &[QUALITY, SUBSAMPLING],
        Encoding::Jp2 => &[RATE],
        _ => &[],
    }
}

/// What becomes of an image on its way into a store.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum StoredForm {
    /// Raw values.
    Raw(Element),
    /// The published bytes where they are of this encoding; else its pixels, without loss.
    Kept(Encoding),
    /// Encoded anew, whatever was published.
    Anew(ImageEncoder),
}

/// How a layout's images are stored.
///
/// # Errors
/// Where the layout's encoding does not have the options that are given.
pub(crate) fn of_layout(layout: &LayoutId) -> Result<StoredForm, LayoutError> {
    let given = &layout.encoding_options;
    options::check(layout.encoding.name(), given, options_of(layout.encoding))?;
    let quality = options::number(given, QUALITY.name);
    if given.has(SUBSAMPLING.name) && quality.is_none() {
        return Err(LayoutError::Option {
            what: layout.to_string(),
            reason: "subsampling is chosen when encoding anew; add quality=90, for example"
                .to_owned(),
        });
    }
    if let Encoding::Raw(element) = layout.encoding {
        return Ok(StoredForm::Raw(element));
    }
    if let Some(quality) = quality {
        let name = given.value(SUBSAMPLING.name).unwrap_or("420");
        let known = Subsampling::ALL
            .into_iter()
            .find(|kind| kind.name() == name);
        return Ok(StoredForm::Anew(ImageEncoder::Jpeg {
            quality: quality as u8,
            subsampling: known.unwrap_or_default(),
        }));
    }
    if let Some(rate) = options::number(given, RATE.name) {
        let rate = Some(rate as f32);
        return Ok(StoredForm::Anew(ImageEncoder::Jp2 { rate }));
    }
    Ok(StoredForm::Kept(layout.encoding))
}

#[cfg(test)]
mod tests {
    use super::{StoredForm, of_layout};
    use ielade_codec::{ImageEncoder, Subsampling};
    use ielade_core::Encoding;

    #[test]
    fn options_choose_the_encoder_and_without_them_published_bytes_are_kept() {
        let form = |layout: &str| of_layout(&layout.parse().unwrap());
        assert_eq!(
            form("files/jpeg").unwrap(),
            StoredForm::Kept(Encoding::Jpeg)
        );
        assert_eq!(
            form("files/jpeg:quality=75,subsampling=422").unwrap(),
            StoredForm::Anew(ImageEncoder::Jpeg {
                quality: 75,
                subsampling: Subsampling::Half,
            })
        );
        assert_eq!(
            form("files/jp2:rate=20").unwrap(),
            StoredForm::Anew(ImageEncoder::Jp2 { rate: Some(20.0) })
        );
        for wrong in [
            "files/jpeg:quality=0",
            "files/jpeg:subsampling=420",
            "files/png:quality=90",
            "files/jp2:rate=1",
            "npy/u8:quality=9",
        ] {
            assert!(form(wrong).is_err(), "{wrong}");
        }
    }
}
