//! The command, run as a user would.

mod command_line;
mod ending;
mod experiment;
mod foreign;
mod photos;
mod plans;
#[path = "../shared/mod.rs"]
mod shared;
mod terminal;
