use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::mysql::{MySql, MySqlConnectOptions, MySqlConnection, MySqlPool, MySqlPoolOptions};
use sqlx::{Connection, Executor};
use tokio::time::timeout;
use votify_core::store::Durability;

use super::error_codes::number;
use super::settings::Settings;
use crate::error::Error;
use crate::long_reads::{self, LongReads};
use crate::poll_cache::PollStateCache;
use crate::pooled_connection::PooledConnection;
use crate::url::check_parameters;

/// The timeout for a connection: shorter than an engine's timeout for its store.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
const MAX_CONNECTIONS: u32 = 8;
/// Shorter than `wait_timeout` below, so that the server has not closed a connection that
/// the pool returns.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// The number of prepared statements that a connection caches: enough for all fixed ones.
const STATEMENT_CACHE: usize = 100;
/// The same for long reads, whose statements depend on the filter. Each statement that
/// replaces another one takes 40 ms longer: sqlx sends the closing of the old one in a
/// packet of its own, which the server acknowledges late.
const LONG_READ_STATEMENT_CACHE: usize = 300;

/// Settings that replace the server's defaults: values out of range are errors, lock waits
/// are bounded, statements end if they take too long, sessions of vanished processes end,
/// and MariaDB does not truncate JSON. MySQL limits only statements that read; each server
/// ignores the comment for the other one.
const SESSION: &str = "SET SESSION \
    sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', \
    autocommit = 1, innodb_lock_wait_timeout = 3, lock_wait_timeout = 3, wait_timeout = 120, \
    group_concat_max_len = 16777216 \
    /*!50708 , max_execution_time = 5000 */ /*M! , max_statement_time = 5 */";

/// The connections of a [`MySqlStore`](super::MySqlStore).
#[derive(Clone)]
pub struct MySqlDatabase {
    pub(super) pool: MySqlPool,
    pub(super) long_reads: LongReads<MySql>,
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
            return Err(timed_out(&options, ACQUIRE_TIMEOUT));
        };
        let settings = settings.map_err(|error| describe(error, &options))?;
        settings.check()?;
        settings.warn_if_not_durable();
        let cache = Arc::new(PollStateCache::new());
        let shared = Arc::clone(&cache);
        // Its new connections leave the cache as it is, because it reads none of it.
        let long_reads = MySqlPoolOptions::new()
            .max_connections(long_reads::MAX_CONNECTIONS)
            .idle_timeout(IDLE_TIMEOUT)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .test_before_acquire(false)
            .after_connect(|connection, _| {
                Box::pin(async move { connection.execute(SESSION).await.map(drop) })
            })
            .connect_lazy_with(
                options
                    .clone()
                    .statement_cache_capacity(LONG_READ_STATEMENT_CACHE),
            );
        let pool = MySqlPoolOptions::new()
            .max_connections(MAX_CONNECTIONS)
            .idle_timeout(IDLE_TIMEOUT)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            // A replaced connection would clear the cache.
            .max_lifetime(None)
            .test_before_acquire(false)
            .after_connect(move |connection, _| {
                // The server may have lost commits since the last connection.
                shared.invalidate_all();
                Box::pin(async move { connection.execute(SESSION).await.map(drop) })
            })
            .connect_lazy_with(options);
        Ok(Self {
            pool,
            long_reads: LongReads::own(long_reads),
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
            long_reads: LongReads::share_of(pool.clone()),
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

/// Returns the address of the server.
fn address(options: &MySqlConnectOptions) -> String {
    match options.get_socket() {
        Some(path) => path.display().to_string(),
        None => format!("{}:{}", options.get_host(), options.get_port()),
    }
}

fn timed_out(options: &MySqlConnectOptions, timeout: Duration) -> Error {
    let (address, seconds) = (address(options), timeout.as_secs());
    Error::Connect(format!(
        "the MySQL server at {address} did not answer within {seconds} seconds"
    ))
}

/// Adds the server and what to do to an error of the first connection, as one line. sqlx's
/// errors contain no password.
fn describe(error: sqlx::Error, options: &MySqlConnectOptions) -> Error {
    let address = address(options);
    let user = options.get_username();
    let database = options.get_database().unwrap_or_default();
    let advice = match &error {
        sqlx::Error::Io(_) => {
            "check that a server is running there and is reachable from this machine".into()
        }
        sqlx::Error::Tls(_) => {
            "the URL's ssl-mode requires TLS; enable one of sqlx's tls features and TLS on the server, \
             or set ssl-mode=DISABLED in a trusted network"
                .into()
        }
        // The only login error of this kind: the server requires an encrypted password.
        sqlx::Error::Configuration(_) => format!(
            "user {user} logs in with caching_sha2_password; enable sqlx's feature mysql-rsa, or TLS"
        ),
        sqlx::Error::Database(reported) => match number(reported.as_ref()) {
            Some(1045 | 1698) => format!("check the password of user {user}"),
            Some(1044 | 1142 | 1227) => {
                format!("grant user {user} all privileges on database {database}")
            }
            Some(1049) => format!("create the database: CREATE DATABASE {database}"),
            Some(1040 | 1203 | 1226) => "the server has too many connections".into(),
            Some(1129 | 1130) => "the server does not accept connections from this machine".into(),
            Some(1820 | 1862) => format!("the password of user {user} has expired; set a new one"),
            // SECURE_TRANSPORT_REQUIRED of either server
            Some(3159 | 4161) => {
                "the server requires TLS; enable one of sqlx's tls features and set ssl-mode=REQUIRED".into()
            }
            _ => return without_advice(error, &address),
        },
        _ => return without_advice(error, &address),
    };
    Error::Connect(one_line(&format!(
        "cannot connect to the MySQL server at {address}: {error}; {advice}"
    )))
}

fn without_advice(error: sqlx::Error, address: &str) -> Error {
    match Error::from(error) {
        Error::Unavailable(error) | Error::ConnectionLost(error) | Error::Conflict(error) => {
            Error::Connect(one_line(&format!(
                "cannot connect to the MySQL server at {address}: {error}"
            )))
        }
        other => other,
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
