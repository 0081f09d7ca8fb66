//! `ielade prepare`: a data set as stores.

use super::{
    data_source,
    stores::{Maker, Making, was_stopped},
    watching::foreign_names,
};
use crate::{
    arguments::{PrepareBadSample, PrepareOptions},
    exit::Exit,
    interrupt, progress,
};
use ielade::{
    core::Split,
    dataset::DataSet,
    layout::{
        Prepared,
        prepare::{IfOccupied, OnBadSample},
        registry,
    },
};

pub(crate) fn run(options: &PrepareOptions) -> anyhow::Result<Exit> {
    for layout in &options.layout {
        registry::check(layout)?;
    }
    let data_set = data_source::open(
        &options.source,
        &options.opening,
        &foreign_names(&options.names),
    )?;
    data_source::print_notes(&data_set);
    let making = Making {
        stores: options.stores.clone(),
        resize: options.resize,
        orientation: options.orientation.into(),
        on_bad_sample: match options.on_bad_sample {
            PrepareBadSample::Fail => OnBadSample::Fail,
            PrepareBadSample::Skip => OnBadSample::Skip,
        },
        if_occupied: if options.force {
            IfOccupied::Replace
        } else {
            IfOccupied::Refuse
        },
    };
    let mut maker = Maker::new(&data_set, making, interrupt::stop_flag()?);
    for split in splits(options, &data_set) {
        for layout in &options.layout {
            match maker.make(split, layout) {
                Ok(prepared) => print(&prepared),
                Err(error) if was_stopped(&error) => {
                    eprintln!("stopped; run the same command again to continue");
                    return Ok(Exit::Interrupted);
                }
                Err(error) => return Err(error),
            }
        }
    }
    Ok(Exit::Done)
}

fn splits(options: &PrepareOptions, data_set: &DataSet) -> Vec<Split> {
    if options.split.is_empty() {
        data_set.splits().collect()
    } else {
        options.split.clone()
    }
}

fn print(prepared: &Prepared) {
    let manifest = &prepared.manifest;
    let size = progress::human_bytes(manifest.bytes_on_disk());
    let how = if prepared.already_there {
        "already there".to_owned()
    } else {
        let rate = f64::from(manifest.count) / manifest.made.seconds.max(1e-9);
        format!("{:.1} s, {rate:.0} images/s", manifest.made.seconds)
    };
    println!(
        "{}: {} images of {}, {size}, {how}",
        prepared.store.display(),
        manifest.count,
        manifest.shape
    );
    if prepared.skipped > 0 {
        println!(
            "  {} bad samples left out, listed in {}",
            prepared.skipped,
            prepared.store.join("skipped.csv").display()
        );
    }
}
