use sqlx::mysql::{MySql, MySqlConnection, MySqlPool, MySqlRow};
use votify_core::{Ballot, PollId};

use super::connect::MySqlDatabase;
use super::rows::Row;
use super::script::{Done, Script};
use super::statements::{self, Statement};
use crate::columns::Columns;
use crate::dialect::{Batch, Locked, give_up, supersedable};
use crate::error::Error;
use crate::lease::Lease;
use crate::memory::{Age, Memory, recall};
use crate::parameters::Parameters;
use crate::{read, writes};

/// An open transaction.
#[derive(Debug)]
pub(crate) struct Open(pub(super) Lease<MySql>);

impl Open {
    /// To write.
    pub(super) async fn begin(pool: &MySqlPool) -> Result<Self, Error> {
        Ok(Self(
            Lease::begin(pool, &statements::BEGIN.join(";")).await?,
        ))
    }

    /// To read what is there at this moment.
    pub(super) async fn snapshot(pool: &MySqlPool) -> Result<Self, Error> {
        Ok(Self(Lease::begin(pool, statements::SNAPSHOT).await?))
    }

    /// To write, with what a batch needs: the polls are locked, then read unless they are where they are remembered to be,
    /// then the histories. What another transaction, which was waited for, did to those is seen, as each statement sees what
    /// was committed before it began.
    pub(super) async fn batch(
        database: &MySqlDatabase,
        ids: &[PollId],
        ballots: &[&Ballot],
    ) -> Result<(Self, Batch), Error> {
        let memory = database.memory.as_deref();
        let lock = match memory {
            Some(_) => &statements::LOCKED_STAMPS,
            None => &statements::LOCKED_POLLS,
        };
        let script = Script::default()
            .plain(&statements::BEGIN)
            .over(lock, ids, |row, id| row.id(id.as_bytes()))?
            .over(&statements::STANDING, ballots, |row, ballot| {
                writes::voter(row, &(ballot.poll, ballot.voter))
            })?;
        let mut open = Self(Lease::of(&database.pool).await?);
        match open.read_batch(memory, script, ballots).await {
            Ok(batch) => Ok((open, batch)),
            Err(error) => {
                give_up(open, &error).await;
                Err(error)
            }
        }
    }

    async fn read_batch(
        &mut self,
        memory: Option<&Memory>,
        script: Script,
        ballots: &[&Ballot],
    ) -> Result<Batch, Error> {
        let age = memory.map_or_else(Age::default, Memory::age);
        let mut parts = script.run(self.connection()?).await?.into_iter().skip(1);
        let locked = rows(parts.next())?;
        let mut histories = rows(parts.next())?;
        let polls = match memory {
            Some(memory) => self.remembered(memory, age, &locked).await?,
            None => read::polls(&locked)?,
        };
        let supersedable = supersedable(&polls, ballots);
        let superseded = self.found(&statements::SUPERSEDED, &supersedable, |row, ballot| {
            row.id(ballot.poll.as_bytes())?;
            row.id(ballot.voter.as_bytes())?;
            row.id(ballot.id.as_bytes())
        });
        histories.extend(superseded.await?);
        Ok(Batch {
            polls,
            histories: read::histories(&histories)?,
            age,
        })
    }

    /// The polls of which these rows tell where they are.
    async fn remembered(
        &mut self,
        memory: &Memory,
        age: Age,
        locked: &[MySqlRow],
    ) -> Result<Vec<Locked>, Error> {
        let stamp = |row: &MySqlRow| {
            let id = read::poll_id(row, 0)?;
            Ok((id, read::stamp(id, row, 1)?))
        };
        let stamps: Vec<_> = locked.iter().map(stamp).collect::<Result<_, Error>>()?;
        let (mut polls, moved) = recall(Some(memory), age, &stamps);
        if moved.is_empty() {
            return Ok(polls);
        }
        let given = |row: &mut Row, id: &PollId| row.id(id.as_bytes());
        let rows = self.found(&statements::LOCKED_POLLS, &moved, given).await?;
        for (row, (id, state)) in rows.iter().zip(read::polls(&rows)?) {
            let mark = row.integer(22)?;
            if let Ok(state) = &state
                && mark != 0
            {
                memory.keep(age, state.clone(), mark);
            }
            polls.push((id, state));
        }
        Ok(polls)
    }

    pub(super) fn connection(&mut self) -> Result<&mut MySqlConnection, Error> {
        Ok(self.0.connection()?)
    }

    pub(super) async fn found<T: Sync>(
        &mut self,
        statement: &'static Statement,
        given: &[T],
        write: impl Fn(&mut Row, &T) -> Result<(), Error> + Send,
    ) -> Result<Vec<MySqlRow>, Error> {
        let script = Script::default().over(statement, given, write)?;
        Ok(script.run_alone(self.connection()?).await?.rows)
    }

    /// Locks these polls in this order; those that there are.
    pub(super) async fn lock(&mut self, ids: &[PollId]) -> Result<Vec<PollId>, Error> {
        let rows = self.found(&statements::LOCK_POLLS, ids, |row, id| {
            row.id(id.as_bytes())
        });
        let rows = rows.await?;
        rows.iter().map(|row| read::poll_id(row, 0)).collect()
    }

    /// Locks these polls in this order, and reads them.
    pub(super) async fn locked_polls(&mut self, ids: &[PollId]) -> Result<Vec<Locked>, Error> {
        self.read_polls(&statements::LOCKED_POLLS, ids).await
    }

    pub(super) async fn polls(&mut self, ids: &[PollId]) -> Result<Vec<Locked>, Error> {
        self.read_polls(&statements::POLLS, ids).await
    }

    async fn read_polls(
        &mut self,
        statement: &'static Statement,
        ids: &[PollId],
    ) -> Result<Vec<Locked>, Error> {
        let rows = self.found(statement, ids, |row, id| row.id(id.as_bytes()));
        read::polls(&rows.await?)
    }
}

fn rows(part: Option<Done>) -> Result<Vec<MySqlRow>, Error> {
    Ok(part.ok_or(Error::Ended)?.rows)
}
