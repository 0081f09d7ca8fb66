//! Writing raw images from memory into every container, against its usual Python library.
//!
//! ```text
//! cargo bench --package ielade-layout --bench writing                   the demo set, 50,000 images
//! cargo bench --package ielade-layout --bench writing -- SOURCE         any data set of equal images
//!     --folder FOLDER    where it is written; otherwise in memory (/dev/shm) where there is that
//!     --minutes M        how long to measure, about; 3
//!     --only TEXT        only layouts with this in their names
//! ```
//!
//! In memory, what is measured is the work; with `--folder` on a disk, that disk too. Ours is told
//! in its phases: *push* until the last image was handed over; *sync*, a checkpoint, which brings
//! it onto the disk; *finish*, which completes the files, brings them onto the disk and computes the
//! digests of the manifest. The ratio is of all three to what the library needs until it has closed
//! its files, without a sync and without a digest; the ratio behind it is to the library with a sync
//! of its files. `prepare` is everything: also the digest of each sample, `samples.csv`, the
//! manifest.
//!
//! All contestants take turns in each round, in an order of its own; ratios are medians of the
//! rounds' ratios, with intervals of 95 %. The libraries: `benches/python/write.py`, run by the
//! Python that `IELADE_TEST_PYTHON` names, with the fastest of several settings each; those that
//! take long write a part of the images. Libraries that are not there are left out and named; FFCV
//! can be measured by nobody without compilers and system libraries and is not.

mod images;
mod libraries;
mod ours;

use ielade_core::{Element, Encoding, LayoutId};
use ielade_layout::registry;
use ielade_testing::contest::{Contest, Failure, Interval};
use images::Images;
use std::{
    cell::RefCell,
    path::{Path, PathBuf},
    rc::Rc,
    time::Duration,
};

/// Rounds after which nothing more is to be learnt.
const MOST_ROUNDS: usize = 41;

/// Layouts beside the registry's own: as libraries write them.
const FURTHER: [&str; 4] = [
    "hdf5:chunk=1/u8",
    "hdf5:chunk=128/u8",
    "zarr:chunk=1/u8",
    "zarr:chunk=128,shard=1024/u8",
];

/// Seconds of each phase, a row a round.
type Phases = Rc<RefCell<Vec<Vec<f64>>>>;

/// What is asked for on the command line.
struct Arguments {
    source: Option<PathBuf>,
    folder: PathBuf,
    time: Duration,
    only: String,
}

impl Arguments {
    fn parse(words: impl Iterator<Item = String>) -> Result<Self, Failure> {
        let memory = Path::new("/dev/shm");
        let mut this = Self {
            source: None,
            folder: match memory.is_dir() {
                true => memory.to_owned(),
                false => std::env::temp_dir(),
            },
            time: Duration::from_mins(3),
            only: String::new(),
        };
        let mut words = words.peekable();
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(format!("{word} wants a value"));
            match word.as_str() {
                // What cargo itself says to every benchmark.
                "--bench" => {}
                "--folder" => this.folder = value()?.into(),
                "--minutes" => this.time = Duration::from_secs_f64(value()?.parse::<f64>()? * 60.0),
                "--only" => this.only = value()?,
                flag if flag.starts_with("--") => {
                    return Err(format!("no such flag: {flag}").into());
                }
                source => this.source = Some(source.into()),
            }
        }
        Ok(this)
    }
}

fn main() -> Result<(), Failure> {
    let arguments = Arguments::parse(std::env::args().skip(1))?;
    let scratch = arguments
        .folder
        .join(format!("ielade-writing-{}", std::process::id()));
    std::fs::create_dir_all(&scratch)?;
    let outcome = Images::read(arguments.source.as_deref())
        .and_then(|images| measure(&images, &scratch, &arguments));
    std::fs::remove_dir_all(&scratch)?;
    outcome
}

/// A row of the table.
struct Row {
    layout: LayoutId,
    ours: Phases,
    prepare: String,
    theirs: Option<libraries::Told>,
}

fn measure(images: &Images, scratch: &Path, arguments: &Arguments) -> Result<(), Failure> {
    let reference = scratch.join("reference");
    ours::prepare_store(&"npy/u8".parse()?, images, &reference)?;
    let mut contest = Contest::default();
    let mut rows = Vec::new();
    for layout in layouts()? {
        let name = layout.to_string();
        if !name.contains(&arguments.only) {
            continue;
        }
        let place = scratch.join(layout.directory_name());
        let ours = ours::add_writer(&mut contest, &layout, images, &place);
        let prepare = ours::add_prepare(&mut contest, &layout, images, &place);
        let theirs = libraries::add(&mut contest, &layout, images.count(), &reference, &place)?;
        rows.push(Row {
            layout,
            ours,
            prepare,
            theirs,
        });
    }
    let rounds = contest.run(MOST_ROUNDS, arguments.time)?;
    let records = Path::new(env!("CARGO_TARGET_TMPDIR")).join("writing.jsonl");
    std::fs::write(&records, contest.records())?;
    println!(
        "\n{} images into {}; {rounds} rounds; medians with 95 % intervals \
         (below 6 rounds: smallest and largest); all rates in {}\n",
        images.count(),
        arguments.folder.display(),
        records.display()
    );
    print(&contest, &rows, images.count())
}

/// Raw `u8` in every container, and in the forms that libraries write.
fn layouts() -> Result<Vec<LayoutId>, Failure> {
    let mut layouts: Vec<LayoutId> = registry::layouts()
        .filter(|layout| layout.encoding == Encoding::Raw(Element::U8))
        .collect();
    for text in FURTHER {
        let layout: LayoutId = text.parse()?;
        if registry::check(&layout).is_ok() {
            layouts.push(layout);
        }
    }
    Ok(layouts)
}

fn print(contest: &Contest<'_>, rows: &[Row], count: usize) -> Result<(), Failure> {
    println!(
        "| layout | push / sync / finish, ms | images/s | prepare, images/s | library (setting, images \
         a turn) | its images/s | ours / theirs | with a sync |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for row in rows {
        let find = |name: &str| contest.rate(name).ok_or("every row is a contestant");
        let ours = rates(&row.ours, count);
        print!(
            "| `{}` | {} | {} | {} |",
            row.layout,
            milliseconds(&row.ours),
            Interval::of(&ours),
            find(&row.prepare)?,
        );
        let Some(theirs) = &row.theirs else {
            println!(" | | | |");
            continue;
        };
        println!(
            " {} ({}, {}) | {} | {} | {} |",
            theirs.library,
            theirs.setting,
            theirs.images,
            Interval::of(&theirs.rates(false)),
            ratio(&ours, &theirs.rates(false)),
            ratio(&ours, &theirs.rates(true)),
        );
    }
    Ok(())
}

fn rates(phases: &Phases, count: usize) -> Vec<f64> {
    let phases = phases.borrow();
    phases
        .iter()
        .map(|round| count as f64 / round.iter().sum::<f64>())
        .collect()
}

fn ratio(of: &[f64], to: &[f64]) -> Interval {
    let ratios: Vec<f64> = of.iter().zip(to).map(|(of, to)| of / to).collect();
    Interval::of(&ratios)
}

/// The median of each phase.
fn milliseconds(phases: &Phases) -> String {
    let rounds = phases.borrow();
    let number = rounds.first().map_or(0, Vec::len);
    let median = |phase: usize| {
        let seconds: Vec<f64> = rounds.iter().map(|round| round[phase]).collect();
        format!("{:.1}", Interval::of(&seconds).median * 1e3)
    };
    (0..number).map(median).collect::<Vec<_>>().join(" / ")
}
