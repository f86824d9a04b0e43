use std::path::Path;
use std::slice;

use anyhow::Result;

use super::{LOAD, POLLS};
use crate::corner::Corner;
use crate::http::Connection;
use crate::inserts::Inserts;
use crate::measured::{Measured, check};
use crate::naive;
use crate::own_redis::OwnRedis;
use crate::poll::Poll;
use crate::server::Server;
use crate::stores;

/// All servers, and the polls that are voted in by turns.
pub(super) struct Scene<'a> {
    corner: &'a Corner,
    bare: Server,
    naive: Server,
    source: Server,
    votify: Server,
    many: Vec<Poll>,
}

/// One after the other under the same load.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) ceiling: Measured,
    pub(super) naive: Measured,
    pub(super) source: Measured,
    pub(super) hot: Measured,
    hot_poll: Poll,
    pub(super) many: Measured,
    /// Rows a second of a bare insert.
    pub(super) inserts: f64,
}

impl<'a> Scene<'a> {
    pub(super) async fn set(
        corner: &'a Corner,
        redis: &OwnRedis,
        program: &Path,
        scratch: &Path,
    ) -> Result<Self> {
        let votify = Server::votify_on(corner.url(), program, scratch)?;
        let mut many = Vec::with_capacity(POLLS);
        for _ in 0..POLLS {
            many.push(Poll::create(votify.address).await?);
        }
        Ok(Self {
            corner,
            bare: Server::bare(scratch)?,
            naive: Server::naive(corner.url(), None, scratch)?,
            source: Server::naive(corner.url(), Some(&redis.url), scratch)?,
            votify,
            many,
        })
    }

    /// Whatever comes later may find the database busy with what came before: so the two that are compared most closely
    /// change places. `in_many` votes stand in the many polls already.
    pub(super) async fn run(&self, hot_first: bool, in_many: u64) -> Result<Run> {
        let ceiling = LOAD.on(&self.bare, &[Poll::imagined()]).await?;

        let naive = self.counted_naively(&self.naive).await?;
        let source = self.counted_naively(&self.source).await?;
        let mut inserts = Inserts::open(self.corner.kind, self.corner.url()).await?;
        let rows = u32::try_from(LOAD.connections)?;
        let inserts = inserts.rows_a_second(rows, LOAD.time / 2).await?;

        let hot_poll = Poll::create(self.votify.address).await?;
        let hot_poll_only = slice::from_ref(&hot_poll);
        let (hot, many) = if hot_first {
            let hot = self.voted(hot_poll_only, 0).await?;
            (hot, self.voted(&self.many, in_many).await?)
        } else {
            let many = self.voted(&self.many, in_many).await?;
            (self.voted(hot_poll_only, 0).await?, many)
        };
        Ok(Run {
            ceiling,
            naive,
            source,
            hot,
            hot_poll,
            many,
            inserts,
        })
    }

    async fn counted_naively(&self, server: &Server) -> Result<Measured> {
        let poll = Poll::create(server.address).await?;
        let measured = LOAD.on(server, slice::from_ref(&poll)).await?;
        let kept = naive::kept(self.corner.kind, self.corner.url(), poll.id).await?;
        check(measured.answered, kept)?;
        Ok(measured)
    }

    /// The load in polls where so many votes stand before.
    async fn voted(&self, polls: &[Poll], before: u64) -> Result<Measured> {
        let measured = LOAD.on(&self.votify, polls).await?;
        check(before + measured.answered, self.shown(polls).await?)?;
        Ok(measured)
    }

    /// The votes that the API shows in these polls together.
    async fn shown(&self, polls: &[Poll]) -> Result<u64> {
        let mut connection = Connection::open(self.votify.address).await?;
        let mut votes = 0;
        for poll in polls {
            votes += poll.total_votes(&mut connection).await?;
        }
        Ok(votes)
    }

    pub(super) async fn recount(&self, runs: &[Run]) -> Result<()> {
        let store = stores::open(self.corner.kind, self.corner.url()).await?;
        for run in runs {
            let kept = stores::recounted(&*store, slice::from_ref(&run.hot_poll)).await?;
            check(run.hot.answered, kept)?;
        }
        let answered = answered_in_many(runs);
        check(answered, stores::recounted(&*store, &self.many).await?)
    }
}

pub(super) fn answered_in_many(runs: &[Run]) -> u64 {
    runs.iter().map(|run| run.many.answered).sum()
}
