use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use votify_core::backend::LogThrottle;

use crate::error::{Error, FileRole};

/// The identity and the length of a file.
#[derive(Debug, Clone, Copy)]
struct FileState {
    /// The device and the inode.
    id: (u64, u64),
    len: u64,
}

/// A file that must stay in place, and as long as its data.
#[derive(Debug)]
pub(super) struct WatchedFile {
    path: PathBuf,
    role: FileRole,
    /// The file at its last check. Locked during a check, so that no check compares with a
    /// later length.
    last: Mutex<Option<FileState>>,
    throttle: LogThrottle,
}

impl WatchedFile {
    pub(super) fn new(path: PathBuf, role: FileRole) -> Self {
        Self {
            path,
            role,
            last: Mutex::default(),
            throttle: LogThrottle::default(),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Remembers the current file. Returns true if there is one.
    pub(super) fn remember(&self) -> bool {
        let found = FileState::read(&self.path).ok();
        *self.last() = found;
        found.is_some()
    }

    /// Accepts any other file at the next check.
    pub(super) fn forget(&self) {
        *self.last() = None;
    }

    /// Fails if there is no file, with `is_one_file` if it is not the one of the last check,
    /// or if it is shorter than at the last check and than `min_len`.
    pub(super) fn check(
        &self,
        is_one_file: bool,
        min_len: impl FnOnce() -> u64,
    ) -> Result<(), Error> {
        let mut last = self.last();
        let problem = match (FileState::read(&self.path), *last) {
            (Ok(found), Some(last)) if found.id == last.id => {
                if found.len < last.len && found.len < min_len() {
                    return Err(self.failed(Error::FileTruncated(self.path.clone())));
                }
                Ok(found)
            }
            (Ok(_), Some(_)) if is_one_file => Err("was replaced".into()),
            (Ok(found), _) => Ok(found),
            // A database in memory never has a file.
            (Err(error), None) if self.role == FileRole::Database || !is_missing(&error) => {
                return Ok(());
            }
            (Err(error), _) if is_missing(&error) => Err("was removed".into()),
            (Err(error), _) => Err(format!("cannot be found ({error})")),
        };
        match problem {
            Ok(found) => {
                *last = Some(found);
                self.succeeded();
                Ok(())
            }
            Err(problem) => Err(self.lost(problem)),
        }
    }

    /// Fails if there is a file of less than `min_len` bytes.
    pub(super) fn check_min_len(&self, min_len: u64) -> Result<(), Error> {
        match FileState::read(&self.path) {
            Ok(found) if found.len < min_len => Err(self.lost("was truncated".into())),
            _ => Ok(()),
        }
    }

    fn lost(&self, problem: String) -> Error {
        self.failed(Error::FileLost {
            file: self.path.clone(),
            problem,
            role: self.role,
        })
    }

    fn failed(&self, error: Error) -> Error {
        if let Some(failures) = self.throttle.record_failure() {
            tracing::error!(failures, %error, "the store refuses calls");
        }
        error
    }

    fn succeeded(&self) {
        if self.throttle.record_success() {
            tracing::info!(file = %self.path.display(), "the database file is back");
        }
    }

    fn last(&self) -> MutexGuard<'_, Option<FileState>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

impl FileState {
    fn read(path: &Path) -> io::Result<Self> {
        let file = std::fs::metadata(path)?;
        Ok(Self {
            id: file_id(&file),
            len: file.len(),
        })
    }
}

#[cfg(unix)]
pub(super) fn file_id(file: &std::fs::Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;

    (file.dev(), file.ino())
}

/// Elsewhere an open file cannot be removed or replaced.
#[cfg(not(unix))]
pub(super) fn file_id(_: &std::fs::Metadata) -> (u64, u64) {
    (0, 0)
}
