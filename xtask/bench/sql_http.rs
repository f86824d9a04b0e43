//! Votes over HTTP on a database server, beside the naive flow on the same server.

use std::path::Path;
use std::slice;
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::corner::Corner;
use crate::http::Connection;
use crate::kind::Kind;
use crate::measured::{Load, Measured};
use crate::naive;
use crate::poll::Poll;
use crate::report::{Figure, Row, Target};
use crate::server::Server;
use crate::stores;

const LOAD: Load = Load {
    connections: 256,
    warm_up: Duration::from_millis(500),
    time: Duration::from_secs(3),
};
const POLLS: usize = 1_000;
const RUNS: usize = 5;

/// # Errors
/// If a vote is not counted, or what is kept in the end is not what was answered.
#[tokio::main(flavor = "current_thread")]
pub(crate) async fn measure(
    name: &'static str,
    kind: Kind,
    program: &Path,
    scratch: &Path,
) -> Result<Figure> {
    let (settings, runs) = Corner::lend(kind, async |corner| {
        let scene = Scene::set(corner, program, scratch).await?;
        let mut runs = Vec::new();
        for index in 0..RUNS {
            let in_many = answered_in_many(&runs);
            runs.push(scene.run(index % 2 == 0, in_many).await?);
        }
        scene.recount(&runs).await?;
        Ok((corner.settings().await?, runs))
    })
    .await?;
    Ok(Figure {
        name,
        about: about(kind, &settings),
        rows: rows(kind, &runs),
    })
}

/// All servers, and the polls that are voted in by turns.
struct Scene<'a> {
    corner: &'a Corner,
    bare: Server,
    naive: Server,
    votify: Server,
    many: Vec<Poll>,
}

/// One after the other under the same load.
#[derive(Debug)]
struct Run {
    ceiling: Measured,
    naive: Measured,
    hot: Measured,
    hot_poll: Poll,
    many: Measured,
}

impl<'a> Scene<'a> {
    async fn set(corner: &'a Corner, program: &Path, scratch: &Path) -> Result<Self> {
        let votify = Server::votify_on(corner.url(), program, scratch)?;
        let mut many = Vec::with_capacity(POLLS);
        for _ in 0..POLLS {
            many.push(Poll::create(votify.address).await?);
        }
        Ok(Self {
            corner,
            bare: Server::bare(scratch)?,
            naive: Server::naive(corner.url(), scratch)?,
            votify,
            many,
        })
    }

    /// Whatever comes later may find the database busy with what came before: so the two that are compared most closely
    /// change places. `in_many` votes stand in the many polls already.
    async fn run(&self, hot_first: bool, in_many: u64) -> Result<Run> {
        let ceiling = LOAD.on(&self.bare, &[Poll::imagined()]).await?;

        let poll = Poll::create(self.naive.address).await?;
        let naive = LOAD.on(&self.naive, slice::from_ref(&poll)).await?;
        let kept = naive::kept(self.corner.kind, self.corner.url(), poll.id).await?;
        check(naive.answered, kept)?;

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
            hot,
            hot_poll,
            many,
        })
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

    async fn recount(&self, runs: &[Run]) -> Result<()> {
        let store = stores::open(self.corner.kind, self.corner.url()).await?;
        for run in runs {
            let kept = stores::recounted(&*store, slice::from_ref(&run.hot_poll)).await?;
            check(run.hot.answered, kept)?;
        }
        let answered = answered_in_many(runs);
        check(answered, stores::recounted(&*store, &self.many).await?)
    }
}

fn answered_in_many(runs: &[Run]) -> u64 {
    runs.iter().map(|run| run.many.answered).sum()
}

fn check(answered: u64, kept: u64) -> Result<()> {
    ensure!(
        answered == kept,
        "{answered} votes were answered, but {kept} are kept"
    );
    Ok(())
}

fn about(kind: Kind, settings: &str) -> String {
    format!(
        "{} connections vote over HTTP, each its next vote as soon as the last was answered, each vote by another voter, \
         for {:?} a run: in one poll of `votify serve`, and in {POLLS} polls of it by turns. What the API shows and what \
         a recount finds must be what was answered. The naive flow is an axum server on the same database with a pool as \
         large ({} connections), one poll and one transaction per vote: insert the vote, add one to the option, add one \
         to the poll; its rows and counters must be what was answered. The ceiling is an axum handler that reads the \
         same vote and gives the same answer, and does nothing else. All are under the same load by turns. The database \
         is {settings}.",
        LOAD.connections,
        LOAD.time,
        kind.pool()
    )
}

fn rows(kind: Kind, runs: &[Run]) -> Vec<Row> {
    let row = |what: &str, unit, value: fn(&Run) -> f64| {
        Row::new(what, unit, runs.iter().map(value).collect())
    };
    vec![
        row("votes, one poll", "a second", |run| run.hot.per_second),
        row("votes, naive flow", "a second", |run| run.naive.per_second),
        row("of the naive flow", "times", |run| {
            run.hot.per_second / run.naive.per_second
        })
        .target(kind.times_the_naive_flow()),
        row("ceiling", "a second", |run| run.ceiling.per_second),
        row("of the ceiling", "%", |run| {
            100.0 * run.hot.per_second / run.ceiling.per_second
        })
        .target(kind.of_the_ceiling()),
        row("votes, 1 000 polls", "a second", |run| run.many.per_second),
        row("1 000 polls, of one poll", "times", |run| {
            run.many.per_second / run.hot.per_second
        })
        .target(Target::AtLeast(0.67)),
        row("the server's processor time per vote", "µs", |run| {
            run.hot.cost
        }),
        row("the same, 1 000 polls", "µs", |run| run.many.cost),
        row("the naive server's", "µs", |run| run.naive.cost),
        row("answer, one poll, p50", "ms", |run| run.hot.median),
        row("answer, one poll, p99", "ms", |run| run.hot.slowest),
        row("answer, 1 000 polls, p50", "ms", |run| run.many.median),
        row("answer, 1 000 polls, p99", "ms", |run| run.many.slowest),
        row("answer, naive flow, p50", "ms", |run| run.naive.median),
        row("answer, naive flow, p99", "ms", |run| run.naive.slowest),
    ]
}
