use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::patience::holds_within;

/// What a process that was sent a signal may take to obey: longest when it waits for the disk.
const LIMIT: Duration = Duration::from_secs(20);

/// Every living process that works in this folder or below. That finds all of a server's, whoever their parents are and
/// whatever groups they are in: both kinds of server go to their data folder, and nobody else has business there.
pub(crate) fn living_in(folder: &Path) -> Vec<u32> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let works_there = |id: &u32| {
        let works = fs::read_link(format!("/proc/{id}/cwd"));
        works.is_ok_and(|works| works.starts_with(folder))
    };
    ids.filter(works_there).collect()
}

/// Stops them in their tracks, and returns when all have stopped.
pub(super) fn pause(folder: &Path) {
    let paused = holds_within(LIMIT, || {
        let running: Vec<_> = living_in(folder)
            .into_iter()
            .filter(|id| !is_paused(*id))
            .collect();
        signal("STOP", &running);
        running.is_empty()
    });
    assert!(paused, "not all of its processes stop");
}

/// Lets them go on, and returns when all do.
pub(super) fn resume(folder: &Path) {
    let resumed = holds_within(LIMIT, || {
        let mut paused = living_in(folder);
        paused.retain(|id| is_paused(*id));
        signal("CONT", &paused);
        paused.is_empty()
    });
    assert!(resumed, "not all of its processes go on");
}

/// Kills them, and returns when all are gone. None gets to do anything between the first one's end and its own.
pub(super) fn kill(folder: &Path) {
    pause(folder);
    signal("KILL", &living_in(folder));
    assert!(are_gone(folder), "not all of its processes end");
}

/// Waits for their end; tells whether it came.
pub(super) fn are_gone(folder: &Path) -> bool {
    holds_within(LIMIT, || living_in(folder).is_empty())
}

/// One that ended before is no fault.
pub(super) fn signal(name: &str, ids: &[u32]) {
    if !ids.is_empty() {
        let mut kill = Command::new("kill");
        kill.arg(format!("-{name}"))
            .args(ids.iter().map(u32::to_string));
        kill.stderr(Stdio::null()).status().unwrap();
    }
}

fn is_paused(id: u32) -> bool {
    // "1234 (name) T …": a name may hold anything.
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    stat.rsplit(')')
        .next()
        .is_some_and(|rest| rest.trim_start().starts_with('T'))
}
