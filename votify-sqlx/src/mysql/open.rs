use sqlx::mysql::{MySql, MySqlConnection, MySqlPool, MySqlRow};
use votify_core::{Ballot, PollId};

use super::rows::{Row, pieces};
use super::run::Bulk;
use super::statements;
use crate::dialect::{Batch, Locked, supersedable};
use crate::error::Error;
use crate::lease::Lease;
use crate::parameters::Parameters;
use crate::read;

/// An open transaction.
#[derive(Debug)]
pub(crate) struct Open(pub(super) Lease<MySql>);

impl Open {
    /// To write.
    pub(super) async fn begin(pool: &MySqlPool) -> Result<Self, Error> {
        Ok(Self(Lease::begin(pool, statements::BEGIN).await?))
    }

    /// To read what is there at this moment.
    pub(super) async fn snapshot(pool: &MySqlPool) -> Result<Self, Error> {
        Ok(Self(Lease::begin(pool, statements::SNAPSHOT).await?))
    }

    pub(super) fn connection(&mut self) -> Result<&mut MySqlConnection, Error> {
        self.0.connection()
    }

    pub(super) async fn found<T: Sync>(
        &mut self,
        bulk: Bulk,
        rows: &[T],
        write: impl Fn(&mut Row, &T) -> Result<(), Error> + Send,
    ) -> Result<Vec<MySqlRow>, Error> {
        let pieces = pieces(rows, write)?;
        bulk.rows(self.connection()?, &pieces).await
    }

    pub(super) async fn changed<T: Sync>(
        &mut self,
        bulk: Bulk,
        rows: &[T],
        write: impl Fn(&mut Row, &T) -> Result<(), Error> + Send,
    ) -> Result<u64, Error> {
        let pieces = pieces(rows, write)?;
        bulk.changed(self.connection()?, &pieces).await
    }

    /// Locks these polls in this order; those that there are.
    pub(super) async fn lock(&mut self, ids: &[PollId]) -> Result<Vec<PollId>, Error> {
        let bulk = statements::LOCK_POLLS.bulk();
        let rows = self.found(bulk, ids, |row, id| row.id(id.as_bytes()));
        let rows = rows.await?;
        rows.iter().map(|row| read::poll_id(row, 0)).collect()
    }

    pub(super) async fn polls(&mut self, ids: &[PollId]) -> Result<Vec<Locked>, Error> {
        let bulk = statements::POLLS.bulk();
        let rows = self.found(bulk, ids, |row, id| row.id(id.as_bytes()));
        read::polls(&rows.await?)
    }

    /// Locks and reads what a batch needs. The lock comes in a statement of its own: what another transaction, which was
    /// waited for, did to the options is to be seen by statements only that begin afterwards.
    pub(super) async fn batch(
        &mut self,
        ids: &[PollId],
        ballots: &[&Ballot],
    ) -> Result<Batch, Error> {
        let locked = self.lock(ids).await?;
        let polls = self.polls(&locked).await?;
        let of_polls = if locked.is_empty() { &[] } else { ballots };
        let standing = self.found(statements::STANDING.bulk(), of_polls, |row, ballot| {
            row.id(ballot.poll.as_bytes())?;
            row.id(ballot.voter.as_bytes())
        });
        let mut rows = standing.await?;
        let supersedable = supersedable(&polls, ballots);
        let bulk = statements::SUPERSEDED.bulk();
        let superseded = self.found(bulk, &supersedable, |row, ballot| {
            row.id(ballot.poll.as_bytes())?;
            row.id(ballot.voter.as_bytes())?;
            row.id(ballot.id.as_bytes())
        });
        rows.extend(superseded.await?);
        Ok(Batch {
            polls,
            histories: read::histories(&rows)?,
        })
    }
}
