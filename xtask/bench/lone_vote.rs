use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::time::sleep;

use crate::corner::Corner;
use crate::http::Connection;
use crate::inserts::Inserts;
use crate::kind::Kind;
use crate::measured::check;
use crate::poll::{BallotRequest, Poll};
use crate::report::{Figure, Row, Target};
use crate::server::Server;

const TURNS: usize = 150;
const RUNS: usize = 3;
/// Between two votes, so that nobody is still at work for the last one.
const PAUSE: Duration = Duration::from_millis(5);

/// Medians of a run, in milliseconds.
#[derive(Debug)]
struct Run {
    votify: f64,
    insert: f64,
    bare: f64,
}

/// # Errors
/// If a vote is not counted.
#[tokio::main(flavor = "current_thread")]
pub(crate) async fn measure(program: &Path, scratch: &Path) -> Result<Figure> {
    let (settings, runs) = Corner::lend(Kind::Postgres, async |corner| {
        let votify = Server::votify_on(corner.url(), program, scratch)?;
        let bare = Server::bare(scratch)?;
        let mut inserts = Inserts::open(Kind::Postgres, corner.url()).await?;
        let poll = Poll::create(votify.address).await?;
        let mut voter = Voter::of(&votify, &poll).await?;
        let mut unheard = Voter::of(&bare, &Poll::imagined()).await?;
        let mut runs = Vec::new();
        for _ in 0..RUNS {
            runs.push(run(&mut voter, &mut unheard, &mut inserts).await?);
        }
        let kept = poll.total_votes(&mut voter.connection).await?;
        check(voter.votes, kept)?;
        Ok((corner.settings().await?, runs))
    })
    .await?;
    let row = |what: &str, unit, value: fn(&Run) -> f64| {
        Row::new(what, unit, runs.iter().map(value).collect())
    };
    let rows = vec![
        row("a vote", "ms", |run| run.votify),
        row("a bare insert transaction", "ms", |run| run.insert),
        row("a bare POST", "ms", |run| run.bare),
        row("a vote, of insert and POST", "times", |run| {
            run.votify / (run.insert + run.bare)
        })
        .target(Target::AtMost(1.5))
        .aim(Target::AtMost(1.2)),
    ];
    let about = format!(
        "One vote over HTTP after the other on an idle `votify serve`, {PAUSE:?} apart, by turns with a transaction on the same \
         database that begins, inserts one row and commits, and with a vote that an axum handler reads and answers. A run is the \
         medians of {TURNS} turns; the poll's total must be what was answered. The database is {settings}."
    );
    Ok(Figure {
        name: "lone-vote",
        about,
        rows,
    })
}

async fn run(voter: &mut Voter, unheard: &mut Voter, inserts: &mut Inserts) -> Result<Run> {
    let (mut votify, mut insert, mut bare) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..TURNS {
        sleep(PAUSE).await;
        votify.push(voter.vote().await?);
        sleep(PAUSE).await;
        insert.push(inserts.one().await?);
        sleep(PAUSE).await;
        bare.push(unheard.vote().await?);
    }
    Ok(Run {
        votify: median(votify),
        insert: median(insert),
        bare: median(bare),
    })
}

/// In milliseconds.
fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    let middle = times.get(times.len() / 2);
    middle.map_or(f64::NAN, |time| 1e3 * time.as_secs_f64())
}

/// Somebody who votes again and again under new names.
struct Voter {
    connection: Connection,
    ballot: BallotRequest,
    votes: u64,
}

impl Voter {
    async fn of(server: &Server, poll: &Poll) -> Result<Self> {
        Ok(Self {
            connection: Connection::open(server.address).await?,
            ballot: poll.ballot()?,
            votes: 0,
        })
    }

    async fn vote(&mut self) -> Result<Duration> {
        let request = self.ballot.of_a_new_voter();
        let begun = Instant::now();
        let answer = self.connection.send(request).await?;
        let time = begun.elapsed();
        answer.json::<serde_json::Value>(201)?;
        self.votes += 1;
        Ok(time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_in_milliseconds() {
        let times = [9, 1, 2].map(Duration::from_millis).to_vec();
        assert_eq!(median(times), 2.0);
        assert!(median(Vec::new()).is_nan());
    }
}
