use async_trait::async_trait;
use sqlx::AssertSqlSafe;
use sqlx::mysql::{MySqlArguments, MySqlRow};
use votify_core::ballot::ActiveBallot;
use votify_core::poll::PollState;
use votify_core::{Ballot, Page, PageRequest, PollId, VoterId};

use super::connect::MySqlDatabase;
use super::open::Open;
use super::run::{self, arguments};
use super::script::Script;
use super::{NAME, schema, statements};
use crate::batch::quick::Quick;
use crate::columns::Columns;
use crate::dialect::{Batch, Dialect, Locked, Place, Recount, Work};
use crate::error::Error;
use crate::lease::Lease;
use crate::listing::{Listing, Syntax, question_mark};
use crate::memory::Memory;
use crate::parameters::Parameters;
use crate::schema::Found;
use crate::{read, writes};
use votify_core::store::Durability;

pub(super) const SYNTAX: Syntax = Syntax {
    place: question_mark,
    search: "instr",
    end: "timestampdiff(MICROSECOND, TIMESTAMP'1970-01-01 00:00:00', ?)",
};

#[async_trait]
impl Dialect for MySqlDatabase {
    const NAME: &'static str = NAME;
    type Work = Open;

    fn memory(&self) -> Option<&Memory> {
        self.memory.as_deref()
    }

    fn quick(&self) -> Option<&dyn Quick> {
        None
    }

    fn durability(&self) -> Durability {
        self.durability
    }

    async fn close(&self) {
        if self.own {
            self.pool.close().await;
        }
    }

    async fn found(&self) -> Result<Found, Error> {
        let mut lease = Lease::of(&self.pool).await?;
        let found = schema::look(lease.connection()?).await?;
        lease.give_back();
        Ok(found)
    }

    async fn migrate(&self) -> Result<(), Error> {
        schema::migrate(&self.pool).await
    }

    async fn begin(&self) -> Result<Open, Error> {
        Open::begin(&self.pool).await
    }

    async fn begin_batch(
        &self,
        ids: &[PollId],
        ballots: &[&Ballot],
    ) -> Result<(Open, Batch), Error> {
        Open::batch(self, ids, ballots).await
    }

    async fn polls(&self, ids: &[PollId]) -> Result<Vec<Locked>, Error> {
        let script =
            Script::default().over(&statements::POLLS, ids, |row, id| row.id(id.as_bytes()))?;
        read::polls(&self.found_alone(script).await?)
    }

    async fn list(&self, listing: &Listing, page: &PageRequest) -> Result<Page<PollState>, Error> {
        let mut open = Open::snapshot(&self.pool).await?;
        let listed = list_within(&mut open, listing, page).await;
        open.rollback().await;
        listed
    }

    async fn votes_of(&self, poll: PollId, voters: &[VoterId]) -> Result<Vec<ActiveBallot>, Error> {
        let script = Script::default().over(&statements::VOTES_OF, voters, |row, voter| {
            writes::voter(row, &(poll, *voter))
        })?;
        read::votes(poll, &self.found_alone(script).await?)
    }

    async fn revision(&self, poll: PollId) -> Result<Option<i64>, Error> {
        let arguments = arguments(|values| values.id(poll.as_bytes()))?;
        let rows = self.rows_alone(statements::REVISION, arguments).await?;
        rows.first().map(|row| row.integer(0)).transpose()
    }

    async fn page(
        &self,
        poll: PollId,
        place: Place,
        limit: i64,
    ) -> Result<Vec<ActiveBallot>, Error> {
        let arguments = arguments(|values| {
            values.id(poll.as_bytes())?;
            values.integer(place.after)?;
            values.integer(place.until)?;
            values.integer(limit)
        })?;
        let rows = self.rows_alone(statements::VOTES_PAGE, arguments).await?;
        read::votes(poll, &rows)
    }

    async fn recount(&self, id: PollId) -> Result<Option<Recount>, Error> {
        let mut open = Open::snapshot(&self.pool).await?;
        let read = recount_within(&mut open, id).await;
        open.rollback().await;
        read
    }
}

impl MySqlDatabase {
    async fn found_alone(&self, script: Script) -> Result<Vec<MySqlRow>, Error> {
        let mut lease = Lease::of(&self.pool).await?;
        let done = script.run_alone(lease.connection()?).await?;
        lease.give_back();
        Ok(done.rows)
    }

    pub(super) async fn rows_alone(
        &self,
        statement: &'static str,
        arguments: MySqlArguments,
    ) -> Result<Vec<MySqlRow>, Error> {
        let mut lease = Lease::of(&self.pool).await?;
        let rows = run::rows(lease.connection()?, statement, arguments).await?;
        lease.give_back();
        Ok(rows)
    }
}

async fn recount_within(open: &mut Open, id: PollId) -> Result<Option<Recount>, Error> {
    let Some((_, state)) = open.polls(&[id]).await?.into_iter().next() else {
        return Ok(None);
    };
    let choices = open.choices(id).await?;
    Ok(Some(Recount {
        state: state?,
        choices,
    }))
}

async fn list_within(
    open: &mut Open,
    listing: &Listing,
    page: &PageRequest,
) -> Result<Page<PollState>, Error> {
    let connection = open.connection()?;
    let count = AssertSqlSafe(count(listing));
    let count = run::rows(connection, count, arguments(|values| listing.bind(values))?).await?;
    let total = count.first().ok_or(Error::Ended)?.integer(0)?;
    let arguments = arguments(|values| {
        listing.bind(values)?;
        values.integer(page.limit().into())?;
        values.integer(page.offset().into())
    })?;
    let polls = run::rows(connection, AssertSqlSafe(self::page(listing)), arguments).await?;
    Ok(Page {
        items: polls.iter().filter_map(read::readable).collect(),
        total: u64::try_from(total).unwrap_or(0),
    })
}

/// Counts the polls of all pages.
pub(super) fn count(listing: &Listing) -> String {
    let (conditions, _) = listing.conditions(SYNTAX);
    let index = &listing.index;
    format!(
        "SELECT count(*) FROM votify_polls p FORCE INDEX (votify_polls_{index}) WHERE {conditions}"
    )
}

/// Reads one page; its last two parameters are how many polls to take, and how many to skip.
pub(super) fn page(listing: &Listing) -> String {
    let (conditions, _) = listing.conditions(SYNTAX);
    let Listing { index, order, .. } = listing;
    let poll = statements::POLL;
    format!(
        "SELECT {poll} FROM votify_polls p FORCE INDEX (votify_polls_{index}) WHERE {conditions} ORDER BY {order} LIMIT ? OFFSET ?"
    )
}
