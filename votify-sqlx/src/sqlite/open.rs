use sqlx::Executor;
use sqlx::error::DatabaseError;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{Sqlite, SqliteConnection, SqlitePool};

use super::primary_code;
use super::script::{Done, Script};
use crate::error::Error;

/// An open transaction on a connection of a pool; rolled back when dropped.
///
/// Not sqlx's own type: that counts a transaction that SQLite has rolled back by itself, as it does when the disk is full,
/// as open for ever, and every later one on that connection fails.
#[derive(Debug)]
pub(crate) struct Open {
    /// Gone once the transaction has ended.
    connection: Option<PoolConnection<Sqlite>>,
}

impl Open {
    pub(super) async fn begin(pool: &SqlitePool, statement: &'static str) -> Result<Self, Error> {
        let (this, _) = Self::begin_with(pool, Script::default().plain(statement)).await?;
        Ok(this)
    }

    /// Begins with a script whose first statement is the beginning.
    pub(super) async fn begin_with(
        pool: &SqlitePool,
        script: Script,
    ) -> Result<(Self, Vec<Done>), Error> {
        // Kept first, so that being dropped while it begins rolls back too.
        let mut this = Self {
            connection: Some(pool.acquire().await?),
        };
        match script.run(this.connection()?).await {
            Ok(done) => Ok((this, done)),
            Err(error) => {
                this.rollback().await;
                Err(error)
            }
        }
    }

    pub(super) fn connection(&mut self) -> Result<&mut SqliteConnection, Error> {
        self.connection.as_deref_mut().ok_or(Error::Ended)
    }

    /// It was committed: the pool gets its connection back.
    pub(super) fn ended(mut self) {
        self.connection = None;
    }

    pub(super) async fn commit(mut self) -> Result<(), Error> {
        match self.connection()?.execute("COMMIT").await {
            Ok(_) => {
                self.connection = None;
                Ok(())
            }
            Err(error) => {
                self.rollback().await;
                Err(Error::from(error).of_commit())
            }
        }
    }

    pub(super) async fn rollback(mut self) {
        if let Some(connection) = self.connection.take() {
            roll_back(connection).await;
        }
    }
}

impl Drop for Open {
    /// The pool gets its connection back once nothing is open on it, as with sqlx's own transactions.
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(roll_back(connection));
        }
    }
}

async fn roll_back(mut connection: PoolConnection<Sqlite>) {
    match connection.execute("ROLLBACK").await {
        Ok(_) => {}
        // SQLite did it already, or had not begun.
        Err(sqlx::Error::Database(error)) if nothing_open(error.as_ref()) => {}
        Err(error) => {
            tracing::warn!(%error, "rollback failed; closing the connection");
            connection.close_on_drop();
        }
    }
}

/// `ROLLBACK` fails with the plain `SQLITE_ERROR` for no other reason.
fn nothing_open(error: &dyn DatabaseError) -> bool {
    primary_code(error) == Some(1)
}
