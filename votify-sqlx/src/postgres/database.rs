use async_trait::async_trait;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{AssertSqlSafe, Postgres, query_with};
use uuid::Uuid;
use votify_core::ballot::ActiveBallot;
use votify_core::poll::PollState;
use votify_core::{Ballot, Page, PageRequest, PollId, VoterId};

use super::connect::PostgresDatabase;
use super::work::{all, column, given, one, rows};
use super::{NAME, schema, statements};
use crate::batch::quick::{Attempt, Attempted, Quick, Races};
use crate::columns::Columns;
use crate::dialect::{Batch, Dialect, Locked, Place, Recount, Work, give_up, supersedable};
use crate::error::Error;
use crate::field::to_signed;
use crate::lease::Lease;
use crate::listing::{Listing, Syntax};
use crate::memory::{Age, Memory, Stamp, recall};
use crate::parameters::Parameters;
use crate::read;
use crate::schema::Found;
use votify_core::store::Durability;

pub(super) const SYNTAX: Syntax = Syntax {
    place: |place| format!("${place}"),
    end: "?",
    search: "strpos",
};

#[async_trait]
impl Dialect for PostgresDatabase {
    const NAME: &'static str = NAME;
    type Work = Lease<Postgres>;

    fn memory(&self) -> Option<&Memory> {
        self.memory.as_deref()
    }

    fn quick(&self) -> Option<&dyn Quick> {
        self.memory.is_some().then_some(self)
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

    async fn begin(&self) -> Result<Lease<Postgres>, Error> {
        Lease::begin(&self.pool, &self.begin).await
    }

    async fn begin_batch(
        &self,
        ids: &[PollId],
        ballots: &[&Ballot],
    ) -> Result<(Lease<Postgres>, Batch), Error> {
        let mut work = self.begin().await?;
        match self.read_batch(&mut work, ids, ballots).await {
            Ok(batch) => Ok((work, batch)),
            Err(error) => {
                give_up(work, &error).await;
                Err(error)
            }
        }
    }

    async fn polls(&self, ids: &[PollId]) -> Result<Vec<Locked>, Error> {
        let age = self.memory().map_or_else(Age::default, Memory::age);
        self.read_polls(&self.read(statements::POLLS, all(ids)?).await?, age)
    }

    async fn list(&self, listing: &Listing, page: &PageRequest) -> Result<Page<PollState>, Error> {
        let mut lease = Lease::begin(&self.pool, statements::SNAPSHOT).await?;
        let listed = list_within(&mut lease, listing, page).await;
        lease.rollback().await;
        listed
    }

    async fn votes_of(&self, poll: PollId, voters: &[VoterId]) -> Result<Vec<ActiveBallot>, Error> {
        let mut values = one(poll)?;
        column(&mut values, voters, |voter| {
            Uuid::from_bytes(*voter.as_bytes())
        })?;
        read::votes(poll, &self.read(statements::VOTES_OF, values).await?)
    }

    async fn revision(&self, poll: PollId) -> Result<Option<i64>, Error> {
        let rows = self.read(statements::REVISION, one(poll)?).await?;
        rows.first().map(|row| row.integer(0)).transpose()
    }

    async fn page(
        &self,
        poll: PollId,
        place: Place,
        limit: i64,
    ) -> Result<Vec<ActiveBallot>, Error> {
        let mut values = one(poll)?;
        values.integer(place.after)?;
        values.integer(place.until)?;
        values.integer(limit)?;
        read::votes(poll, &self.read(statements::VOTES_PAGE, values).await?)
    }

    async fn recount(&self, id: PollId) -> Result<Option<Recount>, Error> {
        let mut lease = Lease::begin(&self.pool, statements::SNAPSHOT).await?;
        let recounted = recount_within(&mut lease, id).await;
        lease.rollback().await;
        recounted
    }
}

#[async_trait]
impl Quick for PostgresDatabase {
    fn races(&self) -> &Races {
        &self.races
    }

    async fn attempt(&self, attempt: &Attempt<'_>) -> Result<Attempted, Error> {
        let mut values = given(&attempt.writes)?;
        expected(&mut values, attempt)?;
        histories(&mut values, attempt.voters, attempt.supersedable)?;
        let mut lease = Lease::of(&self.pool).await?;
        // Looked at with the connection in hand: a new one may lead to a server that lost something.
        if self.memory().map(Memory::age) != Some(attempt.age) {
            lease.give_back();
            return Ok(Attempted::Forgotten);
        }
        let read = rows(lease.connection()?, statements::QUICK, values).await;
        match read {
            Ok(rows) => {
                lease.give_back();
                attempted(rows)
            }
            // It committed nothing and is ready for more.
            Err(error @ Error::Driver(_)) => {
                lease.give_back();
                Err(error)
            }
            Err(error) => Err(error),
        }
    }
}

/// Adds where polls have to be, first those that change, in the order of their states. Nowhere, if that is not known.
fn expected(values: &mut PgArguments, attempt: &Attempt<'_>) -> Result<(), Error> {
    const NOWHERE: i64 = -1;
    let mut changing = attempt.writes.states.iter().peekable();
    let (mut polls, unchanged): (Vec<_>, Vec<_>) = attempt
        .polls
        .iter()
        .partition(|(id, _)| changing.next_if(|state| state.poll.id == *id).is_some());
    polls.extend(unchanged);
    let stamps = polls.iter().map(|(_, stamp)| {
        let Some(Stamp { position, mark }) = stamp else {
            return Ok([NOWHERE; 3]);
        };
        let (epoch, revision) = (to_signed(position.epoch)?, to_signed(position.revision)?);
        Ok([epoch, revision, *mark])
    });
    let stamps: Vec<[i64; 3]> = stamps.collect::<Result<_, Error>>()?;
    column(values, &polls, |(id, _)| *id.as_uuid())?;
    column(values, &stamps, |[epoch, ..]| *epoch)?;
    column(values, &stamps, |[_, revision, _]| *revision)?;
    column(values, &stamps, |[.., mark]| *mark)
}

/// Reads what became of [`statements::QUICK`].
fn attempted(rows: Vec<PgRow>) -> Result<Attempted, Error> {
    let (mut stamps, mut past) = (Vec::new(), Vec::new());
    for row in rows {
        match row.integer(6)? {
            statements::WRITTEN => {
                return Ok(Attempted::Written {
                    mark: row.integer(9)?,
                });
            }
            statements::STAMP => {
                let id = read::poll_id(&row, 5)?;
                stamps.push((id, read::stamp(id, &row, 7)?));
            }
            _ => past.push(row),
        }
    }
    Ok(Attempted::Read {
        stamps,
        histories: read::histories(&past)?,
    })
}

impl PostgresDatabase {
    /// Runs one statement that reads.
    pub(super) async fn read(
        &self,
        statement: &'static str,
        arguments: PgArguments,
    ) -> Result<Vec<PgRow>, Error> {
        let mut lease = Lease::of(&self.pool).await?;
        let read = rows(lease.connection()?, statement, arguments).await?;
        lease.give_back();
        Ok(read)
    }

