//! What one kind of database supplies to the middle that all of them share.

use std::collections::HashMap;

use async_trait::async_trait;
use votify_core::ballot::{Effects, VoterHistory};
use votify_core::poll::PollState;
use votify_core::tally::OptionCount;
use votify_core::{Ballot, Choice, PollId, VoterId};

use crate::error::Error;

/// A database that can begin a writing transaction.
#[async_trait]
pub(crate) trait Dialect: Send + Sync {
    /// The name for errors and logs.
    const NAME: &'static str;
    /// Its open transaction.
    type Work: Work;

    /// Begins. What is read afterwards under [`Work::lock_polls`] is the newest that was committed.
    async fn begin(&self) -> Result<Self::Work, Error>;

    /// Begins, locks the polls of these ids in the order given, and reads them with the histories of the ballots' voters:
    /// in as few ways to the database as it takes.
    async fn begin_batch(
        &self,
        ids: &[PollId],
        ballots: &[&Ballot],
    ) -> Result<(Self::Work, Batch), Error>;
}

/// One poll as it was read under its lock; the error is about this poll alone.
pub(crate) type Locked = (PollId, Result<PollState, Error>);

/// What the voters of one poll have done so far; the error is about this poll alone.
pub(crate) type Histories = HashMap<PollId, Result<HashMap<VoterId, VoterHistory>, Error>>;

/// What a batch needs to know, as it is under the locks.
#[derive(Debug)]
pub(crate) struct Batch {
    /// The polls that exist.
    pub(crate) polls: Vec<Locked>,
    /// What stands, and of what was superseded that with the ballots' ids. Voters and polls of whom nothing is known may
    /// be left out.
    pub(crate) histories: Histories,
}

/// What counting did to one poll.
#[derive(Debug)]
pub(crate) struct Counted {
    pub(crate) effects: Effects,
    /// The counts that differ from what was read.
    pub(crate) moved: Vec<OptionCount>,
}

/// An open transaction. Dropping it rolls it back.
#[async_trait]
pub(crate) trait Work: Send {
    /// Locks these polls, in the order given, until the end, and reads them. Those that do not exist are left out.
    async fn lock_polls(&mut self, ids: &[PollId]) -> Result<Vec<Locked>, Error>;

    /// Writes what counting did, in a few statements however many polls there are. A voter's second ballot must fail.
    async fn write(&mut self, counted: &[Counted]) -> Result<(), Error>;

    /// Keeps a new poll.
    async fn insert_poll(&mut self, state: &PollState) -> Result<(), Error>;

    /// Keeps the definition, options, counts and position of a locked poll.
    async fn replace_poll(&mut self, state: &PollState) -> Result<(), Error>;

    /// Deletes a poll and everything of it; whether it was there.
    async fn delete_poll(&mut self, id: PollId) -> Result<bool, Error>;

    /// How many standing ballots of a poll say what.
    async fn choices(&mut self, id: PollId) -> Result<Vec<(Choice, u64)>, Error>;

    /// Ends well. After an error the transaction is rolled back, except perhaps after [`Error::Unavailable`].
    async fn commit(self) -> Result<(), Error>;

    /// Ends as if it had never been.
    async fn rollback(self);
}
