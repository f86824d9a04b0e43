use async_trait::async_trait;
use futures_util::TryStreamExt;
use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Either, Executor, Postgres, query_with};
use votify_core::store::Durability;

use super::connect::PostgresDatabase;
use super::{rows, schema, sql};
use crate::backend::{Backend, Call, ListingSyntax, Reply, Transaction, TransactionMode};
use crate::batch_writes::{BatchWrites, expect_rows};
use crate::bind::Bind;
use crate::error::Error;
use crate::optimistic_backend::OptimisticBackend;
use crate::poll_cache::PollStateCache;
use crate::pooled_connection::PooledConnection;
use crate::row_ext::RowExt;
use crate::schema::SchemaInfo;

#[async_trait]
impl Backend for PostgresDatabase {
    const NAME: &'static str = "postgres";
    const LISTING: ListingSyntax = sql::LISTING;
    type Row = PgRow;
    type Transaction = PooledConnection<Postgres>;

    fn durability(&self) -> Durability {
        self.durability
    }

    async fn close(&self) {
        if self.owns_pool {
            self.long_reads.close().await;
            self.pool.close().await;
        }
    }

    async fn schema(&self) -> Result<SchemaInfo, Error> {
        let mut connection = PooledConnection::acquire(&self.pool).await?;
        let schema = schema::read(connection.get()?).await?;
        connection.release();
        Ok(schema)
    }

    async fn migrate(&self) -> Result<(), Error> {
        schema::migrate(&self.pool).await
    }

    async fn begin(
        &self,
        mode: TransactionMode,
        calls: Vec<Call>,
    ) -> Result<(Self::Transaction, Vec<Reply<PgRow>>), Error> {
        let (begin, mut transaction) = match mode {
            TransactionMode::Write => (&*self.begin, PooledConnection::acquire(&self.pool).await?),
            TransactionMode::Snapshot => {
                let connection = PooledConnection::acquire_for_long_read(&self.long_reads).await?;
                (sql::BEGIN_SNAPSHOT, connection)
            }
        };
        transaction.execute(begin).await?;
        match transaction.run(calls).await {
            Ok(replies) => Ok((transaction, replies)),
            Err(error) => {
                transaction.abort(&error).await;
                Err(error)
            }
        }
    }

    async fn run_read(&self, call: Call) -> Result<Vec<PgRow>, Error> {
        let mut connection = PooledConnection::acquire(&self.pool).await?;
        if !self.owns_pool && is_large(&call) {
            connection.execute(sql::BEGIN_LARGE_READ).await?;
            return match run(connection.get()?, call).await {
                Ok(reply) => {
                    connection.rollback().await;
                    Ok(reply.rows)
                }
                Err(error) => {
                    connection.abort(&error).await;
                    Err(error)
                }
            };
        }
        let reply = run(connection.get()?, call).await?;
        connection.release();
        Ok(reply.rows)
    }

    fn poll_cache(&self) -> Option<&PollStateCache> {
        self.cache.as_deref()
    }

    fn optimistic(&self) -> Option<&dyn OptimisticBackend<Row = PgRow>> {
        match self.cache {
            Some(_) => Some(self),
            None => None,
        }
    }
}

#[async_trait]
impl Transaction for PooledConnection<Postgres> {
    type Row = PgRow;

    async fn run(&mut self, calls: Vec<Call>) -> Result<Vec<Reply<PgRow>>, Error> {
        let mut replies = Vec::with_capacity(calls.len());
        for call in calls {
            replies.push(run(self.get()?, call).await?);
        }
        Ok(replies)
    }

    async fn commit(self) -> Result<(), Error> {
        Self::commit(self).await
    }

    async fn rollback(self) {
        Self::rollback(self).await;
    }

    /// Writes the batch with one statement, and commits it with the next.
    async fn commit_batch(mut self, batch: BatchWrites) -> Result<i64, Error> {
        match write_batch(&mut self, batch).await {
            Ok(token) => self.commit().await.map(|()| token),
            Err(error) => {
                self.abort(&error).await;
                Err(error)
            }
        }
    }
}

/// Returns true if PostgreSQL might compile the statement (JIT) on a host's pool, which
/// takes longer than the statement. PostgreSQL rates each row of a call at about 30, and
/// compiles statements above `jit_above_cost` (100 000 by default).
const fn is_large(call: &Call) -> bool {
    const MAX_ROWS: usize = 100;
    matches!(call, Call::Rows(_, rows) if rows.len() > MAX_ROWS)
}

/// Runs a call. A call over no rows is not sent.
async fn run(connection: &mut PgConnection, call: Call) -> Result<Reply<PgRow>, Error> {
    let query = match call {
        Call::Params(statement, params) => {
            query_with(sql::text(statement), PgArguments::from_values(params)?)
        }
        Call::Rows(_, rows) if rows.is_empty() => return Ok(Reply::default()),
        Call::Rows(statement, rows) => query_with(sql::text(statement), rows::arguments(&rows)?),
        Call::Listing(text, params) => {
            query_with(AssertSqlSafe(text), PgArguments::from_values(params)?)
        }
    };
    let mut results = connection.fetch_many(query);
    let mut reply = Reply::default();
    while let Some(result) = results.try_next().await? {
        match result {
            Either::Left(done) => reply.affected += done.rows_affected(),
            Either::Right(row) => reply.rows.push(row),
        }
    }
    Ok(reply)
}

/// Writes a batch and returns the transaction id, which is the row token of its tallies.
async fn write_batch(
    transaction: &mut PooledConnection<Postgres>,
    batch: BatchWrites,
) -> Result<i64, Error> {
    let mut arguments = PgArguments::default();
    bind_batch(&mut arguments, &batch)?;
    let BatchWrites([released, added, votes @ ..]) = batch;
    for (statement, rows) in [released, added] {
        let expected = rows.len();
        let reply = transaction.run_one(Call::Rows(statement, rows)).await?;
        expect_rows(statement, expected, reply.affected)?;
    }
    let query = query_with(sql::CAST, arguments);
    let row = transaction.get()?.fetch_one(query).await?;
    for (column, (statement, rows)) in votes.iter().enumerate() {
        let changed = u64::try_from(row.integer(column)?).unwrap_or(0);
        expect_rows(*statement, rows.len(), changed)?;
    }
    row.integer(votes.len())
}

/// Binds the parameters of [`sql::CAST`], which are the first of
/// [`sql::CAST_OPTIMISTIC`].
pub(super) fn bind_batch(arguments: &mut PgArguments, batch: &BatchWrites) -> Result<(), Error> {
    let BatchWrites([_, _, votes @ ..]) = batch;
    votes
        .iter()
        .try_for_each(|(_, rows)| rows::bind_rows(arguments, rows))
}
