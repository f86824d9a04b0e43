use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use hdrhistogram::Histogram;

use crate::load::{self, Outcome, Poll};
use crate::report::{Figure, Row, Target};
use crate::server::Server;

const CONNECTIONS: usize = 64;
const RUNS: usize = 5;
const WARM_UP: Duration = Duration::from_secs(1);
const TIME: Duration = Duration::from_secs(4);

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
        let poll = Poll::imagined();
        load::votes(bare.address, &poll, CONNECTIONS, WARM_UP).await?;
        let (best, bare_cost) = loaded(&bare, &poll).await?;

        let poll = Poll::create(votify.address).await?;
        let warm_up = load::votes(votify.address, &poll, CONNECTIONS, WARM_UP).await?;
        let (real, cost) = loaded(&votify, &poll).await?;
        let (answered, kept) = (
            warm_up.votes + real.votes,
            poll.total_votes(votify.address).await?,
        );
        ensure!(
            kept == answered,
            "{answered} votes were answered, but {kept} are kept"
        );

        ceiling.push(best.per_second);
        ratios.push(100.0 * real.per_second / best.per_second);
        medians.push(milliseconds(&real.latencies, 0.5)?);
        slowest.push(milliseconds(&real.latencies, 0.99)?);
        rates.push(real.per_second);
        costs.push(cost);
        bare_costs.push(bare_cost);
    }
    let about = format!(
        "{CONNECTIONS} connections vote in one poll of `votify serve` on SQLite over HTTP, each its next vote as soon as \
         the last was answered, each vote by another voter and on disk before it is answered, for {TIME:?} a run; the \
         poll's total must be what was answered. The ceiling is an axum handler that reads the same vote and gives the \
         same answer, and does nothing else, under the same load by turns."
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

/// The load for some time, and the server's processor time for each vote of it, in microseconds.
async fn loaded(server: &Server, poll: &Poll) -> Result<(Outcome, f64)> {
    let before = server.processor_time()?;
    let outcome = load::votes(server.address, poll, CONNECTIONS, TIME).await?;
    let used = server.processor_time()?.saturating_sub(before);
    let votes = f64::from(u32::try_from(outcome.votes)?);
    Ok((outcome, 1e6 * used.as_secs_f64() / votes))
}

/// A quantile of microseconds.
///
/// # Errors
/// If it is longer than an hour.
pub(crate) fn milliseconds(times: &Histogram<u64>, quantile: f64) -> Result<f64> {
    Ok(f64::from(u32::try_from(times.value_at_quantile(quantile))?) / 1_000.0)
}
