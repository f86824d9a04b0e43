//! Processor times and memory, read from `/proc`.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::machine::field;

/// Processor time used since the start of each process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    server: Duration,
    /// Time of this process, which generates the load.
    load: Duration,
    processors: ProcessorTimes,
}

/// Processor time used between two readings.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UsageDelta {
    pub(crate) server: Duration,
    pub(crate) load: Duration,
    /// Idle share of all processors, in percent. Near 0, the processors bound the result;
    /// otherwise the load was waiting.
    pub(crate) idle: f64,
}

impl Usage {
    /// Reads the usage of the server with this process id.
    ///
    /// # Errors
    /// If the process does not exist.
    pub(crate) fn read(server: u32) -> Result<Self> {
        let stat = fs::read_to_string("/proc/stat")?;
        Ok(Self {
            server: processor_time(&server.to_string())?,
            load: processor_time("self")?,
            processors: ProcessorTimes::parse(&stat).context("cannot parse /proc/stat")?,
        })
    }

    pub(crate) fn since(&self, before: &Self) -> UsageDelta {
        UsageDelta {
            server: self.server.saturating_sub(before.server),
            load: self.load.saturating_sub(before.load),
            idle: self.processors.idle_since(&before.processors),
        }
    }
}

/// Returns the resident memory of a process, in KiB.
///
/// # Errors
/// If the process does not exist.
pub(crate) fn resident_kib(process: u32) -> Result<u32> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let size = field(&status, "VmRSS").context("the server has exited")?;
    Ok(size.trim_end_matches(" kB").parse()?)
}

fn processor_time(process: &str) -> Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    parse_process_time(&stat).context("the server has exited")
}

/// Adds fields 14 and 15 of a process's `stat`: user and system time in hundredths of a
/// second. Fields are counted from the last `)`, because the process name may contain
/// spaces and brackets.
fn parse_process_time(stat: &str) -> Option<Duration> {
    let (_, behind_name) = stat.rsplit_once(')')?;
    let mut fields = behind_name.split_whitespace().skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(Duration::from_millis(10 * (user + system)))
}

/// Times of all processors together, in hundredths of a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ProcessorTimes {
    idle: u32,
    all: u32,
}

impl ProcessorTimes {
    /// Parses the first line of `/proc/stat`: user, nice, system, idle, iowait, irq,
    /// softirq, steal.
    fn parse(stat: &str) -> Option<Self> {
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
    fn process_time_is_parsed_after_any_name() {
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 1 0 9";
        assert_eq!(parse_process_time(stat), Some(Duration::from_secs(3)));
        assert_eq!(parse_process_time("7"), None);
    }

    #[test]
    fn idle_share_includes_iowait() {
        let before = ProcessorTimes::parse("cpu  10 0 10 70 10 0 0 0 0 0\ncpu0 1 2").unwrap();
        let after = ProcessorTimes::parse("cpu  70 0 20 90 20 0 0 0 0 0\n").unwrap();
        assert_eq!(after.idle_since(&before), 30.0);
        assert_eq!(ProcessorTimes::parse("cpu0 1 2"), None);
    }
}
