use sqlx::sqlite::SqlitePool;
use votify_core::StoreError;

use super::connect::SqliteDatabase;
use crate::retry;
use crate::store::SqlStore;

/// A [`Store`](votify_core::Store) in a SQLite file.
///
/// Several processes may use one file on one machine.
pub type SqliteStore = SqlStore<SqliteDatabase>;

impl SqlStore<SqliteDatabase> {
    /// Opens the database of a URL such as `sqlite://votify.db?mode=rwc`, with connections of its own.
    ///
    /// The path is relative to the current folder; `sqlite:///var/lib/votify.db` is absolute. Without `mode=rwc` the file
    /// must exist. The database is switched to write-ahead logging, and every commit is on disk when it is acknowledged.
    /// `sqlite::memory:` is a new database that ends with this store and its clones.
    ///
    /// # Errors
    /// If the URL makes no sense, or the file cannot be opened, is no SQLite database, or was migrated by a newer version
    /// of this library. The sources of the error name the file.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        // Another process may be switching the same new file to its log just now.
        Self::new(retry::on_conflict(|| SqliteDatabase::open(url)).await).await
    }

    /// Uses a pool of the host's, as the host has set it up.
    ///
    /// A warning is logged where that makes acknowledged votes less than safe from a loss of power; see
    /// [`durability`](Self::durability). Votes want `journal_mode=WAL` and `synchronous=FULL`. The pool of a database in
    /// memory must hold one connection only.
    ///
    /// # Errors
    /// If the database cannot be read, is in memory with several connections, or was migrated by a newer version.
    pub async fn from_pool(pool: SqlitePool) -> Result<Self, StoreError> {
        Self::new(SqliteDatabase::of_host(pool).await).await
    }
}
