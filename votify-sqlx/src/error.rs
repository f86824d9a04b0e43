use std::path::PathBuf;

use sqlx::error::DatabaseError;
use votify_core::account::AccountError;
use votify_core::poll::JoinCode;
use votify_core::{PollId, StoreError};

use crate::error_kind::ErrorKind;
use crate::statement::Statement;

/// An error of a database, named after its consequence. The public methods turn it into a
/// [`StoreError`] or an [`AccountError`].
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Another transaction was in the way. Nothing happened, and a retry may succeed.
    #[error("{0}")]
    Conflict(sqlx::Error),
    /// The connection broke before the commit. Nothing happened, and a retry may succeed.
    #[error("{0}")]
    ConnectionLost(sqlx::Error),
    /// The connection broke after an optimistic commit was sent, which may be committed.
    /// Casting the same ballots again settles it.
    #[error("{0}")]
    CommitUnknown(sqlx::Error),
    /// The database is unreachable, full, read-only or silent. After a commit, it is
    /// unknown whether the transaction was committed.
    #[error("{0}")]
    Unavailable(sqlx::Error),
    /// An earlier attempt lost its connection and may have been committed, and a retry
    /// failed.
    #[error("an earlier attempt may have been committed, and its retry failed: {0}")]
    OutcomeUnknown(Box<Self>),
    /// The database reports damaged files.
    #[error("{0}")]
    Corrupt(sqlx::Error),
    /// A row of a poll has a value that this library does not write.
    #[error(transparent)]
    CorruptField(#[from] CorruptField),
    /// A row of a user has a value that this library does not write.
    #[error("invalid {0} in the row of a user")]
    CorruptUser(&'static str),
    /// The row of a poll has a column that cannot be decoded.
    #[error("invalid row of poll {poll}: {error}")]
    CorruptRow { poll: PollId, error: sqlx::Error },
    /// The database rejects the login or the statement, whatever the values are.
    #[error("{0}")]
    Rejected(sqlx::Error),
    /// A table, column or unique key does not exist.
    #[error("{0}")]
    SchemaMismatch(sqlx::Error),
    /// Any other error of the driver.
    #[error("{0}")]
    Driver(sqlx::Error),
    #[error("migration failed: {0}")]
    Migration(sqlx::migrate::MigrateError),
    #[error("the tables do not exist or are from an older version; run migrate() first")]
    NotMigrated,
    #[error(
        "the tables have schema version {found}, made by a newer Votify; this version supports at most {known}"
    )]
    TooNew { found: i64, known: i64 },
    #[error("table {table} exists but was not created by Votify's migrations")]
    ForeignTable { table: String },
    #[error(
        "table {table} is from a development version of Votify before 0.1.0, which cannot be upgraded; drop every table whose name begins with votify_, or use another database or schema"
    )]
    UnreleasedTables { table: String },
    /// The message names the server or file, and what to do.
    #[error("{0}")]
    Connect(String),
    /// The tables cannot be used now. The message says what to do.
    #[error("{0}")]
    TablesUnusable(String),
    #[error("{0}")]
    NotADatabase(String),
    /// The message says what is damaged, and what to do.
    #[error("{0}")]
    DamagedFile(String),
    #[error(
        "{missing} is missing although the migrations have run: the database was changed; restore it from a backup"
    )]
    Incomplete { missing: String },
    /// A file of a database is not in place while the store runs.
    #[error("{} {problem} while it was in use; {}", file.display(), role.advice())]
    FileLost {
        file: PathBuf,
        problem: String,
        role: FileRole,
    },
    /// A file of a database is shorter than its data.
    #[error("{} was truncated while it was in use, and the end of its data is lost", .0.display())]
    FileTruncated(PathBuf),
    /// The storage was found damaged while the store runs, which refuses every call from
    /// then on. The message says what to do.
    #[error("{0}")]
    Stopped(String),
    #[error(
        "an earlier write failed because the storage takes none: the disk is full, read-only or broken, or another program has locked it"
    )]
    Unwritable,
    #[error("{0}")]
    InvalidUrl(String),
    #[error("{0} exceeds the range of a database integer")]
    TooLarge(u64),
    #[error("failed to encode {0}: {1}")]
    Encode(
        &'static str,
        Box<dyn std::error::Error + Send + Sync + 'static>,
    ),
    /// A write changed another number of rows than it has: another program writes without
    /// the poll's lock.
    #[error("{statement:?} changed {changed} rows, expected {expected}")]
    RowCountMismatch {
        statement: Statement,
        expected: usize,
        changed: u64,
    },
    /// A call has parameters where its statement has rows, or the reverse.
    #[error("wrong kind of input for {0:?}")]
    WrongInput(Statement),
    #[error("the transaction has ended")]
    TransactionEnded,
    /// A call has no reply, or a count has no row.
    #[error("the database did not reply to every call")]
    MissingReply,
    #[error("poll {0} does not exist")]
    PollNotFound(PollId),
    /// Nothing is known to have happened, and a retry may succeed.
    #[error("poll {0} was locked for too long to be sealed")]
    SealTimedOut(PollId),
    #[error("poll {0} already exists")]
    PollExists(PollId),
    #[error("another poll has the join code {0}")]
    JoinCodeTaken(JoinCode),
}

