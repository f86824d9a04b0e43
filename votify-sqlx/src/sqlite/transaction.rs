use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::error::DatabaseError;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{Sqlite, SqliteConnection, SqlitePool, SqliteRow};
use sqlx::{Connection, Executor};
use tokio::sync::OwnedSemaphorePermit;
use votify_core::store::Durability;

use super::connect::SqliteDatabase;
use super::error_codes::primary_code;
use super::file_check::FileCheck;
use super::read_timeout;
use super::script::{CommitScript, Script};
use super::{schema, sql};
use crate::backend::{Backend, Call, ListingSyntax, Reply, Transaction, TransactionMode};
use crate::batch_writes::BatchWrites;
use crate::error::Error;
use crate::long_reads::LongReads;
use crate::schema::SchemaInfo;

#[async_trait]
impl Backend for SqliteDatabase {
    const NAME: &'static str = "sqlite";
    const LISTING: ListingSyntax = sql::LISTING;
    const LOCKS_DATABASE: bool = true;
    type Row = SqliteRow;
    type Transaction = SqliteTransaction;

    fn durability(&self) -> Durability {
        self.durability
    }

    async fn close(&self) {
        if self
            .files
            .as_ref()
            .is_some_and(|files| files.has_lost_index())
        {
            tracing::warn!(
                file = self.storage(),
                "the connections stay open until the process ends, because the index of the log was lost"
            );
            let _open = ManuallyDrop::new(self.clone());
            return;
        }
        if self.owns_pools {
            self.long_reads.close().await;
            self.readers.close().await;
            self.writer.close().await;
        }
    }

    fn storage(&self) -> String {
        let path = self.files.as_ref().map(|files| files.path().display());
        path.map_or_else(|| "memory".into(), |path| path.to_string())
    }

    fn damage(&self, error: &Error) -> Option<String> {
        self.files.as_ref().and_then(|files| files.damage(error))
    }

    async fn schema(&self) -> Result<SchemaInfo, Error> {
        self.check_file()?;
        if !self.owns_pools || self.files.is_none() {
            return schema::read(&mut *acquire(&self.readers).await?).await;
        }
        // A new connection: the others may have cached pages of a damaged file.
        let options = self.readers.connect_options();
        let mut connection = SqliteConnection::connect_with(&options).await?;
        let schema = schema::read(&mut connection).await;
        connection.close().await?;
        schema
    }

    async fn migrate(&self) -> Result<(), Error> {
        self.check_file()?;
        let connection = acquire(&self.writer).await?;
        let mut transaction = SqliteTransaction::new(connection, self.files.clone());
        transaction.begin(sql::BEGIN, Vec::new()).await?;
        let migrated = schema::migrate(transaction.connection()?).await;
        transaction.finish(migrated.map(|()| ((), true))).await
    }

    async fn begin(
        &self,
        mode: TransactionMode,
        calls: Vec<Call>,
    ) -> Result<(SqliteTransaction, Vec<Reply<SqliteRow>>), Error> {
        self.check_file()?;
        let (mut transaction, begin) = match mode {
            TransactionMode::Write => {
                let connection = acquire(&self.writer).await?;
                let transaction = SqliteTransaction::new(connection, self.files.clone());
                (transaction, sql::BEGIN)
            }
            TransactionMode::Snapshot => {
                let transaction =
                    SqliteTransaction::for_long_read(&self.long_reads, read_timeout::TIMEOUT)
                        .await?;
                (transaction, sql::SNAPSHOT)
            }
        };
        let replies = transaction.begin(begin, calls).await;
        match replies {
            Ok(replies) => Ok((transaction, replies)),
            Err(error) => {
                transaction.rollback().await;
                Err(error)
            }
        }
    }

    async fn run_read(&self, call: Call) -> Result<Vec<SqliteRow>, Error> {
        self.check_file()?;
        let script = Script::default().call(call)?;
        let mut connection = acquire(&self.readers).await?;
        match script.run(&mut connection).await {
            Ok(replies) => Ok(replies.into_iter().next().unwrap_or_default().rows),
            Err(error) => {
                if error.is_schema_mismatch() {
                    forget_statements(&mut connection).await;
                }
                Err(error)
            }
        }
    }
}

