//! Runs a whole experiment with `fake_worker`, so that tests can kill it.
//!
//! `fake_harness RECORDS BLOCKS STORE...`: the stores are folders whose names say what the worker
//! does with them; each takes part as a layout of its own. One line is written to standard output
//! for everything that happens. The machine counts as quiet, or as always busy where the variable
//! `FAKE_HARNESS_BUSY` is set.

use ielade_bench::{
    busy::{Unwatched, Watch},
    experiment::{Experiment, Progress, RunPlace, Setup, Standing},
    plan::{ConsumerPlan, DataPlan, Plan},
    record::{DataSetSummary, ProbeSummary, RunRecord, StoreSummary},
    worker::WorkerCommand,
};
use ielade_core::{
    LayoutId, Split,
    worker_protocol::{Consumer, Event},
};
use std::{error::Error, path::Path, sync::atomic::AtomicBool};

/// One layout a store, in the order of the arguments.
const LAYOUTS: [&str; 4] = ["files/jpeg", "npy/u8", "npy/f16", "npy/f32"];

/// Writes a line for everything that happens.
struct Lines;

impl Progress for Lines {
    fn run_started(&mut self, run: &RunPlace<'_>, _standing: &Standing) {
        println!("started {}", run.configuration.name);
    }

    fn event(&mut self, run: &RunPlace<'_>, event: &Event) {
        let kind = match event {
            Event::Ready(_) => "ready",
            Event::Epoch(_) => "epoch",
            Event::Done(_) => "done",
            Event::Failed(_) => "failed",
        };
        println!("{kind} {}", run.configuration.name);
    }

    fn run_ended(&mut self, run: &RunPlace<'_>, _record: &RunRecord, _standing: &Standing) {
        println!("ended {}", run.configuration.name);
    }
}

/// Finds every machine busy.
#[derive(Debug)]
struct Busy;

impl Watch for Busy {
    fn before(&mut self, _stop: &AtomicBool) -> Option<String> {
        None
    }

    fn after(&mut self, _configuration: u32, _seen: &ProbeSummary) -> Option<String> {
        Some("as the test wants it".to_owned())
    }
}

fn watch() -> Box<dyn Watch> {
    match std::env::var_os("FAKE_HARNESS_BUSY") {
        Some(_) => Box::new(Busy),
        None => Box::new(Unwatched),
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [records, blocks, stores @ ..] = arguments.as_slice() else {
        return Err("usage: fake_harness RECORDS BLOCKS STORE...".into());
    };
    let worker = std::env::current_exe()?.with_file_name("fake_worker");
    let setup = setup(blocks.parse()?, stores, worker.as_path())?;
    let experiment = Experiment::create_or_continue(Path::new(records), setup)?;
    let mut experiment = experiment.watched_by(watch());
    let end = experiment.run(&mut Lines, &AtomicBool::new(false))?;
    println!("{end:?}");
    Ok(())
}

fn setup(blocks: u32, stores: &[String], worker: &Path) -> Result<Setup, Box<dyn Error>> {
    let layouts: Vec<LayoutId> = LAYOUTS
        .iter()
        .take(stores.len())
        .map(|layout| layout.parse())
        .collect::<Result<_, _>>()?;
    let consumers = vec![ConsumerPlan::of(Consumer::None)];
    let plan = Plan {
        blocks,
        control: false,
        ..Plan::new("fake", DataPlan::of("demo"), layouts.clone(), consumers)?
    };
    Ok(Setup {
        program: "fake 1".to_owned(),
        plan,
        data_set: DataSetSummary {
            name: "demo".to_owned(),
            classes: Vec::new(),
            train_samples: 100,
            test_samples: 0,
            image: "32×32×3".to_owned(),
            ..DataSetSummary::default()
        },
        stores: layouts
            .into_iter()
            .zip(stores)
            .map(|(layout, path)| StoreSummary {
                layout,
                split: Split::Train,
                path: path.clone(),
                count: 100,
                bytes: 1000,
                prepare_seconds: 1.0,
                manifest_digest: "digest".to_owned(),
            })
            .collect(),
        worker: WorkerCommand::new(worker),
    })
}
