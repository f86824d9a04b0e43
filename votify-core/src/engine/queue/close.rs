use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::QueueProducer;
use crate::engine::loaded_poll::LoadedPoll;
use crate::engine::loader::PollLoader;
use crate::engine::{EngineError, PollEngine};
use crate::id::PollId;
use crate::poll::{Poll, SealCause};
use crate::queue::CloseMarker;
use crate::time::Timestamp;

/// The time after which the marker of a poll that is not sealed yet is written again: the
/// first one may be lost with its queue.
const REPEAT_AFTER: Duration = Duration::from_secs(60);
/// Maximum number of markers in memory.
const MAX_WRITTEN: usize = 10_000;

/// Writes the close markers of polls whose closing time has passed.
#[derive(Debug)]
pub(in crate::engine) struct MarkerWriter {
    queue: Arc<QueueProducer>,
    loader: Arc<PollLoader>,
    /// The markers that were written, each with its closing time.
    written: HashMap<PollId, (Timestamp, Instant)>,
}

impl MarkerWriter {
    pub(in crate::engine) fn new(queue: Arc<QueueProducer>, loader: Arc<PollLoader>) -> Self {
        Self {
            queue,
            loader,
            written: HashMap::new(),
        }
    }

    /// Returns the time from a closing time until its marker is written.
    pub(in crate::engine) fn delay(&self) -> Duration {
        self.queue.close_delay()
    }

    /// Writes the markers of those polls whose closing time is long enough past. Each poll
    /// is read first, because its closing time may have been moved.
    ///
    /// # Errors
    /// The store or the queue failed; the next scan of the scheduler retries.
    pub(in crate::engine) async fn write(&mut self, ids: &[PollId]) -> Result<(), EngineError> {
        self.written
            .retain(|_, (_, time)| time.elapsed() < REPEAT_AFTER);
        // By a wrong clock the marker would be too early.
        if ids.is_empty() || !self.loader.clock_monitor.agrees().await {
            return Ok(());
        }
        let polls = self.loader.store.polls(ids).await?;
        let now = self.loader.now();
        let markers: Vec<CloseMarker> = polls
            .iter()
            .flatten()
            .filter_map(|poll| self.marker(poll, now))
            .collect();
        let mut failure = None;
        for (marker, result) in markers.iter().zip(self.queue.enqueue_close(&markers).await) {
            match (result, marker.closes_at) {
                (Ok(()), Some(closes_at)) if self.written.len() < MAX_WRITTEN => {
                    self.written
                        .insert(marker.poll, (closes_at, Instant::now()));
                }
                (Ok(()), _) => {}
                (Err(error), _) => failure = Some(error),
            }
        }
        failure.map_or(Ok(()), Err)
    }

    fn marker(&self, poll: &Poll, now: Timestamp) -> Option<CloseMarker> {
        let closes_at = poll.closes_at?;
        let is_written = self
            .written
            .get(&poll.id)
            .is_some_and(|(written, _)| *written == closes_at);
        let is_due = closes_at.saturating_add(self.delay()) <= now;
        (is_due && !is_written && !poll.is_sealed()).then_some(CloseMarker {
            poll: poll.id,
            cause: SealCause::Deadline,
            closes_at: Some(closes_at),
            at: now,
        })
    }
}

impl PollEngine {
    /// Writes the marker that closes a poll now, and returns the poll as it is counted so
    /// far. A sealed poll gets no marker.
    pub(in crate::engine) async fn close_queued(
        &self,
        queue: &QueueProducer,
        id: PollId,
    ) -> Result<LoadedPoll, EngineError> {
        let loaded = self.inner.loader.load(id).await?;
        if !loaded.tally.sealed {
            let marker = CloseMarker {
                poll: id,
                cause: SealCause::Owner,
                closes_at: loaded.poll.closes_at,
                at: self.now(),
            };
            for result in queue.enqueue_close(&[marker]).await {
                result?;
            }
        }
        Ok(loaded)
    }
}
