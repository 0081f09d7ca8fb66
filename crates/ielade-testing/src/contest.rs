//! One thing measured against another on a machine that drifts: contestants take turns, round
//! after round, each round in another order, and are compared within a round only.
//!
//! ```
//! use ielade_testing::contest::{Contest, Pass};
//! use std::time::Duration;
//!
//! let mut contest = Contest::default();
//! contest.add("fast", |_| Ok(Pass { images: 200, seconds: 0.1 }));
//! contest.add("slow", |_| Ok(Pass { images: 100, seconds: 0.1 }));
//! contest.run(9, Duration::from_secs(1)).unwrap();
//! let ratio = contest.ratio("fast", "slow").unwrap();
//! assert_eq!((ratio.low, ratio.median, ratio.high), (2.0, 2.0, 2.0));
//! ```

use ielade_core::random::KeyedRandom;
use nix::sys::{
    resource::{UsageWho, getrusage},
    time::TimeValLike,
};
use std::{
    error::Error,
    fmt,
    time::{Duration, Instant},
};

/// What a contestant did in its turn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pass {
    /// Images that were delivered or written.
    pub images: u64,
    /// Seconds that this took.
    pub seconds: f64,
}

impl Pass {
    /// Takes the time of something that tells how many images it dealt with.
    ///
    /// # Errors
    /// Those of what is timed.
    pub fn timed<E>(work: impl FnOnce() -> Result<u64, E>) -> Result<Self, E> {
        let start = Instant::now();
        let images = work()?;
        let seconds = start.elapsed().as_secs_f64();
        Ok(Self { images, seconds })
    }
}

/// Whatever goes wrong in a turn ends the contest.
pub type Failure = Box<dyn Error>;

/// What is measured: takes the number of the round.
type Turn<'a> = Box<dyn FnMut(u64) -> Result<Pass, Failure> + 'a>;

struct Contestant<'a> {
    name: String,
    turn: Turn<'a>,
    /// Images a second, one of each round.
    rates: Vec<f64>,
    /// Images a second of this process's processor time, one of each round.
    cpu_rates: Vec<f64>,
}

/// Contestants that take turns.
#[derive(Default)]
pub struct Contest<'a> {
    contestants: Vec<Contestant<'a>>,
}

impl<'a> Contest<'a> {
    /// A further contestant. `turn` is given the number of the round, 0 being the warm-up.
    pub fn add(
        &mut self,
        name: impl Into<String>,
        turn: impl FnMut(u64) -> Result<Pass, Failure> + 'a,
    ) {
        self.contestants.push(Contestant {
            name: name.into(),
            turn: Box::new(turn),
            rates: Vec::new(),
            cpu_rates: Vec::new(),
        });
    }

    /// Lets everyone take a turn in each round, in an order of its own, until there were `most`
    /// rounds or `time` is over; the first round warms up and does not count, and at least one
    /// counts. Gives the number of rounds that count.
    ///
    /// # Errors
    /// The first that a contestant meets, with its name.
    pub fn run(&mut self, most: usize, time: Duration) -> Result<usize, Failure> {
        let start = Instant::now();
        let mut round = 0;
        while round <= most && (round < 2 || start.elapsed() < time) {
            let mut order: Vec<usize> = (0..self.contestants.len()).collect();
            KeyedRandom::new(&[round as u64]).shuffle(&mut order);
            for at in order {
                let contestant = &mut self.contestants[at];
                let before = cpu_seconds();
                let pass = (contestant.turn)(round as u64)
                    .map_err(|error| format!("{}: {error}", contestant.name))?;
                let cpu = cpu_seconds() - before;
                if round > 0 {
                    let images = pass.images as f64;
                    contestant.rates.push(images / pass.seconds);
                    contestant.cpu_rates.push(images / cpu.max(1e-6));
                }
            }
            round += 1;
        }
        Ok(round - 1)
    }

    fn find(&self, name: &str) -> Option<&Contestant<'a>> {
        self.contestants.iter().find(|one| one.name == name)
    }

    /// Images a second of a contestant.
    pub fn rate(&self, name: &str) -> Option<Interval> {
        self.find(name).map(|one| Interval::of(&one.rates))
    }

    /// How many times as fast one contestant is as another: of each round's ratio.
    pub fn ratio(&self, of: &str, to: &str) -> Option<Interval> {
        let (of, to) = (self.find(of)?, self.find(to)?);
        Some(Interval::of_ratios(&of.rates, &to.rates))
    }

    /// As [`Contest::ratio`], by processor time: says more on a machine that does other work.
    pub fn cpu_ratio(&self, of: &str, to: &str) -> Option<Interval> {
        let (of, to) = (self.find(of)?, self.find(to)?);
        Some(Interval::of_ratios(&of.cpu_rates, &to.cpu_rates))
    }

    /// A line of JSON for each contestant, with the rates of all rounds.
    pub fn records(&self) -> String {
        let line = |one: &Contestant<'_>| {
            serde_json::json!({
                "contestant": one.name,
                "images_per_second": one.rates,
                "images_per_cpu_second": one.cpu_rates,
            })
            .to_string()
                + "\n"
        };
        self.contestants.iter().map(line).collect()
    }
}

