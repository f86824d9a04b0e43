//! Checks that the files of a database are still where they were opened. SQLite goes on
//! writing into a file that was removed or replaced, and such votes end with the process.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use votify_core::backend::LogThrottle;

use crate::error::Error;

/// The device and the inode of a file.
type FileId = (u64, u64);

/// The files of a database: the database itself and its write-ahead log.
#[derive(Debug)]
pub(super) struct FileCheck {
    database: WatchedFile,
    /// Not set without write-ahead logging.
    log: OnceLock<WatchedFile>,
    /// True if the log stays one file. A host's pool may close all its connections, and
    /// SQLite then deletes the log and creates another.
    log_stays: bool,
}

impl FileCheck {
    pub(super) fn new(database: &Path, log_stays: bool) -> Self {
        let path = std::path::absolute(database);
        Self {
            database: WatchedFile::new(path.unwrap_or_else(|_| database.to_owned()), false),
            log: OnceLock::new(),
            log_stays,
        }
    }

    /// Also checks the write-ahead log of `database`, which is the path that SQLite uses.
    pub(super) fn watch_log(&self, database: &Path) {
        let mut path = database.as_os_str().to_owned();
        path.push("-wal");
        self.log.get_or_init(|| WatchedFile::new(path.into(), true));
    }

    /// Fails if the path does not lead to the file that the first call found. Costs one
    /// system call, about 1 µs.
    pub(super) fn check(&self) -> Result<(), Error> {
        self.database.check(true)
    }

    /// Does the same as [`check`](Self::check), and checks the log. For a connection in a
    /// writing transaction, which has the log open.
    pub(super) fn check_with_log(&self) -> Result<(), Error> {
        self.check()?;
        let log = self.log.get();
        log.map_or(Ok(()), |log| log.check(self.log_stays))
    }

    /// Accepts another log: the connection that had it open is closed.
    pub(super) fn forget_log(&self) {
        if let Some(log) = self.log.get() {
            log.forget();
        }
    }
}

#[derive(Debug)]
struct WatchedFile {
    path: PathBuf,
    is_log: bool,
    /// The file that the first check found.
    first: Mutex<Option<FileId>>,
    throttle: LogThrottle,
}

impl WatchedFile {
    fn new(path: PathBuf, is_log: bool) -> Self {
        Self {
            path,
            is_log,
            first: Mutex::default(),
            throttle: LogThrottle::default(),
        }
    }

    /// Fails if there is no file, or with `is_one_file` if it is not the first one.
    fn check(&self, is_one_file: bool) -> Result<(), Error> {
        let problem = match file_id(&self.path) {
            Ok(found) if !is_one_file || found == *self.first().get_or_insert(found) => None,
            Ok(_) => Some("was replaced"),
            // A database in memory never has a file.
            Err(error) if is_missing(&error) && (self.is_log || self.first().is_some()) => {
                Some("was removed")
            }
            // It is unknown whether the file is in place.
            Err(_) => None,
        };
        let Some(problem) = problem else {
            if self.throttle.record_success() {
                tracing::info!(file = %self.path.display(), "the database file is back");
            }
            return Ok(());
        };
        let error = Error::FileLost {
            file: self.path.clone(),
            problem,
            is_log: self.is_log,
        };
        if let Some(failures) = self.throttle.record_failure() {
            tracing::error!(failures, %error, "the store refuses calls");
        }
        Err(error)
    }

    fn forget(&self) {
        *self.first() = None;
    }

    fn first(&self) -> std::sync::MutexGuard<'_, Option<FileId>> {
        self.first.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

#[cfg(unix)]
fn file_id(path: &Path) -> io::Result<FileId> {
    use std::os::unix::fs::MetadataExt;

    let file = std::fs::metadata(path)?;
    Ok((file.dev(), file.ino()))
}

/// Elsewhere an open file cannot be removed or replaced.
#[cfg(not(unix))]
fn file_id(_: &Path) -> io::Result<FileId> {
    Ok((0, 0))
}
