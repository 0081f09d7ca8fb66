//! A run over time in a bounded number of points.
//!
//! Points hold counters as they stood, so that leaving one out only makes the rates to the next
//! one means over a longer time; sizes keep the highest of those left out.

use super::Snapshot;
use crate::record::ProbeSeries;

/// Most points that are recorded, as many as a chart can show; a record then stays below some 30 kB.
/// At ten a second a run of half a minute reaches it; after that every second point goes, and points
/// come half as often.
pub(super) const MOST_POINTS: usize = 300;
/// Shortest time between two points in seconds. Events come between samples: over a shorter time
/// the kernel's clock ticks of 10 ms would make rates meaningless.
const SPACING: f64 = 0.09;

/// Points so far.
#[derive(Debug)]
pub(super) struct Series {
    most: usize,
    spacing: f64,
    points: Vec<Snapshot>,
    /// What was seen since the last point.
    pending: Option<Snapshot>,
}

impl Series {
    /// No points yet, and never more than `most`.
    pub(super) const fn of_at_most(most: usize) -> Self {
        Self {
            most,
            spacing: SPACING,
            points: Vec::new(),
            pending: None,
        }
    }

    /// Takes a snapshot in.
    pub(super) fn add(&mut self, snapshot: &Snapshot) {
        let point = match self.pending.take() {
            Some(before) => snapshot.keeping_peaks_of(&before),
            None => snapshot.clone(),
        };
        let due = self
            .points
            .last()
            .is_none_or(|last| point.at - last.at >= self.spacing);
        if !due {
            self.pending = Some(point);
            return;
        }
        if self.points.len() >= self.most {
            self.halve();
        }
        self.points.push(point);
    }

    /// Leaves every second point out. The first one stays, so that all rates have their start.
    fn halve(&mut self) {
        let mut halved = Vec::with_capacity(self.most);
        let mut points = self.points.drain(..);
        halved.extend(points.next());
        while let Some(first) = points.next() {
            halved.push(match points.next() {
                Some(second) => second.keeping_peaks_of(&first),
                None => first,
            });
        }
        drop(points);
        self.points = halved;
        self.spacing *= 2.0;
    }

    /// The points as columns; the last snapshot is part of them.
    pub(super) fn columns(&self) -> ProbeSeries {
        let mut points: Vec<&Snapshot> = self.points.iter().collect();
        // A remainder too short for a rate is left out, unless there is nothing else.
        points.extend(self.pending.as_ref().filter(|pending| {
            let last = self.points.last();
            last.is_none_or(|last| pending.at - last.at >= SPACING)
        }));
        points.truncate(self.most);
        columns(&points)
    }
}

/// Gives a value for every point from the point and the one before it.
struct Columns<'a> {
    points: &'a [&'a Snapshot],
}

impl Columns<'_> {
    /// A column of values at points.
    fn value(&self, of: impl Fn(&Snapshot) -> Option<f64>) -> Vec<Option<f64>> {
        told(self.points.iter().map(|point| of(point)).collect())
    }

    /// A column of means since the point before: the counter's growth a second. The first point
    /// counts from the start of the run.
    fn rate(&self, of: impl Fn(&Snapshot) -> Option<f64>) -> Vec<Option<f64>> {
        let pairs = self.points.iter().zip(self.points.iter().skip(1));
        let rates = pairs.map(|(before, point)| {
            let seconds = point.at - before.at;
            let growth = of(point)? - of(before)?;
            (seconds > 0.0).then(|| rounded((growth / seconds).max(0.0), 1000.0))
        });
        told(std::iter::once(None).chain(rates).collect())
    }
}

/// A column in which nothing is told is empty.
fn told(column: Vec<Option<f64>>) -> Vec<Option<f64>> {
    if column.iter().all(Option::is_none) {
        return Vec::new();
    }
    column
}

fn rounded(value: f64, parts: f64) -> f64 {
    (value * parts).round() / parts
}

