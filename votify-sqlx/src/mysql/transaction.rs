use async_trait::async_trait;
use futures_util::TryStreamExt;
use sqlx::mysql::{MySql, MySqlArguments, MySqlConnection, MySqlRow};
use sqlx::{AssertSqlSafe, Either, Executor, SqlSafeStr, SqlStr, query_with};
use uuid::Uuid;
use votify_core::store::Durability;

use super::connect::MySqlDatabase;
use super::script::{CommitScript, Script};
use super::{schema, sql};
use crate::backend::{Backend, Call, ListingSyntax, Reply, Transaction, TransactionMode};
use crate::batch_writes::BatchWrites;
use crate::bind::Bind;
use crate::error::Error;
use crate::poll_cache::PollStateCache;
use crate::pooled_connection::PooledConnection;
use crate::schema::SchemaInfo;

#[async_trait]
impl Backend for MySqlDatabase {
    const NAME: &'static str = "mysql";
    const LISTING: ListingSyntax = sql::LISTING;
    type Row = MySqlRow;
    type Transaction = MySqlTransaction;

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
    ) -> Result<(MySqlTransaction, Vec<Reply<MySqlRow>>), Error> {
        let (begin, connection) = match mode {
            TransactionMode::Write => (sql::BEGIN, PooledConnection::acquire(&self.pool).await?),
            TransactionMode::Snapshot => {
                let connection = PooledConnection::acquire_for_long_read(&self.long_reads).await?;
                let begin = if self.owns_pool {
                    sql::BEGIN_SNAPSHOT
                } else {
                    sql::BEGIN_SNAPSHOT_ON_HOST
                };
                (begin, connection)
            }
        };
        let mut transaction = MySqlTransaction {
            connection,
            restores_timeout: mode == TransactionMode::Snapshot && !self.owns_pool,
        };
        match run_calls(transaction.connection.get()?, begin, calls).await {
            Ok(replies) => Ok((transaction, replies)),
            Err(error) => {
                transaction.abort(&error).await;
                Err(error)
            }
        }
    }

    async fn run_read(&self, call: Call) -> Result<Vec<MySqlRow>, Error> {
        let mut connection = PooledConnection::acquire(&self.pool).await?;
        let replies = run_calls(connection.get()?, &[], vec![call]).await?;
        connection.release();
        Ok(replies.into_iter().flat_map(|reply| reply.rows).collect())
    }

    fn poll_cache(&self) -> Option<&PollStateCache> {
        self.cache.as_deref()
    }
}

#[derive(Debug)]
pub(crate) struct MySqlTransaction {
    connection: PooledConnection<MySql>,
    /// True if the session of a host has another statement timeout until the end of the
    /// transaction.
    restores_timeout: bool,
}

#[async_trait]
impl Transaction for MySqlTransaction {
    type Row = MySqlRow;

    async fn run(&mut self, calls: Vec<Call>) -> Result<Vec<Reply<MySqlRow>>, Error> {
        run_calls(self.connection.get()?, &[], calls).await
    }

    async fn commit(self) -> Result<(), Error> {
        if self.restores_timeout {
            // It only read.
            self.rollback().await;
            return Ok(());
        }
        self.connection.commit().await
    }

    async fn rollback(mut self) {
        if !self.restores_timeout {
            self.connection.rollback().await;
            return;
        }
        match self.connection.execute(sql::ROLLBACK_ON_HOST).await {
            Ok(()) => self.connection.release(),
            Err(error) => tracing::debug!(%error, "rollback failed; closing the connection"),
        }
    }

    async fn commit_batch(mut self, batch: BatchWrites) -> Result<i64, Error> {
        let token = random_row_token();
        let committed = async {
            let script = CommitScript::new(batch, token)?;
            script.run(self.connection.get()?).await
        };
        match committed.await {
            Ok(()) => {
                self.connection.release();
                Ok(token)
            }
            Err(error) => {
                self.abort(&error).await;
                Err(error)
            }
        }
    }
}

/// Returns a random row token, which no other batch gets. Never 0, which means that
/// there is none.
fn random_row_token() -> i64 {
    let (random, _) = Uuid::new_v4().as_u64_pair();
    random.cast_signed() | 1
}

/// Runs statements without results, then calls, in their order. Consecutive statements
/// without parameters take one round trip.
async fn run_calls(
    connection: &mut MySqlConnection,
    before: &[&str],
    calls: Vec<Call>,
) -> Result<Vec<Reply<MySqlRow>>, Error> {
    let mut replies = Vec::with_capacity(calls.len());
    let mut script = Script::starting_with(before);
    for call in calls {
        let (text, params) = match call {
            Call::Rows(statement, rows) => {
                script.add(statement, &rows)?;
                continue;
            }
            Call::Params(statement, params) => {
                let [template] = sql::templates(statement) else {
                    return Err(Error::WrongInput(statement));
                };
                (template.text().into_sql_str(), params)
            }
            Call::Listing(text, params) => (AssertSqlSafe(text).into_sql_str(), params),
        };
        replies.extend(std::mem::take(&mut script).run(connection).await?);
        let arguments = MySqlArguments::from_values(params)?;
        replies.push(run_prepared(connection, text, arguments).await?);
    }
    replies.extend(script.run(connection).await?);
    Ok(replies)
}

async fn run_prepared(
    connection: &mut MySqlConnection,
    text: SqlStr,
    arguments: MySqlArguments,
) -> Result<Reply<MySqlRow>, Error> {
    let mut reply = Reply::default();
    let mut results = connection.fetch_many(query_with(text, arguments));
    while let Some(result) = results.try_next().await? {
        match result {
            Either::Right(row) => reply.rows.push(row),
            Either::Left(done) => reply.affected += done.rows_affected(),
        }
    }
    Ok(reply)
}
