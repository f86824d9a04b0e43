//! Checks that the files of a database are still where they were opened, and not shorter
//! than their data. SQLite goes on writing into a file that was removed, replaced or
//! truncated, and such votes end with the process.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::quick_check;
use super::wal_index::WalIndex;
use super::watched_file::WatchedFile;
use crate::error::{Error, FileRole};
use crate::error_kind::ErrorKind;

/// The files of a database.
#[derive(Debug)]
pub(super) struct FileCheck {
    database: WatchedFile,
    /// Not set without write-ahead logging.
    wal: OnceLock<WalFiles>,
    /// True if the log stays one file. A host's pool may close all its connections, and
    /// SQLite then deletes the log and creates another.
    log_stays: bool,
}

/// The files beside a database with write-ahead logging.
#[derive(Debug)]
struct WalFiles {
    log: WatchedFile,
    /// The file with the index of the log and the locks of all processes. `None` if there
    /// was none at the start, as with some of SQLite's other ways to lock.
    index: Option<WatchedFile>,
    content: WalIndex,
}

impl FileCheck {
    pub(super) fn new(database: &Path, log_stays: bool) -> Self {
        let path = std::path::absolute(database);
        let path = path.unwrap_or_else(|_| database.to_owned());
        Self {
            database: WatchedFile::new(path, FileRole::Database),
            wal: OnceLock::new(),
            log_stays,
        }
    }

    /// Also checks the write-ahead log of `database`, which is the path that SQLite uses,
    /// and the index of the log. A connection is open.
    pub(super) fn watch_log(&self, database: &Path) {
        self.wal.get_or_init(|| {
            let index = WatchedFile::new(beside(database, "-shm"), FileRole::LogIndex);
            let has_index = index.remember();
            let log = WatchedFile::new(beside(database, "-wal"), FileRole::Log);
            log.remember();
            WalFiles {
                log,
                content: WalIndex::new(index.path().to_owned(), beside(database, "-wal")),
                index: has_index.then_some(index),
            }
        });
    }

    /// Fails if the path does not lead to the file that the first call found, or if the file
    /// or the index of its log was truncated. Costs two calls of `stat`, about 2 µs.
    pub(super) fn check(&self) -> Result<(), Error> {
        self.check_database()?;
        let wal = self.wal.get().filter(|_| self.log_stays);
        match wal.and_then(|wal| wal.index.as_ref()) {
            // SQLite maps this file: a truncated one ends the process with SIGBUS.
            Some(index) => index.check_min_len(WalIndex::MIN_BYTES),
            None => Ok(()),
        }
    }

    /// Does the same as [`check`](Self::check), and checks the log and its index. For a
    /// connection in a writing transaction, which has them open. Costs three calls of
    /// `stat`, about 3 µs.
    pub(super) fn check_with_log(&self) -> Result<(), Error> {
        self.check_database()?;
        let Some(wal) = self.wal.get() else {
            return Ok(());
        };
        if let Some(index) = &wal.index {
            index.check(self.log_stays, || 0)?;
            index.check_min_len(WalIndex::MIN_BYTES)?;
        }
        wal.log
            .check(self.log_stays, || wal.content.min_log_bytes().unwrap_or(0))
    }

    fn check_database(&self) -> Result<(), Error> {
        // Without an index, the only known minimum: a database is never empty.
        let min_bytes = || {
            let wal = self.wal.get();
            wal.and_then(|wal| wal.content.min_database_bytes())
                .unwrap_or(1)
        };
        self.database.check(true, min_bytes)
    }

    /// Accepts another log: the connection that had it open is closed.
    pub(super) fn forget_log(&self) {
        if let Some(wal) = self.wal.get() {
            wal.log.forget();
            if let Some(index) = &wal.index {
                index.forget();
            }
        }
    }

    /// Returns true if the index of the log is not in place any more, and processes may use
    /// different ones. The last connection of one index would remove the log when it is
    /// closed, with the commits of the others.
    pub(super) fn has_lost_index(&self) -> bool {
        let wal = self.wal.get();
        let index = wal.and_then(|wal| wal.index.as_ref());
        let check = |index: &WatchedFile| {
            index.check(self.log_stays, || 0)?;
            index.check_min_len(WalIndex::MIN_BYTES)
        };
        index.is_some_and(|index| check(index).is_err())
    }

    /// Returns the path of the database.
    pub(super) fn path(&self) -> &Path {
        self.database.path()
    }

    /// Returns why the store must stop, and what to do, if `error` shows that a file is
    /// damaged.
    pub(super) fn damage(&self, error: &Error) -> Option<String> {
        let is_damage =
            matches!(error, Error::FileTruncated(_)) || error.kind() == Some(ErrorKind::Corrupt);
        is_damage.then(|| quick_check::describe_damage(self.path(), &error.to_string()))
    }
}

/// Returns the path of the file that SQLite keeps beside a database.
fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}
