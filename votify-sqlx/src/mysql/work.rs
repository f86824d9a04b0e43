use async_trait::async_trait;
use sqlx::mysql::MySqlArguments;
use votify_core::ballot::StandingBallot;
use votify_core::poll::PollState;
use votify_core::{Choice, PollId};

use super::given::SHORT;
use super::open::Open;
use super::run::{self, Bulk, arguments};
use super::statements;
use crate::dialect::{Locked, Work};
use crate::error::Error;
use crate::parameters::Parameters;
use crate::writes::{self, Writes, Written};
use crate::{definition, read};

impl Open {
    async fn one(
        &mut self,
        statement: &'static str,
        arguments: MySqlArguments,
    ) -> Result<u64, Error> {
        run::changed(self.connection()?, statement, arguments).await
    }
}

fn only(id: PollId) -> Result<MySqlArguments, Error> {
    arguments(|values| values.id(id.as_bytes()))
}

/// The faster way where every choice is short.
fn insertion(votes: &[&StandingBallot]) -> Bulk {
    let is_short = |vote: &&StandingBallot| vote.ballot.choice.to_bytes().len() <= SHORT;
    if votes.iter().all(is_short) {
        statements::INSERT_SHORT_VOTES.bulk()
    } else {
        statements::INSERT_VOTES.bulk()
    }
}

#[async_trait]
impl Work for Open {
    async fn lock_polls(&mut self, ids: &[PollId]) -> Result<Vec<Locked>, Error> {
        let locked = self.lock(ids).await?;
        self.polls(&locked).await
    }

    async fn write(&mut self, writes: &Writes<'_>) -> Result<Written, Error> {
        use statements as say;
        Ok(Written {
            inserted: self
                .changed(
                    insertion(&writes.inserted),
                    &writes.inserted,
                    |row, vote| writes::vote(row, vote),
                )
                .await?,
            updated: self
                .changed(say::UPDATE_VOTES.bulk(), &writes.updated, |row, vote| {
                    writes::vote(row, vote)
                })
                .await?,
            removed: self
                .changed(say::DELETE_VOTES.bulk(), &writes.removed, writes::voter)
                .await?,
            superseded: self
                .changed(
                    say::INSERT_SUPERSEDED.bulk(),
                    &writes.superseded,
                    writes::superseded,
                )
                .await?,
            counts: self
                .changed(say::UPDATE_COUNTS.bulk(), &writes.counts, writes::count)
                .await?,
            states: self
                .changed(say::UPDATE_POLLS.bulk(), &writes.states, |row, state| {
                    writes::state(row, state)
                })
                .await?,
        })
    }

    async fn insert_poll(&mut self, state: &PollState) -> Result<u64, Error> {
        let arguments = arguments(|values| definition::poll(values, state))?;
        match self.one(statements::INSERT_POLL, arguments).await {
            // Nothing but the id is unique. IGNORE would hide other errors too.
            Err(Error::Driver(sqlx::Error::Database(error))) if error.is_unique_violation() => {
                Ok(0)
            }
            other => other,
        }
    }

    async fn update_poll(&mut self, state: &PollState) -> Result<u64, Error> {
        let arguments = arguments(|values| definition::poll(values, state))?;
        self.one(statements::UPDATE_POLL, arguments).await
    }

    async fn insert_options(&mut self, state: &PollState) -> Result<u64, Error> {
        let options = definition::options(state)?;
        let bulk = statements::INSERT_OPTIONS.bulk();
        self.changed(bulk, &options, |row, option| {
            definition::option(row, state, option)
        })
        .await
    }

    async fn delete_options(&mut self, id: PollId) -> Result<(), Error> {
        self.one(statements::DELETE_OPTIONS, only(id)?)
            .await
            .map(drop)
    }

    /// The poll is locked first: nobody adds to what is being deleted.
    async fn delete_poll(&mut self, id: PollId) -> Result<bool, Error> {
        if self.lock(&[id]).await?.is_empty() {
            return Ok(false);
        }
        let mut deleted = 0;
        for statement in statements::DELETE {
            deleted = self.one(statement, only(id)?).await?;
        }
        Ok(deleted > 0)
    }

    async fn choices(&mut self, id: PollId) -> Result<Vec<(Choice, u64)>, Error> {
        let rows = run::rows(self.connection()?, statements::CHOICES, only(id)?).await?;
        read::choices(id, &rows)
    }

    async fn commit(self) -> Result<(), Error> {
        self.0.commit().await
    }

    async fn rollback(self) {
        self.0.rollback().await;
    }
}
