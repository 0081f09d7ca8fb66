use ielade_core::{Element, Encoding};
use ielade_layout::LayoutError;

/// Why a store could not be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The store could not be read.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// A sample could not be delivered, and the policy is to stop.
    #[error(
        "sample {index} ({key}) cannot be delivered: {reason}; \
         to go on without such samples, set --on-bad-sample skip (or replace)"
    )]
    BadSample {
        /// Position in the store.
        index: u32,
        /// Name within the data set.
        key: String,
        /// Why.
        reason: String,
    },
    /// A sample could not be delivered, and neither could any that was drawn in its place.
    #[error(
        "sample {index} ({key}) cannot be delivered, nor could {tries} others drawn in its place; \
         is the store damaged? check it with `ielade verify`"
    )]
    NoReplacement {
        /// Position in the store.
        index: u32,
        /// Name within the data set.
        key: String,
        /// How many were tried.
        tries: u32,
    },
    /// Image sizes differ and no common size was set.
    #[error(
        "the images of this store differ in size; set a size for all, for example --resize 224x224"
    )]
    NeedsResize,
    /// The store holds arrays of one size, and another was asked for.
    #[error(
        "the store holds {encoding} arrays of {stored}, which cannot be resized to {wanted} while \
         loading; prepare a store with --resize {wanted}, or load a store of images"
    )]
    CannotResize {
        /// What the store holds.
        encoding: Encoding,
        /// Size in the store, height×width.
        stored: String,
        /// Size asked for, height×width.
        wanted: String,
    },
    /// Values of this element type cannot be made from what the store holds.
    #[error("a store of {encoding} cannot be delivered as {element}; deliver as {possible}")]
    NoConversion {
        /// What the store holds.
        encoding: Encoding,
        /// What was asked for.
        element: Element,
        /// What is possible.
        possible: &'static str,
    },
    /// There is nothing to load.
    #[error("the store holds no samples")]
    EmptyStore,
    /// A batch without images was asked for.
    #[error("the batch size must be at least 1")]
    NoBatchSize,
    /// The system would not start a thread.
    #[error("cannot start a loader thread: {0}; set fewer --threads")]
    Thread(#[source] std::io::Error),
    /// A loader thread stopped where it must not: a fault in Ielāde.
    #[error("a loader thread stopped unexpectedly ({0}); please report this")]
    Panicked(String),
}
