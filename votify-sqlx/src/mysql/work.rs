use async_trait::async_trait;
use sqlx::mysql::MySqlArguments;
use uuid::Uuid;
use votify_core::poll::PollState;
use votify_core::{Choice, PollId};

use super::ending::Ending;
use super::open::Open;
use super::run::{self, arguments};
use super::script::Script;
use super::statements as say;
use crate::dialect::{Locked, Work, give_up};
use crate::error::Error;
use crate::parameters::Parameters;
use crate::writes::{self, Writes};
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

/// All writes of a batch, and the commit.
fn ending(writes: &Writes<'_>, mark: i64) -> Result<Ending, Error> {
    const VOTES: &str = "votify_votes";
    Ending::default()
        .over(VOTES, &say::INSERT_VOTES, &writes.inserted, |row, vote| {
            writes::vote(row, vote)
        })?
        .over(VOTES, &say::UPDATE_VOTES, &writes.updated, |row, vote| {
            writes::vote(row, vote)
        })?
        .over(VOTES, &say::DELETE_VOTES, &writes.removed, writes::voter)?
        .over(
            "votify_superseded_votes",
            &say::INSERT_SUPERSEDED,
            &writes.superseded,
            writes::superseded,
        )?
        .over(
            "votify_poll_options",
            &say::UPDATE_COUNTS,
            &writes.counts,
            writes::count,
        )?
        .over_with(
            "votify_polls",
            &say::UPDATE_POLLS,
            &writes.states,
            &mark.to_string(),
            |row, state| writes::state(row, state),
        )
}

/// What the polls of one batch are remembered by: no other batch gets the same.
fn mark() -> i64 {
    let (mark, _) = Uuid::new_v4().as_u64_pair();
    // Never 0, which is no mark.
    i64::from_be_bytes(mark.to_be_bytes()) | 1
}

#[async_trait]
impl Work for Open {
    async fn lock_polls(&mut self, ids: &[PollId]) -> Result<Vec<Locked>, Error> {
        self.locked_polls(ids).await
    }

    async fn finish(mut self, writes: &Writes<'_>) -> Result<i64, Error> {
        let mark = mark();
        let finished = match ending(writes, mark) {
            Ok(ending) => match self.connection() {
                Ok(connection) => ending.run(connection).await,
                Err(error) => Err(error),
            },
            Err(error) => Err(error),
        };
        match finished {
            Ok(()) => {
                self.0.give_back();
                Ok(mark)
            }
            Err(error) => {
                give_up(self, &error).await;
                Err(error)
            }
        }
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