impl SqliteDatabase {
    /// Fails if the file was removed or replaced. Before each call, so that no connection
    /// is opened on another file.
    fn check_file(&self) -> Result<(), Error> {
        self.files.as_ref().map_or(Ok(()), |files| files.check())
    }
}

async fn acquire(pool: &SqlitePool) -> Result<PoolConnection<Sqlite>, Error> {
    pool.acquire().await.map_err(Error::of_acquire)
}

/// An open transaction; rolled back when dropped.
///
/// Not sqlx's own type: that one counts a transaction that SQLite has rolled back by
/// itself, as it does when the disk is full, as open forever, and every later transaction
/// on the connection fails.
#[derive(Debug)]
pub(crate) struct SqliteTransaction {
    /// `None` once the transaction has ended.
    connection: Option<PoolConnection<Sqlite>>,
    /// Returned after the connection.
    permit: Option<OwnedSemaphorePermit>,
    /// Checked before and after a commit. `None` for a database in memory and for reads.
    files: Option<Arc<FileCheck>>,
    /// True if the connection has a timeout that ends with the transaction.
    removes_timeout: bool,
    /// True if a prepared statement does not fit the tables any more.
    has_stale_statements: bool,
}

impl SqliteTransaction {
    const fn new(connection: PoolConnection<Sqlite>, files: Option<Arc<FileCheck>>) -> Self {
        Self {
            connection: Some(connection),
            permit: None,
            files,
            removes_timeout: false,
            has_stale_statements: false,
        }
    }

    /// Returns a transaction that ends with an error if it reads too long.
    pub(super) async fn for_long_read(
        reads: &LongReads<Sqlite>,
        timeout: Duration,
    ) -> Result<Self, Error> {
        let (connection, permit) = reads.acquire().await?;
        // Created first, so that the timeout is removed if this call is dropped.
        let mut transaction = Self {
            connection: Some(connection),
            permit,
            files: None,
            removes_timeout: reads.is_shared(),
            has_stale_statements: false,
        };
        read_timeout::set(transaction.connection()?, timeout).await?;
        Ok(transaction)
    }

    async fn begin(
        &mut self,
        begin: &'static str,
        calls: Vec<Call>,
    ) -> Result<Vec<Reply<SqliteRow>>, Error> {
        let script = calls
            .into_iter()
            .try_fold(Script::default().statement(begin), Script::call)?;
        let mut replies = self.run_script(script).await?;
        Ok(replies.split_off(1))
    }

    async fn run_script(&mut self, script: Script) -> Result<Vec<Reply<SqliteRow>>, Error> {
        let result = script.run(self.connection()?).await;
        self.record_error(&result);
        result
    }

    fn record_error<T>(&mut self, result: &Result<T, Error>) {
        self.has_stale_statements |= result
            .as_ref()
            .is_err_and(|error| error.is_schema_mismatch());
    }

    /// Fails if the database or its log was removed or replaced. Called after a commit too:
    /// an acknowledged vote is in a file that was in place after its commit.
    fn check_files(&self) -> Result<(), Error> {
        let files = self.files.as_ref();
        files.map_or(Ok(()), |files| files.check_with_log())
    }

    pub(super) fn connection(&mut self) -> Result<&mut SqliteConnection, Error> {
        self.connection
            .as_deref_mut()
            .ok_or(Error::TransactionEnded)
    }
}

#[async_trait]
impl Transaction for SqliteTransaction {
    type Row = SqliteRow;

    async fn run(&mut self, calls: Vec<Call>) -> Result<Vec<Reply<SqliteRow>>, Error> {
        let script = calls
            .into_iter()
            .try_fold(Script::default(), Script::call)?;
        self.run_script(script).await
    }

    async fn commit_batch(mut self, batch: BatchWrites) -> Result<i64, Error> {
        let script = batch
            .into_writes()
            .try_fold(CommitScript::default(), |script, (statement, rows)| {
                script.write(statement, &rows)
            });
        let committed = match script.and_then(|script| self.check_files().map(|()| script)) {
            Ok(script) => script.run(self.connection()?).await,
            Err(error) => Err(error),
        };
        self.record_error(&committed);
        match committed {
            Ok(()) => {
                self.connection = None;
                self.check_files().map(|()| 0)
            }
            Err(error) => {
                self.rollback().await;
                Err(error)
            }
        }
    }

