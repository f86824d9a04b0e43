use async_trait::async_trait;
use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::{Arguments, Postgres, query_with};
use uuid::Uuid;
use votify_core::ballot::ActiveBallot;
use votify_core::poll::PollState;
use votify_core::{Choice, PollId};

use super::statements;
use crate::columns::Columns;
use crate::dialect::{Locked, Work, Write, write_first};
use crate::error::Error;
use crate::field::to_signed;
use crate::lease::Lease;
use crate::moment::Moment;
use crate::parameters::Parameters;
use crate::writes::{Writes, Written};
use crate::{definition, read};

impl Lease<Postgres> {
    async fn rows(
        &mut self,
        statement: &'static str,
        arguments: PgArguments,
    ) -> Result<Vec<PgRow>, Error> {
        rows(self.connection()?, statement, arguments).await
    }

    /// How many rows a statement met.
    pub(super) async fn run(
        &mut self,
        statement: &'static str,
        arguments: PgArguments,
    ) -> Result<u64, Error> {
        let statement = query_with(statement, arguments);
        Ok(statement.execute(self.connection()?).await?.rows_affected())
    }
}

pub(super) async fn rows(
    connection: &mut PgConnection,
    statement: &'static str,
    arguments: PgArguments,
) -> Result<Vec<PgRow>, Error> {
    Ok(query_with(statement, arguments)
        .fetch_all(connection)
        .await?)
}

#[async_trait]
impl Write for Lease<Postgres> {
    async fn write(&mut self, writes: &Writes<'_>) -> Result<Written, Error> {
        let rows = self.rows(statements::WRITE, given(writes)?).await?;
        let row = rows.first().ok_or(Error::Ended)?;
        let met = |place| {
            row.integer(place)
                .map(|met| u64::try_from(met).unwrap_or(0))
        };
        Ok(Written {
            inserted: met(0)?,
            updated: met(1)?,
            removed: met(2)?,
            superseded: met(3)?,
            counts: met(4)?,
            states: met(5)?,
            mark: row.integer(6)?,
        })
    }
}

#[async_trait]
impl Work for Lease<Postgres> {
    async fn lock_polls(&mut self, ids: &[PollId]) -> Result<Vec<Locked>, Error> {
        self.rows(statements::LOCK, all(ids)?).await?;
        // A statement of its own: only what begins after the locks are held sees what their last holders wrote.
        read::polls(&self.rows(statements::POLLS, all(ids)?).await?)
    }

    async fn finish(self, writes: &Writes<'_>) -> Result<i64, Error> {
        write_first(self, writes).await
    }

    async fn insert_poll(&mut self, state: &PollState) -> Result<u64, Error> {
        let mut values = PgArguments::default();
        definition::poll(&mut values, state)?;
        self.run(statements::INSERT_POLL, values).await
    }

    async fn update_poll(&mut self, state: &PollState) -> Result<u64, Error> {
        let mut values = PgArguments::default();
        definition::poll(&mut values, state)?;
        self.run(statements::UPDATE_POLL, values).await
    }

    async fn insert_options(&mut self, state: &PollState) -> Result<u64, Error> {
        let options = definition::options(state)?;
        let mut values = one(state.poll.id)?;
        column(&mut values, &options, |(_, option, _)| *option.id.as_uuid())?;
        column(&mut values, &options, |(place, ..)| *place)?;
        column(&mut values, &options, |(_, option, _)| option.text.clone())?;
        column(&mut values, &options, |(.., votes)| *votes)?;
        self.run(statements::INSERT_OPTIONS, values).await
    }

    async fn delete_options(&mut self, id: PollId) -> Result<(), Error> {
        self.run(statements::DELETE_OPTIONS, one(id)?)
            .await
            .map(drop)
    }

    async fn delete_poll(&mut self, id: PollId) -> Result<bool, Error> {
        let mut deleted = 0;
        for statement in statements::DELETE {
            deleted = self.run(statement, one(id)?).await?;
        }
        Ok(deleted > 0)
    }

