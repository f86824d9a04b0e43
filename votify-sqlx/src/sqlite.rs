//! SQLite.

mod connect;
pub(crate) mod error_codes;
mod file_check;
#[cfg(test)]
mod plans;
mod quick_check;
mod read_timeout;
mod rows;
mod schema;
mod script;
mod settings;
mod sql;
mod transaction;
mod wal_index;
mod watched_file;

pub use connect::SqliteDatabase;

use sqlx::sqlite::SqlitePool;
use votify_core::StoreError;

use crate::retry::retry_transient;
use crate::store::SqlStore;

/// A [`Store`](votify_core::Store) in a SQLite file.
///
/// Several processes on one machine may use one file.
pub type SqliteStore = SqlStore<SqliteDatabase>;

impl SqlStore<SqliteDatabase> {
    /// Opens the database of a URL such as `sqlite://votify.db?mode=rwc`.
    ///
    /// The path is relative to the current folder; `sqlite:///var/lib/votify.db` is
    /// absolute. Without `mode=rwc` the file must exist. The database is switched to
    /// write-ahead logging, and every commit is on disk when it is acknowledged.
    /// `sqlite::memory:` is a new database that ends with this store and its clones.
    ///
    /// # Errors
    ///
    /// The sources of the error name the file.
    ///
    /// - [`StoreError::Unavailable`]: the file does not exist or cannot be opened.
    /// - [`StoreError::Corrupt`]: the file is not a SQLite database, is damaged, or lacks a
    ///   table or column. A large file is checked for up to 5 seconds.
    /// - [`StoreError::Failed`]: the URL is invalid, a newer version of this library has
    ///   migrated the database, or Votify did not create its tables. Correct the URL,
    ///   update this library, or use another file.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        // Another process may be switching the same new file to write-ahead logging.
        Self::new(retry_transient(|| SqliteDatabase::open(url)).await).await
    }

    /// Uses a host's pool with the host's settings.
    ///
    /// Checks the file for up to 5 seconds. Logs a warning if acknowledged votes might not survive a loss of power; see
    /// [`durability`](Self::durability). That needs `journal_mode=WAL` and
    /// `synchronous=FULL`. The pool of a database in memory must have one connection
    /// only. A [long read](SqlStore#long-reads) replaces the progress handler of its
    /// connection, and removes it afterwards.
    ///
    /// # Errors
    ///
    /// - [`StoreError::Unavailable`]: the database cannot be opened, or is in memory and
    ///   the pool has several connections.
    /// - [`StoreError::Corrupt`]: the file is damaged, or lacks a table or column.
    /// - [`StoreError::Failed`]: a newer version of this library has migrated the
    ///   database; update this library.
    pub async fn from_pool(pool: SqlitePool) -> Result<Self, StoreError> {
        Self::new(SqliteDatabase::from_pool(pool).await).await
    }
}
