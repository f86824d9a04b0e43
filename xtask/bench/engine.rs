//! Votes through the engine, without HTTP.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::task::JoinSet;
use votify_core::voter::SessionId;
use votify_core::{Caller, Choice, MemoryStore, PollDraft, PollEngine};

use crate::duration::duration;
use crate::load::per_second;
use crate::measurement::ensure_all_stored;
use crate::report::{Figure, Row, Target};

const TASKS: u64 = 64;
const RUNS: usize = 5;
const TIME: Duration = Duration::from_secs(2);

/// # Errors
/// If a vote is rejected, or the recount differs from the answered votes.
#[tokio::main]
pub(crate) async fn measure() -> Result<Figure> {
    let mut runs = Vec::new();
    for _ in 0..RUNS {
        let engine = PollEngine::new(MemoryStore::new());
        runs.push(votes_per_second(&[engine], TASKS, TIME).await?);
    }
    let rows = vec![Row::new("votes", "a second", runs).target(Target::AtLeast(500_000.0))];
    Ok(Figure {
        name: "memory-engine",
        about: about(),
        rows,
    })
}

fn about() -> String {
    format!(
        "{TASKS} tasks vote in one poll through `PollEngine` on a `MemoryStore`, for {} a run. Each \
         task sends its next vote after the answer to the last one. Each vote is by a new voter. A \
         recount must equal the answered votes.",
        duration(TIME)
    )
}

/// Returns the votes per second in one poll, cast by `tasks` tasks through several
/// engines on one store. Shuts the engines down.
///
/// # Errors
/// If a vote is rejected, or the recount differs from the answered votes.
pub(crate) async fn votes_per_second(
    engines: &[PollEngine],
    tasks: u64,
    time: Duration,
) -> Result<f64> {
    let engine = engines.first().context("no engine")?;
    let poll = engine
        .create_poll(PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]))
        .await?;
    let answered = Arc::new(AtomicU64::new(0));
    let start = Instant::now();
    let mut voting = JoinSet::new();
    for (task, engine) in (0..tasks).zip(engines.iter().cycle()) {
        let (engine, answered, poll) = (engine.clone(), Arc::clone(&answered), Arc::clone(&poll));
        voting.spawn(async move {
            let choice = Choice::one(poll.options[0].id);
            let mut votes = 0;
            while start.elapsed() < time {
                let session = u128::from(task) << 64 | u128::from(votes);
                let voter = Caller::session(SessionId::from_bytes(session.to_be_bytes()));
                engine.vote(poll.id, &voter, choice.clone()).await?;
                votes += 1_u64;
            }
            answered.fetch_add(votes, Ordering::Relaxed);
            Ok::<_, votify_core::EngineError>(())
        });
    }
    while let Some(task) = voting.join_next().await {
        task??;
    }
    let time = start.elapsed();
    let answered = answered.load(Ordering::Relaxed);
    let tally = engine.audit_poll(poll.id).await?.recounted;
    ensure_all_stored(answered, tally.total_votes)?;
    for engine in engines {
        engine.shutdown().await;
    }
    per_second(answered, time)
}
