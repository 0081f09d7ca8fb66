//! `ielade fetch`: a well-known data set from its authors.

use crate::{arguments::FetchOptions, exit::Exit, progress};
use ielade::dataset::fetch::{Checksum, FetchOptions as Fetching, FetchProgress, KnownSet, fetch};
use indicatif::ProgressBar;

pub(crate) fn run(options: &FetchOptions) -> anyhow::Result<Exit> {
    let set: KnownSet = options.set.parse()?;
    let fetching = Fetching {
        url: options.url.clone(),
        checksum: checksum(options),
        keep_archive: options.keep_archive,
        ..Fetching::default()
    };
    let mut shown = Shown::default();
    let folder = fetch(set, &options.to, &fetching, &mut |sign| shown.show(sign));
    shown.clear();
    let folder = folder?;
    println!("{}", folder.display());
    eprintln!("next: ielade inspect {}", folder.display());
    Ok(Exit::Done)
}

fn checksum(options: &FetchOptions) -> Checksum {
    match &options.md5 {
        Some(md5) => Checksum::Md5(md5.clone()),
        None => Checksum::Published,
    }
}

/// The bar of the current stage.
#[derive(Default)]
struct Shown {
    stage: &'static str,
    bar: Option<ProgressBar>,
}

impl Shown {
    fn show(&mut self, sign: FetchProgress) {
        match sign {
            FetchProgress::AlreadyThere { path } => {
                eprintln!(
                    "{} is already there; nothing was downloaded",
                    path.display()
                );
            }
            FetchProgress::Resuming { bytes } => {
                eprintln!("continuing at {}", progress::human_bytes(bytes));
            }
            FetchProgress::Downloading { done, total } => self.at("download", done, total),
            FetchProgress::Retrying { reason } => {
                self.clear();
                eprintln!("{reason}; trying again");
            }
            FetchProgress::Checking { done, total } => self.at("check", done, Some(total)),
            FetchProgress::Unverified { blake3, bytes } => {
                self.clear();
                eprintln!(
                    "note: the authors publish no checksum; {} came, BLAKE3 {blake3}",
                    progress::human_bytes(bytes)
                );
            }
            FetchProgress::Unpacking { bytes, .. } => self.at("unpack", bytes, None),
            _ => {}
        }
    }

    fn at(&mut self, stage: &'static str, done: u64, total: Option<u64>) {
        if self.stage != stage {
            self.clear();
            self.stage = stage;
        }
        self.bar
            .get_or_insert_with(|| match total {
                Some(total) => progress::bytes(stage, total),
                None => progress::spinner(stage),
            })
            .set_position(done);
    }

    fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}
