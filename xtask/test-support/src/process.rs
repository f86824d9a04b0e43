//! Processes of private servers.

mod guard;
mod server;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::wait::wait_until;

pub use guard::CleanupGuard;
pub(crate) use server::ServerProcess;

/// How long a process may take to react to a signal. It takes longest while it waits for
/// the disk.
const LIMIT: Duration = Duration::from_secs(20);

/// Returns every live process whose working directory is `folder` or below it.
///
/// That finds all processes of a server, whatever their parents and process groups:
/// servers work in their data folder, and no other process does.
#[must_use]
pub fn processes_in(folder: &Path) -> Vec<u32> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let works_there = |id: &u32| {
        let directory = fs::read_link(format!("/proc/{id}/cwd"));
        directory.is_ok_and(|directory| directory.starts_with(folder))
    };
    ids.filter(works_there).collect()
}

/// Stops all processes in a folder (`SIGSTOP`) and waits until they have stopped.
pub(crate) fn pause(folder: &Path) {
    let paused = wait_until(LIMIT, || {
        let mut running = processes_in(folder);
        running.retain(|id| !is_paused(*id));
        signal("STOP", &running);
        running.is_empty()
    });
    assert!(paused, "not all processes of the server stop");
}

/// Continues all processes in a folder (`SIGCONT`) and waits until they run.
pub(crate) fn resume(folder: &Path) {
    let resumed = wait_until(LIMIT, || {
        let mut paused = processes_in(folder);
        paused.retain(|id| is_paused(*id));
        signal("CONT", &paused);
        paused.is_empty()
    });
    assert!(resumed, "not all processes of the server continue");
}

/// Kills all processes in a folder (`SIGKILL`) and waits until they are gone.
pub(crate) fn kill(folder: &Path) {
    // Stopped first: no process may act between the end of another one and its own.
    pause(folder);
    signal("KILL", &processes_in(folder));
    assert!(wait_for_exit(folder), "not all processes of the server end");
}

/// Waits until no process is left in a folder. Returns false after 20 s.
pub(crate) fn wait_for_exit(folder: &Path) -> bool {
    wait_until(LIMIT, || processes_in(folder).is_empty())
}

/// Sends a signal to processes. Ignores processes that ended before.
pub(crate) fn signal(name: &str, ids: &[u32]) {
    if !ids.is_empty() {
        let mut kill = Command::new("kill");
        kill.arg(format!("-{name}"))
            .args(ids.iter().map(u32::to_string));
        kill.stderr(Stdio::null()).status().unwrap();
    }
}

fn is_paused(id: u32) -> bool {
    // "1234 (name) T …": the name may contain any character, also ")".
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    stat.rsplit(')')
        .next()
        .is_some_and(|rest| rest.trim_start().starts_with('T'))
}
