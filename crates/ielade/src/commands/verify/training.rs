//! `ielade verify --training`: the same seed trained from each store must give the same losses.

use crate::progress;
use anyhow::{Context, ensure};
use ielade::{
    core::{
        ForeignNames, LayoutId,
        training::{ModelName, TrainingSettings},
        worker_protocol::{
            BatchOrigin, CacheState, Consumer, Event, Job, LoaderSettings, PROTOCOL_VERSION,
        },
    },
    layout::open_any,
    worker::{Observer, WorkerError, run_job},
};
use std::path::{Path, PathBuf};

/// Difference of the mean loss, as a share of it, that a store that does not keep every pixel may
/// make.
const LOSSY_TOLERANCE: f64 = 0.05;

/// Trains from every store and prints how the losses compare with those of the first; tells whether
/// they agree.
pub(super) fn compare(
    stores: &[PathBuf],
    names: &ForeignNames,
    model: ModelName,
) -> anyhow::Result<bool> {
    ensure!(
        stores.len() > 1,
        "--training compares stores with each other; name at least two"
    );
    let first = Curve::of(&stores[0], names, model)?;
    println!(
        "{model}, one epoch, seed 1: {} steps from {}, mean loss {:.4}",
        first.losses.len(),
        stores[0].display(),
        first.mean()
    );
    let mut all_agree = true;
    for store in &stores[1..] {
        let curve = Curve::of(store, names, model)?;
        let (agrees, verdict) = curve.compare(&first);
        println!("{}: {verdict}", store.display());
        all_agree &= agrees;
    }
    Ok(all_agree)
}

/// The loss of every step of an epoch.
struct Curve {
    losses: Vec<f32>,
    layout: LayoutId,
}

impl Curve {
    fn of(store: &Path, names: &ForeignNames, model: ModelName) -> anyhow::Result<Self> {
        let layout = open_any(store, names)?.reader.manifest().layout.clone();
        let job = Job {
            protocol: PROTOCOL_VERSION,
            train_store: store.to_owned(),
            test_store: None,
            names: names.clone(),
            loader: LoaderSettings::default(),
            consumer: Consumer::Model(TrainingSettings::of(model)),
            epochs: 1,
            seed: 1,
            cache: CacheState::AsIs,
            batches: BatchOrigin::Store,
            memory_limit: None,
            save_weights: None,
        };
        let mut losses = Losses::default();
        let bar = progress::counting("train", 0);
        let result = run_job(&job, &mut losses);
        bar.finish_and_clear();
        result.with_context(|| format!("cannot train from {}", store.display()))?;
        Ok(Self {
            losses: losses.0,
            layout,
        })
    }

    fn mean(&self) -> f64 {
        self.losses.iter().copied().map(f64::from).sum::<f64>() / self.losses.len().max(1) as f64
    }

    /// Whether the losses agree with another store's, and in what words.
    fn compare(&self, first: &Self) -> (bool, String) {
        let differing = |(a, b): &(&f32, &f32)| a.to_bits() != b.to_bits();
        let pairs = || self.losses.iter().zip(&first.losses);
        if self.losses.len() != first.losses.len() {
            return (false, format!("{} steps, not as many", self.losses.len()));
        }
        let Some(step) = pairs().position(|pair| differing(&pair)) else {
            return (true, "the same losses, bit for bit".to_owned());
        };
        let share = (self.mean() - first.mean()).abs() / first.mean();
        let exact = self.layout.keeps_pixels() && first.layout.keeps_pixels();
        let agrees = !exact && share <= LOSSY_TOLERANCE;
        (
            agrees,
            format!(
                "losses differ from step {} on ({} of {}), mean loss {:.4}, {:.2} % off{}",
                step + 1,
                pairs().filter(differing).count(),
                self.losses.len(),
                self.mean(),
                share * 100.0,
                if exact {
                    "; both keep every pixel, so they must be the same"
                } else {
                    ""
                }
            ),
        )
    }
}

#[derive(Default)]
struct Losses(Vec<f32>);

impl Observer for Losses {
    fn event(&mut self, event: Event) -> Result<(), WorkerError> {
        if let Event::Epoch(report) = event {
            self.0.extend(report.step_losses);
        }
        Ok(())
    }
}
