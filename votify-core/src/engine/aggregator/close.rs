use std::collections::{HashSet, VecDeque};
use std::ops::ControlFlow;
use std::sync::Arc;

use super::Aggregator;
use super::batch::{MAX_REJECTIONS, concerns_poll};
use super::pause::Backoff;
use crate::engine::EngineError;
use crate::id::PollId;
use crate::queue::{CloseMarker, DeliveredRecord};
use crate::store::{SealOutcome, StoreError, StoreExt};
use crate::tally::Tally;

/// Maximum number of closed polls in memory.
const MAX_ANNOUNCED: usize = 10_000;

/// The polls whose closing this aggregator has announced. A marker may be delivered again,
/// or be one of several.
#[derive(Debug, Default)]
pub(super) struct AnnouncedCloses {
    polls: HashSet<PollId>,
    order: VecDeque<PollId>,
}

impl AnnouncedCloses {
    /// Adds a poll. Returns true if it was not there.
    fn add(&mut self, poll: PollId) -> bool {
        let is_new = self.polls.insert(poll);
        if is_new {
            self.order.push_back(poll);
        }
        if self.order.len() > MAX_ANNOUNCED
            && let Some(oldest) = self.order.pop_front()
        {
            self.polls.remove(&oldest);
        }
        is_new
    }
}

impl Aggregator {
    /// Seals the poll of a marker, unless its `closes_at` was moved beyond the marker's.
    pub(super) async fn close(
        &mut self,
        record: &DeliveredRecord,
        marker: &CloseMarker,
    ) -> ControlFlow<()> {
        let mut backoff = Backoff::default();
        let mut rejections = 0;
        loop {
            let store = &self.engine.inner.loader.store;
            let sealed = store
                .seal_poll(marker.poll, marker.cause, marker.seals_at())
                .await;
            match sealed {
                Ok(SealOutcome::Sealed(tally)) => {
                    self.metrics.set_paused(false);
                    self.announce_close(marker, tally).await;
                    return ControlFlow::Continue(());
                }
                Ok(SealOutcome::NotDue) | Err(StoreError::PollNotFound(_)) => {
                    self.metrics.set_paused(false);
                    tracing::debug!(poll = %marker.poll, "a close marker is void");
                    return ControlFlow::Continue(());
                }
                Err(error) => {
                    rejections += u32::from(concerns_poll(&error));
                    if rejections == MAX_REJECTIONS {
                        return self
                            .set_aside(vec![record.clone()], &error.to_string())
                            .await;
                    }
                    if let Some(failures) = self.throttle.record_failure() {
                        tracing::warn!(
                            failures,
                            poll = %marker.poll,
                            error = &error as &dyn std::error::Error,
                            "failed to close a poll; will retry"
                        );
                    }
                }
            }
            self.pause(backoff.next()).await?;
        }
    }

    /// Announces a closing that this marker caused.
    async fn announce_close(&mut self, marker: &CloseMarker, tally: Tally) {
        let inner = &self.engine.inner;
        let loaded = match inner.loader.with_definition(Arc::new(tally)).await {
            Ok(loaded) => loaded,
            Err(EngineError::PollNotFound(_)) => return,
            Err(error) => {
                tracing::warn!(
                    poll = %marker.poll,
                    error = &error as &dyn std::error::Error,
                    "a closing was not announced; viewers see it with the next resync"
                );
                return;
            }
        };
        inner.lists.drop_pages();
        let is_own = loaded.poll.sealed_at == Some(marker.seals_at());
        if is_own && self.announced.add(marker.poll) {
            self.engine.inner.notifier.notify_closed(loaded);
        }
    }
}
