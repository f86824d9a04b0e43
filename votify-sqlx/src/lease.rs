//! A connection of a pool to a server, which goes back only when nothing is left open on it.

use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, Database, Executor, Pool};

use crate::error::Error;

/// Dropped before its time, as when a call is cancelled, the connection is closed, and its place in the pool is free at once,
/// however long a dead connection takes to be noticed. The server then rolls back what was open, once it is done with what
/// it was asked last, and nobody else waits for the answer to somebody's question.
#[derive(Debug)]
pub(crate) struct Lease<DB: Database> {
    /// Gone once it was given back.
    connection: Option<PoolConnection<DB>>,
}

impl<DB: Database> Lease<DB> {
    pub(crate) async fn of(pool: &Pool<DB>) -> Result<Self, sqlx::Error> {
        let connection = pool.acquire().await?;
        Ok(Self {
            connection: Some(connection),
        })
    }

    pub(crate) fn connection(&mut self) -> Result<&mut DB::Connection, sqlx::Error> {
        let connection = self.connection.as_deref_mut();
        connection.ok_or(sqlx::Error::PoolClosed)
    }

    /// Gives it back: nothing is open on it, and every answer was read.
    pub(crate) fn give_back(mut self) {
        self.connection = None;
    }
}

impl<DB> Lease<DB>
where
    DB: Database,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    /// Begins a transaction with these words, which are made of constants.
    pub(crate) async fn begin(pool: &Pool<DB>, words: &str) -> Result<Self, Error> {
        let mut this = Self::of(pool).await?;
        let words = AssertSqlSafe(words.to_owned());
        this.connection()?.execute(words).await?;
        Ok(this)
    }

    /// Commits; whether that happened is unknown where the connection breaks meanwhile.
    pub(crate) async fn commit(mut self) -> Result<(), Error> {
        let committed = self.connection()?.execute("COMMIT").await;
        committed.map_err(|error| Error::from(error).of_commit())?;
        self.give_back();
        Ok(())
    }

    /// Ends a transaction as if it had never been.
    pub(crate) async fn rollback(mut self) {
        let Ok(connection) = self.connection() else {
            return;
        };
        match connection.execute("ROLLBACK").await {
            Ok(_) => self.give_back(),
            Err(error) => tracing::debug!(%error, "rollback failed; closing the connection"),
        }
    }
}

impl<DB: Database> Drop for Lease<DB> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            drop(connection.detach());
        }
    }
}
