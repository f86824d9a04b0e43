use async_trait::async_trait;
use sqlx::sqlite::SqlitePool;
use votify_core::poll::PollState;
use votify_core::{Ballot, Choice, PollId};

use super::open::Open;
use super::script::Script;
use super::{NAME, definition, history, read, write};
use crate::dialect::{Batch, Counted, Dialect, Locked, Work};
use crate::error::Error;

/// Locks the whole database for writing.
const BEGIN: &str = "BEGIN IMMEDIATE";

#[async_trait]
impl Dialect for SqlitePool {
    const NAME: &'static str = NAME;
    type Work = Open;

    /// Locks the whole database for writing, and therefore every poll.
    async fn begin(&self) -> Result<Open, Error> {
        Self::Work::begin(self, BEGIN).await
    }

    async fn begin_batch(
        &self,
        ids: &[PollId],
        ballots: &[&Ballot],
    ) -> Result<(Open, Batch), Error> {
        let script = read::ask_polls(Script::default().plain(BEGIN), ids)?;
        let (open, done) = Self::Work::begin_with(self, history::ask(script, ballots)?).await?;
        let [_, polls, histories] = done.as_slice() else {
            return Err(Error::Ended);
        };
        let batch = Batch {
            polls: read::locked(&polls.rows)?,
            histories: history::read(&histories.rows)?,
        };
        Ok((open, batch))
    }
}

#[async_trait]
impl Work for Open {
    async fn lock_polls(&mut self, ids: &[PollId]) -> Result<Vec<Locked>, Error> {
        read::polls(self.connection()?, ids).await
    }

    async fn write(&mut self, counted: &[Counted]) -> Result<(), Error> {
        write::counted(self.connection()?, counted).await
    }

    async fn insert_poll(&mut self, state: &PollState) -> Result<(), Error> {
        definition::insert(self.connection()?, state).await
    }

    async fn replace_poll(&mut self, state: &PollState) -> Result<(), Error> {
        definition::replace(self.connection()?, state).await
    }

    async fn delete_poll(&mut self, id: PollId) -> Result<bool, Error> {
        definition::delete(self.connection()?, id).await
    }

    async fn choices(&mut self, id: PollId) -> Result<Vec<(Choice, u64)>, Error> {
        read::choices(self.connection()?, id).await
    }

    async fn commit(self) -> Result<(), Error> {
        Self::commit(self).await
    }

    async fn rollback(self) {
        Self::rollback(self).await;
    }
}