    async fn read_batch(
        &self,
        work: &mut Lease<Postgres>,
        ids: &[PollId],
        ballots: &[&Ballot],
    ) -> Result<Batch, Error> {
        let memory = self.memory();
        let age = memory.map_or_else(Age::default, Memory::age);
        let locked = rows(work.connection()?, statements::LOCK, all(ids)?).await?;
        let (mut polls, moved) = recall(memory, age, &stamps(&locked)?);
        if !moved.is_empty() {
            // A statement of its own: only what begins after the locks are held sees what their last holders wrote.
            let found = rows(work.connection()?, statements::POLLS, all(&moved)?).await?;
            polls.extend(self.read_polls(&found, age)?);
        }
        let mut found = Vec::new();
        if !ballots.is_empty() {
            let mut values = PgArguments::default();
            histories(&mut values, ballots, &supersedable(&polls, ballots))?;
            found = rows(work.connection()?, statements::HISTORIES, values).await?;
        }
        Ok(Batch {
            polls,
            histories: read::histories(&found)?,
            age,
        })
    }

    /// Reads polls, and remembers them.
    fn read_polls(&self, rows: &[PgRow], age: Age) -> Result<Vec<Locked>, Error> {
        let polls = read::polls(rows)?;
        if let Some(memory) = self.memory() {
            for (row, (_, state)) in rows.iter().zip(&polls) {
                if let Ok(state) = state {
                    memory.keep(age, state.clone(), row.integer(22)?);
                }
            }
        }
        Ok(polls)
    }
}

/// Reads a poll's id, position and mark.
fn stamps(rows: &[PgRow]) -> Result<Vec<(PollId, Stamp)>, Error> {
    rows.iter()
        .map(|row| {
            let id = read::poll_id(row, 0)?;
            Ok((id, read::stamp(id, row, 1)?))
        })
        .collect()
}

/// Adds whose histories are wanted, and of which ballots it is to be known whether they were superseded.
fn histories(
    values: &mut PgArguments,
    ballots: &[&Ballot],
    supersedable: &[&Ballot],
) -> Result<(), Error> {
    for ballots in [ballots, supersedable] {
        column(values, ballots, |ballot| *ballot.poll.as_uuid())?;
        column(values, ballots, |ballot| {
            Uuid::from_bytes(*ballot.voter.as_bytes())
        })?;
    }
    column(values, supersedable, |ballot| *ballot.id.as_uuid())
}

async fn list_within(
    lease: &mut Lease<Postgres>,
    listing: &Listing,
    page: &PageRequest,
) -> Result<Page<PollState>, Error> {
    let mut values = PgArguments::default();
    listing.bind(&mut values)?;
    let counted = query_with(AssertSqlSafe(count(listing)), values)
        .fetch_one(lease.connection()?)
        .await?;
    let mut values = PgArguments::default();
    listing.bind(&mut values)?;
    values.integer(page.limit().into())?;
    values.integer(page.offset().into())?;
    let polls = query_with(AssertSqlSafe(self::page(listing)), values)
        .fetch_all(lease.connection()?)
        .await?;
    Ok(Page {
        items: polls.iter().filter_map(read::readable).collect(),
        total: u64::try_from(counted.integer(0)?).unwrap_or(0),
    })
}

async fn recount_within(lease: &mut Lease<Postgres>, id: PollId) -> Result<Option<Recount>, Error> {
    let polls = rows(lease.connection()?, statements::POLLS, all(&[id])?).await?;
    let Some((_, state)) = read::polls(&polls)?.into_iter().next() else {
        return Ok(None);
    };
    let choices = lease.choices(id).await?;
    Ok(Some(Recount {
        state: state?,
        choices,
    }))
}

/// Counts the polls of all pages.
pub(super) fn count(listing: &Listing) -> String {
    let (conditions, _) = listing.conditions(SYNTAX);
    format!("{}{conditions}", statements::COUNT)
}

/// Reads one page; its last two parameters are how many polls to take, and how many to skip.
pub(super) fn page(listing: &Listing) -> String {
    let (conditions, next) = listing.conditions(SYNTAX);
    format!(
        "{}{conditions} ORDER BY {} LIMIT ${next} OFFSET ${}",
        statements::LIST,
        listing.order,
        next + 1
    )
}
