//! The command line: every command with its options and examples.

use clap::{Args, Parser, Subcommand, ValueEnum};
use ielade::{
    bench::plan::MemoryLimit,
    core::{
        BadSamplePolicy, Element, LayoutId, OrientationRule, Shuffle, Split,
        training::{ModelName, OptimiserName, Schedule},
        worker_protocol::CacheState,
    },
    report::{Format, Language},
};
use std::path::PathBuf;

/// How to store and load an image data set so that training on your machine is fastest.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100, after_help = crate::exit::HELP)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Find out which way of storing and loading trains fastest here
    #[command(after_help = BENCH_EXAMPLES)]
    Bench(BenchOptions),
    /// Make the reports of an experiment, and show its table, from the records
    #[command(after_help = REPORT_EXAMPLES)]
    Report(ReportOptions),
    /// Compare two experiments: two machines, two versions, two days
    #[command(after_help = COMPARE_EXAMPLES)]
    Compare(CompareOptions),
    /// Download a well-known data set from its authors
    #[command(after_help = FETCH_EXAMPLES)]
    Fetch(FetchOptions),
    /// Show what is in a data set: counts, classes, formats, sizes, broken files
    #[command(after_help = INSPECT_EXAMPLES)]
    Inspect(InspectOptions),
    /// Show which containers and encodings there are, and their options
    #[command(after_help = LAYOUTS_EXAMPLES)]
    Layouts,
    /// Write a data set as stores, one for each layout and split
    #[command(after_help = PREPARE_EXAMPLES)]
    Prepare(PrepareOptions),
    /// Check stores against their manifests, the data set that they were made from, and each other
    #[command(after_help = VERIFY_EXAMPLES)]
    Verify(VerifyOptions),
    /// Load a store and time it, without a model
    #[command(after_help = LOAD_EXAMPLES)]
    Load(LoadOptions),
    /// Train a model from a store
    #[command(after_help = TRAIN_EXAMPLES)]
    Train(TrainOptions),
    /// Print what a shell needs to complete commands and options
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions(CompletionsOptions),
    /// Run one job from standard input (for the harness)
    #[command(hide = true)]
    Worker,
}

const BENCH_EXAMPLES: &str = "\
Examples:
  ielade bench                          the demo set, about five minutes, no download
  ielade bench --data photos/           your own images: a folder of class folders
  ielade bench experiments/cifar10.toml a plan in full
  ielade bench --data photos/ --cache warm --cache cold --target-ci 2%
  ielade bench --data people/ --no-thumbnails     a report without pictures
Stopped by Ctrl-C, a crash or a power cut, the same command continues.";

const REPORT_EXAMPLES: &str = "\
Examples:
  ielade report results/demo            writes results/demo/report.html
  ielade report results/demo --format docx,latex --lang en,lv
  ielade report results/demo --format csv,parquet --out figures";

const COMPARE_EXAMPLES: &str = "\
Examples:
  ielade compare results/laptop results/server
  ielade compare results/v1 results/v2 --format markdown > comparison.md";

const FETCH_EXAMPLES: &str = "\
Examples:
  ielade fetch cifar10
  ielade fetch tiny-imagenet --to data
  ielade fetch cifar10 --url http://localhost:8000/cifar-10-binary.tar.gz";

const INSPECT_EXAMPLES: &str = "\
Examples:
  ielade inspect data/face-masks
  ielade inspect demo --json
  ielade inspect photos.parquet";

const PREPARE_EXAMPLES: &str = "\
Examples:
  ielade prepare data/cifar10 --layout npy/u8
  ielade prepare photos --layout files/jpeg --layout npy/f16 --resize 224x224
  ielade prepare data/cifar10 --layout zarr:chunk=128,zstd/u8 --layout files/jpeg:quality=90
Stopped in the middle, the same command continues.";

const LAYOUTS_EXAMPLES: &str = "\
Example:
  ielade layouts                        as Markdown, as on the page docs/layouts.md";

const VERIFY_EXAMPLES: &str = "\
Examples:
  ielade verify stores/cifar10-train/npy-u8 --against data/cifar10
  ielade verify stores/cifar10-train/files-jpeg stores/cifar10-train/zarr-u8 --training
  ielade verify photos.h5 --images train/images --labels train/labels";

