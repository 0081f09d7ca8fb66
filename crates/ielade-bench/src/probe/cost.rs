//! What watching costs.

use crate::record::ProbeCost;
use nix::sys::resource::{UsageWho, getrusage};
use std::time::Instant;

/// Runs during one sample.
pub(super) struct Stopwatch {
    begun: Instant,
    cpu: f64,
}

impl Stopwatch {
    pub(super) fn start() -> Self {
        Self {
            begun: Instant::now(),
            cpu: thread_cpu_seconds(),
        }
    }

    /// Adds the time since the start.
    pub(super) fn stop(self, cost: &mut ProbeCost) {
        let seconds = self.begun.elapsed().as_secs_f64();
        cost.seconds += seconds;
        cost.longest_seconds = cost.longest_seconds.max(seconds);
        cost.cpu_seconds += thread_cpu_seconds() - self.cpu;
    }
}

/// Processor seconds of this thread.
pub(super) fn thread_cpu_seconds() -> f64 {
    cpu_seconds(UsageWho::RUSAGE_THREAD)
}

/// Processor seconds of this whole program, without the workers that it started.
pub(super) fn own_cpu_seconds() -> f64 {
    cpu_seconds(UsageWho::RUSAGE_SELF)
}

fn cpu_seconds(who: UsageWho) -> f64 {
    // Asking for one's own use cannot fail.
    getrusage(who).map_or(0.0, |usage| {
        [usage.user_time(), usage.system_time()]
            .map(|time| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6)
            .iter()
            .sum()
    })
}

#[cfg(test)]
mod tests {
    use super::{own_cpu_seconds, thread_cpu_seconds};

    #[test]
    fn a_thread_is_charged_for_its_own_work_alone() {
        let others = std::thread::spawn(|| {
            while thread_cpu_seconds() < 0.05 {
                std::hint::spin_loop();
            }
        });
        others.join().unwrap();
        assert!(own_cpu_seconds() >= 0.05);
        assert!(thread_cpu_seconds() < own_cpu_seconds());
    }
}
