//! PostgreSQL, from version 12 on.

mod broadcaster;
mod connect;
mod connect_error;
pub(crate) mod error_codes;
mod optimistic;
#[cfg(test)]
mod plans;
mod rows;
mod schema;
mod settings;
mod sql;
mod transaction;

pub use broadcaster::PostgresBroadcaster;
pub use connect::PostgresDatabase;

use sqlx::postgres::PgPool;
use votify_core::StoreError;

use crate::store::SqlStore;

/// A [`Store`](votify_core::Store) in PostgreSQL 12 or newer.
pub type PostgresStore = SqlStore<PostgresDatabase>;

impl SqlStore<PostgresDatabase> {
    /// Opens a pool of up to 10 connections, and one of up to 3 for [long
    /// reads](SqlStore#long-reads), to the database of a URL such as
    /// `postgres://user:password@host:5432/database`.
    ///
    /// The URL's parameters are [sqlx's](sqlx::postgres::PgConnectOptions).
    /// `options=-csearch_path%3Dpolls` puts the tables into the schema `polls`. TLS needs
    /// one of sqlx's `tls-` features in the application, and `sslmode` selects when it is
    /// used. A connection pooler must keep prepared statements (PgBouncer: session mode).
    ///
    /// Logs a warning if acknowledged votes might not survive a loss of power; see
    /// [`durability`](Self::durability). That needs the settings `fsync`,
    /// `full_page_writes` and `synchronous_commit` to be on, which is their default.
    ///
    /// # Errors
    ///
    /// The sources of the error name the server, never the password.
    ///
    /// - [`StoreError::Unavailable`]: the server does not answer within 5 seconds,
    ///   rejects the connection, is older than version 12, or the database's encoding is
    ///   not UTF-8. Retry, or do what the message says.
    /// - [`StoreError::Failed`]: the URL is invalid, or a newer version of this library
    ///   has migrated the database. Correct the URL, or update this library.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        Self::new(PostgresDatabase::connect(url).await).await
    }

    /// Uses a host's pool with the host's settings. Settings that votes need, such as
    /// `READ COMMITTED`, apply to each of the store's transactions only.
    ///
    /// # Errors
    ///
    /// - [`StoreError::Unavailable`]: the database cannot be reached, is older than
    ///   version 12, or its encoding is not UTF-8.
    /// - [`StoreError::Failed`]: a newer version of this library has migrated the
    ///   database; update this library.
    pub async fn from_pool(pool: PgPool) -> Result<Self, StoreError> {
        Self::new(PostgresDatabase::from_pool(pool).await).await
    }
}
