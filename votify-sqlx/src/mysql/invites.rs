use async_trait::async_trait;
use sqlx::mysql::MySqlRow;
use votify_core::{PollId, VoterId};

use super::connect::MySqlDatabase;
use super::open::Open;
use super::run::{self, arguments};
use super::script::Script;
use super::statements::{COUNT_INVITES, INSERT_INVITES, INVITED};
use crate::columns::Columns;
use crate::error::Error;
use crate::field::Fields;
use crate::invites::dialect::{InviteDialect, InviteWork};
use crate::lease::Lease;
use crate::parameters::Parameters;
use crate::writes;

fn asked(poll: PollId, voters: &[VoterId]) -> Result<Script, Error> {
    Script::default().over(&INVITED, voters, |row, voter| {
        writes::voter(row, &(poll, *voter))
    })
}

fn found(poll: PollId, rows: &[MySqlRow]) -> Result<Vec<VoterId>, Error> {
    let voter = |row: &MySqlRow| Ok(Fields(poll).voter(&row.id(0)?)?);
    rows.iter().map(voter).collect()
}

#[async_trait]
impl InviteDialect for MySqlDatabase {
    async fn invited(&self, poll: PollId, voters: &[VoterId]) -> Result<Vec<VoterId>, Error> {
        let mut lease = Lease::of(&self.pool).await?;
        let done = asked(poll, voters)?.run_alone(lease.connection()?).await?;
        lease.give_back();
        found(poll, &done.rows)
    }
}

#[async_trait]
impl InviteWork for Open {
    async fn invited(&mut self, poll: PollId, voters: &[VoterId]) -> Result<Vec<VoterId>, Error> {
        let done = asked(poll, voters)?.run_alone(self.connection()?).await?;
        found(poll, &done.rows)
    }

    async fn count_invited(&mut self, poll: PollId) -> Result<u64, Error> {
        let arguments = arguments(|values| values.id(poll.as_bytes()))?;
        let rows = run::rows(self.connection()?, COUNT_INVITES, arguments).await?;
        let count = rows.first().ok_or(Error::Ended)?.integer(0)?;
        Ok(Fields(poll).count("the number of its invites", count)?)
    }

    async fn insert_invites(&mut self, poll: PollId, voters: &[VoterId]) -> Result<u64, Error> {
        let script = Script::default().over(&INSERT_INVITES, voters, |row, voter| {
            writes::voter(row, &(poll, *voter))
        })?;
        Ok(script.run_alone(self.connection()?).await?.met)
    }
}
