//! Processor time of this process.

use nix::sys::resource::{UsageWho, getrusage};

/// Processor seconds of all threads of this process so far.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct CpuTime {
    pub(crate) user: f64,
    pub(crate) system: f64,
}

impl CpuTime {
    /// As the kernel counts it; zero where it does not tell.
    pub(crate) fn now() -> Self {
        getrusage(UsageWho::RUSAGE_SELF).map_or_else(
            |_| Self::default(),
            |usage| Self {
                user: seconds(usage.user_time()),
                system: seconds(usage.system_time()),
            },
        )
    }

    /// What was used since.
    pub(crate) fn since(self, start: Self) -> Self {
        Self {
            user: self.user - start.user,
            system: self.system - start.system,
        }
    }
}

fn seconds(time: nix::sys::time::TimeVal) -> f64 {
    time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::CpuTime;

    #[test]
    fn work_shows_as_user_time() {
        let start = CpuTime::now();
        let mut sum = 0_u64;
        while CpuTime::now().since(start).user < 0.001 {
            sum = (0..100_000).fold(sum, |sum, number| std::hint::black_box(sum ^ number));
        }
        assert!(CpuTime::now().user > start.user, "{sum}");
    }
}
