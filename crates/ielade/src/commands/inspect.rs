//! `ielade inspect`: what is in a data set.

use super::{data_source, watching::foreign_names};
use crate::{arguments::InspectOptions, exit::Exit, progress};
use ielade::dataset::{InspectOptions as Looking, inspect};

pub(crate) fn run(options: &InspectOptions) -> anyhow::Result<Exit> {
    let data_set = data_source::open(
        &options.source,
        &options.opening,
        &foreign_names(&options.names),
    )?;
    let bar = progress::counting("inspect", 0);
    let looking = Looking {
        threads: options.threads,
    };
    let inspection = inspect(&data_set, &looking, &|done, total| {
        bar.set_length(total);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    if options.json {
        println!("{}", serde_json::to_string_pretty(&inspection)?);
    } else {
        print!("{inspection}");
    }
    Ok(Exit::Done)
}
