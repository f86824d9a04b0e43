use sqlx::postgres::PgPool;
use votify_core::StoreError;

use super::connect::PostgresDatabase;
use crate::store::SqlStore;

/// A [`Store`](votify_core::Store) in PostgreSQL, version 12 or newer.
pub type PostgresStore = SqlStore<PostgresDatabase>;

impl SqlStore<PostgresDatabase> {
    /// Opens a pool of up to 10 connections to the database of a URL such as `postgres://user:password@host:5432/database`.
    ///
    /// The URL's parameters are [sqlx's](sqlx::postgres::PgConnectOptions); with `options=-csearch_path%3Dpolls` the tables
    /// stand in the schema `polls`. TLS is there if the application switches on one of sqlx's `tls-` features; `sslmode`
    /// then says what is wanted. A pooler in between must keep a connection's prepared statements (PgBouncer: session mode).
    ///
    /// A warning is logged where the server's settings make acknowledged votes less than safe from a loss of power; see
    /// [`durability`](Self::durability). Votes want `fsync`, `full_page_writes` and `synchronous_commit` on, as they are by
    /// default.
    ///
    /// # Errors
    /// If the URL makes no sense, the server does not answer within 5 seconds, refuses or is too old, or the database was
    /// migrated by a newer version of this library. The sources of the error name the server, never the password.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        Self::new(PostgresDatabase::open(url).await).await
    }

    /// Uses a pool of the host's, as the host has set it up. What votes need otherwise, such as `READ COMMITTED`, is set for
    /// each of their transactions.
    ///
    /// # Errors
    /// If the database cannot be read, is too old, or was migrated by a newer version of this library.
    pub async fn from_pool(pool: PgPool) -> Result<Self, StoreError> {
        Self::new(PostgresDatabase::of_host(pool).await).await
    }
}
