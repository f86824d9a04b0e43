//! Who uses how much of this machine.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::machine::field;

/// Processor time that was used up until some moment, in all.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    server: Duration,
    /// By this program, which makes the load.
    load: Duration,
    processors: Processors,
}

/// What a server and its load used between two moments.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Used {
    pub(crate) server: Duration,
    pub(crate) load: Duration,
    /// The part of the processors that nobody used, in per cent. Near nothing, what was measured is what the processors can
    /// do, and no load that waits.
    pub(crate) idle: f64,
}

impl Usage {
    /// Until now, for a server of this process id.
    ///
    /// # Errors
    /// If it is gone.
    pub(crate) fn now(server: u32) -> Result<Self> {
        let stat = fs::read_to_string("/proc/stat")?;
        Ok(Self {
            server: processor_time(&server.to_string())?,
            load: processor_time("self")?,
            processors: Processors::read(&stat).context("no times of the processors")?,
        })
    }

    pub(crate) fn since(&self, before: &Self) -> Used {
        Used {
            server: self.server.saturating_sub(before.server),
            load: self.load.saturating_sub(before.load),
            idle: self.processors.idle_since(&before.processors),
        }
    }
}

/// The memory that a process holds now, in KiB.
///
/// # Errors
/// If it is gone.
pub(crate) fn resident_kib(process: u32) -> Result<u32> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let size = field(&status, "VmRSS").context("the server is gone")?;
    Ok(size.trim_end_matches(" kB").parse()?)
}

fn processor_time(process: &str) -> Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    ticks(&stat).context("the server is gone")
}

/// Fields 14 and 15 of a process's `stat`, in hundredths of a second, whatever its name in parentheses holds.
fn ticks(stat: &str) -> Option<Duration> {
    let (_, behind_name) = stat.rsplit_once(')')?;
    let mut fields = behind_name.split_whitespace().skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(Duration::from_millis(10 * (user + system)))
}

/// Of all processors together, in hundredths of a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Processors {
    idle: u32,
    all: u32,
}

impl Processors {
    /// The first line of the system's `stat`: user, nice, system, idle, waiting for disks, interrupts of two kinds, stolen.
    fn read(stat: &str) -> Option<Self> {
        let times: Option<Vec<u64>> = stat
            .lines()
            .next()?
            .strip_prefix("cpu ")?
            .split_whitespace()
            .take(8)
            .map(|time| time.parse().ok())
            .collect();
        let times = times?;
        let idle = times.get(3)? + times.get(4)?;
        Some(Self {
            idle: u32::try_from(idle).ok()?,
            all: u32::try_from(times.iter().sum::<u64>()).ok()?,
        })
    }

    fn idle_since(&self, before: &Self) -> f64 {
        let all = self.all.saturating_sub(before.all).max(1);
        100.0 * f64::from(self.idle.saturating_sub(before.idle)) / f64::from(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_read_behind_any_name() {
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 1 0 9";
        assert_eq!(ticks(stat), Some(Duration::from_secs(3)));
        assert_eq!(ticks("7"), None);
    }

    #[test]
    fn idle_is_what_nobody_used() {
        let before = Processors::read("cpu  10 0 10 70 10 0 0 0 0 0\ncpu0 1 2").unwrap();
        let after = Processors::read("cpu  70 0 20 90 20 0 0 0 0 0\n").unwrap();
        assert_eq!(after.idle_since(&before), 30.0);
        assert_eq!(Processors::read("cpu0 1 2"), None);
    }
}
