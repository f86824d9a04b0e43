use async_trait::async_trait;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{Postgres, query_with};
use uuid::Uuid;
use votify_core::{PollId, VoterId};

use super::connect::PostgresDatabase;
use super::work::{column, one, rows};
use crate::columns::Columns;
use crate::error::Error;
use crate::field::Fields;
use crate::invites::dialect::{InviteDialect, InviteWork};
use crate::lease::Lease;

pub(super) const INVITED: &str = "SELECT i.voter_id FROM unnest($2::uuid[]) AS given (voter_id) \
    CROSS JOIN LATERAL (SELECT voter_id FROM votify_invites WHERE poll_id = $1 AND voter_id = given.voter_id OFFSET 0) AS i";

pub(super) const COUNT: &str = "SELECT count(*) FROM votify_invites WHERE poll_id = $1";

/// Fails on who is invited already.
pub(super) const INSERT: &str =
    "INSERT INTO votify_invites (poll_id, voter_id) SELECT $1, * FROM unnest($2::uuid[])";

fn named(poll: PollId, voters: &[VoterId]) -> Result<PgArguments, Error> {
    let mut values = one(poll)?;
    column(&mut values, voters, |voter| {
        Uuid::from_bytes(*voter.as_bytes())
    })?;
    Ok(values)
}

fn found(poll: PollId, rows: &[PgRow]) -> Result<Vec<VoterId>, Error> {
    let voter = |row: &PgRow| Ok(Fields(poll).voter(&row.id(0)?)?);
    rows.iter().map(voter).collect()
}

#[async_trait]
impl InviteDialect for PostgresDatabase {
    async fn invited(&self, poll: PollId, voters: &[VoterId]) -> Result<Vec<VoterId>, Error> {
        let mut lease = Lease::of(&self.pool).await?;
        let read = rows(lease.connection()?, INVITED, named(poll, voters)?).await?;
        lease.give_back();
        found(poll, &read)
    }
}

#[async_trait]
impl InviteWork for Lease<Postgres> {
    async fn invited(&mut self, poll: PollId, voters: &[VoterId]) -> Result<Vec<VoterId>, Error> {
        let read = rows(self.connection()?, INVITED, named(poll, voters)?).await?;
        found(poll, &read)
    }

    async fn count_invited(&mut self, poll: PollId) -> Result<u64, Error> {
        let read = rows(self.connection()?, COUNT, one(poll)?).await?;
        let count = read.first().ok_or(Error::Ended)?.integer(0)?;
        Ok(Fields(poll).count("the number of its invites", count)?)
    }

    async fn insert_invites(&mut self, poll: PollId, voters: &[VoterId]) -> Result<u64, Error> {
        let statement = query_with(INSERT, named(poll, voters)?);
        Ok(statement.execute(self.connection()?).await?.rows_affected())
    }
}
