use async_trait::async_trait;
use sqlx::sqlite::{SqliteArguments, SqlitePool};
use votify_core::ballot::ActiveBallot;
use votify_core::poll::PollState;
use votify_core::{Ballot, Page, PageRequest, PollId, VoterId};

use super::connect::SqliteDatabase;
use super::open::Open;
use super::script::{Done, Script};
use super::{NAME, schema, statements};
use crate::batch::quick::Quick;
use crate::columns::Columns;
use crate::dialect::{Batch, Dialect, Locked, Place, Recount, Work};
use crate::error::Error;
use crate::listing::{Listing, Syntax, question_mark};
use crate::memory::{Age, Memory};
use crate::parameters::Parameters;
use crate::schema::Found;
use crate::{read, writes};
use votify_core::store::Durability;

/// Locks the whole database for writing.
const BEGIN: &str = "BEGIN IMMEDIATE";
/// A snapshot, to read only.
const SNAPSHOT: &str = "BEGIN";
pub(super) const SYNTAX: Syntax = Syntax {
    place: question_mark,
    search: "instr",
    end: "?",
};

#[async_trait]
impl Dialect for SqliteDatabase {
    const NAME: &'static str = NAME;
    type Work = Open;

    fn memory(&self) -> Option<&Memory> {
        None
    }

    fn quick(&self) -> Option<&dyn Quick> {
        None
    }

    fn durability(&self) -> Durability {
        self.durability
    }

    async fn close(&self) {
        if self.own {
            self.readers.close().await;
            self.writer.close().await;
        }
    }

    async fn found(&self) -> Result<Found, Error> {
        schema::look(&mut *self.readers.acquire().await?).await
    }

    async fn migrate(&self) -> Result<(), Error> {
        schema::migrate(&self.writer).await
    }

    /// Locks the whole database for writing, and therefore every poll.
    async fn begin(&self) -> Result<Open, Error> {
        Open::begin(&self.writer, BEGIN).await
    }

    async fn begin_batch(
        &self,
        ids: &[PollId],
        ballots: &[&Ballot],
    ) -> Result<(Open, Batch), Error> {
        let script = Script::default()
            .plain(BEGIN)
            .bulk(&statements::POLLS, ids, |values, id| {
                values.id(id.as_bytes())
            })?
            .bulk(&statements::HISTORIES, ballots, |values, ballot| {
                values.id(ballot.poll.as_bytes())?;
                values.id(ballot.voter.as_bytes())?;
                values.id(ballot.id.as_bytes())
            })?;
        let (open, done) = Open::begin_with(&self.writer, script).await?;
        let [_, polls, histories] = done.as_slice() else {
            return Err(Error::Ended);
        };
        let batch = Batch {
            polls: read::polls(&polls.rows)?,
            histories: read::histories(&histories.rows)?,
            age: Age::default(),
        };
        Ok((open, batch))
    }

    async fn polls(&self, ids: &[PollId]) -> Result<Vec<Locked>, Error> {
        let script = Script::default().bulk(&statements::POLLS, ids, |values, id| {
            values.id(id.as_bytes())
        })?;
        read::polls(&alone(&self.readers, script).await?.rows)
    }

    async fn list(&self, listing: &Listing, page: &PageRequest) -> Result<Page<PollState>, Error> {
        let bind = |values: &mut SqliteArguments| listing.bind(values);
        let script = Script::default()
            .plain(SNAPSHOT)
            .one(&count(listing), bind)?
            .one(&self::page(listing), |values| {
                bind(values)?;
                values.integer(page.limit().into())?;
                values.integer(page.offset().into())
            })?;
        let (open, done) = Open::begin_with(&self.readers, script).await?;
        open.rollback().await;
        let [_, count, polls] = done.as_slice() else {
            return Err(Error::Ended);
        };
        let total = count.rows.first().ok_or(Error::Ended)?.integer(0)?;
        Ok(Page {
            items: polls.rows.iter().filter_map(read::readable).collect(),
            total: u64::try_from(total).unwrap_or(0),
        })
    }

    async fn votes_of(&self, poll: PollId, voters: &[VoterId]) -> Result<Vec<ActiveBallot>, Error> {
        let script = Script::default().bulk(&statements::VOTES_OF, voters, |values, voter| {
            writes::voter(values, &(poll, *voter))
        })?;
        read::votes(poll, &alone(&self.readers, script).await?.rows)
    }

    async fn revision(&self, poll: PollId) -> Result<Option<i64>, Error> {
        let script =
            Script::default().one(statements::REVISION, |values| values.id(poll.as_bytes()))?;
        let done = alone(&self.readers, script).await?;
        done.rows.first().map(|row| row.integer(0)).transpose()
    }

    async fn page(
        &self,
        poll: PollId,
        place: Place,
        limit: i64,
    ) -> Result<Vec<ActiveBallot>, Error> {
        let script = Script::default().one(statements::VOTES_PAGE, |values| {
            values.id(poll.as_bytes())?;
            values.integer(place.after)?;
            values.integer(place.until)?;
            values.integer(limit)
        })?;
        read::votes(poll, &alone(&self.readers, script).await?.rows)
    }

    async fn recount(&self, id: PollId) -> Result<Option<Recount>, Error> {
        let mut open = Open::begin(&self.readers, SNAPSHOT).await?;
        let read = recount_within(&mut open, id).await;
        open.rollback().await;
        read
    }
}

async fn recount_within(open: &mut Open, id: PollId) -> Result<Option<Recount>, Error> {
    let Some((_, state)) = open.lock_polls(&[id]).await?.into_iter().next() else {
        return Ok(None);
    };
    let choices = open.choices(id).await?;
    Ok(Some(Recount {
        state: state?,
        choices,
    }))
}

pub(super) async fn alone(pool: &SqlitePool, script: Script) -> Result<Done, Error> {
    script.run_alone(&mut *pool.acquire().await?).await
}

/// Counts the polls of all pages.
pub(super) fn count(listing: &Listing) -> String {
    let (conditions, _) = listing.conditions(SYNTAX);
    let index = &listing.index;
    format!(
        "SELECT count(*) FROM votify_polls p INDEXED BY votify_polls_{index} WHERE {conditions}"
    )
}

/// Reads one page; its last two parameters are how many polls to take, and how many to skip.
pub(super) fn page(listing: &Listing) -> String {
    let (conditions, _) = listing.conditions(SYNTAX);
    let Listing { index, order, .. } = listing;
    let poll = statements::POLL;
    format!(
        "SELECT {poll} FROM votify_polls p INDEXED BY votify_polls_{index} WHERE {conditions} ORDER BY {order} LIMIT ? OFFSET ?"
    )
}
