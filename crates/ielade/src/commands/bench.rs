//! `ielade bench`: the whole experiment, from a data set to a table and a page.

mod default_plan;
mod forecast;
mod looks;
mod own_images;
mod run_progress;

use super::{
    data_source, report,
    stores::{Maker, Making, was_stopped},
    verify,
    watching::foreign_names,
};
use crate::{arguments::BenchOptions, exit::Exit, interrupt, progress};
use anyhow::{Context, bail};
use ielade::{
    bench::{
        experiment::{Experiment, SessionEnd, Setup},
        plan::Plan,
        record::{DataSetSummary, StoreSummary},
        records,
        worker::WorkerCommand,
    },
    core::{ForeignNames, LayoutId, Manifest, Split},
    dataset::{DataSet, OpenOptions},
    layout::{
        Prepared,
        prepare::{IfOccupied, OnBadSample},
        registry,
    },
};
use run_progress::RunProgress;
use std::{
    io::{IsTerminal, Write},
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
};

pub(crate) fn run(options: &BenchOptions) -> anyhow::Result<Exit> {
    let proposed = propose(options)?;
    let plan = adjusted(proposed.plan, options)?;
    if options.beforehand.print_plan {
        print!("{}", plan.to_toml()?);
        return Ok(Exit::Done);
    }
    for layout in &plan.layouts {
        registry::check(layout)?;
    }
    let out = options
        .out
        .clone()
        .unwrap_or_else(|| Path::new("results").join(&plan.name));
    let beforehand = forecast::beforehand(&plan, options.pilot.as_deref(), &out)?;
    for line in proposed.estimate.iter().chain(&beforehand) {
        eprintln!("{line}");
    }
    if proposed.is_long && !options.beforehand.yes && !begun(&out) && !confirmed()? {
        return Ok(Exit::Done);
    }
    match perform(&plan, &out, interrupt::stop_flag()?) {
        Err(error) if was_stopped(&error) => {
            eprintln!("stopped; run the same command again to continue");
            Ok(Exit::Interrupted)
        }
        result => result,
    }
}

/// A plan, and what there is to say about it before it runs.
struct Proposal {
    plan: Plan,
    estimate: Vec<String>,
    is_long: bool,
}

fn propose(options: &BenchOptions) -> anyhow::Result<Proposal> {
    if let Some(path) = &options.plan {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the plan {}", path.display()))?;
        let plan = Plan::from_toml(&text, path)?;
        return Ok(Proposal {
            plan,
            estimate: Vec::new(),
            is_long: false,
        });
    }
    match &options.data {
        Some(folder) => own_images::propose(folder, &foreign_names(&options.names)),
        None => Ok(Proposal {
            plan: default_plan::demo()?,
            estimate: Vec::new(),
            is_long: false,
        }),
    }
}

fn adjusted(mut plan: Plan, options: &BenchOptions) -> anyhow::Result<Plan> {
    if let Some(blocks) = options.blocks {
        plan.blocks = blocks;
    }
    if let Some(stores) = &options.stores {
        plan.data.stores.clone_from(stores);
    }
    if !options.cache.is_empty() {
        plan.cache.clone_from(&options.cache);
    }
    plan.target_ci = options.target_ci.or(plan.target_ci);
    plan.most_blocks = options.most_blocks.or(plan.most_blocks);
    plan.memory_limit = options.memory_limit.or(plan.memory_limit);
    plan.most_repeats = options.most_repeats.unwrap_or(plan.most_repeats);
    plan.split |= options.split;
    plan.data.thumbnails &= !options.no_thumbnails;
    plan.validate()?;
    Ok(plan)
}

fn begun(out: &Path) -> bool {
    records::read(out).is_ok()
}

/// Asks whether to go on; without a terminal nobody can be asked, and the answer is yes.
fn confirmed() -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Ok(true);
    }
    eprint!("go on? [Y/n] ");
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(!answer.trim().to_lowercase().starts_with('n'))
}

fn perform(plan: &Plan, out: &Path, stop: &AtomicBool) -> anyhow::Result<Exit> {
    let data_set = open_data(plan)?;
    let test = data_set.evaluation_split();
    let stores = Stores::make(plan, &data_set, test, stop)?;
    let mut images = summary(plan, &stores);
    if !begun(out) {
        stores.verify(&data_set, stop)?;
        images.composition = Some(Box::new(looks::composition(plan, &data_set)));
    }
    let setup = Setup {
        program: concat!("ielade ", env!("CARGO_PKG_VERSION")).to_owned(),
        plan: plan.clone(),
        data_set: images,
        stores: stores
            .all
            .iter()
            .map(|(split, prepared)| store_summary(*split, prepared))
            .collect::<Result<_, _>>()?,
        worker: worker_command()?,
    };
    let mut experiment = Experiment::create_or_continue(out, setup)?;
    for warning in experiment.warnings() {
        eprintln!("warning: {warning}");
    }
    looks::keep_thumbnails(plan, &data_set, out);
    let mut shown = RunProgress::new(experiment.standing(), plan);
    let end = experiment.run(&mut shown, stop);
    shown.finish();
    let exit = match end? {
        SessionEnd::Interrupted(standing) => {
            eprintln!(
                "stopped after {} of {} runs; run the same command again to continue",
                standing.completed, standing.total
            );
            return Ok(Exit::Interrupted);
        }
        SessionEnd::Finished(standing) if standing.failed > 0 => Exit::SomeRunsFailed,
        SessionEnd::Finished(_) => Exit::Done,
    };
    report::show(out)?;
    Ok(exit)
}

