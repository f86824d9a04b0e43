use async_trait::async_trait;
use votify_core::poll::PollState;
use votify_core::{Choice, PollId};

use super::ending::Ending;
use super::open::Open;
use super::script::{Done, Script};
use super::statements;
use crate::dialect::{Locked, Work};
use crate::error::Error;
use crate::parameters::Parameters;
use crate::writes::{self, Writes};
use crate::{definition, read};

impl Open {
    async fn one(&mut self, script: Script) -> Result<Done, Error> {
        script.run_alone(self.connection()?).await
    }
}

/// All writes of a batch, and the commit.
fn ending(writes: &Writes<'_>) -> Result<Ending, Error> {
    const VOTES: &str = "votify_votes";
    Ending::default()
        .bulk(
            VOTES,
            &statements::INSERT_VOTES,
            &writes.inserted,
            |values, row| writes::vote(values, row),
        )?
        .bulk(
            VOTES,
            &statements::UPDATE_VOTES,
            &writes.updated,
            |values, row| writes::vote(values, row),
        )?
        .bulk(
            VOTES,
            &statements::DELETE_VOTES,
            &writes.removed,
            writes::voter,
        )?
        .bulk(
            "votify_superseded_votes",
            &statements::INSERT_SUPERSEDED,
            &writes.superseded,
            writes::superseded,
        )?
        .bulk(
            "votify_poll_options",
            &statements::UPDATE_COUNTS,
            &writes.counts,
            writes::count,
        )?
        .bulk(
            "votify_polls",
            &statements::UPDATE_POLLS,
            &writes.states,
            |values, row| writes::state(values, row),
        )
}

#[async_trait]
impl Work for Open {
    /// Nothing is left to lock: the whole database is.
    async fn lock_polls(&mut self, ids: &[PollId]) -> Result<Vec<Locked>, Error> {
        let script = Script::default().bulk(&statements::POLLS, ids, |values, id| {
            values.id(id.as_bytes())
        })?;
        read::polls(&self.one(script).await?.rows)
    }

    async fn finish(mut self, writes: &Writes<'_>) -> Result<i64, Error> {
        match ending(writes)?.run(self.connection()?).await {
            Ok(()) => {
                self.ended();
                Ok(0)
            }
            Err(error) => {
                self.rollback().await;
                Err(error)
            }
        }
    }

    async fn insert_poll(&mut self, state: &PollState) -> Result<u64, Error> {
        let script = Script::default().one(statements::INSERT_POLL, |values| {
            definition::poll(values, state)
        })?;
        Ok(self.one(script).await?.changed)
    }

    async fn update_poll(&mut self, state: &PollState) -> Result<u64, Error> {
        let script = Script::default().one(statements::UPDATE_POLL, |values| {
            definition::poll(values, state)
        })?;
        Ok(self.one(script).await?.changed)
    }

    async fn insert_options(&mut self, state: &PollState) -> Result<u64, Error> {
        let options = definition::options(state)?;
        let script =
            Script::default().bulk(&statements::INSERT_OPTIONS, &options, |values, option| {
                definition::option(values, state, option)
            })?;
        Ok(self.one(script).await?.changed)
    }

    async fn delete_options(&mut self, id: PollId) -> Result<(), Error> {
        let script = Script::default().one(statements::DELETE_OPTIONS, |values| {
            values.id(id.as_bytes())
        })?;
        self.one(script).await.map(drop)
    }

    async fn delete_poll(&mut self, id: PollId) -> Result<bool, Error> {
        let mut script = Script::default();
        for statement in statements::DELETE {
            script = script.one(statement, |values| values.id(id.as_bytes()))?;
        }
        let done = script.run(self.connection()?).await?;
        Ok(done.last().is_some_and(|poll| poll.changed > 0))
    }

    async fn choices(&mut self, id: PollId) -> Result<Vec<(Choice, u64)>, Error> {
        let script =
            Script::default().one(statements::CHOICES, |values| values.id(id.as_bytes()))?;
        read::choices(id, &self.one(script).await?.rows)
    }

    async fn commit(self) -> Result<(), Error> {
        Self::commit(self).await
    }

    async fn rollback(self) {
        Self::rollback(self).await;
    }
}
