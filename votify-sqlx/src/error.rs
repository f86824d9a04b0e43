use sqlx::error::DatabaseError;
use votify_core::account::AccountError;
use votify_core::{PollId, StoreError};

use crate::field::Unreadable;

/// What can go wrong in a database, named by what follows from it; turned into a [`StoreError`] once, at the edge.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Another transaction is in the way: rolled back, and worth trying again at once.
    #[error("{0}")]
    Conflict(sqlx::Error),
    /// The connection broke before anything could be committed: worth trying again at once.
    #[error("{0}")]
    Lost(sqlx::Error),
    /// Not reachable, full, read-only, or not answering.
    #[error("{0}")]
    Unavailable(sqlx::Error),
    /// The database says that its files are damaged.
    #[error("{0}")]
    Damaged(sqlx::Error),
    /// A row that this library would not have written.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The same in a user's row.
    #[error("invalid {0} in the row of a user")]
    UnreadableUser(&'static str),
    /// Anything else that the driver said.
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
    Foreign { table: String },
    /// The text names the file and what to do.
    #[error("{0}")]
    CannotOpen(String),
    #[error("{0}")]
    NoDatabase(String),
    #[error("{0}")]
    WrongUrl(String),
    #[error("{0} exceeds the range of a database integer")]
    TooLarge(u64),
    #[error("failed to encode {0}: {1}")]
    Unwritable(&'static str, serde_json::Error),
    /// A write that should have met every row met fewer: something else writes without the poll's lock.
    #[error("{changed} rows of {table} changed, expected {expected}")]
    Missed {
        table: &'static str,
        expected: usize,
        changed: u64,
    },
    #[error("the transaction has ended")]
    Ended,
    #[error("poll {0} does not exist")]
    PollNotFound(PollId),
    #[error("poll {0} already exists")]
    PollExists(PollId),
}

impl Error {
    /// Whether nothing happened, and the same may go through at once.
    pub(crate) const fn is_passing(&self) -> bool {
        matches!(self, Self::Conflict(_) | Self::Lost(_))
    }

    /// Whether a row that was to be inserted is there already.
    pub(crate) fn is_taken(&self) -> bool {
        matches!(self, Self::Driver(sqlx::Error::Database(error)) if error.is_unique_violation())
    }

    /// What this means of a commit: that may have happened, unless another transaction was in the way.
    pub(crate) fn of_commit(self) -> Self {
        match self {
            Self::Lost(error) | Self::Damaged(error) | Self::Driver(error) => {
                Self::Unavailable(error)
            }
            other => other,
        }
    }

    /// Whether a row of that key is there already.
    pub(crate) fn is_duplicate(&self) -> bool {
        match self {
            Self::Driver(sqlx::Error::Database(error)) => error.is_unique_violation(),
            _ => false,
        }
    }

    pub(crate) fn into_account_error(self, backend: &'static str) -> AccountError {
        match self {
            Self::Conflict(_) | Self::Lost(_) | Self::Unavailable(_) | Self::CannotOpen(_) => {
                AccountError::unavailable(backend, self)
            }
            Self::Damaged(_) | Self::UnreadableUser(_) | Self::NoDatabase(_) => {
                AccountError::corrupt(backend, self)
            }
            _ => AccountError::failed(backend, self),
        }
    }

    pub(crate) fn into_store_error(self, backend: &'static str) -> StoreError {
        match self {
            Self::PollNotFound(id) => StoreError::PollNotFound(id),
            Self::PollExists(id) => StoreError::PollExists(id),
            Self::Conflict(_) | Self::Lost(_) | Self::Unavailable(_) | Self::CannotOpen(_) => {
                StoreError::unavailable(backend, self)
            }
            Self::Damaged(_) | Self::Unreadable(_) | Self::NoDatabase(_) => {
                StoreError::corrupt(backend, self)
            }
            _ => StoreError::failed(backend, self),
        }
    }
}

/// What an error of a database means, if it is one of that database's, and known.
type Meaning = fn(&dyn DatabaseError) -> Option<fn(sqlx::Error) -> Error>;

const MEANINGS: &[Meaning] = &[
    #[cfg(feature = "sqlite")]
    crate::sqlite::meaning,
    #[cfg(feature = "postgres")]
    crate::postgres::meaning,
    #[cfg(feature = "mysql")]
    crate::mysql::meaning,
];

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Io(_) | sqlx::Error::Protocol(_) => Self::Lost(error),
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => {
                Self::Unavailable(error)
            }
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => Self::Damaged(error),
            sqlx::Error::Database(database) => {
                let database = database.as_ref();
                let meaning = MEANINGS.iter().find_map(|meaning| meaning(database));
                meaning.unwrap_or(Self::Driver)(error)
            }
            _ => Self::Driver(error),
        }
    }
}
