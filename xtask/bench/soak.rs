//! Everything at once for minutes: votes at a constant rate, reconnecting viewers, and a
//! client that sends repeats and invalid requests.

mod abusive_clients;
mod viewers;

use std::path::Path;
use std::slice;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::time::sleep_until;

use crate::constant_rate::{Change, ConstantRate, RateSchedule};
use crate::database::DatabaseKind;
use crate::duration::duration;
use crate::http::Connection;
use crate::live::stream_of;
use crate::load::per_second;
use crate::measurement::{Load, ensure_all_stored};
use crate::open_store::{open_store, recount};
use crate::poll::Poll;
use crate::report::{Figure, Row, Target, count};
use crate::scratch_database::ScratchDatabase;
use crate::server::Server;
use crate::watch::Transport;
use abusive_clients::AbusiveClient;
use viewers::ReconnectingViewers;

const VIEWERS: usize = 2_000;
/// Share of the maximum rate with all viewers connected.
const RATE_SHARE: f64 = 0.7;
/// The load that finds the maximum rate.
const MAX_LOAD: Load = Load {
    connections: 256,
    warm_up: Duration::from_secs(2),
    time: Duration::from_secs(8),
};
const MIN_MESSAGES: f64 = 10e6;
/// Between two readings of the server's memory.
const MEMORY_INTERVAL: Duration = Duration::from_secs(60);

struct SoakResult {
    max_rate: f64,
    votes: u64,
    repeats_and_rejections: u64,
    visits: u64,
    messages: u64,
    /// MiB at each reading.
    memory: Vec<f64>,
}

/// # Errors
/// If a vote is lost or counted twice, a viewer receives a lower revision than before or
/// misses the last one, or a request has an unexpected answer.
#[tokio::main]
pub(crate) async fn measure(program: &Path, scratch: &Path, time: Duration) -> Result<Figure> {
    let kind = DatabaseKind::Postgres;
    let (settings, result) = ScratchDatabase::with(kind, async |database| {
        let votify = Server::votify_on(database.url(), program, scratch)?;
        let result = soak(database, &votify, time).await?;
        Ok((database.describe().await?, result))
    })
    .await?;
    Ok(Figure {
        name: "soak",
        about: about(time, &settings),
        rows: rows(&result, time)?,
    })
}

fn about(time: Duration, database: &str) -> String {
    format!(
        "For {}, votes are cast in one poll of `votify serve` at fixed times over {} connections, at \
         {:.0} % of the maximum rate. The maximum was measured for {} before, with the same viewers. \
         {} viewers watch the poll, half over WebSocket and half over server-sent events. Each \
         leaves after 5 to 40 s and reconnects with its last position. Another client sends \
         repeated votes, malformed votes and votes for unknown polls, which must be answered 200, \
         400 and 404. The revision of each message must not be lower than the viewer's previous \
         one, even across visits. At the end a recount, the API and every viewer must have the \
         answered votes. The database is {database}.",
        duration(time),
        MAX_LOAD.connections,
        100.0 * RATE_SHARE,
        duration(MAX_LOAD.time),
        count(VIEWERS)
    )
}

async fn soak(database: &ScratchDatabase, votify: &Server, time: Duration) -> Result<SoakResult> {
    let address = votify.address;
    let poll = Poll::create(address).await?;
    let endpoints = [Transport::WebSocket, Transport::ServerSentEvents]
        .map(|transport| stream_of(&poll, address, transport));
    let viewers = ReconnectingViewers::start(&endpoints, VIEWERS)?;
    let max = MAX_LOAD.measure(votify, slice::from_ref(&poll)).await?;
    println!("soak: maximum rate {:.0} votes/s", max.votes_per_second);
    let abusive = AbusiveClient::start(address, &poll).await?;
    let schedule = RateSchedule {
        interval: Duration::from_secs_f64(1.0 / (RATE_SHARE * max.votes_per_second)),
        connections: u32::try_from(MAX_LOAD.connections)?,
    };
    let votes = ConstantRate::start(address, &Change::vote_in(&poll)?, schedule).await?;
    let memory = sample_memory(votify, &viewers, time).await?;
    let votes = votes.stop().await?;
    let abuse = abusive.stop().await?;
    let answered = max.answered + u64::try_from(votes.len())? + abuse.counted_votes;

    let mut connection = Connection::open(address).await?;
    ensure_all_stored(answered, poll.total_votes(&mut connection).await?)?;
    let (visits, messages) = viewers.stop_at(answered).await?;
    let store = open_store(database.kind, database.url()).await?;
    let stored = recount(&*store, slice::from_ref(&poll)).await?;
    ensure_all_stored(answered, stored)?;
    Ok(SoakResult {
        max_rate: max.votes_per_second,
        votes: answered - max.answered,
        repeats_and_rejections: abuse.repeats_and_rejections,
        visits,
        messages,
        memory,
    })
}

/// Waits for `time`, and returns the server's memory in MiB every minute, but at least
/// four times.
async fn sample_memory(
    votify: &Server,
    viewers: &ReconnectingViewers,
    time: Duration,
) -> Result<Vec<f64>> {
    let start = Instant::now();
    let mut memory = Vec::new();
    while start.elapsed() < time {
        let next = start.elapsed() + MEMORY_INTERVAL.min(time / 4);
        sleep_until((start + next.min(time)).into()).await;
        let resident = f64::from(votify.resident_kib()?) / 1024.0;
        memory.push(resident);
        viewers.check()?;
        println!(
            "soak: {:.0?}, {resident:.1} MiB, {} messages",
            start.elapsed(),
            viewers.messages()
        );
    }
    Ok(memory)
}

fn rows(result: &SoakResult, time: Duration) -> Result<Vec<Row>> {
    let number = |number: u64| anyhow::Ok(f64::from(u32::try_from(number)?));
    let row = |label: &str, unit, value| Row::new(label, unit, vec![value]);
    let settled = result.memory.get(result.memory.len() / 4).copied();
    let last = result.memory.last().copied();
    let growth = last.unwrap_or(f64::NAN) / settled.unwrap_or(f64::NAN);
    Ok(vec![
        row("maximum vote rate", "a second", result.max_rate),
        row(
            "votes during the soak",
            "a second",
            per_second(result.votes, time)?,
        ),
        row("votes, each counted once", "in all", number(result.votes)?),
        row(
            "expected repeats and refusals, and no others",
            "in all",
            number(result.repeats_and_rejections)?,
        ),
        row("visits of viewers", "in all", number(result.visits)?),
        row(
            "messages, none with a lower revision",
            "in all",
            number(result.messages)?,
        )
        .target(Target::AtLeast(MIN_MESSAGES)),
        Row::new("the server's memory", "MiB", result.memory.clone()),
        row(
            "memory at the end relative to a quarter of the time",
            "times",
            growth,
        )
        .target(Target::AtMost(1.1)),
    ])
}
