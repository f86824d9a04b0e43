use std::io::{self, ErrorKind};
use std::time::Duration;

use sqlx::mysql::MySqlConnection;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Error, Row};
use tokio::time::timeout;

use super::ServerKind;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection to a PostgreSQL or MySQL server that bypasses the store under test.
#[derive(Debug)]
pub enum Connection {
    /// To a PostgreSQL server.
    Postgres(PgConnection),
    /// To a MySQL or MariaDB server.
    MySql(MySqlConnection),
}

impl Connection {
    /// Connects to the database of a URL.
    ///
    /// # Errors
    /// Returns an error if the server does not answer within 5 s, or rejects the
    /// connection.
    pub async fn open(kind: ServerKind, url: &str) -> Result<Self, Error> {
        let connecting = async {
            match kind {
                ServerKind::Postgres => PgConnection::connect(url).await.map(Self::Postgres),
                ServerKind::MySql => MySqlConnection::connect(url).await.map(Self::MySql),
            }
        };
        match timeout(CONNECT_TIMEOUT, connecting).await {
            Ok(connected) => connected,
            Err(_) => Err(Error::Io(io::Error::new(
                ErrorKind::TimedOut,
                format!("no answer within {CONNECT_TIMEOUT:?}"),
            ))),
        }
    }

    /// Runs SQL statements that the test wrote.
    ///
    /// # Errors
    /// Returns the server's error.
    pub async fn run(&mut self, sql: impl Into<String>) -> Result<(), Error> {
        let query = sqlx::raw_sql(AssertSqlSafe(sql.into()));
        match self {
            Self::Postgres(connection) => query.execute(connection).await.map(drop),
            Self::MySql(connection) => query.execute(connection).await.map(drop),
        }
    }

    /// Returns the first column of a query's rows, which must be text.
    ///
    /// # Errors
    /// Returns the server's error, or an error if the column is not text.
    pub async fn texts(&mut self, sql: impl Into<String>) -> Result<Vec<String>, Error> {
        let query = sqlx::raw_sql(AssertSqlSafe(sql.into()));
        match self {
            Self::Postgres(connection) => {
                let rows = query.fetch_all(connection).await?;
                rows.iter().map(|row| row.try_get(0)).collect()
            }
            Self::MySql(connection) => {
                let rows = query.fetch_all(connection).await?;
                rows.iter().map(|row| row.try_get(0)).collect()
            }
        }
    }

    /// Closes the connection.
    ///
    /// # Errors
    /// Returns an error if the connection was lost before.
    pub async fn close(self) -> Result<(), Error> {
        match self {
            Self::Postgres(connection) => connection.close().await,
            Self::MySql(connection) => connection.close().await,
        }
    }
}
