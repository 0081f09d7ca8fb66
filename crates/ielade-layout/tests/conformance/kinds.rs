//! Fewer layouts, for tests that take long.

use crate::stores::layouts;
use ielade_core::{Element, Encoding, LayoutId};

/// As [`layouts`], with one encoding of each kind that containers treat differently: image bytes,
/// integers as decoded, normalised floats.
pub(crate) fn layouts_of_each_kind() -> Vec<LayoutId> {
    let kinds = [
        Encoding::Jpeg,
        Encoding::Raw(Element::U8),
        Encoding::Raw(Element::F32),
    ];
    let mut layouts = layouts();
    layouts.retain(|layout| kinds.contains(&layout.encoding));
    layouts
}
