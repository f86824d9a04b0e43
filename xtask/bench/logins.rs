//! What votes feel of a crowd that logs in.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use hdrhistogram::Histogram;
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tokio::time::{interval, sleep};

use crate::http::{Connection, Request};
use crate::measured::milliseconds;
use crate::poll::Poll;
use crate::report::{Figure, Row, Target};
use crate::server::Server;

const CROWD: usize = 500;
const VOTERS: usize = 16;
/// Between two votes of one of them: 500 a second of all.
const PAUSE: Duration = Duration::from_millis(32);
const TIME: Duration = Duration::from_secs(5);
/// How long who was told to come back waits, which is less than was asked for.
const AGAIN: Duration = Duration::from_secs(1);
const RUNS: usize = 5;
const CREDENTIALS: &str = r#"{"name":"ada","password":"correct horse"}"#;

/// What became of the crowd.
#[derive(Debug, Default)]
struct Crowd {
    inside: u32,
    told_to_wait: u32,
}

/// # Errors
/// If a vote is not counted, or somebody who logs in is answered anything but 200 or 503.
#[tokio::main]
pub(crate) async fn measure(program: &Path, scratch: &Path) -> Result<Figure> {
    let (mut quiet, mut crowded, mut ratio) = (Vec::new(), Vec::new(), Vec::new());
    let (mut inside, mut waited, mut memory) = (Vec::new(), Vec::new(), Vec::new());
    let server = Server::votify_in_memory(program, scratch)?;
    let register = Request::new("POST", "/api/auth/register", CREDENTIALS);
    let mut connection = Connection::open(server.address).await?;
    let registered = connection.send(&register).await?.status;
    ensure!(registered == 201, "{registered} instead of 201");
    // Once before it counts: everything is warm, and the memory that a crowd of connections takes is there.
    alone(server.address).await?;
    beside_a_crowd(&server).await?;
    for _ in 0..RUNS {
        let before = alone(server.address).await?;
        let rest = server.resident_kib()?;
        let (meanwhile, crowd, most) = beside_a_crowd(&server).await?;
        quiet.push(before);
        crowded.push(meanwhile);
        ratio.push(meanwhile / before);
        inside.push(f64::from(crowd.inside));
        waited.push(f64::from(crowd.told_to_wait));
        memory.push(f64::from(most.saturating_sub(rest)) / 1024.0);
    }
    let about = format!(
        "{VOTERS} connections vote in one poll of `votify serve` in memory, each every {PAUSE:?}, for {TIME:?}: alone, and \
         then while {CROWD} others log in at the same moment with the right password, hashed as it is by default. Who of \
         them is answered 503 tries again after {AGAIN:?}. The time of a vote is from sending it to its answer; the load is \
         another process on the same processors."
    );
    let rows = vec![
        Row::new("votes alone, p99", "ms", quiet),
        Row::new("votes beside the crowd, p99", "ms", crowded),
        Row::new("the same, of votes alone", "", ratio).target(Target::AtMost(2.0)),
        Row::new("of the crowd, logged in within that time", "", inside),
        Row::new("times somebody was told to wait", "", waited),
        Row::new("the server's memory grew by at most", "MiB", memory),
    ];
    Ok(Figure {
        name: "logins",
        about,
        rows,
    })
}

/// The 99th percentile of votes at an even pace, in milliseconds.
async fn alone(address: SocketAddr) -> Result<f64> {
    let poll = Poll::create(address).await?;
    let mut voters = JoinSet::new();
    for _ in 0..VOTERS {
        let (connection, ballot) = (Connection::open(address).await?, poll.ballot()?);
        voters.spawn(async move {
            let (mut connection, mut ballot) = (connection, ballot);
            let mut times = Histogram::<u64>::new(3)?;
            let (start, mut pace) = (Instant::now(), interval(PAUSE));
            while start.elapsed() < TIME {
                pace.tick().await;
                let sent = Instant::now();
                let status = connection.send(ballot.of_a_new_voter()).await?.status;
                ensure!(status == 201, "{status} instead of 201");
                times.record(u64::try_from(sent.elapsed().as_micros())?)?;
            }
            anyhow::Ok(times)
        });
    }
    let mut times = Histogram::new(3)?;
    while let Some(voter) = voters.join_next().await {
        times.add(voter??)?;
    }
    let mut connection = Connection::open(address).await?;
    let counted = poll.total_votes(&mut connection).await?;
    ensure!(counted == times.len(), "{counted} votes of {}", times.len());
    milliseconds(&times, 0.99)
}

/// The same while a crowd logs in, what became of it, and the most memory that the server held, in KiB.
async fn beside_a_crowd(server: &Server) -> Result<(f64, Crowd, u32)> {
    let gate = Arc::new(Barrier::new(CROWD + 1));
    let mut people = JoinSet::new();
    for _ in 0..CROWD {
        let connection = Connection::open(server.address).await?;
        people.spawn(log_in(connection, Arc::clone(&gate)));
    }
    let votes = tokio::spawn(alone(server.address));
    gate.wait().await;
    let mut most = 0;
    while !votes.is_finished() {
        most = most.max(server.resident_kib()?);
        sleep(Duration::from_millis(20)).await;
    }
    let slowest = votes.await.context("the votes ended early")??;
    let mut crowd = Crowd::default();
    while let Some(person) = people.join_next().await {
        let (is_inside, waited) = person??;
        crowd.inside += u32::from(is_inside);
        crowd.told_to_wait += waited;
    }
    Ok((slowest, crowd, most))
}

/// Whether somebody got in, and how often they were told to come back.
async fn log_in(mut connection: Connection, gate: Arc<Barrier>) -> Result<(bool, u32)> {
    let request = Request::new("POST", "/api/auth/login", CREDENTIALS);
    gate.wait().await;
    let start = Instant::now();
    for waited in 0.. {
        match connection.send(&request).await?.status {
            200 => return Ok((true, waited)),
            503 if start.elapsed() + AGAIN >= TIME => return Ok((false, waited + 1)),
            503 => sleep(AGAIN).await,
            other => bail!("a log-in is answered {other}"),
        }
    }
    Ok((false, 0))
}
