//! Votes over HTTP on one store, beside a handler that does nothing.

use std::path::Path;
use std::slice;
use std::time::Duration;

use anyhow::Result;

use crate::http::Connection;
use crate::measured::{Load, Measured, check};
use crate::own_redis::OwnRedis;
use crate::poll::Poll;
use crate::redis_server::settings;
use crate::report::{Figure, Row, Target};
use crate::server::Server;

const LOAD: Load = Load {
    connections: 256,
    warm_up: Duration::from_millis(500),
    time: Duration::from_secs(2),
};
const RUNS: usize = 5;

/// A store, and how much of the ceiling it has to reach and is meant to, in per cent.
struct Subject<'a> {
    name: &'static str,
    store: &'a str,
    floor: f64,
    aim: f64,
}

/// # Errors
/// If a vote is not counted, or counted votes are missing in the end.
#[tokio::main]
pub(crate) async fn on_memory(program: &Path, scratch: &Path) -> Result<Figure> {
    let subject = Subject {
        name: "memory-http",
        store: "in memory",
        floor: 80.0,
        aim: 90.0,
    };
    subject
        .measure(&Server::votify_in_memory(program, scratch)?, scratch)
        .await
}

/// # Errors
/// As [`on_memory`].
#[tokio::main]
pub(crate) async fn on_sqlite(program: &Path, scratch: &Path) -> Result<Figure> {
    let subject = Subject {
        name: "sqlite-http",
        store: "on SQLite, each vote on disk before it is answered",
        floor: 45.0,
        aim: 60.0,
    };
    subject
        .measure(&Server::votify(program, scratch)?, scratch)
        .await
}

/// # Errors
/// As [`on_memory`], or if Redis does not answer.
#[tokio::main]
pub(crate) async fn on_redis(program: &Path, scratch: &Path) -> Result<Figure> {
    let redis = OwnRedis::start(scratch).await?;
    let store = format!("on {}", settings(&redis.url).await?);
    let subject = Subject {
        name: "redis-http",
        store: &store,
        floor: 40.0,
        aim: 50.0,
    };
    subject
        .measure(&Server::votify_on(&redis.url, program, scratch)?, scratch)
        .await
}

/// One after the other under the same load.
struct Run {
    bare: Measured,
    votify: Measured,
}

impl Subject<'_> {
    async fn measure(&self, votify: &Server, scratch: &Path) -> Result<Figure> {
        let bare = Server::bare(scratch)?;
        let mut runs = Vec::new();
        for index in 0..RUNS {
            // A machine that grows slower or faster meanwhile does so for both.
            runs.push(if index % 2 == 0 {
                let bare = LOAD.on(&bare, &[Poll::imagined()]).await?;
                let votify = voted(votify).await?;
                Run { bare, votify }
            } else {
                let votify = voted(votify).await?;
                let bare = LOAD.on(&bare, &[Poll::imagined()]).await?;
                Run { bare, votify }
            });
        }
        Ok(Figure {
            name: self.name,
            about: self.about(),
            rows: self.rows(&runs),
        })
    }

    fn about(&self) -> String {
        format!(
            "{} connections vote in one poll of `votify serve` {} over HTTP, each its next vote as soon as the last was \
             answered, each vote by another voter, for {:?} a run, each run in a new poll whose total must be what was answered. \
             The ceiling is an axum handler that reads the same vote and gives the same answer, and does nothing else, with the \
             same allocator and under the same load by turns. The load is another process; what it costs stands below, and so \
             does what was left of the processors: where nothing is left, they are what bounds both, not a load that waits.",
            LOAD.connections, self.store, LOAD.time
        )
    }

    fn rows(&self, runs: &[Run]) -> Vec<Row> {
        let row = |what: &str, unit, value: fn(&Run) -> f64| {
            Row::new(what, unit, runs.iter().map(value).collect())
        };
        vec![
            row("votes", "a second", |run| run.votify.per_second),
            row("ceiling", "a second", |run| run.bare.per_second),
            row("of the ceiling", "%", |run| {
                100.0 * run.votify.per_second / run.bare.per_second
            })
            .target(Target::AtLeast(self.floor))
            .aim(Target::AtLeast(self.aim)),
            row("the server's processor time per vote", "µs", |run| {
                run.votify.cost
            }),
            row("the ceiling's", "µs", |run| run.bare.cost),
            row("the load's, on the server", "µs", |run| {
                run.votify.load_cost
            }),
            row("the load's, on the ceiling", "µs", |run| {
                run.bare.load_cost
            }),
            row("processors left, on the server", "%", |run| run.votify.idle),
            row("processors left, on the ceiling", "%", |run| run.bare.idle),
            row("answer, p50", "ms", |run| run.votify.median),
            row("answer, p99", "ms", |run| run.votify.slowest),
        ]
    }
}

async fn voted(votify: &Server) -> Result<Measured> {
    let poll = Poll::create(votify.address).await?;
    let measured = LOAD.on(votify, slice::from_ref(&poll)).await?;
    let mut connection = Connection::open(votify.address).await?;
    let kept = poll.total_votes(&mut connection).await?;
    check(measured.answered, kept)?;
    Ok(measured)
}
