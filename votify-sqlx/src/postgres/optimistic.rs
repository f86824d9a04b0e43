use async_trait::async_trait;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query_with;
use votify_core::{Ballot, PollId};

use super::connect::PostgresDatabase;
use super::rows::bind_rows;
use super::sql;
use super::transaction::bind_batch;
use crate::backend::Backend;
use crate::decode;
use crate::error::Error;
use crate::field::to_signed;
use crate::optimistic_backend::{
    ConditionalResult, ConditionalWrite, OptimisticBackend, OptimisticBackoff,
};
use crate::poll_cache::RowVersion;
use crate::pooled_connection::PooledConnection;
use crate::row_ext::RowExt;
use crate::row_set::{RowSet, ballot_rows};

/// An epoch, revision and transaction id that no row has.
const NEVER_MATCHES: i64 = -1;

/// The columns of [`sql::CAST_OPTIMISTIC`] after those of a history.
const KIND: usize = 6;
const VERSION: usize = 7;
const TOKEN: usize = 10;

#[async_trait]
impl OptimisticBackend for PostgresDatabase {
    type Row = PgRow;

    fn backoff(&self) -> &OptimisticBackoff {
        &self.backoff
    }

    async fn write(&self, write: ConditionalWrite<'_>) -> Result<ConditionalResult<PgRow>, Error> {
        let mut arguments = PgArguments::default();
        bind_batch(&mut arguments, &write.writes)?;
        bind_rows(&mut arguments, &version_rows(&write.polls)?)?;
        bind_rows(&mut arguments, &voter_rows(write.ballots))?;
        bind_rows(&mut arguments, &ballot_rows(write.revotable_ballots))?;
        let mut connection = PooledConnection::acquire(&self.pool).await?;
        // Checked while the connection is held: if it is new, it may lead to a server that
        // lost commits.
        if self.poll_cache().map(|cache| cache.generation()) != Some(write.generation) {
            connection.release();
            return Ok(ConditionalResult::CacheInvalidated);
        }
        let query = query_with(sql::CAST_OPTIMISTIC, arguments);
        match query
            .fetch_all(connection.get()?)
            .await
            .map_err(Error::from)
        {
            Ok(rows) => {
                connection.release();
                result(rows)
            }
            // The server reports that it rolled back, and the connection is usable.
            Err(
                error @ (Error::Conflict(sqlx::Error::Database(_))
                | Error::Rejected(sqlx::Error::Database(_))
                | Error::SchemaMismatch(sqlx::Error::Database(_))
                | Error::Driver(sqlx::Error::Database(_))),
            ) => {
                connection.release();
                Err(error)
            }
            Err(Error::ConnectionLost(error)) => Err(Error::CommitUnknown(error)),
            Err(error) => Err(error),
        }
    }
}

/// Reads the result of [`sql::CAST_OPTIMISTIC`].
fn result(rows: Vec<PgRow>) -> Result<ConditionalResult<PgRow>, Error> {
    let (mut versions, mut histories) = (Vec::new(), Vec::new());
    for row in rows {
        match row.integer(KIND)? {
            sql::COMMITTED_ROW => {
                return Ok(ConditionalResult::Committed {
                    token: row.integer(TOKEN)?,
                });
            }
            sql::VERSION_ROW => versions.push(decode::row_version(&row, VERSION)?),
            _ => histories.push(row),
        }
    }
    Ok(ConditionalResult::Conflict {
        versions,
        histories: decode::by_poll(histories)?,
    })
}

/// Rows of poll, epoch, revision and transaction id.
fn version_rows(polls: &[(PollId, Option<RowVersion>)]) -> Result<RowSet, Error> {
    let expected = |version: &Option<RowVersion>, field: fn(&RowVersion) -> Result<i64, Error>| {
        version.as_ref().map_or(Ok(NEVER_MATCHES), field)
    };
    Ok(RowSet::builder(polls)
        .id(|(poll, _)| poll.as_bytes())
        .integer(|(_, version)| expected(version, |version| to_signed(version.position.epoch)))?
        .integer(|(_, version)| expected(version, |version| to_signed(version.position.revision)))?
        .integer(|(_, version)| expected(version, |version| Ok(version.token)))?
        .build())
}

/// Rows of poll and voter.
fn voter_rows(ballots: &[&Ballot]) -> RowSet {
    RowSet::builder(ballots)
        .id(|ballot| ballot.poll.as_bytes())
        .id(|ballot| ballot.voter.as_bytes())
        .build()
}
