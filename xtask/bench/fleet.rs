//! Several instances on one PostgreSQL and one Redis.

use std::net::SocketAddr;
use std::path::Path;
use std::slice;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::time::sleep;

use crate::corner::Corner;
use crate::http::Connection;
use crate::kind::Kind;
use crate::live::stream_of;
use crate::load;
use crate::measured::{check, milliseconds};
use crate::poll::Poll;
use crate::redis_server::{self, published};
use crate::report::{Figure, Row, Target};
use crate::server::Server;
use crate::steady::{Change, Steady};
use crate::watch::{Carrier, Crowd};

const INSTANCES: usize = 3;
const VIEWERS: usize = 300;
const VOTES: u32 = 300;
const PAUSE: Duration = Duration::from_millis(33);
const CONNECTIONS: usize = 128;
const TIME: Duration = Duration::from_secs(3);
const RUNS: usize = 3;

struct Run {
    median: f64,
    slowest: f64,
    votes: f64,
    publications: f64,
}

/// # Errors
/// If a vote is not counted, or a viewer does not see the last one.
#[tokio::main]
pub(crate) async fn measure(program: &Path, scratch: &Path) -> Result<Figure> {
    let (settings, runs) = Corner::lend(Kind::Postgres, async |corner| {
        let redis = redis_server::server()?;
        let mut runs = Vec::new();
        for _ in 0..RUNS {
            let fleet = Server::fleet(INSTANCES, corner.url(), &redis, program, scratch)?;
            let addresses: Vec<_> = fleet.iter().map(|server| server.address).collect();
            runs.push(run(&addresses).await?);
        }
        Ok((corner.settings().await?, runs))
    })
    .await?;
    Ok(Figure {
        name: "fleet",
        about: about(&settings),
        rows: rows(&runs),
    })
}

async fn run(addresses: &[SocketAddr]) -> Result<Run> {
    let (&first, others) = addresses.split_first().context("no instance")?;
    let poll = Poll::create(first).await?;
    let vote = Change::vote_in(&poll)?;
    // What is made for the first viewer and the first vote is not the others' cost.
    let mut few = watched(&poll, others, 2).await?;
    few.seen_by_all(Steady::send(first, &vote, PAUSE, 2).await?)
        .await?;
    drop(few);
    let mut crowd = watched(&poll, others, VIEWERS).await?;
    sleep(Duration::from_secs(1)).await;
    let sent = Steady::send(first, &vote, PAUSE, VOTES).await?;
    let times = crowd.seen_by_all(sent).await?;
    drop(crowd);

    let hot = Poll::create(first).await?;
    let _crowd = watched(&hot, addresses, 30).await?;
    let (before, start) = (published().await?, Instant::now());
    let mut loads = Vec::new();
    for address in addresses {
        loads.push(load::votes(
            *address,
            slice::from_ref(&hot),
            CONNECTIONS,
            TIME,
        ));
    }
    let outcomes = futures_util::future::try_join_all(loads).await?;
    let (publications, time) = (published().await? - before, start.elapsed());
    let votes: u64 = outcomes.iter().map(|outcome| outcome.votes).sum();
    let shown = hot.total_votes(&mut Connection::open(first).await?).await?;
    check(votes, shown)?;
    let nodes = f64::from(u32::try_from(addresses.len())?);
    Ok(Run {
        median: milliseconds(&times, 0.5)?,
        slowest: milliseconds(&times, 0.99)?,
        votes: load::rate(votes, time)?,
        publications: f64::from(publications) / time.as_secs_f64() / nodes,
    })
}

async fn watched(poll: &Poll, addresses: &[SocketAddr], viewers: usize) -> Result<Crowd> {
    let doors = addresses.iter();
    let doors: Vec<_> = doors
        .map(|address| stream_of(poll, *address, Carrier::WebSocket))
        .collect();
    Crowd::attentive(&doors, viewers).await
}

fn about(settings: &str) -> String {
    format!(
        "{INSTANCES} processes of `votify serve` on one database, with `--broadcast` and `--cache` on one Redis. {VIEWERS} viewers \
         watch one poll over WebSocket at all instances but the first, where some {VOTES} votes are cast, one every {PAUSE:?}; the time is \
         from when a vote is due until the last of all viewers has it in its hands. Then {CONNECTIONS} connections to each instance \
         vote in another poll, which is watched at all of them, for {TIME:?}; what the API shows must be what was answered. The \
         database is {settings}."
    )
}

fn rows(runs: &[Run]) -> Vec<Row> {
    let row = |what: &str, unit, value: fn(&Run) -> f64| {
        Row::new(what, unit, runs.iter().map(value).collect())
    };
    vec![
        row("vote to seen by all at the others, p50", "ms", |run| {
            run.median
        }),
        row("vote to seen by all at the others, p99", "ms", |run| {
            run.slowest
        })
        .target(Target::AtMost(150.0)),
        row("votes at all instances, one poll", "a second", |run| {
            run.votes
        }),
        row("published by each instance meanwhile", "a second", |run| {
            run.publications
        })
        .target(Target::AtMost(20.0)),
    ]
}
