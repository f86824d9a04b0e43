use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use crate::http::Connection;
use crate::measured::{Load, Measured, check};
use crate::poll::Poll;
use crate::report::{Figure, Row};
use crate::server::Server;

const SIZES: [usize; 5] = [1, 10, 100, 1_000, 10_000];
const LOAD: Load = Load {
    connections: 256,
    warm_up: Duration::from_millis(500),
    time: Duration::from_secs(2),
};
const RUNS: usize = 3;

/// # Errors
/// If a vote is not counted.
#[tokio::main]
pub(crate) async fn measure(program: &Path, scratch: &Path) -> Result<Figure> {
    let mut rows = Vec::new();
    for polls in SIZES {
        let (mut rates, mut costs, mut memory) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..RUNS {
            let votify = Server::votify(program, scratch)?;
            let before = votify.resident_kib()?;
            let measured = in_polls(&votify, polls).await?;
            rates.push(measured.per_second);
            costs.push(measured.cost);
            memory.push((f64::from(votify.resident_kib()?) - f64::from(before)) / 1024.0);
        }
        let row = |what: &str, unit, runs| Row::new(format!("{polls} polls: {what}"), unit, runs);
        rows.extend([
            row("votes", "a second", rates),
            row("the server's processor time per vote", "µs", costs),
            row("the server's memory grew by", "MiB", memory),
        ]);
    }
    let about = format!(
        "{} connections vote over HTTP in so many polls of `votify serve` on SQLite by turns, each its next vote as soon as the last \
         was answered, for {:?} a run, each run on a new server; the polls' totals must be what was answered.",
        LOAD.connections, LOAD.time
    );
    Ok(Figure {
        name: "poll-growth",
        about,
        rows,
    })
}

async fn in_polls(votify: &Server, count: usize) -> Result<Measured> {
    let mut polls = Vec::with_capacity(count);
    for _ in 0..count {
        polls.push(Poll::create(votify.address).await?);
    }
    let measured = LOAD.on(votify, &polls).await?;
    let mut connection = Connection::open(votify.address).await?;
    let mut kept = 0;
    for poll in &polls {
        kept += poll.total_votes(&mut connection).await?;
    }
    check(measured.answered, kept)?;
    Ok(measured)
}