const LOAD_EXAMPLES: &str = "\
Examples:
  ielade load stores/cifar10-train/npy-u8
  ielade load stores/face-masks-train/files-jpeg --resize 224x224 --batch-size 32 --epochs 5
  ielade load photos.h5 --images train/images --labels train/labels";

const TRAIN_EXAMPLES: &str = "\
Example:
  ielade train stores/cifar10-train/npy-u8 --test stores/cifar10-test/npy-u8 --model cnn --epochs 3";

const COMPLETIONS_EXAMPLES: &str = "\
Example:
  ielade completions bash > ~/.local/share/bash-completion/completions/ielade";

#[derive(Debug, Args)]
pub(crate) struct BenchOptions {
    /// A plan (TOML); without it, the demo set or the images of --data
    #[arg(conflicts_with = "data")]
    pub(crate) plan: Option<PathBuf>,
    /// Your own images: a folder of class folders, a data set that `ielade fetch` knows, or a file
    /// (HDF5, Zarr, TFRecord, tar, Parquet, ...)
    #[arg(long, value_name = "FOLDER")]
    pub(crate) data: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) names: NameOptions,
    /// Where records and page go [default: results/NAME]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: Option<PathBuf>,
    /// Where stores are kept [default: stores, or as the plan says]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) stores: Option<PathBuf>,
    /// How often every configuration runs [default: 10, or as the plan says]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) blocks: Option<u32>,
    /// State of the page cache: warm, cold (before every epoch), cold-first or as-is; several are
    /// all run [default: warm, or as the plan says]
    #[arg(long, value_name = "STATE", value_parser = cache_state)]
    pub(crate) cache: Vec<CacheState>,
    /// Add blocks until every interval is as narrow as this, for example 2%
    #[arg(long, value_name = "SHARE", value_parser = percentage)]
    pub(crate) target_ci: Option<f64>,
    /// The most blocks that --target-ci may lead to [default: four times --blocks]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) most_blocks: Option<u32>,
    /// How often a run that other programs disturbed is repeated; 0 neither repeats it nor waits for a
    /// quiet machine [default: 1, or as the plan says]
    #[arg(long, value_name = "N")]
    pub(crate) most_repeats: Option<u32>,
    /// Run each model on batches from memory too, for the time that it takes alone
    #[arg(long)]
    pub(crate) split: bool,
    /// Memory that a worker may use, its page cache included, for example 512MiB
    #[arg(long, value_name = "SIZE")]
    pub(crate) memory_limit: Option<MemoryLimit>,
    /// Keep no small copies of images beside the records; without this a few of each class, up to 24,
    /// are shown in the report, and sent along with it
    #[arg(long)]
    pub(crate) no_thumbnails: bool,
    /// Results of an earlier experiment on this machine, which tell how long this one takes and
    /// which differences it can find
    #[arg(long, value_name = "FOLDER")]
    pub(crate) pilot: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) beforehand: BeforehandOptions,
}

/// What happens before the first run of an experiment.
#[derive(Debug, Args)]
pub(crate) struct BeforehandOptions {
    /// Print the plan as TOML and stop, to be changed and run as a file
    #[arg(long)]
    pub(crate) print_plan: bool,
    /// Do not ask before a long experiment
    #[arg(long, short)]
    pub(crate) yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ReportOptions {
    /// Folder with the records of an experiment
    pub(crate) results: PathBuf,
    /// Forms of the report: html, docx, latex, markdown, csv, parquet
    #[arg(
        long,
        value_name = "FORMATS",
        value_delimiter = ',',
        default_value = "html"
    )]
    pub(crate) format: Vec<Format>,
    /// Languages of the reports that are text: en, lv
    #[arg(
        long,
        value_name = "LANGUAGES",
        value_delimiter = ',',
        default_value = "en"
    )]
    pub(crate) lang: Vec<Language>,
    /// Folder for the files; made where it is missing [default: the folder with the records]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct CompareOptions {
    /// Folder with the records of the experiment to compare with
    pub(crate) first: PathBuf,
    /// Folder with the records of the experiment that is compared
    pub(crate) second: PathBuf,
    /// How the comparison is written
    #[arg(long, value_enum, default_value_t = ComparisonFormat::Text)]
    pub(crate) format: ComparisonFormat,
}

