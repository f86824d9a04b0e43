//! The latency of votes during a burst of logins.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use hdrhistogram::Histogram;
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tokio::time::{interval, sleep};

use crate::duration::duration;
use crate::http::{Connection, Request};
use crate::measurement::{ensure_all_stored, milliseconds};
use crate::poll::Poll;
use crate::report::{Figure, Row, Target};
use crate::server::Server;

const LOGINS: usize = 500;
const VOTERS: usize = 16;
/// Interval of one voter: 500 votes a second together.
const VOTE_INTERVAL: Duration = Duration::from_millis(32);
const TIME: Duration = Duration::from_secs(5);
/// Wait after a 503, shorter than its `Retry-After`.
const RETRY_AFTER: Duration = Duration::from_secs(1);
const RUNS: usize = 5;
const CREDENTIALS: &str = r#"{"name":"ada","password":"correct horse"}"#;

/// Results of the logins of one burst.
#[derive(Debug, Default)]
struct LoginCounts {
    succeeded: u32,
    rejected: u32,
}

/// Votes during a burst of logins.
#[derive(Debug)]
struct Burst {
    /// The 99th percentile of the votes' latency, in milliseconds.
    p99: f64,
    logins: LoginCounts,
    max_resident_kib: u32,
}

/// # Errors
/// If a vote is rejected or lost, or a login is answered anything but 200 or 503.
#[tokio::main]
pub(crate) async fn measure(program: &Path, scratch: &Path) -> Result<Figure> {
    let server = Server::votify_in_memory(program, scratch)?;
    let register = Request::new("POST", "/api/auth/register", CREDENTIALS);
    let mut connection = Connection::open(server.address).await?;
    connection.send(&register).await?.expect_status(201)?;
    // Warm-up: the first burst allocates the memory of the connections.
    p99_of_votes(server.address).await?;
    login_burst(&server).await?;
    let (mut alone, mut during, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let (mut succeeded, mut rejected, mut memory) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let p99 = p99_of_votes(server.address).await?;
        let resident = server.resident_kib()?;
        let burst = login_burst(&server).await?;
        alone.push(p99);
        during.push(burst.p99);
        ratios.push(burst.p99 / p99);
        succeeded.push(f64::from(burst.logins.succeeded));
        rejected.push(f64::from(burst.logins.rejected));
        memory.push(f64::from(burst.max_resident_kib.saturating_sub(resident)) / 1024.0);
    }
    let rows = vec![
        Row::new("votes alone, p99", "ms", alone),
        Row::new("votes during the burst, p99", "ms", during),
        Row::new("votes during the burst relative to alone", "", ratios)
            .target(Target::AtMost(2.0)),
        Row::new("successful logins", "", succeeded),
        Row::new("logins answered 503", "", rejected),
        Row::new("maximum growth of the server's memory", "MiB", memory),
    ];
    Ok(Figure {
        name: "logins",
        about: about(),
        rows,
    })
}

fn about() -> String {
    format!(
        "{VOTERS} connections vote in one poll of `votify serve` in memory, each every {}, for {}: \
         first alone, then during {LOGINS} simultaneous logins with the right password and the \
         default hash. A login that is answered 503 is retried after {}. The latency is the time \
         from sending a vote to its answer. The load is a separate process on the same processors.",
        duration(VOTE_INTERVAL),
        duration(TIME),
        duration(RETRY_AFTER)
    )
}

/// Votes at a constant rate and returns the 99th percentile of the latency, in
/// milliseconds.
async fn p99_of_votes(address: SocketAddr) -> Result<f64> {
    let poll = Poll::create(address).await?;
    let mut voters = JoinSet::new();
    for _ in 0..VOTERS {
        let (connection, ballot) = (Connection::open(address).await?, poll.ballot()?);
        voters.spawn(async move {
            let (mut connection, mut ballot) = (connection, ballot);
            let mut times = Histogram::<u64>::new(3)?;
            let (start, mut ticks) = (Instant::now(), interval(VOTE_INTERVAL));
            while start.elapsed() < TIME {
                ticks.tick().await;
                let sent = Instant::now();
                let response = connection.send(ballot.for_new_voter()).await?;
                response.expect_status(201)?;
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
    ensure_all_stored(times.len(), poll.total_votes(&mut connection).await?)?;
    milliseconds(&times, 0.99)
}

/// Votes at a constant rate while [`LOGINS`] logins start at the same moment.
async fn login_burst(server: &Server) -> Result<Burst> {
    let barrier = Arc::new(Barrier::new(LOGINS + 1));
    let mut logins = JoinSet::new();
    for _ in 0..LOGINS {
        let connection = Connection::open(server.address).await?;
        logins.spawn(log_in(connection, Arc::clone(&barrier)));
    }
    let votes = tokio::spawn(p99_of_votes(server.address));
    barrier.wait().await;
    let mut max_resident_kib = 0;
    while !votes.is_finished() {
        max_resident_kib = max_resident_kib.max(server.resident_kib()?);
        sleep(Duration::from_millis(20)).await;
    }
    let p99 = votes.await.context("the voting task failed")??;
    let mut counts = LoginCounts::default();
    while let Some(login) = logins.join_next().await {
        let (succeeded, rejected) = login??;
        counts.succeeded += u32::from(succeeded);
        counts.rejected += rejected;
    }
    Ok(Burst {
        p99,
        logins: counts,
        max_resident_kib,
    })
}

/// Logs in until it succeeds or [`TIME`] has passed. Returns whether it succeeded, and
/// the number of rejected attempts.
async fn log_in(mut connection: Connection, barrier: Arc<Barrier>) -> Result<(bool, u32)> {
    let request = Request::new("POST", "/api/auth/login", CREDENTIALS);
    barrier.wait().await;
    let start = Instant::now();
    for rejected in 0.. {
        match connection.send(&request).await?.status {
            200 => return Ok((true, rejected)),
            503 if start.elapsed() + RETRY_AFTER >= TIME => return Ok((false, rejected + 1)),
            503 => sleep(RETRY_AFTER).await,
            status => bail!("unexpected status {status} of a login, expected 200 or 503"),
        }
    }
    Ok((false, 0))
}