/// The use of a file of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileRole {
    Database,
    /// The write-ahead log, without which reads succeed.
    Log,
    /// The index of the log, with the locks of all processes. Reads succeed without it.
    LogIndex,
}

impl FileRole {
    const fn advice(self) -> &'static str {
        match self {
            Self::Database => {
                "put the same file back, or stop every process that uses it, remove its -wal and -shm files and restore a backup"
            }
            Self::Log => {
                "put the same file back, or stop every process that uses it: the last one copies the log into the database when it stops"
            }
            Self::LogIndex => {
                "stop every process that uses the database, and then start again: no acknowledged vote is in this file"
            }
        }
    }
}

/// A stored value of a poll that this library does not write.
#[derive(Debug, thiserror::Error)]
#[error("invalid {field} in poll {poll}")]
pub(crate) struct CorruptField {
    pub(crate) poll: PollId,
    pub(crate) field: &'static str,
}

impl Error {
    /// Returns true if nothing happened, and a retry may succeed at once.
    pub(crate) const fn is_retryable(&self) -> bool {
        matches!(self, Self::Conflict(_) | Self::ConnectionLost(_))
    }

    /// Returns true if an inserted row exists already.
    pub(crate) fn is_unique_violation(&self) -> bool {
        matches!(self, Self::Driver(error) if Self::is_unique(error))
    }

    pub(crate) fn is_unique(error: &sqlx::Error) -> bool {
        matches!(error, sqlx::Error::Database(error) if error.is_unique_violation())
    }

    /// Returns the error of a failed commit: unless there was a conflict, the transaction
    /// may have been committed.
    pub(crate) fn into_commit_error(self) -> Self {
        match self {
            Self::ConnectionLost(error)
            | Self::Corrupt(error)
            | Self::Rejected(error)
            | Self::SchemaMismatch(error)
            | Self::Driver(error) => Self::Unavailable(error),
            other => other,
        }
    }

    /// Returns the error of a failed attempt to get a connection. Without one nothing is
    /// known about the data, so that every error that is not retryable is a database that
    /// cannot be reached.
    pub(crate) fn of_acquire(error: sqlx::Error) -> Self {
        match Self::from(error) {
            Self::Corrupt(error)
            | Self::Rejected(error)
            | Self::SchemaMismatch(error)
            | Self::Driver(error) => Self::Unavailable(error),
            other => other,
        }
    }

    /// Attaches the poll to an error of a column of its row.
    pub(crate) fn in_row_of(self, poll: PollId) -> Self {
        match self {
            Self::Corrupt(error) => Self::CorruptRow { poll, error },
            other => other,
        }
    }

    /// Returns true if writes fail although reads may succeed.
    pub(crate) fn is_unwritable(&self) -> bool {
        match self {
            Self::FileLost { role, .. } => *role != FileRole::Database,
            Self::Unwritable => true,
            Self::OutcomeUnknown(error) => error.is_unwritable(),
            _ => self.kind() == Some(ErrorKind::Unwritable),
        }
    }

    /// Returns true if the tables may not be those of the migrations any more.
    pub(crate) fn is_schema_mismatch(&self) -> bool {
        self.kind() == Some(ErrorKind::SchemaMismatch)
    }

    /// Returns the kind of the database's error, if it is one.
    pub(crate) fn kind(&self) -> Option<ErrorKind> {
        match self {
            Self::Conflict(error)
            | Self::ConnectionLost(error)
            | Self::CommitUnknown(error)
            | Self::Unavailable(error)
            | Self::Corrupt(error)
            | Self::CorruptRow { error, .. }
            | Self::Rejected(error)
            | Self::SchemaMismatch(error)
            | Self::Driver(error) => kind(error.as_database_error()?),
            Self::OutcomeUnknown(error) => error.kind(),
            _ => None,
        }
    }

