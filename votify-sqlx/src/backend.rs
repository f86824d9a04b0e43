//! The extension point for SQL databases. Each database supplies connections and the text
//! of every [`Statement`]; everything else is written once, on these traits.

use std::fmt;

use async_trait::async_trait;
use votify_core::store::Durability;

use crate::batch_writes::{BatchWrites, expect_rows};
use crate::error::Error;
use crate::optimistic_backend::OptimisticBackend;
use crate::poll_cache::PollStateCache;
use crate::row_ext::RowExt;
use crate::row_set::{RowSet, Value};
use crate::schema::SchemaInfo;
use crate::statement::Statement;

/// A SQL database and its connections.
#[async_trait]
pub(crate) trait Backend: fmt::Debug + Clone + Send + Sync + 'static {
    /// The name in errors and logs.
    const NAME: &'static str;
    /// The parts of listings that differ between databases.
    const LISTING: ListingSyntax;
    /// True if a writing transaction locks the whole database, so that batches need no
    /// [`Statement::LockPolls`]. False by default.
    const LOCKS_DATABASE: bool = false;
    type Row: RowExt + Send + Sync;
    type Transaction: Transaction<Row = Self::Row>;

    /// Returns which failures acknowledged votes survive.
    fn durability(&self) -> Durability;

    /// Closes the connections. Does nothing if they belong to the host.
    async fn close(&self);

    /// Returns the tables that exist, and their version.
    async fn schema(&self) -> Result<SchemaInfo, Error>;

    /// Returns the name of the storage in logs, such as the path of its file. "the database
    /// server" by default.
    fn storage(&self) -> String {
        "the database server".into()
    }

    /// Returns why the store must stop, and what to do, if `error` shows that its storage
    /// is damaged. `None` by default: a server keeps its other tables usable.
    fn damage(&self, _error: &Error) -> Option<String> {
        None
    }

    /// Creates or updates the tables. Several processes may call this at once. The store
    /// retries it after a conflict.
    async fn migrate(&self) -> Result<(), Error>;

    /// Begins a transaction and runs `calls` in it, in as few round trips as possible.
    /// After an error there is no transaction.
    async fn begin(
        &self,
        mode: TransactionMode,
        calls: Vec<Call>,
    ) -> Result<(Self::Transaction, Vec<Reply<Self::Row>>), Error>;

    /// Runs one call that only reads, outside of a transaction.
    async fn run_read(&self, call: Call) -> Result<Vec<Self::Row>, Error>;

    /// Does the same as [`run_read`](Self::run_read). Uses no connection for a call over no
    /// rows.
    async fn read(&self, call: Call) -> Result<Vec<Self::Row>, Error> {
        match call {
            Call::Rows(_, rows) if rows.is_empty() => Ok(Vec::new()),
            call => self.run_read(call).await,
        }
    }

    /// Runs one call that may read long, such as a page of an export, with the connections
    /// of [`TransactionMode::Snapshot`].
    async fn run_long_read(&self, call: Call) -> Result<Vec<Self::Row>, Error> {
        let (transaction, replies) = self.begin(TransactionMode::Snapshot, vec![call]).await?;
        transaction.rollback().await;
        Ok(replies.into_iter().flat_map(|reply| reply.rows).collect())
    }

    /// Returns the cache of poll states, if the connections belong to this store. `None`
    /// by default.
    fn poll_cache(&self) -> Option<&PollStateCache> {
        None
    }

    /// Returns the optimistic commit, which needs a [`poll_cache`](Self::poll_cache).
    /// `None` by default: every batch is committed under locks.
    fn optimistic(&self) -> Option<&dyn OptimisticBackend<Row = Self::Row>> {
        None
    }
}

/// An open transaction. Dropping it rolls it back.
#[async_trait]
pub(crate) trait Transaction: Send + Sized {
    type Row: RowExt + Send + Sync;

    /// Runs calls in their order, and returns one reply for each. A call sees what the
    /// calls before it changed, and what others committed before it started.
    async fn run(&mut self, calls: Vec<Call>) -> Result<Vec<Reply<Self::Row>>, Error>;

    /// Commits. After an error the transaction is rolled back, except after
    /// [`Error::Unavailable`]: then it may be committed.
    async fn commit(self) -> Result<(), Error>;

    /// Rolls back.
    async fn rollback(self);

