use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tokio::task::JoinSet;
use votify_core::voter::SessionId;
use votify_core::{Choice, MemoryStore, PollDraft, PollEngine, Voter};

use crate::load::rate;
use crate::report::{Figure, Row, Target};

const TASKS: u64 = 64;
const RUNS: usize = 5;
const TIME: Duration = Duration::from_secs(2);

/// # Errors
/// If a vote is not counted.
#[tokio::main]
pub(crate) async fn measure() -> Result<Figure> {
    let mut runs = Vec::new();
    for _ in 0..RUNS {
        runs.push(votes_per_second().await?);
    }
    let about = format!(
        "{TASKS} tasks vote in one poll through `PollEngine` on a `MemoryStore`, each its next vote as soon as the last \
         was answered, each vote by another voter, for {TIME:?} a run."
    );
    let rows = vec![Row::new("votes", "a second", runs).target(Target::AtLeast(500_000.0))];
    Ok(Figure {
        name: "memory-engine",
        about,
        rows,
    })
}

async fn votes_per_second() -> Result<f64> {
    let engine = PollEngine::new(MemoryStore::new());
    let poll = engine
        .create_poll(PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]))
        .await?;
    let counted = Arc::new(AtomicU64::new(0));
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let (engine, counted, poll) = (engine.clone(), Arc::clone(&counted), Arc::clone(&poll));
        tasks.spawn(async move {
            let choice = Choice::one(poll.options[0].id);
            let mut votes = 0;
            while start.elapsed() < TIME {
                let session = u128::from(task) << 64 | u128::from(votes);
                let voter = Voter::session(SessionId::from_bytes(session.to_be_bytes()));
                engine.vote(poll.id, &voter, choice.clone()).await?;
                votes += 1_u64;
            }
            counted.fetch_add(votes, Ordering::Relaxed);
            Ok::<_, votify_core::EngineError>(())
        });
    }
    while let Some(task) = tasks.join_next().await {
        task??;
    }
    let time = start.elapsed();
    let votes = counted.load(Ordering::Relaxed);
    let tally = engine.audit_poll(poll.id).await?.recounted;
    ensure!(
        tally.total_votes == votes,
        "{votes} votes were answered, but {tally:?} is kept"
    );
    engine.shutdown().await;
    rate(votes, time)
}
