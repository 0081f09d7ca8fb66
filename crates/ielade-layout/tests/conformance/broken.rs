//! A sample that nothing decodes.

use crate::source::Image;
use ielade_core::Encoding;

pub(crate) fn broken() -> Image {
    Image::Encoded(Encoding::Jpeg, b"this is no image".to_vec())
}
