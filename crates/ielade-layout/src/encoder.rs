//! How a layout's options say that images are encoded.

use crate::{
    LayoutError,
    options::{self, OptionRule, OptionValues},
};
use ielade_core::{Encoding, LayoutId};

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

/// Fails where the layout's encoding does not have the options that are given.
pub(crate) fn of_layout(layout: &LayoutId) -> Result<(), LayoutError> {
    let given = &layout.encoding_options;
    options::check(layout.encoding.name(), given, options_of(layout.encoding))?;
    if given.has("subsampling") && !given.has("quality") {
        return Err(LayoutError::Option {
            what: layout.to_string(),
            reason: "subsampling is chosen when encoding anew; add quality=90, for example"
                .to_owned(),
        });
    }
    Ok(())
}
