//! `ielade layouts`: what there is to choose from.

use crate::exit::Exit;
use ielade::layout::support;

pub(crate) fn run() -> Exit {
    print!("{}", support::table());
    Exit::Done
}
