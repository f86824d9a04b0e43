use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::task::JoinSet;
use tokio::time::sleep;
use votify_core::engine::Aggregator;
use votify_core::{
    Ballot, BallotId, Caller, Choice, Poll, PollDraft, PollEngine, SessionId, Store, StoreExt,
    VoterId, VoterPolicy,
};
use votify_kafka::{KafkaConsumer, KafkaQueue, KafkaSettings};

use super::{TASKS, TIME, config};
use crate::load::per_second;
use crate::measurement::ensure_all_stored;

const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// Rates in votes per second.
#[derive(Debug)]
pub(super) struct Backlog {
    pub(super) accepted: f64,
    pub(super) drained: f64,
    pub(super) batches: f64,
}

/// Accepts votes that nothing counts, and then counts them.
///
/// # Errors
/// If a vote is rejected, lost or counted twice.
pub(super) async fn measure(store: &Arc<dyn Store>, settings: &KafkaSettings) -> Result<Backlog> {
    let engine = PollEngine::builder(Arc::clone(store))
        .config(config())
        .queue(KafkaQueue::connect(settings).await?)
        .build();
    let poll = new_poll(&engine).await?;
    let (votes, accepted) = accept(&engine, &poll).await?;
    let drained = drain(&engine, &poll, settings, votes).await?;
    let batches = cast_in_batches(store, &engine, votes).await?;
    engine.shutdown().await;
    Ok(Backlog {
        accepted,
        drained,
        batches,
    })
}

async fn new_poll(engine: &PollEngine) -> Result<Arc<Poll>> {
    let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
    Ok(engine.create_poll(draft).await?)
}

/// Returns the number of accepted votes, and their rate.
async fn accept(engine: &PollEngine, poll: &Arc<Poll>) -> Result<(u64, f64)> {
    let accepted = Arc::new(AtomicU64::new(0));
    let start = Instant::now();
    let mut voting = JoinSet::new();
    for task in 0..TASKS {
        let (engine, poll, accepted) = (engine.clone(), Arc::clone(poll), Arc::clone(&accepted));
        voting.spawn(async move {
            let mut votes = 0;
            while start.elapsed() < TIME {
                vote(&engine, &poll, u128::from(task) << 64 | u128::from(votes)).await?;
                votes += 1_u64;
            }
            accepted.fetch_add(votes, Ordering::Relaxed);
            anyhow::Ok(())
        });
    }
    while let Some(task) = voting.join_next().await {
        task??;
    }
    let votes = accepted.load(Ordering::Relaxed);
    Ok((votes, per_second(votes, start.elapsed())?))
}

/// Casts a vote of a new voter.
pub(super) async fn vote(engine: &PollEngine, poll: &Poll, number: u128) -> Result<()> {
    let voter = Caller::session(SessionId::from_bytes(number.to_be_bytes()));
    let choice = Choice::one(poll.options[0].id);
    engine.vote(poll.id, &voter, choice).await?;
    Ok(())
}

/// Counts the votes, and returns the rate from the first counted vote to the last one:
/// joining the group takes seconds, and is not measured.
async fn drain(
    engine: &PollEngine,
    poll: &Poll,
    settings: &KafkaSettings,
    votes: u64,
) -> Result<f64> {
    let consumer = KafkaConsumer::connect(settings, settings.topic()).await?;
    let aggregator = Aggregator::new(engine, consumer);
    let metrics = aggregator.metrics();
    let counting = tokio::spawn(aggregator.run());
    while metrics.read().records == 0 {
        sleep(Duration::from_millis(1)).await;
    }
    let start = Instant::now();
    let stats = metrics.read();
    while metrics.read().records < votes || metrics.read().lag > 0 {
        sleep(POLL_INTERVAL).await;
    }
    // The first batch was read before the start and counted after it.
    let rate = per_second(votes - stats.records + stats.last_batch, start.elapsed())?;
    counting.abort();
    let _ = counting.await;
    let audit = engine.audit_poll(poll.id).await?;
    ensure_all_stored(votes, audit.recounted.total_votes)?;
    Ok(rate)
}

/// Casts as many ballots of another poll without a queue, in batches of the same size.
async fn cast_in_batches(store: &Arc<dyn Store>, engine: &PollEngine, votes: u64) -> Result<f64> {
    let poll = new_poll(engine).await?;
    let now = engine.now();
    let ballots: Vec<Ballot> = (0..votes)
        .map(|number| {
            let mut value = [0; 15];
            value[..8].copy_from_slice(&number.to_be_bytes());
            Ballot {
                id: BallotId::generate(now),
                poll: poll.id,
                voter: VoterId::new(VoterPolicy::Browser, value),
                choice: Choice::one(poll.options[0].id),
                address: None,
                accepted: None,
            }
        })
        .collect();
    let start = Instant::now();
    for batch in ballots.chunks(config().max_batch_size) {
        for outcome in store.cast_ballots(batch, now).await.outcomes {
            outcome?;
        }
    }
    let rate = per_second(votes, start.elapsed())?;
    let tally = store.tally(poll.id).await?.map(|tally| tally.total_votes);
    ensure_all_stored(votes, tally.unwrap_or_default())?;
    Ok(rate)
}
