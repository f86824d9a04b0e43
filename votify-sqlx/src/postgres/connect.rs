use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions, PgSslMode};
use sqlx::{AssertSqlSafe, Connection, Executor};

use super::refusal::refusal;
use super::settings::Settings;
use super::statements;
use crate::batch::quick::Races;
use crate::error::Error;
use crate::memory::Memory;
use crate::url::check_parameters;
use votify_core::store::Durability;

/// More would only wait for each other: one batch at a time is written to a hot poll.
const CONNECTIONS: u32 = 10;
/// How long to wait for a connection: less than engines wait for their store.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
/// How long to wait for the first one.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The parameters that sqlx knows.
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
    /// How a transaction that writes begins.
    pub(super) begin: Cow<'static, str>,
    pub(super) durability: Durability,
    /// Whether the pool was made here, and may be closed here.
    pub(super) own: bool,
    /// Only where new connections are prepared here.
    pub(super) memory: Option<Arc<Memory>>,
    pub(super) races: Arc<Races>,
}

impl fmt::Debug for PostgresDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore")
            .field("durability", &self.durability)
            .finish_non_exhaustive()
    }
}

impl PostgresDatabase {
    /// Looks at the server, and opens a pool to it.
    pub(super) async fn open(url: &str) -> Result<Self, Error> {
        let options = options(url)?;
        let look = async {
            let mut connection = PgConnection::connect_with(&options).await?;
            let settings = Settings::read(&mut connection).await;
            // That it is closed politely matters to nobody.
            let _ = connection.close().await;
            settings
        };
        let settings = match tokio::time::timeout(CONNECT_TIMEOUT, look).await {
            Ok(settings) => settings.map_err(|error| refusal(error, &options))?,
            Err(_) => return Err(refusal(sqlx::Error::PoolTimedOut.into(), &options)),
        };
        settings.judge()?;
        let memory = Arc::new(Memory::new());
        let of_connections = Arc::clone(&memory);
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .test_before_acquire(false)
            .after_connect(move |connection, _| {
                // The last one may have gone with a server that lost what it had committed.
                of_connections.forget();
                Box::pin(async move {
                    let settings = statements::for_session();
                    connection.execute(AssertSqlSafe(settings)).await.map(drop)
                })
            })
            .connect_lazy_with(options);
        Ok(Self {
            pool,
            begin: statements::BEGIN.into(),
            durability: settings.durability,
            own: true,
            memory: Some(memory),
            races: Arc::default(),
        })
    }

    /// Uses a host's pool as it is, and warns where it makes votes less durable than they should be.
    pub(super) async fn of_host(pool: PgPool) -> Result<Self, Error> {
        let mut connection = pool.acquire().await?;
        let settings = Settings::read(&mut connection).await?;
        drop(connection);
        settings.judge()?;
        Ok(Self {
            pool,
            begin: statements::begin_on_host().into(),
            durability: settings.durability,
            own: false,
            memory: None,
            races: Arc::default(),
        })
    }
}

/// Reads a URL.
///
/// On this machine TLS protects nothing, and unless the URL or `PGSSLMODE` asks for it there is none: a batch would go out in several records, and
/// as sqlx leaves `TCP_NODELAY` off, each such batch would wait 40 ms for the server to acknowledge the first one.
pub(super) fn options(url: &str) -> Result<PgConnectOptions, Error> {
    if !url.starts_with("postgres:") && !url.starts_with("postgresql:") {
        return Err(Error::WrongUrl(
            "the URL is not a PostgreSQL URL; use a URL such as postgres://user@host/database"
                .into(),
        ));
    }
    check_parameters(url, &PARAMETERS).map_err(Error::WrongUrl)?;
    let options =
        PgConnectOptions::from_str(url).map_err(|error| Error::WrongUrl(error.to_string()))?;
    let options = match options.get_application_name() {
        Some(_) => options,
        None => options.application_name("votify"),
    };
    let says_nothing_of_tls = !url.contains("sslmode=")
        && !url.contains("ssl-mode=")
        && std::env::var_os("PGSSLMODE").is_none();
    Ok(if says_nothing_of_tls && is_loopback(options.get_host()) {
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
    fn tls_is_left_out_on_this_machine_unless_it_is_asked_for() {
        let mode = |url| format!("{:?}", options(url).unwrap().get_ssl_mode());
        assert_eq!(mode("postgres://u@localhost/x"), "Disable");
        assert_eq!(mode("postgres://u@127.0.0.1:5433/x"), "Disable");
        assert_eq!(mode("postgres://u@[::1]/x"), "Disable");
        assert_eq!(mode("postgres://u@localhost/x?sslmode=require"), "Require");
        assert_eq!(mode("postgres://u@db.example.org/x"), "Prefer");
    }
}
