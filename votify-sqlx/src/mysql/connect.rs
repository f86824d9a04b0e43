use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlPool, MySqlPoolOptions};
use sqlx::{Connection, Executor};
use tokio::time::timeout;
use votify_core::store::Durability;

use super::connect_error;
use super::settings::Settings;
use crate::error::Error;
use crate::poll_cache::PollStateCache;
use crate::pooled_connection::PooledConnection;
use crate::url::check_parameters;

/// The timeout for a connection: shorter than an engine's timeout for its store.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
const MAX_CONNECTIONS: u32 = 8;
/// Shorter than `wait_timeout` below, so that the server has not closed a connection that
/// the pool returns.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// The number of prepared statements that a connection caches: enough for all fixed ones
/// and for the listings in use.
const STATEMENT_CACHE: usize = 100;

/// Settings that replace the server's defaults: values out of range are errors, lock waits
/// are bounded, sessions of vanished processes end, and MariaDB does not truncate JSON.
const SESSION: &str = "SET SESSION \
    sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', \
    autocommit = 1, innodb_lock_wait_timeout = 3, lock_wait_timeout = 3, wait_timeout = 120, \
    group_concat_max_len = 16777216";

/// The connections of a [`MySqlStore`](super::MySqlStore).
#[derive(Clone)]
pub struct MySqlDatabase {
    pub(super) pool: MySqlPool,
    pub(super) durability: Durability,
    /// False if the pool belongs to the host, who closes it.
    pub(super) owns_pool: bool,
    /// `None` on a host's pool, whose new connections cannot invalidate it.
    pub(super) cache: Option<Arc<PollStateCache>>,
}

impl fmt::Debug for MySqlDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MySqlStore")
            .field("durability", &self.durability)
            .finish_non_exhaustive()
    }
}

impl MySqlDatabase {
    /// Opens a pool after one successful connection.
    pub(super) async fn connect(url: &str) -> Result<Self, Error> {
        let options = options(url)?;
        // Without the pool, which retries refused connections and loses their errors.
        let Ok(settings) = timeout(ACQUIRE_TIMEOUT, read_settings(&options)).await else {
            return Err(connect_error::timed_out(&options, ACQUIRE_TIMEOUT));
        };
        let settings = settings.map_err(|error| connect_error::explain(error, &options))?;
        settings.check()?;
        settings.warn_if_not_durable();
        let cache = Arc::new(PollStateCache::new());
        let shared = Arc::clone(&cache);
        let pool = MySqlPoolOptions::new()
            .max_connections(MAX_CONNECTIONS)
            .idle_timeout(IDLE_TIMEOUT)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .test_before_acquire(false)
            .after_connect(move |connection, _| {
                // The server may have lost commits since the last connection.
                shared.invalidate_all();
                Box::pin(async move { connection.execute(SESSION).await.map(drop) })
            })
            .connect_lazy_with(options);
        Ok(Self {
            pool,
            durability: settings.durability(),
            owns_pool: true,
            cache: Some(cache),
        })
    }

    /// Uses a host's pool. Fails if its sessions have unsuitable settings.
    pub(super) async fn from_pool(pool: MySqlPool) -> Result<Self, Error> {
        let mut connection = PooledConnection::acquire(&pool).await?;
        let settings = Settings::read(connection.get()?).await?;
        connection.release();
        settings.check()?;
        settings.warn_if_not_durable();
        Ok(Self {
            pool,
            durability: settings.durability(),
            owns_pool: false,
            cache: None,
        })
    }
}

async fn read_settings(options: &MySqlConnectOptions) -> Result<Settings, sqlx::Error> {
    let mut connection = MySqlConnection::connect_with(options).await?;
    connection.execute(SESSION).await?;
    let settings = Settings::read(&mut connection).await?;
    connection.close().await?;
    Ok(settings)
}

/// The parameters that sqlx supports. Those for character set and time zone are ignored.
const PARAMETERS: [&str; 14] = [
    "charset",
    "collation",
    "timezone",
    "time-zone",
    "sslmode",
    "ssl-mode",
    "sslca",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "socket",
];

/// Parses a URL. Errors do not repeat it, because it may contain a password.
fn options(url: &str) -> Result<MySqlConnectOptions, Error> {
    let invalid = |why: &str| {
        Error::InvalidUrl(format!(
            "{why}; use a URL such as mysql://user:password@localhost:3306/votify"
        ))
    };
    if !url.starts_with("mysql://") && !url.starts_with("mariadb://") {
        return Err(invalid("the URL does not begin with mysql://"));
    }
    check_parameters(url, &PARAMETERS).map_err(|problem| invalid(&problem))?;
    let options = MySqlConnectOptions::from_str(url)
        .map_err(|error| invalid(&format!("the URL is invalid ({error})")))?;
    if options.get_database().is_none() {
        return Err(invalid("the URL names no database"));
    }
    Ok(options
        .charset("utf8mb4")
        .collation("utf8mb4_bin")
        .timezone(Some("+00:00".to_owned()))
        .statement_cache_capacity(STATEMENT_CACHE))
}
