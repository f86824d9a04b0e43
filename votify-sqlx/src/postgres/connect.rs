use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions, PgSslMode};
use sqlx::{AssertSqlSafe, Connection, Executor, Postgres};
use votify_core::store::Durability;

use super::connect_error::describe;
use super::settings::Settings;
use super::sql;
use crate::error::Error;
use crate::long_reads::{self, LongReads};
use crate::optimistic_backend::OptimisticBackoff;
use crate::poll_cache::PollStateCache;
use crate::url::check_parameters;

/// The size of the pool. More connections would only wait for each other: a busy poll
/// has one batch at a time.
const MAX_CONNECTIONS: u32 = 10;
/// The timeout for a connection of the pool. An engine's timeout for its store is longer.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
/// The timeout for the first connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The parameters of a URL that sqlx knows.
const PARAMETERS: [&str; 19] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
    "options[",
];

/// The connections of a [`PostgresStore`](super::PostgresStore).
#[derive(Clone)]
pub struct PostgresDatabase {
    pub(super) pool: PgPool,
    pub(super) long_reads: LongReads<Postgres>,
    /// The statements that begin a write transaction.
    pub(super) begin: Cow<'static, str>,
    pub(super) durability: Durability,
    /// False if the pool is a host's.
    pub(super) owns_pool: bool,
    /// `None` with a host's pool, whose new connections cannot invalidate the cache.
    pub(super) cache: Option<Arc<PollStateCache>>,
    pub(super) backoff: Arc<OptimisticBackoff>,
}

impl fmt::Debug for PostgresDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore")
            .field("durability", &self.durability)
            .finish_non_exhaustive()
    }
}

impl PostgresDatabase {
    /// Checks the server with one connection, and creates a pool.
    pub(super) async fn connect(url: &str) -> Result<Self, Error> {
        let options = options(url)?;
        let probe = async {
            let mut connection = PgConnection::connect_with(&options).await?;
            let settings = Settings::read(&mut connection).await;
            // The settings are read, so a failure to close is irrelevant.
            let _ = connection.close().await;
            settings
        };
        let settings = match tokio::time::timeout(CONNECT_TIMEOUT, probe).await {
            Ok(settings) => settings.map_err(|error| describe(error, &options))?,
            Err(_) => return Err(describe(sqlx::Error::PoolTimedOut.into(), &options)),
        };
        settings.check()?;
        let cache = Arc::new(PollStateCache::new());
        let shared = Arc::clone(&cache);
        // Its new connections leave the cache as it is, because it reads none of it.
        let long_reads = PgPoolOptions::new()
            .max_connections(long_reads::MAX_CONNECTIONS)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .test_before_acquire(false)
            .after_connect(|connection, _| {
                Box::pin(async move {
                    let settings = sql::session_settings();
                    connection.execute(AssertSqlSafe(settings)).await.map(drop)
                })
            })
            .connect_lazy_with(options.clone());
        let pool = PgPoolOptions::new()
            .max_connections(MAX_CONNECTIONS)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            // A replaced connection would clear the cache.
            .max_lifetime(None)
            .test_before_acquire(false)
            .after_connect(move |connection, _| {
                // The previous connection may have been lost with a server that lost
                // commits.
                shared.invalidate_all();
                Box::pin(async move {
                    let settings = sql::session_settings();
                    connection.execute(AssertSqlSafe(settings)).await.map(drop)
                })
            })
            .connect_lazy_with(options);
        Ok(Self {
            pool,
            long_reads: LongReads::own(long_reads),
            begin: sql::BEGIN.into(),
            durability: settings.durability,
            owns_pool: true,
            cache: Some(cache),
            backoff: Arc::default(),
        })
    }

    /// Uses a host's pool with its settings.
    pub(super) async fn from_pool(pool: PgPool) -> Result<Self, Error> {
        let mut connection = pool.acquire().await.map_err(Error::of_acquire)?;
        let settings = Settings::read(&mut connection).await?;
        drop(connection);
        settings.check()?;
        Ok(Self {
            long_reads: LongReads::share_of(pool.clone()),
            pool,
            begin: sql::begin_on_host().into(),
            durability: settings.durability,
            owns_pool: false,
            cache: None,
            backoff: Arc::default(),
        })
    }
}

/// Parses a URL.
///
/// On a loopback address, TLS is off unless the URL or `PGSSLMODE` requests it. It would
/// protect nothing and split a batch into several records: sqlx does not set
/// `TCP_NODELAY`, so the second record would wait up to 40 ms for the server's delayed
/// acknowledgement of the first one.
pub(super) fn options(url: &str) -> Result<PgConnectOptions, Error> {
    if !url.starts_with("postgres:") && !url.starts_with("postgresql:") {
        return Err(Error::InvalidUrl(
            "the URL is not a PostgreSQL URL; use a URL such as postgres://user@host/database"
                .into(),
        ));
    }
    check_parameters(url, &PARAMETERS).map_err(Error::InvalidUrl)?;
    let options =
        PgConnectOptions::from_str(url).map_err(|error| Error::InvalidUrl(error.to_string()))?;
    let options = match options.get_application_name() {
        Some(_) => options,
        None => options.application_name("votify"),
    };
    let is_tls_unspecified = !url.contains("sslmode=")
        && !url.contains("ssl-mode=")
        && std::env::var_os("PGSSLMODE").is_none();
    Ok(if is_tls_unspecified && is_loopback(options.get_host()) {
        options.ssl_mode(PgSslMode::Disable)
    } else {
        options
    })
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_is_off_on_loopback_addresses_by_default() {
        let mode = |url| format!("{:?}", options(url).unwrap().get_ssl_mode());
        assert_eq!(mode("postgres://u@localhost/x"), "Disable");
        assert_eq!(mode("postgres://u@127.0.0.1:5433/x"), "Disable");
        assert_eq!(mode("postgres://u@[::1]/x"), "Disable");
        assert_eq!(mode("postgres://u@localhost/x?sslmode=require"), "Require");
        assert_eq!(mode("postgres://u@db.example.org/x"), "Prefer");
    }
}
