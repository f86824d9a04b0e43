use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, Connection, Database, Executor, Pool};
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use crate::error::Error;
use crate::long_reads::LongReads;

/// The time after which a connection of a dropped long read is closed. The server ends a
/// statement before, after 5 s. That is longer than an engine waits for its store (4 s),
/// because hosts also call the store themselves and may wait longer.
const MAX_CALL: Duration = Duration::from_secs(6);

/// A connection of a pool to a server.
///
/// If it is dropped mid-call, the connection is closed instead of returned, because a
/// later borrower could read a stale reply; the server rolls back. Its slot in the pool
/// becomes free at once, and that of a long read once the server has ended the call.
/// Otherwise callers that do not wait could start any number of long reads.
#[derive(Debug)]
pub(crate) struct PooledConnection<DB: Database> {
    /// `None` once the connection is released.
    connection: Option<PoolConnection<DB>>,
    is_long_read: bool,
    /// Returned after the connection.
    permit: Option<OwnedSemaphorePermit>,
}

impl<DB: Database> PooledConnection<DB> {
    pub(crate) async fn acquire(pool: &Pool<DB>) -> Result<Self, Error> {
        let connection = pool.acquire().await.map_err(Error::of_acquire)?;
        Ok(Self::new(connection))
    }

    pub(crate) const fn new(connection: PoolConnection<DB>) -> Self {
        Self {
            connection: Some(connection),
            is_long_read: false,
            permit: None,
        }
    }

    pub(crate) async fn acquire_for_long_read(reads: &LongReads<DB>) -> Result<Self, Error> {
        let (connection, permit) = reads.acquire().await?;
        Ok(Self {
            connection: Some(connection),
            is_long_read: true,
            permit,
        })
    }

    pub(crate) fn get(&mut self) -> Result<&mut DB::Connection, sqlx::Error> {
        let connection = self.connection.as_deref_mut();
        connection.ok_or(sqlx::Error::PoolClosed)
    }

    /// Returns the connection to the pool. No transaction may be open, and every reply
    /// must have been read.
    pub(crate) fn release(mut self) {
        self.connection = None;
    }
}

impl<DB> PooledConnection<DB>
where
    DB: Database,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    /// Runs statements without parameters and results, such as the start of a transaction.
    pub(crate) async fn execute(&mut self, statements: &str) -> Result<(), Error> {
        let statements = AssertSqlSafe(statements.to_owned());
        self.get()?.execute(statements).await?;
        Ok(())
    }

    /// Commits the transaction. If the connection breaks meanwhile, it is unknown whether
    /// it was committed.
    pub(crate) async fn commit(mut self) -> Result<(), Error> {
        let committed = self.execute("COMMIT").await;
        committed.map_err(Error::into_commit_error)?;
        self.release();
        Ok(())
    }

    /// Rolls back the transaction.
    pub(crate) async fn rollback(mut self) {
        match self.execute("ROLLBACK").await {
            Ok(()) => self.release(),
            Err(error) => tracing::debug!(%error, "rollback failed; closing the connection"),
        }
    }
}

impl<DB: Database> Drop for PooledConnection<DB> {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else {
            return;
        };
        match Handle::try_current() {
            Ok(runtime) if self.is_long_read => {
                let closed = close_after_call(connection, self.permit.take());
                drop(runtime.spawn(closed));
            }
            _ => drop(connection.detach()),
        }
    }
}

/// Closes a connection once the server has ended its current call.
async fn close_after_call<DB: Database>(
    mut connection: PoolConnection<DB>,
    permit: Option<OwnedSemaphorePermit>,
) {
    // The server replies to a ping after the current call. The reply is irrelevant.
    let _ = timeout(MAX_CALL, connection.ping()).await;
    drop(connection.detach());
    drop(permit);
}
