use std::sync::LazyLock;

use async_trait::async_trait;
use sqlx::sqlite::SqliteRow;
use votify_core::{PollId, VoterId};

use super::bulk::Bulk;
use super::connect::SqliteDatabase;
use super::open::Open;
use super::script::Script;
use crate::columns::Columns;
use crate::error::Error;
use crate::field::Fields;
use crate::invites::dialect::{InviteDialect, InviteWork};
use crate::parameters::Parameters;
use crate::writes;

pub(super) static INVITED: LazyLock<Bulk> = LazyLock::new(|| {
    Bulk::new(
        &["poll_id", "voter_id"],
        "SELECT i.voter_id FROM given \
         CROSS JOIN votify_invites i ON i.poll_id = given.poll_id AND i.voter_id = given.voter_id",
    )
});

pub(super) const COUNT: &str = "SELECT count(*) FROM votify_invites WHERE poll_id = ?";

/// Fails on who is invited already.
pub(super) static INSERT: LazyLock<Bulk> = LazyLock::new(|| {
    Bulk::new(
        &["poll_id", "voter_id"],
        "INSERT INTO votify_invites (poll_id, voter_id) SELECT * FROM given WHERE poll_id IS NOT NULL",
    )
});

fn asked(poll: PollId, voters: &[VoterId]) -> Result<Script, Error> {
    Script::default().bulk(&INVITED, voters, |values, voter| {
        writes::voter(values, &(poll, *voter))
    })
}

fn found(poll: PollId, rows: &[SqliteRow]) -> Result<Vec<VoterId>, Error> {
    let voter = |row: &SqliteRow| Ok(Fields(poll).voter(&row.id(0)?)?);
    rows.iter().map(voter).collect()
}

#[async_trait]
impl InviteDialect for SqliteDatabase {
    async fn invited(&self, poll: PollId, voters: &[VoterId]) -> Result<Vec<VoterId>, Error> {
        let mut connection = self.readers.acquire().await?;
        let done = asked(poll, voters)?.run_alone(&mut connection).await?;
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
        let script = Script::default().one(COUNT, |values| values.id(poll.as_bytes()))?;
        let done = script.run_alone(self.connection()?).await?;
        let count = done.rows.first().ok_or(Error::Ended)?.integer(0)?;
        Ok(Fields(poll).count("the number of its invites", count)?)
    }

    async fn insert_invites(&mut self, poll: PollId, voters: &[VoterId]) -> Result<u64, Error> {
        let script = Script::default().bulk(&INSERT, voters, |values, voter| {
            writes::voter(values, &(poll, *voter))
        })?;
        Ok(script.run_alone(self.connection()?).await?.changed)
    }
}
