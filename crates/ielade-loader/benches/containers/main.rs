//! Containers against each other, and against the usual Python library on the very same files.
//!
//! ```text
//! cargo bench --package ielade-loader --bench containers                        the demo set
//! cargo bench --package ielade-loader --bench containers -- SOURCE              any data set of equal JPEGs
//! cargo bench --package ielade-loader --bench containers -- SOURCE --libraries  with the usual libraries
//!     --stores FOLDER    where the stores are made once and kept; otherwise below target/. Those
//!                        that an older writer made are used as they are: remove them after changes
//!     --minutes M        how long to measure, about; 3
//!     --only TEXT        only layouts with this in their names
//! ```
//!
//! The work: batches of 128 in shuffled order as normalised `f32` planes with labels, two threads,
//! everything in the page cache. All contestants take turns in each round, in an order of its own;
//! a ratio is the median of the rounds' ratios, with an interval of 95 %. The shuffle is global;
//! containers that compress several samples together are measured with the loader's shuffle within
//! 16 chunks too. A turn ends with the epoch, or after a second and a half.
//!
//! The libraries: scripts in `benches/python`, run by the Python that `IELADE_TEST_PYTHON` names,
//! each with the fastest of several settings. Those that are not there are left out and named.

mod command_line;
mod libraries;
mod ours;
mod stores;

use command_line::Arguments;
use ielade_testing::contest::{Contest, Failure};
use std::{path::Path, time::Duration};
use stores::Stores;

/// Rounds after which nothing more is to be learnt.
const MOST_ROUNDS: usize = 101;

/// What a turn may take.
const LONGEST_TURN: Duration = Duration::from_millis(1500);

fn main() -> Result<(), Failure> {
    let arguments = Arguments::parse(std::env::args().skip(1))?;
    let stores = Stores::make(&arguments)?;
    if arguments.libraries {
        libraries::measure(&stores, &arguments)
    } else {
        ours::measure(&stores, &arguments)
    }
}

/// Runs a contest and leaves its rates as JSON lines below the build's folder.
fn run(contest: &mut Contest<'_>, name: &str, arguments: &Arguments) -> Result<(), Failure> {
    let rounds = contest.run(MOST_ROUNDS, arguments.time)?;
    let records = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&records, contest.records())?;
    println!(
        "\n{rounds} rounds; 2 threads, batches of 128, f32 planes, shuffled, warm; medians with \
         95 % intervals (below 6 rounds: smallest and largest); all rates in {}\n",
        records.display()
    );
    Ok(())
}
