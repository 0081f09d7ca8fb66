//! Showing a job that runs in this process.

use crate::{
    arguments::{LoaderOptions, NameOptions},
    progress,
};
use anyhow::Context;
use ielade::{
    core::{
        Augmentation, ForeignNames,
        training::Evaluation,
        worker_protocol::{EpochReport, Event, LastBatch, LoaderSettings, Ready},
    },
    report::figures,
    worker::{Observer, WorkerError},
};
use indicatif::ProgressBar;
use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
};

/// A shuffle above this score is not worth a line.
const GOOD_SHUFFLE: f64 = 0.97;

/// The loader's settings as given on the command line.
pub(crate) fn loader_settings(options: &LoaderOptions) -> LoaderSettings {
    LoaderSettings {
        batch_size: options.batch_size,
        threads: options.threads,
        prefetch: options.prefetch,
        element: options.element,
        resize: options.resize,
        augmentation: Augmentation {
            crop_padding: options.crop_padding,
            horizontal_flip: options.flip,
        },
        shuffle: options.shuffle,
        last_batch: if options.drop_last {
            LastBatch::Drop
        } else {
            LastBatch::Keep
        },
        on_bad_sample: options.on_bad_sample.into(),
    }
}

/// What the user says of a file that others made.
pub(crate) fn foreign_names(options: &NameOptions) -> ForeignNames {
    ForeignNames {
        images: options.images.clone(),
        labels: options.labels.clone(),
    }
}

/// Prints events as they come, and shows a bar within each epoch.
pub(crate) struct Watching {
    bar: ProgressBar,
    events: Option<BufWriter<File>>,
    batch_size: u64,
}

impl Watching {
    /// Watches; `events` also keeps every event as a JSON line.
    pub(crate) fn new(batch_size: u32, events: Option<&Path>) -> anyhow::Result<Self> {
        let events = events
            .map(|path| {
                File::create_new(path)
                    .map(BufWriter::new)
                    .with_context(|| format!("cannot write events to {}", path.display()))
            })
            .transpose()?;
        Ok(Self {
            bar: progress::counting("epoch 1", 0),
            events,
            batch_size: batch_size.into(),
        })
    }

    /// A line on standard output, above the bar where there is one.
    fn say(&self, line: &str) {
        self.bar.suspend(|| println!("{line}"));
    }

    fn ready(&self, ready: &Ready) {
        for guess in &ready.guesses {
            self.say(&format!("guessed: {guess}"));
        }
        let model = ready
            .parameters
            .map(|parameters| format!(", {} parameters", figures::count(parameters)))
            .unwrap_or_default();
        self.say(&format!(
            "{} images, {} threads, {}{model}; ready after {}; {} of the store in the page cache",
            figures::count(ready.samples.into()),
            ready.threads,
            ready.device,
            figures::seconds(ready.setup_seconds),
            ready
                .residency
                .map_or_else(|| "an unknown share".to_owned(), figures::percent),
        ));
        if let Some(order) = ready
            .order
            .as_ref()
            .filter(|order| order.score < GOOD_SHUFFLE)
        {
            self.say(&format!(
                "shuffle {}, score {:.2} (1 is a global shuffle)",
                order.shuffle, order.score
            ));
        }
        self.bar
            .set_length(u64::from(ready.samples).div_ceil(self.batch_size));
    }

    fn epoch(&self, report: &EpochReport) {
        let mut parts = vec![format!(
            "epoch {}: {}, {}, first batch after {}, waited {}",
            report.epoch + 1,
            figures::seconds(report.seconds),
            figures::images_per_second(report.images as f64 / report.seconds),
            figures::seconds(report.first_batch_seconds),
            figures::percent(report.wait_seconds / report.seconds),
        )];
        if let Some(train) = &report.train {
            parts.push(format!(
                "loss {:.4}, top-1 {}",
                train.loss,
                figures::percent(train.top1)
            ));
        }
        if let Some(test) = &report.test {
            parts.push(format!(
                "test loss {:.4}, top-1 {}, top-5 {}",
                test.loss,
                figures::percent(test.top1),
                figures::percent(test.top5)
            ));
        }
        self.say(&parts.join("; "));
        for bad in &report.bad_samples {
            self.say(&format!("  bad sample {}: {}", bad.key, bad.reason));
        }
    }

    /// Takes the bar away.
    pub(crate) fn finish(&mut self) -> anyhow::Result<()> {
        self.bar.finish_and_clear();
        if let Some(events) = &mut self.events {
            events.flush()?;
        }
        Ok(())
    }
}

impl Observer for Watching {
    fn event(&mut self, event: Event) -> Result<(), WorkerError> {
        if let Some(events) = &mut self.events {
            serde_json::to_writer(&mut *events, &event).map_err(std::io::Error::from)?;
            events.write_all(b"\n")?;
        }
        match &event {
            Event::Ready(ready) => self.ready(ready),
            Event::Epoch(report) => self.epoch(report),
            Event::Done(done) => {
                if let Some(evaluation) = &done.evaluation {
                    self.say(&classes(evaluation));
                }
                self.say(&format!(
                    "total training time {}",
                    figures::seconds(done.training_seconds)
                ));
            }
            Event::Failed(_) => {}
        }
        Ok(())
    }

    fn step(&mut self, epoch: u32, step: u64, loss: Option<f32>) {
        // Drawing is limited by the bar itself; the text only changes where there is a loss.
        if let Some(loss) = loss {
            self.bar
                .set_message(format!("epoch {} loss {loss:.3}", epoch + 1));
            self.bar.set_position(step);
        }
    }
}

/// Precision, recall and F1 over all classes, and the classes that are told apart worst.
fn classes(evaluation: &Evaluation) -> String {
    let count = evaluation.classes.len().max(1) as f64;
    let mean = |of: fn(&ielade::core::training::ClassMetrics) -> f64| {
        evaluation.classes.iter().map(of).sum::<f64>() / count
    };
    format!(
        "mean over classes: precision {}, recall {}, F1 {}",
        figures::percent(mean(|class| class.precision)),
        figures::percent(mean(|class| class.recall)),
        figures::percent(mean(|class| class.f1)),
    )
}
