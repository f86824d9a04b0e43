use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::http::Connection;
use crate::measured::Load;
use crate::poll::Poll;
use crate::report::{Figure, Row, Target};
use crate::server::Server;

const LOAD: Load = Load {
    connections: 64,
    warm_up: Duration::from_secs(1),
    time: Duration::from_secs(4),
};
const RUNS: usize = 5;

/// # Errors
/// If a vote is not counted, or counted votes are missing in the end.
#[tokio::main(flavor = "current_thread")]
pub(crate) async fn measure(program: &Path, scratch: &Path) -> Result<Figure> {
    let votify = Server::votify(program, scratch)?;
    let bare = Server::bare(scratch)?;
    let (mut ceiling, mut rates, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let (mut medians, mut slowest) = (Vec::new(), Vec::new());
    let (mut costs, mut bare_costs) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let best = LOAD.on(&bare, &[Poll::imagined()]).await?;

        let poll = Poll::create(votify.address).await?;
        let real = LOAD.on(&votify, std::slice::from_ref(&poll)).await?;
        let mut connection = Connection::open(votify.address).await?;
        let kept = poll.total_votes(&mut connection).await?;
        ensure!(
            kept == real.answered,
            "{} votes were answered, but {kept} are kept",
            real.answered
        );

        ceiling.push(best.per_second);
        ratios.push(100.0 * real.per_second / best.per_second);
        medians.push(real.median);
        slowest.push(real.slowest);
        rates.push(real.per_second);
        costs.push(real.cost);
        bare_costs.push(best.cost);
    }
    let about = format!(
        "{} connections vote in one poll of `votify serve` on SQLite over HTTP, each its next vote as soon as the last \
         was answered, each vote by another voter and on disk before it is answered, for {:?} a run; the poll's total \
         must be what was answered. The ceiling is an axum handler that reads the same vote and gives the same answer, \
         and does nothing else, under the same load by turns.",
        LOAD.connections, LOAD.time
    );
    let rows = vec![
        Row::new("votes", "a second", rates).target(Target::AtLeast(25_000.0)),
        Row::new("ceiling", "a second", ceiling),
        Row::new("of the ceiling", "%", ratios),
        Row::new("the server's processor time per vote", "µs", costs),
        Row::new("the ceiling's processor time per vote", "µs", bare_costs),
        Row::new("answer, p50", "ms", medians),
        Row::new("answer, p99", "ms", slowest),
    ];
    Ok(Figure {
        name: "sqlite-http",
        about,
        rows,
    })
}
