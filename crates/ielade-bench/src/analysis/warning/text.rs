//! Warnings in English.

use super::{BusyRuns, LeftOutReason, NamedRuns, Surrounding, Warning};
use ielade_core::worker_protocol::CacheState;
use std::fmt::{Display, Formatter, Result};

impl Display for Warning {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::DifferentData { .. }
            | Self::DifferentAccuracy { .. }
            | Self::ControlDiffers { .. }
            | Self::NothingToFind(_)
            | Self::Drift { .. } => self.of_results(f),
            Self::FailedRuns { .. }
            | Self::BadSamples { .. }
            | Self::CacheNotAsAsked { .. }
            | Self::UnknownResidency { .. }
            | Self::FewBlocks { .. }
            | Self::Outliers { .. } => self.of_runs(f),
            Self::ForeignLoad { .. }
            | Self::BusyMachine { .. }
            | Self::Sessions { .. }
            | Self::ChangedSurroundings { .. } => self.of_machine(f),
        }
    }
}

impl Warning {
    fn of_results(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::DifferentData {
                blocks,
                block,
                groups,
            } => {
                let groups: Vec<String> = groups.iter().map(|names| names.join(", ")).collect();
                write!(
                    f,
                    "the layouts did not deliver the same samples and labels in {}: in block \
                     {block}, {}; their times cannot be compared",
                    counted(*blocks, "block"),
                    groups.join(" differs from "),
                    block = block + 1
                )
            }
            Self::DifferentAccuracy { consumer, blocks } => write!(
                f,
                "{consumer}: layouts without loss reached different accuracies from the same seed \
                 in {}; they do not train on the same pixels",
                counted(*blocks, "block")
            ),
            Self::ControlDiffers {
                group,
                layout,
                ratio,
                p,
            } => write!(
                f,
                "{group}: the control differs from the baseline, though both are {layout}: ratio \
                 {ratio:.3}, p = {p:.2e}; differences of this size between layouts may be the \
                 machine's"
            ),
            Self::NothingToFind(feasibility) => {
                f.write_str(&feasibility.advice().unwrap_or_default())
            }
            Self::Drift { ratio, p } => {
                let percent = 100.0 * (ratio - 1.0);
                let direction = if percent > 0.0 { "slower" } else { "faster" };
                write!(
                    f,
                    "runs became {direction} by {:.1} % from the first block to the last (p = \
                     {p:.1e}); comparisons within blocks are hardly touched by it, means and their \
                     intervals are",
                    percent.abs()
                )
            }
            _ => Ok(()),
        }
    }

    fn of_runs(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::FailedRuns {
                configuration,
                runs,
                last,
            } => write!(
                f,
                "{configuration}: {} failed and {} not count; the last: {last}",
                counted(*runs, "run"),
                if *runs == 1 { "does" } else { "do" }
            ),
            Self::BadSamples {
                samples,
                layouts,
                example,
            } => write!(
                f,
                "{} could not be delivered (from {}), for example {example}",
                counted(*samples, "sample"),
                layouts.join(", ")
            ),
            Self::CacheNotAsAsked {
                asked,
                runs,
                named,
                residency,
            } => write!(
                f,
                "the cache was not {asked} in {}, which {} not count: {}; {:.1} % of the store was \
                 cached before the first; {}",
                counted(*runs, "run"),
                if *runs == 1 { "does" } else { "do" },
                list(named),
                100.0 * residency,
                match asked {
                    CacheState::Cold => "somebody else reads or maps the stores",
                    _ => "the stores may not fit into memory",
                }
            ),
            Self::UnknownResidency { runs } => write!(
                f,
                "the state of the page cache could not be read in {}",
                counted(*runs, "run")
            ),
            Self::FewBlocks {
                complete,
                planned,
                enough,
            } => write!(
                f,
                "{complete} of {} {} complete; intervals from fewer than {enough} runs are rough",
                counted(*planned as usize, "planned block"),
                if *complete == 1 { "is" } else { "are" }
            ),
            Self::Outliers { runs, named } => write!(
                f,
                "{} {} apart from the others of the same configuration (modified z-score of 3.5 or \
                 more) and {}: {}",
                counted(*runs, "run"),
                if *runs == 1 { "stands" } else { "stand" },
                if *runs == 1 { "counts" } else { "count" },
                list(named)
            ),
            _ => Ok(()),
        }
    }

    fn of_machine(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::ForeignLoad { runs, highest } => write!(
                f,
                "other work kept the machine busy before {}: the load average was up to \
                 {highest:.1} beyond our own",
                counted(*runs, "run")
            ),
            Self::BusyMachine { repeated, counting } => {
                let repeated = (*repeated > 0).then(|| {
                    let verb = if *repeated == 1 { "was" } else { "were" };
                    format!("{} {verb} repeated", counted(*repeated, "run"))
                });
                let counting = counting.as_ref().map(busy_runs);
                let parts: Vec<String> = repeated.into_iter().chain(counting).collect();
                write!(
                    f,
                    "the machine did other work during runs: {}",
                    parts.join("; ")
                )
            }
            Self::Sessions { starts } => write!(
                f,
                "the experiment ran in {} sessions, begun at {}",
                starts.len(),
                starts.join(", ")
            ),
            Self::ChangedSurroundings { changed } => {
                let changed: Vec<&str> = changed.iter().map(|one| surrounding(*one)).collect();
                write!(f, "between sessions changed: {}", changed.join(", "))
            }
            _ => Ok(()),
        }
    }
}

fn busy_runs(busy: &BusyRuns) -> String {
    let verb = if busy.runs == 1 { "counts" } else { "count" };
    format!(
        "{} {verb} all the same, the first {} in block {}: {}",
        counted(busy.runs, "run"),
        busy.configuration,
        busy.block + 1,
        busy.what
    )
}

const fn surrounding(changed: Surrounding) -> &'static str {
    match changed {
        Surrounding::Processor => "the processor",
        Surrounding::Processors => "the number of processors",
        Surrounding::Kernel => "the kernel",
        Surrounding::Governor => "the frequency governor",
        Surrounding::Memory => "the memory",
        Surrounding::MemoryLimit => "the memory limit",
        Surrounding::FileSystem => "the file system",
        Surrounding::Gpu => "the graphics processor",
    }
}

impl Display for LeftOutReason {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::CacheNotAsAsked {
                asked,
                residency,
                epoch,
            } => write!(
                f,
                "the cache was not {asked}: {:.1} % of the store was cached before epoch {}",
                100.0 * residency,
                epoch + 1
            ),
            Self::Repeated => f.write_str("the run was repeated, and the repetition counts"),
        }
    }
}

/// `npy/u8 · none in block 2, 3; npy/f32 · none in block 1`.
fn list(named: &[NamedRuns]) -> String {
    let named = named.iter().map(|runs| {
        let blocks: Vec<String> = runs
            .blocks
            .iter()
            .map(|block| (block + 1).to_string())
            .collect();
        format!("{} in block {}", runs.configuration, blocks.join(", "))
    });
    named.collect::<Vec<_>>().join("; ")
}

fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}