fn open_data(plan: &Plan) -> anyhow::Result<DataSet> {
    let defaults = OpenOptions::default();
    let options = OpenOptions {
        test_share: plan.data.test_share.unwrap_or(defaults.test_share),
        ..defaults
    };
    let names = ForeignNames {
        images: plan.data.images.clone(),
        labels: plan.data.labels.clone(),
    };
    let data_set = data_source::open_with(plan.data.source.as_ref(), &options, &names)?;
    data_source::print_notes(&data_set);
    if data_set.split(Split::Train).is_none() {
        bail!("{} has no train split to load", data_set.source());
    }
    Ok(data_set)
}

/// The program that runs one job: this one.
fn worker_command() -> anyhow::Result<WorkerCommand> {
    let program = std::env::current_exe().context("cannot find this program's own path")?;
    let mut command = WorkerCommand::new(program);
    command.args.push("worker".into());
    Ok(command)
}

/// The stores of an experiment, training and test.
struct Stores {
    all: Vec<(Split, Prepared)>,
    test: Option<Split>,
}

impl Stores {
    fn make(
        plan: &Plan,
        data_set: &DataSet,
        test: Option<Split>,
        stop: &AtomicBool,
    ) -> anyhow::Result<Self> {
        let making = Making {
            stores: plan.data.stores.clone(),
            resize: plan.data.resize,
            orientation: plan.data.orientation,
            on_bad_sample: OnBadSample::Fail,
            if_occupied: IfOccupied::Refuse,
        };
        let mut maker = Maker::new(data_set, making, stop);
        let mut all = Vec::new();
        for layout in &plan.layouts {
            for split in [Some(Split::Train), test].into_iter().flatten() {
                all.push((split, maker.make(split, layout)?));
            }
        }
        Ok(Self { all, test })
    }

    /// The correctness gate: nothing is timed that does not deliver the same images.
    fn verify(&self, data_set: &DataSet, stop: &AtomicBool) -> anyhow::Result<()> {
        let bar = progress::counting("verify stores", self.all.len() as u64);
        for (split, prepared) in &self.all {
            let found = verify::check(&prepared.store, Some((data_set, *split)), stop)?;
            if !found.holds() {
                bar.finish_and_clear();
                bail!(
                    "{} does not deliver what the data set holds, so it is not timed:\n{found}\n\
                     delete it, and it will be made again",
                    prepared.store.display()
                );
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok(())
    }

    fn manifest(&self, split: Split) -> Option<&Manifest> {
        self.all
            .iter()
            .find(|(of, _)| *of == split)
            .map(|(_, prepared)| &prepared.manifest)
    }
}

fn summary(plan: &Plan, stores: &Stores) -> DataSetSummary {
    let train = stores.manifest(Split::Train);
    let test = stores.test.and_then(|split| stores.manifest(split));
    let count = |manifest: Option<&Manifest>| manifest.map_or(0, |one| u64::from(one.count));
    // Arrays have one size; where they took part, it tells more than `varies`.
    let shape = stores
        .all
        .iter()
        .find_map(|(_, prepared)| prepared.manifest.shape.fixed())
        .map_or_else(|| "varies".to_owned(), |spec| spec.to_string());
    let image = match plan.data.resize.or(plan.loader.resize) {
        Some((height, width)) => format!("resized to {height}×{width}×3"),
        None => shape,
    };
    DataSetSummary {
        name: train.map_or_else(String::new, |manifest| manifest.data_set.clone()),
        classes: train.map_or_else(Vec::new, |manifest| manifest.classes.clone()),
        train_samples: count(train),
        test_samples: count(test),
        image,
        ..DataSetSummary::default()
    }
}

fn store_summary(split: Split, prepared: &Prepared) -> anyhow::Result<StoreSummary> {
    let manifest = &prepared.manifest;
    let layout: LayoutId = manifest.layout.clone();
    Ok(StoreSummary {
        layout,
        split,
        path: absolute(&prepared.store)?.display().to_string(),
        count: manifest.count,
        bytes: manifest.bytes_on_disk(),
        prepare_seconds: manifest.made.seconds,
        manifest_digest: ielade::layout::store::manifest_digest(manifest),
    })
}

fn absolute(path: &Path) -> anyhow::Result<PathBuf> {
    std::path::absolute(path).with_context(|| format!("cannot resolve {}", path.display()))
}
