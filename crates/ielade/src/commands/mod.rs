//! One module a command.

pub(crate) mod bench;
pub(crate) mod compare;
pub(crate) mod completions;
pub(crate) mod fetch;
pub(crate) mod inspect;
pub(crate) mod layouts;
pub(crate) mod load;
pub(crate) mod prepare;
pub(crate) mod report;
pub(crate) mod train;
pub(crate) mod verify;

mod data_source;
mod stores;
mod watching;
