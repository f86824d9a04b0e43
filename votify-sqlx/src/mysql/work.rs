use async_trait::async_trait;
use sqlx::mysql::MySqlArguments;
use votify_core::poll::PollState;
use votify_core::{Choice, PollId};

use super::open::Open;
use super::run::{self, arguments};
use super::script::Script;
use super::statements as say;
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

#[async_trait]
impl Work for Open {
    async fn lock_polls(&mut self, ids: &[PollId]) -> Result<Vec<Locked>, Error> {
        self.locked_polls(ids).await
    }

    async fn write(&mut self, writes: &Writes<'_>) -> Result<Written, Error> {
        let script = Script::default()
            .over(&say::INSERT_VOTES, &writes.inserted, |row, vote| {
                writes::vote(row, vote)
            })?
            .over(&say::UPDATE_VOTES, &writes.updated, |row, vote| {
                writes::vote(row, vote)
            })?
            .over(&say::DELETE_VOTES, &writes.removed, writes::voter)?
            .over(
                &say::INSERT_SUPERSEDED,
                &writes.superseded,
                writes::superseded,
            )?
            .over(&say::UPDATE_COUNTS, &writes.counts, writes::count)?
            .over(&say::UPDATE_POLLS, &writes.states, |row, state| {
                writes::state(row, state)
            })?;
        let mut parts = script.run(self.connection()?).await?.into_iter();
        let mut met = || parts.next().map_or(0, |part| part.met);
        Ok(Written {
            inserted: met(),
            updated: met(),
            removed: met(),
            superseded: met(),
            counts: met(),
            states: met(),
            mark: 0,
        })
    }

    async fn insert_poll(&mut self, state: &PollState) -> Result<u64, Error> {
        let arguments = arguments(|values| definition::poll(values, state))?;
        match self.one(say::INSERT_POLL, arguments).await {
            // Nothing but the id is unique. IGNORE would hide other errors too.
            Err(Error::Driver(sqlx::Error::Database(error))) if error.is_unique_violation() => {
                Ok(0)
            }
            other => other,
        }
    }

    async fn update_poll(&mut self, state: &PollState) -> Result<u64, Error> {
        let arguments = arguments(|values| definition::poll(values, state))?;
        self.one(say::UPDATE_POLL, arguments).await
    }

    async fn insert_options(&mut self, state: &PollState) -> Result<u64, Error> {
        let options = definition::options(state)?;
        let script = Script::default().over(&say::INSERT_OPTIONS, &options, |row, option| {
            definition::option(row, state, option)
        })?;
        Ok(script.run_alone(self.connection()?).await?.met)
    }

    async fn delete_options(&mut self, id: PollId) -> Result<(), Error> {
        self.one(say::DELETE_OPTIONS, only(id)?).await.map(drop)
    }

    /// The poll is locked first: nobody adds to what is being deleted.
    async fn delete_poll(&mut self, id: PollId) -> Result<bool, Error> {
        if self.lock(&[id]).await?.is_empty() {
            return Ok(false);
        }
        let mut deleted = 0;
        for statement in say::DELETE {
            deleted = self.one(statement, only(id)?).await?;
        }
        Ok(deleted > 0)
    }

    async fn choices(&mut self, id: PollId) -> Result<Vec<(Choice, u64)>, Error> {
        let rows = run::rows(self.connection()?, say::CHOICES, only(id)?).await?;
        read::choices(id, &rows)
    }

    async fn commit(self) -> Result<(), Error> {
        self.0.commit().await
    }

    async fn rollback(self) {
        self.0.rollback().await;
    }
}
