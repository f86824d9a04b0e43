//! Date, commit and hardware of a measurement.

use std::fmt;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use votify_core::{Clock, SystemClock};

use crate::duration::duration;

/// When, where and at which commit a figure was measured.
#[derive(Debug)]
pub(crate) struct Machine {
    date: String,
    commit: String,
    processor: String,
    cores: usize,
    memory: String,
    sync_time: Duration,
    rustc: String,
}

impl Machine {
    /// # Errors
    /// If this is not Linux with git and rustc, or `scratch` is not writable.
    pub(crate) fn describe(scratch: &Path) -> Result<Self> {
        let processors = fs::read_to_string("/proc/cpuinfo")?;
        let memory = fs::read_to_string("/proc/meminfo")?;
        let changed = !stdout_of(Command::new("git").args(["status", "--porcelain"]))?.is_empty();
        let commit = stdout_of(Command::new("git").args(["rev-parse", "--short", "HEAD"]))?;
        Ok(Self {
            date: SystemClock.now().to_string().chars().take(10).collect(),
            commit: if changed {
                format!("{commit} with changes")
            } else {
                commit
            },
            processor: field(&processors, "model name")
                .unwrap_or("unknown")
                .to_owned(),
            cores: std::thread::available_parallelism()?.get(),
            memory: field(&memory, "MemTotal").unwrap_or("unknown").to_owned(),
            sync_time: median_sync_time(scratch)?,
            rustc: stdout_of(Command::new("rustc").arg("--version"))?,
        })
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "- measured on {}, at commit {}", self.date, self.commit)?;
        writeln!(
            f,
            "- processor: {}, {} cores; memory: {}",
            self.processor, self.cores, self.memory
        )?;
        writeln!(
            f,
            "- writing and syncing 4 KiB: {}",
            duration(self.sync_time)
        )?;
        writeln!(f, "- {}", self.rustc)
    }
}

/// Returns the value of the first line `name : value`.
pub(crate) fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    lines
        .find(|(key, _)| key.trim() == name)
        .map(|(_, value)| value.trim())
}

/// Returns the median time of a durable write: the lower bound for a single vote on this
/// disk.
fn median_sync_time(scratch: &Path) -> Result<Duration> {
    let path = scratch.join("sync");
    let mut file = File::create(&path)?;
    let mut times = Vec::new();
    for _ in 0..101 {
        let start = Instant::now();
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
        times.push(start.elapsed());
    }
    fs::remove_file(path)?;
    times.sort_unstable();
    times
        .get(times.len() / 2)
        .copied()
        .context("no sync was timed")
}

fn stdout_of(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .with_context(|| format!("cannot run {command:?}"))?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_match_by_their_whole_name() {
        let text = "VmRSSx: 1\nVmRSS:\t 2048 kB\n";
        assert_eq!(field(text, "VmRSS"), Some("2048 kB"));
        assert_eq!(field(text, "Vm"), None);
    }
}
