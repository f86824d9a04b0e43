use async_trait::async_trait;
use sqlx::sqlite::SqlitePool;
use votify_core::poll::PollState;
use votify_core::{Ballot, Choice, PollId};

use super::open::Open;
use super::{NAME, definition, history, read, write};
use crate::dialect::{Counted, Dialect, Histories, Locked, Work};
use crate::error::Error;

#[async_trait]
impl Dialect for SqlitePool {
    const NAME: &'static str = NAME;
    type Work = Open;

    /// Locks the whole database for writing, and therefore every poll.
    async fn begin(&self) -> Result<Open, Error> {
        Self::Work::begin(self, "BEGIN IMMEDIATE").await
    }
}

#[async_trait]
impl Work for Open {
    async fn lock_polls(&mut self, ids: &[PollId]) -> Result<Vec<Locked>, Error> {
        read::polls(self.connection()?, ids).await
    }

    async fn histories(&mut self, ballots: &[&Ballot]) -> Result<Histories, Error> {
        history::of(self.connection()?, ballots).await
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