fn columns(points: &[&Snapshot]) -> ProbeSeries {
    let columns = Columns { points };
    let machine =
        |of: fn(&super::MachineFigures) -> Option<f64>| move |point: &Snapshot| of(&point.machine);
    ProbeSeries {
        seconds: points
            .iter()
            .map(|point| rounded(point.at, 1000.0))
            .collect(),
        rss_bytes: columns.value(|point| Some(point.rss as f64)),
        pss_bytes: columns.value(|point| point.pss.map(|bytes| bytes as f64)),
        anonymous_bytes: columns.value(|point| Some(point.anonymous as f64)),
        cpu_user: columns.rate(|point| Some(point.cpu_user)),
        cpu_system: columns.rate(|point| Some(point.cpu_system)),
        major_faults: columns.value(|point| Some(point.major_faults as f64)),
        read_bytes: columns.value(|point| Some(point.io.read_bytes as f64)),
        machine_cpu: columns.rate(machine(|machine| machine.busy_seconds)),
        io_wait: columns.rate(machine(|machine| machine.io_wait_seconds)),
        io_pressure: columns.rate(machine(|machine| machine.io_stall_seconds)),
        page_cache_bytes: columns.value(machine(|machine| machine.page_cache_bytes)),
        device_reads: columns.value(machine(|machine| machine.device_reads)),
        gpu_utilisation: columns.value(|point| point.gpu_utilisation),
        gpu_memory_bytes: columns.value(|point| point.gpu_memory.map(|bytes| bytes as f64)),
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST_POINTS, Series};
    use crate::probe::{MachineFigures, Snapshot};
    use proptest::prelude::*;

    /// One processor in use, and a size that rises by one with every point.
    fn snapshot(number: u64, at: f64) -> Snapshot {
        Snapshot {
            at,
            rss: number,
            cpu_user: at,
            major_faults: number,
            ..Snapshot::default()
        }
    }

    fn series_of(points: u64) -> Series {
        let mut series = Series::of_at_most(MOST_POINTS);
        for number in 0..points {
            series.add(&snapshot(number, number as f64 / 10.0));
        }
        series
    }

    #[test]
    fn rates_are_means_since_the_point_before() {
        let columns = series_of(3).columns();
        assert_eq!(columns.seconds, [0.0, 0.1, 0.2]);
        assert_eq!(columns.cpu_user, [None, Some(1.0), Some(1.0)]);
        assert_eq!(columns.rss_bytes, [Some(0.0), Some(1.0), Some(2.0)]);
    }

    #[test]
    fn what_was_not_told_has_no_column_and_a_gap_is_none() {
        assert!(series_of(3).columns().machine_cpu.is_empty());
        let mut series = Series::of_at_most(MOST_POINTS);
        for (number, busy) in [Some(1.0), None, Some(2.0), Some(2.1)]
            .into_iter()
            .enumerate()
        {
            series.add(&Snapshot {
                machine: MachineFigures {
                    busy_seconds: busy,
                    ..MachineFigures::default()
                },
                ..snapshot(0, number as f64 / 10.0)
            });
        }
        assert_eq!(series.columns().machine_cpu, [None, None, None, Some(1.0)]);
    }

    #[test]
    fn events_between_samples_make_no_points_but_their_peaks_stay() {
        let mut series = series_of(1);
        series.add(&Snapshot {
            rss: 500,
            ..snapshot(1, 0.01)
        });
        series.add(&snapshot(2, 0.1));
        let columns = series.columns();
        assert_eq!(columns.seconds, [0.0, 0.1]);
        assert_eq!(columns.rss_bytes, [Some(0.0), Some(500.0)]);
        assert_eq!(columns.cpu_user[1], Some(1.0));
    }

    #[test]
    fn a_long_run_is_thinned_by_halving_and_keeps_its_peaks() {
        let mut series = series_of(600);
        series.add(&Snapshot {
            rss: 9999,
            ..snapshot(600, 60.0)
        });
        for number in 601..2500 {
            series.add(&snapshot(number, number as f64 / 10.0));
        }
        let columns = series.columns();
        let count = columns.seconds.len();
        assert!((MOST_POINTS / 2..=MOST_POINTS).contains(&count), "{count}");
        assert_eq!(columns.seconds.first(), Some(&0.0));
        assert!(*columns.seconds.last().unwrap() >= 249.0);
        assert!(columns.rss_bytes.contains(&Some(9999.0)));
        assert!(columns.cpu_user[1..].iter().all(|rate| *rate == Some(1.0)));
    }

    proptest! {
        #[test]
        fn points_are_bounded_and_in_order(steps in prop::collection::vec(0.0..3.0_f64, 0..300), most in 2..20_usize) {
            let mut series = Series::of_at_most(most);
            let mut at = 0.0;
            for (number, step) in steps.iter().enumerate() {
                at += step;
                series.add(&snapshot(number as u64, at));
            }
            let columns = series.columns();
            prop_assert!(columns.seconds.len() <= most);
            prop_assert!(columns.seconds.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert!(columns.rss_bytes.is_empty() || columns.rss_bytes.len() == columns.seconds.len());
            prop_assert_eq!(columns.seconds.is_empty(), steps.is_empty());
        }
    }
}
