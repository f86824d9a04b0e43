use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlPool, MySqlPoolOptions};
use sqlx::{Connection, Executor};
use tokio::time::timeout;

use super::refusal::{self, Place};
use super::settings::Settings;
use crate::error::Error;
use crate::lease::Lease;
use crate::memory::Memory;
use crate::url::check_parameters;
use votify_core::store::Durability;

/// How long to wait for a connection: less than engines wait for their store.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
const CONNECTIONS: u32 = 8;
/// Less than the server's `wait_timeout` below, so that no connection is handed out that the server has given up.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// How many prepared statements a connection keeps: all that there are, and the listings in use.
const STATEMENTS: usize = 100;

/// What sessions are, whatever the server's defaults: values that do not fit are errors, locks are not waited for without
/// end, those of a process that vanished end some time later, and MariaDB does not cut JSON short.
const SESSION: &str = "SET SESSION \
    sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', \
    autocommit = 1, innodb_lock_wait_timeout = 3, lock_wait_timeout = 3, wait_timeout = 120, \
    group_concat_max_len = 16777216";

/// The connections of a [`MySqlStore`](super::MySqlStore).
#[derive(Clone)]
pub struct MySqlDatabase {
    pub(super) pool: MySqlPool,
    pub(super) durability: Durability,
    /// Whether the pool was made here, and may be closed here.
    pub(super) own: bool,
    /// Only where new connections are prepared here.
    pub(super) memory: Option<Arc<Memory>>,
}

impl fmt::Debug for MySqlDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MySqlStore")
            .field("durability", &self.durability)
            .finish_non_exhaustive()
    }
}

impl MySqlDatabase {
    /// Makes a pool of its own, and sees that one can connect.
    pub(super) async fn open(url: &str) -> Result<Self, Error> {
        let options = options(url)?;
        // Not by the pool: it tries again where nobody listens, and forgets why.
        let Ok(looked) = timeout(ACQUIRE_TIMEOUT, first_look(&options)).await else {
            return Err(Place::of(&options).silent(ACQUIRE_TIMEOUT));
        };
        let settings = looked.map_err(|error| refusal::explained(error, &options))?;
        settings.check()?;
        settings.warn_if_weak();
        let memory = Arc::new(Memory::new());
        let of_connections = Arc::clone(&memory);
        let pool = MySqlPoolOptions::new()
            .max_connections(CONNECTIONS)
            .idle_timeout(IDLE_TIMEOUT)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .test_before_acquire(false)
            .after_connect(move |connection, _| {
                // The last one may have gone with a server that lost what it had committed.
                of_connections.forget();
                Box::pin(async move { connection.execute(SESSION).await.map(drop) })
            })
            .connect_lazy_with(options);
        Ok(Self {
            pool,
            durability: settings.durability(),
            own: true,
            memory: Some(memory),
        })
    }

    /// Uses a host's pool as it is; refuses one that cannot do, and warns where it makes votes less durable than they
    /// should be.
    pub(super) async fn of_host(pool: MySqlPool) -> Result<Self, Error> {
        let mut lease = Lease::of(&pool).await?;
        let settings = Settings::read(lease.connection()?).await?;
        lease.give_back();
        settings.check()?;
        settings.warn_if_weak();
        Ok(Self {
            pool,
            durability: settings.durability(),
            own: false,
            memory: None,
        })
    }
}

async fn first_look(options: &MySqlConnectOptions) -> Result<Settings, sqlx::Error> {
    let mut connection = MySqlConnection::connect_with(options).await?;
    connection.execute(SESSION).await?;
    let settings = Settings::read(&mut connection).await?;
    connection.close().await?;
    Ok(settings)
}

/// The parameters that sqlx knows. Character set and time zone are decided here whatever they say.
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

/// No error of these tells the URL: it may hold a password.
fn options(url: &str) -> Result<MySqlConnectOptions, Error> {
    let wrong = |why: &str| {
        Error::WrongUrl(format!(
            "{why}; use a URL such as mysql://user:password@localhost:3306/votify"
        ))
    };
    if !url.starts_with("mysql://") && !url.starts_with("mariadb://") {
        return Err(wrong("the URL does not begin with mysql://"));
    }
    check_parameters(url, &PARAMETERS).map_err(|problem| wrong(&problem))?;
    let options = MySqlConnectOptions::from_str(url)
        .map_err(|error| wrong(&format!("the URL is invalid ({error})")))?;
    if options.get_database().is_none() {
        return Err(wrong("the URL names no database"));
    }
    Ok(options
        .charset("utf8mb4")
        .collation("utf8mb4_bin")
        .timezone(Some("+00:00".to_owned()))
        .statement_cache_capacity(STATEMENTS))
}
