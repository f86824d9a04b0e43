use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use hdrhistogram::Histogram;
use tokio::task::JoinSet;
use tokio::time::interval;
use votify_core::engine::Aggregator;
use votify_core::{Caller, PollDraft, PollEngine, SessionId, Store};
use votify_kafka::{KafkaConsumer, KafkaQueue, KafkaSettings};

use super::backlog::vote;
use super::config;
use crate::measurement::milliseconds;

/// How long votes arrive, without the warm-up.
const TIME: Duration = Duration::from_secs(4);
/// In which the aggregator receives its partitions.
const WARM_UP: Duration = Duration::from_secs(8);
const TICK: Duration = Duration::from_millis(5);

/// Returns the 99th percentile of the time from a vote's acceptance to the frame of a
/// viewer that contains it, in milliseconds, while votes arrive at a constant rate.
///
/// # Errors
/// If a vote is rejected, or is not seen within a minute.
pub(super) async fn p99(
    store: &Arc<dyn Store>,
    settings: &KafkaSettings,
    votes_per_second: f64,
) -> Result<f64> {
    let engine = PollEngine::builder(Arc::clone(store))
        .config(config())
        .queue(KafkaQueue::connect(settings).await?)
        .build();
    let consumer = KafkaConsumer::connect(settings, settings.topic()).await?;
    let counting = tokio::spawn(Aggregator::new(&engine, consumer).run());
    let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
    let poll = engine.create_poll(draft).await?;
    // The times of acceptance, in the order in which the votes were acknowledged.
    let accepted: Arc<Mutex<Vec<Instant>>> = Arc::default();
    let viewer = Caller::session(SessionId::random());
    let mut watch = engine.watch(poll.id, &viewer, None).await?;
    let produce = async {
        let mut voting = JoinSet::new();
        let mut ticks = interval(TICK);
        let (start, mut sent) = (Instant::now(), 0_u32);
        while start.elapsed() < WARM_UP + TIME {
            ticks.tick().await;
            while f64::from(sent) < votes_per_second * start.elapsed().as_secs_f64() {
                let (engine, poll) = (engine.clone(), Arc::clone(&poll));
                let (accepted, number) = (Arc::clone(&accepted), u128::from(sent));
                voting.spawn(async move {
                    vote(&engine, &poll, number).await?;
                    let mut accepted = accepted.lock().unwrap_or_else(PoisonError::into_inner);
                    accepted.push(Instant::now());
                    anyhow::Ok(())
                });
                sent += 1;
            }
            while let Some(task) = voting.try_join_next() {
                task??;
            }
        }
        while let Some(task) = voting.join_next().await {
            task??;
        }
        anyhow::Ok(u64::from(sent))
    };
    let (start, mut seen, mut latencies) = (Instant::now(), 0_usize, Histogram::<u64>::new(3)?);
    let mut produced = std::pin::pin!(produce);
    let mut total = None;
    while total != Some(seen as u64) {
        tokio::select! {
            sent = &mut produced, if total.is_none() => total = Some(sent?),
            frame = tokio::time::timeout(Duration::from_secs(60), watch.next()) => {
                let frame = frame.context("no frame within a minute")?;
                let votes = frame.context("the stream ended")?.view.total_votes();
                let votes = usize::try_from(votes.unwrap_or_default())?;
                let accepted = accepted.lock().unwrap_or_else(PoisonError::into_inner);
                // A vote may be seen before its task has recorded its acknowledgement.
                for accepted in accepted.iter().take(votes).skip(seen) {
                    if accepted.duration_since(start) > WARM_UP {
                        latencies.record(u64::try_from(accepted.elapsed().as_micros())?)?;
                    }
                }
                seen = seen.max(votes);
            }
        }
    }
    counting.abort();
    let _ = counting.await;
    engine.shutdown().await;
    milliseconds(&latencies, 0.99)
}
