//! The servers of a figure, and one run over all of them.

use std::path::Path;
use std::slice;

use anyhow::Result;

use super::{LOAD, POLLS};
use crate::http::Connection;
use crate::insert_baseline::InsertBaseline;
use crate::local_redis::LocalRedis;
use crate::measurement::{Measurement, ensure_all_stored};
use crate::naive;
use crate::open_store::{open_store, recount};
use crate::poll::Poll;
use crate::scratch_database::ScratchDatabase;
use crate::server::Server;

/// All compared servers, and the polls for the load on many polls.
pub(super) struct Harness<'a> {
    database: &'a ScratchDatabase,
    baseline: Server,
    naive: Server,
    source_design: Server,
    votify: Server,
    many: Vec<Poll>,
}

/// Consecutive measurements under the same load.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) ceiling: Measurement,
    pub(super) naive: Measurement,
    pub(super) source_design: Measurement,
    pub(super) hot: Measurement,
    hot_poll: Poll,
    pub(super) many: Measurement,
    /// Rows per second of plain inserts.
    pub(super) inserts: f64,
}

impl<'a> Harness<'a> {
    pub(super) async fn start(
        database: &'a ScratchDatabase,
        redis: &LocalRedis,
        program: &Path,
        scratch: &Path,
    ) -> Result<Self> {
        let votify = Server::votify_on(database.url(), program, scratch)?;
        let many = Poll::create_many(votify.address, POLLS).await?;
        Ok(Self {
            database,
            baseline: Server::baseline(scratch)?,
            naive: Server::naive(database.url(), None, scratch)?,
            source_design: Server::naive(database.url(), Some(&redis.url), scratch)?,
            votify,
            many,
        })
    }

    /// Measures all servers once. One poll and many polls alternate in order, because the
    /// database may still be busy with the previous load. `answered_in_many` is the
    /// current total of the many polls.
    pub(super) async fn run(&self, hot_first: bool, answered_in_many: u64) -> Result<Run> {
        let ceiling = LOAD.measure(&self.baseline, &[Poll::placeholder()]).await?;
        let naive = self.measure_naive(&self.naive).await?;
        let source_design = self.measure_naive(&self.source_design).await?;
        let mut inserts = InsertBaseline::open(self.database.kind, self.database.url()).await?;
        let rows = u32::try_from(LOAD.connections)?;
        let inserts = inserts.rows_per_second(rows, LOAD.time / 2).await?;

        let hot_poll = Poll::create(self.votify.address).await?;
        let only_hot_poll = slice::from_ref(&hot_poll);
        let (hot, many) = if hot_first {
            let hot = self.measure_votify(only_hot_poll, 0).await?;
            (
                hot,
                self.measure_votify(&self.many, answered_in_many).await?,
            )
        } else {
            let many = self.measure_votify(&self.many, answered_in_many).await?;
            (self.measure_votify(only_hot_poll, 0).await?, many)
        };
        Ok(Run {
            ceiling,
            naive,
            source_design,
            hot,
            hot_poll,
            many,
            inserts,
        })
    }

    async fn measure_naive(&self, server: &Server) -> Result<Measurement> {
        let poll = Poll::create(server.address).await?;
        let measurement = LOAD.measure(server, slice::from_ref(&poll)).await?;
        let (kind, url) = (self.database.kind, self.database.url());
        let stored = naive::stored_votes(kind, url, poll.id).await?;
        ensure_all_stored(measurement.answered, stored)?;
        Ok(measurement)
    }

    /// Measures polls that already have `before` votes together.
    async fn measure_votify(&self, polls: &[Poll], before: u64) -> Result<Measurement> {
        let measurement = LOAD.measure(&self.votify, polls).await?;
        let mut connection = Connection::open(self.votify.address).await?;
        let stored = Poll::sum_of_votes(polls, &mut connection).await?;
        ensure_all_stored(before + measurement.answered, stored)?;
        Ok(measurement)
    }

    pub(super) async fn recount(&self, runs: &[Run]) -> Result<()> {
        let store = open_store(self.database.kind, self.database.url()).await?;
        for run in runs {
            let stored = recount(&*store, slice::from_ref(&run.hot_poll)).await?;
            ensure_all_stored(run.hot.answered, stored)?;
        }
        let answered = answered_in_many(runs);
        ensure_all_stored(answered, recount(&*store, &self.many).await?)
    }
}

pub(super) fn answered_in_many(runs: &[Run]) -> u64 {
    runs.iter().map(|run| run.many.answered).sum()
}