/// How a comparison is written.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum ComparisonFormat {
    /// For a terminal
    Text,
    /// For a README, an issue or a wiki
    Markdown,
}

#[derive(Debug, Args)]
pub(crate) struct FetchOptions {
    /// Which data set
    #[arg(value_parser = ["cifar10", "tiny-imagenet", "face-masks"])]
    pub(crate) set: String,
    /// Folder that the data set's own folder goes into
    #[arg(long, value_name = "FOLDER", default_value = "data")]
    pub(crate) to: PathBuf,
    /// Another address of the same archive
    #[arg(long)]
    pub(crate) url: Option<String>,
    /// MD5 of that archive, where it differs from the authors'
    #[arg(long, value_name = "HEX", requires = "url")]
    pub(crate) md5: Option<String>,
    /// Keep the archive beside the unpacked folder
    #[arg(long)]
    pub(crate) keep_archive: bool,
}

/// A data set and how it is opened.
#[derive(Debug, Args)]
pub(crate) struct SourceOptions {
    /// Share of each class that is set aside for test, where the set has no split of its own
    #[arg(long, value_name = "SHARE", default_value_t = 0.2, value_parser = share)]
    pub(crate) test_share: f64,
    /// Accept class folders without images as classes
    #[arg(long)]
    pub(crate) allow_empty_classes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct InspectOptions {
    /// Folder of the data set, a store, a file that others made, or `demo`
    pub(crate) source: PathBuf,
    #[command(flatten)]
    pub(crate) opening: SourceOptions,
    #[command(flatten)]
    pub(crate) names: NameOptions,
    /// Print everything as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Threads that decode; 0 takes one for each core
    #[arg(long, default_value_t = 0)]
    pub(crate) threads: usize,
}

#[derive(Debug, Args)]
pub(crate) struct PrepareOptions {
    /// Folder of the data set, a store, a file that others made, or `demo`
    pub(crate) source: PathBuf,
    #[command(flatten)]
    pub(crate) opening: SourceOptions,
    #[command(flatten)]
    pub(crate) names: NameOptions,
    /// Container and encoding; may be given several times
    #[arg(long, value_name = "LAYOUT", required = true)]
    pub(crate) layout: Vec<LayoutId>,
    /// Only these splits; may be given several times
    #[arg(long)]
    pub(crate) split: Vec<Split>,
    /// Where stores are kept
    #[arg(long, value_name = "FOLDER", default_value = "stores")]
    pub(crate) stores: PathBuf,
    /// Resize every image before it is stored (arrays only; compressed images stay as they are)
    #[arg(long, value_name = "HxW", value_parser = size)]
    pub(crate) resize: Option<(u32, u32)>,
    /// What is done with EXIF orientations
    #[arg(long, value_enum, default_value_t)]
    pub(crate) orientation: OrientationArgument,
    /// What happens to a sample that cannot be decoded
    #[arg(long, value_enum, default_value_t)]
    pub(crate) on_bad_sample: PrepareBadSample,
    /// Make stores again that are there with other settings
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(crate) enum PrepareBadSample {
    /// Stop, and name the file
    #[default]
    Fail,
    /// Leave it out of the store, and list it
    Skip,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyOptions {
    /// Folder of the store, or a file that others made. Of several, each is compared with the first
    #[arg(required = true, value_name = "STORE")]
    pub(crate) stores: Vec<PathBuf>,
    /// Folder of the data set that they were made from, or `demo`
    #[arg(long, value_name = "SOURCE")]
    pub(crate) against: Option<PathBuf>,
    /// Also train the same model from the same seed on each of several, and compare the losses
    #[arg(long)]
    pub(crate) training: bool,
    /// The model of --training
    #[arg(long, default_value = "mlp", requires = "training")]
    pub(crate) model: ModelName,
    #[command(flatten)]
    pub(crate) names: NameOptions,
    #[command(flatten)]
    pub(crate) opening: SourceOptions,
}

/// What is said of a file that others made.
#[derive(Debug, Clone, Args)]
pub(crate) struct NameOptions {
    /// Data set, array, column or key of the images, in a file without a manifest [default: a guess]
    #[arg(long, value_name = "KEY")]
    pub(crate) images: Option<String>,
    /// Data set, array, column, key or file of the labels, likewise [default: a guess]
    #[arg(long, value_name = "KEY")]
    pub(crate) labels: Option<String>,
}

/// How a store is loaded.
#[derive(Debug, Args)]
pub(crate) struct LoaderOptions {
    /// Images a batch
    #[arg(long, default_value_t = 128, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) batch_size: u32,
    /// Loader threads; 0 takes one for each core
    #[arg(long, default_value_t = 0)]
    pub(crate) threads: u32,
    /// Batches that may be ready or under way at once; 0 takes threads + 2
    #[arg(long, default_value_t = 0)]
    pub(crate) prefetch: u32,
    /// Numeric type of the delivered images: f32, f16 or u8
    #[arg(long, default_value = "f32")]
    pub(crate) element: Element,
    /// Size of every delivered image; needed where sizes vary
    #[arg(long, value_name = "HxW", value_parser = size)]
    pub(crate) resize: Option<(u32, u32)>,
    /// Black pixels around each image before a random window is cut out; 0 for no crop
    #[arg(long, value_name = "PIXELS", default_value_t = 0)]
    pub(crate) crop_padding: u32,
    /// Mirror every second image, at random
    #[arg(long)]
    pub(crate) flip: bool,
    /// How each epoch is ordered: global, none (as stored), or chunks:N (within N of the store's
    /// chunks at a time)
    #[arg(long, default_value = "global")]
    pub(crate) shuffle: Shuffle,
    /// Leave out a last batch that is not full
    #[arg(long)]
    pub(crate) drop_last: bool,
    /// What happens to a sample that cannot be read
    #[arg(long, value_enum, default_value_t)]
    pub(crate) on_bad_sample: BadSampleArgument,
    /// Decides order, augmentation and initial weights
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

#[derive(Debug, Args)]
pub(crate) struct LoadOptions {
    /// Folder of the store, or a file that others made (HDF5, Zarr, TFRecord, tar, Parquet, ...)
    pub(crate) store: PathBuf,
    /// Epochs to run
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) epochs: u32,
    /// Drop the store's files from the page cache before every epoch
    #[arg(long)]
    pub(crate) cold: bool,
    #[command(flatten)]
    pub(crate) names: NameOptions,
    #[command(flatten)]
    pub(crate) loader: LoaderOptions,
}

#[derive(Debug, Args)]
pub(crate) struct TrainOptions {
    /// Folder of the store to train from
    pub(crate) store: PathBuf,
    /// Folder of the store to evaluate on after every epoch
    #[arg(long, value_name = "STORE")]
    pub(crate) test: Option<PathBuf>,
    /// linear, mlp, cnn, resnet18 or inception
    #[arg(long, default_value = "cnn")]
    pub(crate) model: ModelName,
    /// Epochs to run
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) epochs: u32,
    /// sgd, momentum, nesterov, rmsprop, adagrad, adam or adamw
    #[arg(long, default_value = "adam")]
    pub(crate) optimiser: OptimiserName,
    /// Learning rate at the start [default: the optimiser's usual one]
    #[arg(long, value_name = "RATE")]
    pub(crate) learning_rate: Option<f64>,
    /// How the rate changes: constant, cosine, or step:EPOCHS:FACTOR
    #[arg(long, default_value = "constant", value_parser = schedule)]
    pub(crate) schedule: Schedule,
    /// Weight decay
    #[arg(long, default_value_t = 0.0)]
    pub(crate) weight_decay: f64,
    /// Save the trained weights here, as safetensors
    #[arg(long, value_name = "FILE")]
    pub(crate) save_weights: Option<PathBuf>,
    /// Write every event as a JSON line to this file (losses of every step included)
    #[arg(long, value_name = "FILE")]
    pub(crate) events: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) names: NameOptions,
    #[command(flatten)]
    pub(crate) loader: LoaderOptions,
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsOptions {
    /// For which shell
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(crate) enum OrientationArgument {
    /// Turn and mirror the pixels as EXIF says, as a photo viewer does
    #[default]
    Apply,
    /// Keep the pixels as they are stored, as Pillow and torchvision do
    Ignore,
}

impl From<OrientationArgument> for OrientationRule {
    fn from(argument: OrientationArgument) -> Self {
        match argument {
            OrientationArgument::Apply => Self::Apply,
            OrientationArgument::Ignore => Self::Ignore,
        }
    }
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(crate) enum BadSampleArgument {
    /// End the epoch with an error that names it
    #[default]
    Fail,
    /// Leave it out; its batch is one shorter
    Skip,
    /// Take another sample in its place
    Replace,
}

impl From<BadSampleArgument> for BadSamplePolicy {
    fn from(argument: BadSampleArgument) -> Self {
        match argument {
            BadSampleArgument::Fail => Self::Fail,
            BadSampleArgument::Skip => Self::Skip,
            BadSampleArgument::Replace => Self::Replace,
        }
    }
}

/// `224x224`: height and width in pixels.
fn size(text: &str) -> Result<(u32, u32), String> {
    let sides = text.split_once(['x', '×']);
    let parsed =
        sides.and_then(|(height, width)| Some((height.parse().ok()?, width.parse().ok()?)));
    match parsed {
        Some((height, width))
            if (1..=16_384).contains(&height) && (1..=16_384).contains(&width) =>
        {
            Ok((height, width))
        }
        _ => Err("a size is HEIGHTxWIDTH in pixels, for example 224x224".to_owned()),
    }
}

/// A state of the page cache by its name.
fn cache_state(text: &str) -> Result<CacheState, String> {
    let found = CacheState::ALL.into_iter().find(|one| one.name() == text);
    found.ok_or_else(|| {
        let names = CacheState::ALL.map(CacheState::name).join(", ");
        format!("a state of the cache is one of {names}")
    })
}

/// `2%` or `0.02`.
fn percentage(text: &str) -> Result<f64, String> {
    let share = match text.strip_suffix('%') {
        Some(percent) => percent
            .trim_end()
            .parse()
            .map(|percent: f64| percent / 100.0),
        None => text.parse(),
    };
    match share {
        Ok(share) if share > 0.0 && share < 1.0 => Ok(share),
        _ => Err("a share lies between 0 and 1, for example 2% or 0.02".to_owned()),
    }
}

/// A share of 0 up to, but not including, 1.
fn share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if (0.0..1.0).contains(&share) => Ok(share),
        _ => Err("a share is a number from 0 to below 1, for example 0.2".to_owned()),
    }
}

/// `constant`, `cosine` or `step:EPOCHS:FACTOR`.
fn schedule(text: &str) -> Result<Schedule, String> {
    let parts: Vec<&str> = text.split(':').collect();
    let wrong = || {
        "a schedule is constant, cosine, or step:EPOCHS:FACTOR, for example step:10:0.1".to_owned()
    };
    match parts.as_slice() {
        ["constant"] => Ok(Schedule::Constant),
        ["cosine"] => Ok(Schedule::Cosine),
        ["step", epochs, factor] => match (epochs.parse(), factor.parse::<f64>()) {
            (Ok(epochs), Ok(factor)) if epochs > 0 && factor > 0.0 && factor.is_finite() => {
                Ok(Schedule::Step { epochs, factor })
            }
            _ => Err(wrong()),
        },
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Arguments, schedule, share, size};
    use clap::CommandFactory;
    use ielade::core::training::Schedule;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_command_shows_an_example() {
        for command in Arguments::command().get_subcommands() {
            let help = command.get_after_help().map(ToString::to_string);
            let example = help.is_some_and(|help| help.contains("ielade "));
            assert!(example || command.is_hide_set(), "{}", command.get_name());
        }
    }

    #[test]
    fn sizes_shares_and_schedules_are_read_or_refused() {
        assert_eq!(size("32x48"), Ok((32, 48)));
        assert!(size("32").is_err());
        assert!(size("0x5").is_err());
        assert_eq!(share("0.5"), Ok(0.5));
        assert!(share("1").is_err());
        assert!(share("NaN").is_err());
        assert_eq!(schedule("cosine"), Ok(Schedule::Cosine));
        assert_eq!(
            schedule("step:10:0.1"),
            Ok(Schedule::Step {
                epochs: 10,
                factor: 0.1
            })
        );
        assert!(schedule("step:0:0.1").is_err());
        assert!(schedule("steps").is_err());
    }
}