    /// Writes a batch and commits it. Returns the row token of the written tallies, or 0 if
    /// the database has no row tokens.
    ///
    /// Fails as [`commit`](Self::commit) does, and also if a write changed a different
    /// number of rows than it was given. By default, each write is a round trip.
    async fn commit_batch(mut self, batch: BatchWrites) -> Result<i64, Error> {
        for (statement, rows) in batch.into_writes() {
            let expected = rows.len();
            let written = match self.run_one(Call::Rows(statement, rows)).await {
                Ok(reply) => expect_rows(statement, expected, reply.affected),
                Err(error) => Err(error),
            };
            if let Err(error) = written {
                self.abort(&error).await;
                return Err(error);
            }
        }
        self.commit().await.map(|()| 0)
    }

    /// Runs one call.
    async fn run_one(&mut self, call: Call) -> Result<Reply<Self::Row>, Error> {
        let replies = self.run(vec![call]).await?;
        replies.into_iter().next().ok_or(Error::MissingReply)
    }

    /// Commits if `result` is `Ok` with something written (`true`); otherwise rolls back.
    async fn finish<T: Send>(self, result: Result<(T, bool), Error>) -> Result<T, Error> {
        match result {
            Ok((value, true)) => self.commit().await.map(|()| value),
            Ok((value, false)) => {
                self.rollback().await;
                Ok(value)
            }
            Err(error) => {
                self.abort(&error).await;
                Err(error)
            }
        }
    }

    /// Rolls back after an error.
    ///
    /// After [`Error::Unavailable`] the connection is dropped instead: its server may be a
    /// standby by now, and a new connection may reach the primary. After
    /// [`Error::ConnectionLost`] it is dropped because no reply can be expected, or the next
    /// one may belong to an earlier statement.
    async fn abort(self, error: &Error) {
        match error {
            Error::Unavailable(_) | Error::ConnectionLost(_) => drop(self),
            _ => self.rollback().await,
        }
    }
}

/// The parts of a list that differ between databases. In SQL, `p` is `votify_polls`, and
/// each `?` is a parameter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ListingSyntax {
    /// The tables of the lists that are not ordered by trending.
    pub(crate) polls: ListedTables,
    /// The tables of the lists by trending.
    pub(crate) trending: ListedTables,
    /// The columns of the rank, the poll's id and its visibility in lists by trending.
    pub(crate) trending_rank: &'static str,
    pub(crate) trending_id: &'static str,
    pub(crate) trending_visibility: &'static str,
    /// The condition that a poll is not sealed, in lists by trending.
    pub(crate) trending_unsealed: &'static str,
    /// The condition that a word of the poll's title is in a range.
    pub(crate) has_word: &'static str,
    /// The condition that a ballot of the poll was ever counted.
    pub(crate) has_ballots: &'static str,
    /// Returns the value with which the column `closing_order` is compared, for a time in
    /// microseconds, or for `i64::MAX`: no closing time.
    pub(crate) closing_value: fn(i64) -> Value,
    /// Returns the placeholder of a parameter, counted from 1.
    pub(crate) placeholder: fn(usize) -> String,
}

/// The tables of a list, as SQL after `FROM`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ListedTables {
    /// All polls. `{index}` stands for the name of the index that has the list's order.
    pub(crate) all: &'static str,
    /// The polls of which a word of the title is in a range.
    pub(crate) with_word: &'static str,
}

/// The purpose of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TransactionMode {
    /// Writes. A statement after [`Statement::LockPolls`] sees everything that earlier
    /// holders of the locks committed.
    Write,
    /// Reads one snapshot: lists, counts, exports and audits. Has connections of its own, so
    /// that votes never wait for these.
    Snapshot,
}

/// A statement with its input.
#[derive(Debug)]
pub(crate) enum Call {
    Params(Statement, Vec<Value>),
    Rows(Statement, RowSet),
    /// The text of a listing, which depends on its filter.
    Listing(String, Vec<Value>),
}

/// The result of a call.
#[derive(Debug)]
pub(crate) struct Reply<R> {
    /// The result rows, in no particular order unless the statement orders them.
    pub(crate) rows: Vec<R>,
    /// The number of rows that a write matched, also if it did not change their values.
    pub(crate) affected: u64,
}

impl<R> Default for Reply<R> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            affected: 0,
        }
    }
}
