use sqlx::mysql::MySqlPool;
use votify_core::StoreError;

use super::connect::MySqlDatabase;
use crate::store::SqlStore;

/// A [`Store`](votify_core::Store) in a database of MySQL 8 or MariaDB 10.11, or newer.
///
/// Any number of processes may use one database.
pub type MySqlStore = SqlStore<MySqlDatabase>;

impl SqlStore<MySqlDatabase> {
    /// Connects to the database of a URL such as `mysql://user:password@localhost:3306/votify`, with at most eight
    /// connections of its own. The database must exist; [`migrate`](Self::migrate) makes the tables in it.
    ///
    /// Whether acknowledged votes are on disk is the server's business: a warning is logged where they are not, see
    /// [`durability`](Self::durability). MySQL 8's usual way to log in asks for sqlx's feature `mysql-rsa` or one of its
    /// TLS features, which no feature of this library switches on.
    ///
    /// # Errors
    /// If the URL makes no sense or names no database, nobody answers within 3 seconds, the server refuses or is too old,
    /// or the tables are not Votify's or were migrated by a newer version of this library. The sources of the error name
    /// the host and what to do, and never the password.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        Self::new(MySqlDatabase::open(url).await).await
    }

    /// Uses a pool of the host's, as the host has set it up. The tables go into the database that its connections select.
    ///
    /// How long somebody else's lock is waited for is the pool's business too (`innodb_lock_wait_timeout`, by default 50
    /// seconds, is better a few). A warning is logged where the server makes acknowledged votes less than safe from a loss of power; see
    /// [`durability`](Self::durability).
    ///
    /// # Errors
    /// As [`connect`](Self::connect), and if sessions of the pool are set up so that votes cannot be kept right: without
    /// `autocommit`, with another character set than `utf8mb4`, with `READ UNCOMMITTED`, with `binlog_format=STATEMENT`, or
    /// on MariaDB with a `group_concat_max_len` below 1 MiB. The sources of the error say what to set.
    pub async fn from_pool(pool: MySqlPool) -> Result<Self, StoreError> {
        Self::new(MySqlDatabase::of_host(pool).await).await
    }
}
