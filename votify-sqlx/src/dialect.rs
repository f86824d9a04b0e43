//! What one kind of database supplies to the middle that all of them share.

use std::collections::{HashMap, HashSet};
use std::fmt;

use async_trait::async_trait;
use votify_core::ballot::{ActiveBallot, VoterHistory};
use votify_core::poll::PollState;
use votify_core::{Ballot, Choice, Page, PageRequest, PollId, VoterId};

use crate::batch::quick::Quick;
use crate::error::Error;
use crate::listing::Listing;
use crate::memory::{Age, Memory};
use crate::places::PlaceWork;
use crate::schema::Found;
use crate::writes::{Writes, Written};
use votify_core::store::Durability;

/// A database: its connections, and its way to say things.
#[async_trait]
pub(crate) trait Dialect: fmt::Debug + Clone + Send + Sync + 'static {
    /// The name for errors and logs.
    const NAME: &'static str;
    /// Its open transaction.
    type Work: Work;

    /// What is remembered of polls between batches; `None` if their connections are a host's.
    fn memory(&self) -> Option<&Memory>;

    /// How a batch is written in one statement, where it can be; wants [`memory`](Self::memory).
    fn quick(&self) -> Option<&dyn Quick>;

    /// What an acknowledged vote survives.
    fn durability(&self) -> Durability;

    /// Closes the connections, unless they are a host's.
    async fn close(&self);

    /// Which tables there are.
    async fn found(&self) -> Result<Found, Error>;

    /// Brings the tables up to date, whoever else does so at the same time.
    async fn migrate(&self) -> Result<(), Error>;

    /// Begins. What is read afterwards under [`Work::lock_polls`] is the newest that was committed.
    async fn begin(&self) -> Result<Self::Work, Error>;

    /// Begins, locks the polls of these ids in the order given, and tells of them with the histories of these ballots' voters,
    /// which may be fewer than are to be cast, or none: in as few ways to the database as it takes. A poll that is remembered
    /// need not be read, if under its lock it is seen to be where it was.
    async fn begin_batch(
        &self,
        ids: &[PollId],
        ballots: &[&Ballot],
    ) -> Result<(Self::Work, Batch), Error>;

    /// The polls of these ids that exist, each of one moment, in no particular order.
    async fn polls(&self, ids: &[PollId]) -> Result<Vec<Locked>, Error>;

    /// One page of a listing, and how many there are.
    async fn list(&self, listing: &Listing, page: &PageRequest) -> Result<Page<PollState>, Error>;

    /// The standing ballots of these voters, in no particular order.
    async fn votes_of(&self, poll: PollId, voters: &[VoterId]) -> Result<Vec<ActiveBallot>, Error>;

    /// The revision of a poll, if it exists.
    async fn revision(&self, poll: PollId) -> Result<Option<i64>, Error>;

    /// At most `limit` standing ballots of a poll in the order of revisions.
    async fn page(
        &self,
        poll: PollId,
        place: Place,
        limit: i64,
    ) -> Result<Vec<ActiveBallot>, Error>;

    /// A poll, if it exists, and how many standing ballots say what, of one moment.
    async fn recount(&self, id: PollId) -> Result<Option<Recount>, Error>;
}

/// Where a stream of ballots stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// The revision of the last ballot that was handed out.
    pub(crate) after: i64,
    /// The poll's revision at the start. What is cast later comes not into the stream, so that a voter who votes anew
    /// meanwhile is not in it twice.
    pub(crate) until: i64,
}

/// Ends a transaction in which this went wrong.
///
/// Where the server cannot do what it is asked, as one that has become a standby, its connection is not used again: a new one
/// may lead to a server that can.
pub(crate) async fn give_up<W: Work>(work: W, error: &Error) {
    match error {
        Error::Unavailable(_) => drop(work),
        _ => work.rollback().await,
    }
}

/// One poll as it was read, mostly under its lock; the error is about this poll alone.
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
    /// Of what is remembered, noted before anything was read.
    pub(crate) age: Age,
}

/// Those of the ballots that may have been superseded before: rules are frozen with the first ballot, so that where no vote
/// can be replaced or taken back none ever was.
pub(crate) fn supersedable<'b>(polls: &[Locked], ballots: &[&'b Ballot]) -> Vec<&'b Ballot> {
    let allows_revotes = |state: &Result<PollState, Error>| {
        state.as_ref().is_ok_and(|state| state.poll.rules.revote)
    };
    let polls: HashSet<PollId> = polls
        .iter()
        .filter(|(_, state)| allows_revotes(state))
        .map(|(id, _)| *id)
        .collect();
    let of_polls = ballots.iter().filter(|ballot| polls.contains(&ballot.poll));
    of_polls.copied().collect()
}

/// A poll beside its ballots.
#[derive(Debug)]
pub(crate) struct Recount {
    pub(crate) state: PollState,
    pub(crate) choices: Vec<(Choice, u64)>,
}

/// A transaction that is written in one way to the database, and ended in the next.
#[async_trait]
pub(crate) trait Write: Work {
    /// Writes what counting did. A voter's second ballot must fail.
    async fn write(&mut self, writes: &Writes<'_>) -> Result<Written, Error>;
}

/// [`Work::finish`] in two ways.
pub(crate) async fn write_first<W: Write>(mut work: W, writes: &Writes<'_>) -> Result<i64, Error> {
    let written = work.write(writes).await;
    match written.and_then(|written| writes.check(written).map(|()| written.mark)) {
        Ok(mark) => work.commit().await.map(|()| mark),
        Err(error) => {
            give_up(work, &error).await;
            Err(error)
        }
    }
}

/// An open transaction. Dropping it rolls it back.
#[async_trait]
pub(crate) trait Work: PlaceWork + Send {
    /// Locks these polls, in the order given, until the end, and reads them. Those that do not exist are left out.
    async fn lock_polls(&mut self, ids: &[PollId]) -> Result<Vec<Locked>, Error>;

    /// Writes what counting did, in a few statements however many polls there are, and ends well, if each write met as many
    /// rows as it was given; by what the polls are remembered. A voter's second ballot must fail. After an error nothing
    /// happened, except perhaps after [`Error::Unavailable`].
    async fn finish(self, writes: &Writes<'_>) -> Result<i64, Error>;

    /// Keeps the row of a new poll; how many were kept: none where the id is taken.
    async fn insert_poll(&mut self, state: &PollState) -> Result<u64, Error>;

    /// Keeps the row of a locked poll; how many were there.
    async fn update_poll(&mut self, state: &PollState) -> Result<u64, Error>;

    /// Keeps the rows of a poll's options; how many were kept.
    async fn insert_options(&mut self, state: &PollState) -> Result<u64, Error>;

    /// Deletes the rows of a poll's options.
    async fn delete_options(&mut self, id: PollId) -> Result<(), Error>;

    /// Deletes a poll and everything of it; whether it was there.
    async fn delete_poll(&mut self, id: PollId) -> Result<bool, Error>;

    /// How many standing ballots of a poll say what.
    async fn choices(&mut self, id: PollId) -> Result<Vec<(Choice, u64)>, Error>;

    /// Ends well. After an error the transaction is rolled back, except perhaps after [`Error::Unavailable`].
    async fn commit(self) -> Result<(), Error>;

    /// Ends as if it had never been.
    async fn rollback(self);
}