    async fn commit(mut self) -> Result<(), Error> {
        if let Err(error) = self.check_files() {
            self.rollback().await;
            return Err(error);
        }
        match self.connection()?.execute("COMMIT").await {
            Ok(_) => {
                self.connection = None;
                self.check_files()
            }
            Err(error) => {
                self.rollback().await;
                Err(Error::from(error).into_commit_error())
            }
        }
    }

    /// If this call is dropped, the connection is still in `self`, so that
    /// [`drop`](Drop::drop) rolls back again and removes the timeout.
    async fn rollback(mut self) {
        if let Some(connection) = &mut self.connection {
            roll_back(connection, self.removes_timeout).await;
            if self.has_stale_statements {
                forget_statements(connection).await;
            }
            self.connection = None;
        }
    }
}

impl Drop for SqliteTransaction {
    /// Returns the connection to the pool once the transaction is rolled back, as sqlx's
    /// own transactions do.
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else {
            return;
        };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => {
                let (permit, removes_timeout) = (self.permit.take(), self.removes_timeout);
                let has_stale_statements = self.has_stale_statements;
                drop(runtime.spawn(async move {
                    roll_back(&mut connection, removes_timeout).await;
                    if has_stale_statements {
                        forget_statements(&mut connection).await;
                    }
                    drop(connection);
                    drop(permit);
                }));
            }
            // Closing the connection rolls back too.
            Err(_) => connection.close_on_drop(),
        }
    }
}

/// Rolls back and removes the timeout. After an error, the connection is closed on drop.
async fn roll_back(connection: &mut PoolConnection<Sqlite>, removes_timeout: bool) {
    let ended = async {
        match connection.execute("ROLLBACK").await {
            Ok(_) => {}
            // SQLite has rolled back by itself, or the transaction had not begun.
            Err(sqlx::Error::Database(error)) if no_active_transaction(error.as_ref()) => {}
            Err(error) => return Err(error),
        }
        if removes_timeout {
            read_timeout::remove(connection).await?;
        }
        Ok(())
    };
    if let Err(error) = ended.await {
        tracing::warn!(%error, "rollback failed; closing the connection");
        connection.close_on_drop();
    }
}

/// Forgets the prepared statements of a connection. sqlx panics when it resets a statement
/// that SQLite could not prepare again, and the connection then hangs.
async fn forget_statements(connection: &mut PoolConnection<Sqlite>) {
    if let Err(error) = connection.clear_cached_statements().await {
        tracing::debug!(%error, "failed to forget prepared statements; closing the connection");
        connection.close_on_drop();
    }
}

/// `ROLLBACK` fails with the generic `SQLITE_ERROR` for no other reason.
fn no_active_transaction(error: &dyn DatabaseError) -> bool {
    primary_code(error) == Some(1)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::FutureExt;
    use sqlx::query_scalar;

    use super::*;

    /// Takes more steps than a statement may take after its timeout.
    const COUNT: &str = "WITH RECURSIVE numbers (number) AS \
        (SELECT 1 UNION ALL SELECT number + 1 FROM numbers LIMIT 100000) \
        SELECT count(*) FROM numbers";

    #[tokio::test]
    async fn a_dropped_rollback_leaves_no_timeout_and_no_transaction() {
        let database = SqliteDatabase::open("sqlite::memory:").await.unwrap();
        let begun = database.begin(TransactionMode::Snapshot, Vec::new()).await;
        let (transaction, _) = begun.unwrap();
        assert!(transaction.rollback().now_or_never().is_none());
        tokio::time::sleep(Duration::from_millis(5_200)).await;
        let mut connection = database.writer.acquire().await.unwrap();
        let count: i64 = query_scalar(COUNT)
            .fetch_one(&mut *connection)
            .await
            .unwrap();
        assert_eq!(count, 100_000);
        connection.execute("BEGIN; ROLLBACK").await.unwrap();
    }
}
