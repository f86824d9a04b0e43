use std::io::{self, ErrorKind};
use std::time::Duration;

use sqlx::mysql::MySqlConnection;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Error, Row};
use tokio::time::timeout;

use super::Kind;

/// One connection, to either kind of server, for what tests do behind a store's back.
pub(crate) enum Connection {
    Postgres(PgConnection),
    MySql(MySqlConnection),
}

impl Connection {
    /// # Errors
    /// If nobody answers within five seconds, or the server refuses.
    pub(crate) async fn open(kind: Kind, url: &str) -> Result<Self, Error> {
        let opening = async {
            match kind {
                Kind::Postgres => PgConnection::connect(url).await.map(Self::Postgres),
                Kind::MySql => MySqlConnection::connect(url).await.map(Self::MySql),
            }
        };
        let late = io::Error::new(ErrorKind::TimedOut, "nobody answers within five seconds");
        let opened = timeout(Duration::from_secs(5), opening).await;
        opened.unwrap_or(Err(Error::Io(late)))
    }

    /// Runs statements that a test wrote.
    pub(crate) async fn run(&mut self, sql: impl Into<String>) -> Result<(), Error> {
        let query = sqlx::raw_sql(AssertSqlSafe(sql.into()));
        match self {
            Self::Postgres(connection) => query.execute(connection).await.map(drop),
            Self::MySql(connection) => query.execute(connection).await.map(drop),
        }
    }

    /// The first column of what a query finds, which must be text.
    pub(crate) async fn texts(&mut self, sql: impl Into<String>) -> Result<Vec<String>, Error> {
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

    pub(crate) async fn close(self) -> Result<(), Error> {
        match self {
            Self::Postgres(connection) => connection.close().await,
            Self::MySql(connection) => connection.close().await,
        }
    }
}
