use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use tokio::task::JoinSet;
use votify_core::voter::SessionId;
use votify_core::{Caller, Choice, MemoryStore, PollDraft, PollEngine, Store};
use votify_sqlx::SqliteStore;

use crate::load::rate;
use crate::report::{Figure, Row, Target};

const TASKS: u64 = 64;
const RUNS: usize = 5;
const TIME: Duration = Duration::from_secs(2);

/// # Errors
/// If a vote is not counted.
#[tokio::main]
pub(crate) async fn on_memory() -> Result<Figure> {
    let mut runs = Vec::new();
    for _ in 0..RUNS {
        runs.push(votes_per_second(MemoryStore::new()).await?);
    }
    let rows = vec![Row::new("votes", "a second", runs).target(Target::AtLeast(500_000.0))];
    Ok(Figure {
        name: "memory-engine",
        about: about("a `MemoryStore`"),
        rows,
    })
}

/// # Errors
/// If a vote is not counted, or no database can be made in `scratch`.
#[tokio::main]
pub(crate) async fn on_sqlite(scratch: &Path) -> Result<Figure> {
    let mut runs = Vec::new();
    for _ in 0..RUNS {
        let folder = TempDir::new_in(std::fs::canonicalize(scratch)?)?;
        let file = folder.path().join("bench.db");
        let store = SqliteStore::connect(&format!("sqlite://{}?mode=rwc", file.display())).await?;
        store.migrate().await?;
        runs.push(votes_per_second(store).await?);
    }
    let rows = vec![Row::new("votes", "a second", runs)];
    Ok(Figure {
        name: "sqlite-engine",
        about: about("a `SqliteStore`, each on disk before it is answered"),
        rows,
    })
}

fn about(store: &str) -> String {
    format!(
        "{TASKS} tasks vote in one poll through `PollEngine` on {store}, each its next vote as soon as the last was \
         answered, each vote by another voter, for {TIME:?} a run; a recount must find what was answered."
    )
}

async fn votes_per_second(store: impl Store) -> Result<f64> {
    in_one_poll(&[PollEngine::new(store)], TASKS, TIME).await
}

/// How many votes a second engines on one store take in one poll, from so many tasks shared by them. The engines are shut
/// down.
///
/// # Errors
/// If a vote is not counted.
pub(crate) async fn in_one_poll(
    engines: &[PollEngine],
    tasks_in_all: u64,
    time: Duration,
) -> Result<f64> {
    let engine = engines.first().context("no engine to vote through")?;
    let poll = engine
        .create_poll(PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]))
        .await?;
    let counted = Arc::new(AtomicU64::new(0));
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for (task, engine) in (0..tasks_in_all).zip(engines.iter().cycle()) {
        let (engine, counted, poll) = (engine.clone(), Arc::clone(&counted), Arc::clone(&poll));
        tasks.spawn(async move {
            let choice = Choice::one(poll.options[0].id);
            let mut votes = 0;
            while start.elapsed() < time {
                let session = u128::from(task) << 64 | u128::from(votes);
                let voter = Caller::session(SessionId::from_bytes(session.to_be_bytes()));
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
    for engine in engines {
        engine.shutdown().await;
    }
    rate(votes, time)
}
