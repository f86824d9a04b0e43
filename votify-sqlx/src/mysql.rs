//! MySQL and MariaDB, with SQL that both understand.

mod connect;
pub(crate) mod error_codes;
#[cfg(test)]
mod plans;
mod rows;
mod schema;
mod script;
mod settings;
mod sql;
mod transaction;

use sqlx::mysql::MySqlPool;
use votify_core::StoreError;

pub use self::connect::MySqlDatabase;
use crate::store::SqlStore;

/// A [`Store`](votify_core::Store) in MySQL 8.0, MariaDB 10.11, or newer.
///
/// Several processes may use one database.
pub type MySqlStore = SqlStore<MySqlDatabase>;

impl SqlStore<MySqlDatabase> {
    /// Opens a pool of up to 8 connections, and one of up to 3 for [long
    /// reads](SqlStore#long-reads), to the database of a URL such as
    /// `mysql://user:password@localhost:3306/votify`.
    ///
    /// The database must exist; [`migrate`](Self::migrate) creates the tables. Logs a
    /// warning if acknowledged votes might not survive a loss of power; see
    /// [`durability`](Self::durability).
    ///
    /// MySQL 8's default authentication needs sqlx's feature `mysql-rsa` or one of its
    /// TLS features. No feature of this library enables them.
    ///
    /// # Errors
    ///
    /// The sources of the error name the server and what to do, never the password.
    ///
    /// - [`StoreError::Unavailable`]: the server does not answer within 3 seconds,
    ///   rejects the connection, or is older than the versions above. Retry, or do what
    ///   the message says.
    /// - [`StoreError::Failed`]: the URL is invalid or names no database, a newer version
    ///   of this library has migrated the tables, or Votify did not create them. Correct
    ///   the URL, update this library, or use another database.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        Self::new(MySqlDatabase::connect(url).await).await
    }

    /// Uses a host's pool with the host's settings. The tables are in the database that
    /// the pool's connections select.
    ///
    /// The pool's `innodb_lock_wait_timeout` limits how long the store waits for another
    /// session's lock. The server's default is 50 seconds; a few seconds are better. During
    /// a [long read](SqlStore#long-reads), the session has another statement timeout and the
    /// variable `@votify_timeout`. Logs a warning if acknowledged votes might not survive a
    /// loss of power; see [`durability`](Self::durability).
    ///
    /// # Errors
    ///
    /// As for [`connect`](Self::connect). Also [`StoreError::Unavailable`] if the pool's
    /// sessions have unsuitable settings; the sources of the error name the setting to
    /// change:
    ///
    /// - `autocommit` is off,
    /// - the character set is not `utf8mb4`,
    /// - the isolation level is `READ UNCOMMITTED`,
    /// - `binlog_format` is `STATEMENT` and the server has a binary log,
    /// - `max_allowed_packet` is below 1 MiB,
    /// - on MariaDB, `group_concat_max_len` is below 1 MiB.
    pub async fn from_pool(pool: MySqlPool) -> Result<Self, StoreError> {
        Self::new(MySqlDatabase::from_pool(pool).await).await
    }
}
