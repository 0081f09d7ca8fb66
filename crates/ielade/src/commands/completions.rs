//! `ielade completions`: what a shell needs to complete commands and options.

use crate::{
    arguments::{Arguments, CompletionsOptions},
    exit::Exit,
};
use clap::CommandFactory;

pub(crate) fn run(options: &CompletionsOptions) -> Exit {
    let mut command = Arguments::command();
    clap_complete::generate(
        options.shell,
        &mut command,
        "ielade",
        &mut std::io::stdout().lock(),
    );
    Exit::Done
}