    /// Returns true if a transaction with other polls may succeed.
    pub(crate) const fn may_concern_one_poll(&self) -> bool {
        matches!(
            self,
            Self::Corrupt(_)
                | Self::CorruptField(_)
                | Self::CorruptRow { .. }
                | Self::Driver(_)
                | Self::TooLarge(_)
                | Self::Encode(..)
                | Self::RowCountMismatch { .. }
        )
    }

    pub(crate) fn into_account_error(self, backend: &'static str) -> AccountError {
        match self {
            error if error.is_unavailable() => AccountError::unavailable(backend, error),
            Self::Corrupt(_)
            | Self::CorruptUser(_)
            | Self::NotADatabase(_)
            | Self::DamagedFile(_)
            | Self::Incomplete { .. } => AccountError::corrupt(backend, self),
            _ => AccountError::failed(backend, self),
        }
    }

    pub(crate) fn into_store_error(self, backend: &'static str) -> StoreError {
        match self {
            Self::PollNotFound(id) => StoreError::PollNotFound(id),
            Self::PollExists(id) => StoreError::PollExists(id),
            Self::JoinCodeTaken(code) => StoreError::JoinCodeTaken(code),
            error if error.is_unavailable() => StoreError::unavailable(backend, error),
            Self::Corrupt(_)
            | Self::CorruptField(_)
            | Self::CorruptRow { .. }
            | Self::NotADatabase(_)
            | Self::DamagedFile(_)
            | Self::Incomplete { .. } => StoreError::corrupt(backend, self),
            _ => StoreError::failed(backend, self),
        }
    }

    pub(crate) const fn is_unavailable(&self) -> bool {
        matches!(
            self,
            Self::Conflict(_)
                | Self::ConnectionLost(_)
                | Self::CommitUnknown(_)
                | Self::Unavailable(_)
                | Self::OutcomeUnknown(_)
                | Self::SealTimedOut(_)
                | Self::Connect(_)
                | Self::TablesUnusable(_)
                | Self::FileLost { .. }
                | Self::FileTruncated(_)
                | Self::Stopped(_)
                | Self::Unwritable
        )
    }
}

/// Returns the kind of an error; `None` if it is another database's or unknown.
type Classifier = fn(&dyn DatabaseError) -> Option<ErrorKind>;

const CLASSIFIERS: &[Classifier] = &[
    #[cfg(feature = "sqlite")]
    crate::sqlite::error_codes::classify,
    #[cfg(feature = "postgres")]
    crate::postgres::error_codes::classify,
    #[cfg(feature = "mysql")]
    crate::mysql::error_codes::classify,
];

fn kind(error: &dyn DatabaseError) -> Option<ErrorKind> {
    CLASSIFIERS.iter().find_map(|classify| classify(error))
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Io(_) | sqlx::Error::Protocol(_) => Self::ConnectionLost(error),
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => {
                Self::Unavailable(error)
            }
            sqlx::Error::Tls(_) | sqlx::Error::Configuration(_) => Self::Rejected(error),
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => Self::Corrupt(error),
            sqlx::Error::Database(database) => match kind(database.as_ref()) {
                Some(ErrorKind::Conflict) => Self::Conflict(error),
                Some(ErrorKind::ConnectionLost) => Self::ConnectionLost(error),
                Some(ErrorKind::Unavailable | ErrorKind::Unwritable) => Self::Unavailable(error),
                Some(ErrorKind::Corrupt) => Self::Corrupt(error),
                Some(ErrorKind::Rejected) => Self::Rejected(error),
                Some(ErrorKind::SchemaMismatch) => Self::SchemaMismatch(error),
                None => Self::Driver(error),
            },
            _ => Self::Driver(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_errors_of_data_may_concern_one_poll() {
        let tls = || sqlx::Error::Tls("handshake failed".into());
        assert!(matches!(Error::from(tls()), Error::Rejected(_)));
        assert!(!Error::from(tls()).may_concern_one_poll());
        assert!(!Error::NotMigrated.may_concern_one_poll());
        assert!(Error::TooLarge(u64::MAX).may_concern_one_poll());
        let error = Error::of_acquire(tls());
        assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
        let lost = || sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into());
        assert!(Error::of_acquire(lost()).is_retryable());
    }

    #[test]
    fn writes_that_the_storage_does_not_take_are_recognized() {
        assert!(!Error::Unavailable(sqlx::Error::PoolTimedOut).is_unwritable());
        assert!(Error::OutcomeUnknown(Box::new(Error::Unwritable)).is_unwritable());
    }

    #[test]
    fn an_unknown_commit_is_unavailable_and_not_retried_blindly() {
        let lost = sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into());
        let error = Error::CommitUnknown(lost);
        assert!(!error.is_retryable() && !error.may_concern_one_poll());
        let error = error.into_store_error("test");
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    }
}