    async fn choices(&mut self, id: PollId) -> Result<Vec<(Choice, u64)>, Error> {
        read::choices(id, &self.rows(statements::CHOICES, one(id)?).await?)
    }

    async fn commit(self) -> Result<(), Error> {
        Self::commit(self).await
    }

    async fn rollback(self) {
        Self::rollback(self).await;
    }
}

/// The id as the only parameter.
pub(super) fn one(id: PollId) -> Result<PgArguments, Error> {
    let mut values = PgArguments::default();
    values.id(id.as_bytes())?;
    Ok(values)
}

/// The ids as the only parameter.
pub(super) fn all(ids: &[PollId]) -> Result<PgArguments, Error> {
    let mut values = PgArguments::default();
    column(&mut values, ids, |id| *id.as_uuid())?;
    Ok(values)
}

/// Adds one column of rows.
pub(super) fn column<R, T>(
    values: &mut PgArguments,
    rows: &[R],
    value: impl Fn(&R) -> T,
) -> Result<(), Error>
where
    Vec<T>: for<'q> sqlx::Encode<'q, Postgres> + sqlx::Type<Postgres>,
{
    let column: Vec<T> = rows.iter().map(value).collect();
    let added = values.add(column);
    Ok(added.map_err(sqlx::Error::Encode)?)
}

/// Adds one column of counts, which must fit.
fn counts<R>(values: &mut PgArguments, rows: &[R], value: impl Fn(&R) -> u64) -> Result<(), Error> {
    let signed = rows.iter().map(|row| to_signed(value(row)));
    let signed: Vec<i64> = signed.collect::<Result<_, Error>>()?;
    column(values, &signed, |count| *count)
}

/// The parameters of [`statements::WRITE`], and the first ones of [`statements::QUICK`].
pub(super) fn given(writes: &Writes<'_>) -> Result<PgArguments, Error> {
    let mut values = PgArguments::default();
    votes(&mut values, &writes.inserted)?;
    votes(&mut values, &writes.updated)?;
    column(&mut values, &writes.removed, |(poll, _)| *poll.as_uuid())?;
    column(&mut values, &writes.removed, |(_, voter)| {
        Uuid::from_bytes(*voter.as_bytes())
    })?;
    let superseded = &writes.superseded;
    column(&mut values, superseded, |(poll, _)| *poll.as_uuid())?;
    column(&mut values, superseded, |(_, old)| {
        Uuid::from_bytes(*old.voter.as_bytes())
    })?;
    column(&mut values, superseded, |(_, old)| *old.id.as_uuid())?;
    counts(&mut values, superseded, |(_, old)| old.revision)?;
    column(&mut values, superseded, |(_, old)| old.choice.to_bytes())?;
    column(&mut values, &writes.counts, |(poll, _)| *poll.as_uuid())?;
    column(&mut values, &writes.counts, |(_, entry)| {
        *entry.option.as_uuid()
    })?;
    counts(&mut values, &writes.counts, |(_, entry)| entry.count)?;
    let states = &writes.states;
    column(&mut values, states, |state| *state.poll.id.as_uuid())?;
    counts(&mut values, states, |state| state.tally.position.revision)?;
    counts(&mut values, states, |state| state.tally.total_votes)?;
    column(&mut values, states, |state| state.trending.as_log2())?;
    Ok(values)
}

fn votes(values: &mut PgArguments, votes: &[&ActiveBallot]) -> Result<(), Error> {
    column(values, votes, |vote| *vote.ballot.poll.as_uuid())?;
    column(values, votes, |vote| {
        Uuid::from_bytes(*vote.ballot.voter.as_bytes())
    })?;
    column(values, votes, |vote| *vote.ballot.id.as_uuid())?;
    counts(values, votes, |vote| vote.revision)?;
    column(values, votes, |vote| Moment(vote.cast_at.as_micros()))?;
    column(values, votes, |vote| vote.ballot.choice.to_bytes())
}
