//! The latency of a single vote on an idle server, compared with its unavoidable parts.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::time::sleep;

use crate::database::DatabaseKind;
use crate::duration::duration;
use crate::http::Connection;
use crate::insert_baseline::InsertBaseline;
use crate::measurement::ensure_all_stored;
use crate::poll::{BallotRequest, Poll};
use crate::report::{Figure, Row, Target};
use crate::scratch_database::ScratchDatabase;
use crate::server::Server;

const SAMPLES_PER_RUN: usize = 150;
const RUNS: usize = 3;
/// Between two votes, so that the previous one leaves no work behind.
const PAUSE: Duration = Duration::from_millis(5);

/// Medians of a run, in milliseconds.
#[derive(Debug)]
struct Run {
    votify: f64,
    insert: f64,
    baseline: f64,
}

/// # Errors
/// If a vote is rejected, or the poll's total differs from the answered votes.
#[tokio::main(flavor = "current_thread")]
pub(crate) async fn measure(program: &Path, scratch: &Path) -> Result<Figure> {
    let kind = DatabaseKind::Postgres;
    let (database, runs) = ScratchDatabase::with(kind, async |database| {
        let votify = Server::votify_on(database.url(), program, scratch)?;
        let baseline = Server::baseline(scratch)?;
        let mut inserts = InsertBaseline::open(kind, database.url()).await?;
        let poll = Poll::create(votify.address).await?;
        let mut votes = VoteSender::new(&votify, &poll).await?;
        let mut baseline_votes = VoteSender::new(&baseline, &Poll::placeholder()).await?;
        let mut runs = Vec::new();
        for _ in 0..RUNS {
            runs.push(run(&mut votes, &mut baseline_votes, &mut inserts).await?);
        }
        let stored = poll.total_votes(&mut votes.connection).await?;
        ensure_all_stored(votes.answered, stored)?;
        Ok((database.describe().await?, runs))
    })
    .await?;
    Ok(Figure {
        name: "lone-vote",
        about: about(&database),
        rows: rows(&runs),
    })
}

fn about(database: &str) -> String {
    format!(
        "One vote after the other over HTTP on an idle `votify serve`, {} apart. The votes take \
         turns with a transaction on the same database (begin, insert one row, commit), and with a \
         POST that an axum handler parses and answers. A run reports the medians of \
         {SAMPLES_PER_RUN} turns. The poll's total must equal the answered votes. The database is \
         {database}.",
        duration(PAUSE)
    )
}

fn rows(runs: &[Run]) -> Vec<Row> {
    let row = |label: &str, unit, value: fn(&Run) -> f64| {
        Row::new(label, unit, runs.iter().map(value).collect())
    };
    vec![
        row("vote", "ms", |run| run.votify),
        row("plain insert transaction", "ms", |run| run.insert),
        row("baseline POST", "ms", |run| run.baseline),
        row("vote relative to insert plus POST", "times", |run| {
            run.votify / (run.insert + run.baseline)
        })
        .target(Target::AtMost(1.5))
        .aim(Target::AtMost(1.2)),
    ]
}

async fn run(
    votes: &mut VoteSender,
    baseline_votes: &mut VoteSender,
    inserts: &mut InsertBaseline,
) -> Result<Run> {
    let (mut votify, mut insert, mut baseline) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..SAMPLES_PER_RUN {
        sleep(PAUSE).await;
        votify.push(votes.send().await?);
        sleep(PAUSE).await;
        insert.push(inserts.time_of_one().await?);
        sleep(PAUSE).await;
        baseline.push(baseline_votes.send().await?);
    }
    Ok(Run {
        votify: median(votify),
        insert: median(insert),
        baseline: median(baseline),
    })
}

/// Returns the median in milliseconds.
fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    let middle = times.get(times.len() / 2);
    middle.map_or(f64::NAN, |time| 1e3 * time.as_secs_f64())
}

/// A connection that sends votes of new voters.
struct VoteSender {
    connection: Connection,
    ballot: BallotRequest,
    answered: u64,
}

impl VoteSender {
    async fn new(server: &Server, poll: &Poll) -> Result<Self> {
        Ok(Self {
            connection: Connection::open(server.address).await?,
            ballot: poll.ballot()?,
            answered: 0,
        })
    }

    async fn send(&mut self) -> Result<Duration> {
        let request = self.ballot.for_new_voter();
        let start = Instant::now();
        let response = self.connection.send(request).await?;
        let time = start.elapsed();
        response.json::<serde_json::Value>(201)?;
        self.answered += 1;
        Ok(time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_milliseconds() {
        let times = [9, 1, 2].map(Duration::from_millis).to_vec();
        assert_eq!(median(times), 2.0);
        assert!(median(Vec::new()).is_nan());
    }
}
