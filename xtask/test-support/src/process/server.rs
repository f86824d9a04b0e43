use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::thread;

use tempfile::TempDir;

use super::{CleanupGuard, kill, pause, processes_in, resume, signal, wait_for_exit};

/// Lines of the log that a failure message repeats.
const LOG_LINES: usize = 40;

/// The folder and the processes of a private server. Both are removed on drop, or when
/// the test's process ends.
#[derive(Debug)]
pub(crate) struct ServerProcess {
    folder: PathBuf,
    data: PathBuf,
    child: Option<Child>,
    guard: CleanupGuard,
}

impl ServerProcess {
    /// Creates an empty folder. Starts no server.
    pub(crate) fn new(prefix: &str) -> Self {
        let folder = TempDir::with_prefix(prefix).unwrap().keep();
        let folder = fs::canonicalize(folder).unwrap();
        let guard = CleanupGuard::new(&folder);
        let data = folder.join("data");
        Self {
            folder,
            data,
            child: None,
            guard,
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Path of the data folder, which the server creates.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// Starts the server in its data folder and appends its output to the log.
    pub(crate) fn spawn(&mut self, command: &mut Command) {
        let mut log = File::options();
        let log = log.create(true).append(true).open(self.log_file()).unwrap();
        let child = command
            .current_dir(&self.data)
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .process_group(0)
            .spawn();
        self.child = Some(child.unwrap());
    }

    /// Returns the exit status of the server if it has ended.
    pub(crate) fn exit_status(&mut self) -> Option<ExitStatus> {
        self.child.as_mut()?.try_wait().unwrap()
    }

    pub(crate) fn pause(&self) {
        pause(&self.folder);
    }

    pub(crate) fn resume(&self) {
        resume(&self.folder);
    }

    pub(crate) fn kill(&mut self) {
        kill(&self.folder);
        self.reap();
    }

    /// Sends a signal to the given processes and waits until the server has ended.
    ///
    /// # Errors
    /// Returns an error if a process is left after 20 s.
    pub(crate) fn stop(&mut self, name: &str, ids: &[u32]) -> Result<(), &'static str> {
        signal(name, ids);
        if !wait_for_exit(&self.folder) {
            return Err("the server does not stop");
        }
        self.reap();
        Ok(())
    }

    pub(crate) fn processes(&self) -> Vec<u32> {
        processes_in(&self.folder)
    }

    pub(crate) fn log(&self) -> String {
        let log = fs::read(self.log_file()).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }

    /// Panics with the end of the server's log.
    pub(crate) fn fail(&self, reason: &str) -> ! {
        let log = self.log();
        let lines: Vec<_> = log.lines().collect();
        let start = lines.len().saturating_sub(LOG_LINES);
        let tail = lines.get(start..).unwrap_or_default().join("\n");
        panic!("{reason}; the server's log ends with\n{tail}")
    }

    fn log_file(&self) -> PathBuf {
        self.folder.join("server.log")
    }

    fn reap(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.wait().unwrap();
        }
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        self.guard.run();
        if let Some(child) = &mut self.child {
            let _ = child.try_wait();
        }
        // A panic during another panic would abort all tests.
        let is_removed = !self.folder.exists();
        assert!(
            is_removed || thread::panicking(),
            "failed to remove {}",
            self.folder.display()
        );
    }
}