/// Seconds of processor time of this process, all threads.
fn cpu_seconds() -> f64 {
    getrusage(UsageWho::RUSAGE_SELF).map_or(0.0, |usage| {
        (usage.user_time().num_microseconds() + usage.system_time().num_microseconds()) as f64 / 1e6
    })
}

/// A median with an interval that holds the true one with a probability of 95 % at least.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The median.
    pub median: f64,
    /// Lower end; the smallest value where there are fewer than six.
    pub low: f64,
    /// Upper end; the largest value where there are fewer than six.
    pub high: f64,
}

impl Interval {
    /// Of values that are independent of each other: by their ranks, without an assumption about
    /// their distribution (Conover, *Practical Nonparametric Statistics*, 3rd edition, 3.2). Not a
    /// number where there are none.
    ///
    /// ```
    /// use ielade_testing::contest::Interval;
    /// let interval = Interval::of(&[3.0, 1.0, 9.0, 2.0, 5.0, 4.0, 8.0, 7.0, 6.0]);
    /// assert_eq!((interval.low, interval.median, interval.high), (2.0, 5.0, 8.0));
    /// ```
    pub fn of(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let Some(last) = sorted.len().checked_sub(1) else {
            let nothing = f64::NAN;
            return Self {
                median: nothing,
                low: nothing,
                high: nothing,
            };
        };
        let outer = outer_values(sorted.len());
        Self {
            median: f64::midpoint(sorted[last / 2], sorted[sorted.len() / 2]),
            low: sorted[outer],
            high: sorted[last - outer],
        }
    }

    fn of_ratios(of: &[f64], to: &[f64]) -> Self {
        let ratios: Vec<f64> = of.iter().zip(to).map(|(of, to)| of / to).collect();
        Self::of(&ratios)
    }
}

/// How many of `count` sorted values lie below the interval of the median: the most for which the
/// chance of so few or fewer heads in `count` throws is 2.5 % at most.
fn outer_values(count: usize) -> usize {
    let mut chance = 0.5_f64.powi(count as i32);
    let mut sum = chance;
    let mut outer = 0;
    while sum <= 0.025 {
        outer += 1;
        chance *= (count + 1 - outer) as f64 / outer as f64;
        sum += chance;
    }
    outer.saturating_sub(1)
}

impl fmt::Display for Interval {
    /// Three digits for ratios, whole numbers for rates.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = if self.median < 1000.0 {
            format!("{:.2} [{:.2}, {:.2}]", self.median, self.low, self.high)
        } else {
            format!("{:.0} [{:.0}, {:.0}]", self.median, self.low, self.high)
        };
        f.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::{Contest, Interval, Pass, outer_values};
    use std::time::Duration;

    #[test]
    fn ranks_of_the_interval_are_those_of_the_tables() {
        // Conover's table A3 for p = 0.5: 9 throws, 2.5 % lies between 1 and 2 heads.
        for (count, outer) in [(1, 0), (5, 0), (6, 0), (9, 1), (15, 3), (20, 5), (41, 13)] {
            assert_eq!(outer_values(count), outer, "{count}");
        }
    }

    #[test]
    fn ratios_are_taken_within_rounds() {
        let mut contest = Contest::default();
        // The machine gets slower with every round, and both with it.
        for (name, images) in [("a", 300), ("b", 100)] {
            contest.add(name, move |round| {
                let seconds = 1.0 + round as f64;
                Ok(Pass { images, seconds })
            });
        }
        assert_eq!(contest.run(7, Duration::from_mins(1)).unwrap(), 7);
        let ratio = contest.ratio("a", "b").unwrap();
        assert!((ratio.low - 3.0).abs() < 1e-9 && (ratio.high - 3.0).abs() < 1e-9);
        assert!((contest.rate("a").unwrap().median - 60.0).abs() < 1e-9);
        assert!(contest.ratio("a", "c").is_none());
        assert_eq!(contest.records().lines().count(), 2);
    }

    #[test]
    fn time_ends_a_contest_after_one_round_that_counts() {
        let mut contest = Contest::default();
        let mut turns = 0;
        contest.add("a", |_| {
            turns += 1;
            Ok(Pass {
                images: 1,
                seconds: 1.0,
            })
        });
        assert_eq!(contest.run(100, Duration::ZERO).unwrap(), 1);
        drop(contest);
        assert_eq!(turns, 2);
    }

    #[test]
    fn a_failure_is_told_with_its_contestant() {
        let mut contest = Contest::default();
        contest.add("broken", |_| Err("no".into()));
        let error = contest.run(1, Duration::ZERO).unwrap_err();
        assert_eq!(error.to_string(), "broken: no");
        assert!(Interval::of(&[]).median.is_nan());
    }
}
