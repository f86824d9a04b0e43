use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::engine::lists::SharedLists;
use crate::engine::loader::PollLoader;
use crate::engine::manage::announce_deletion;
use crate::engine::notifier::Notifier;
use crate::poll::{PollState, PollStatus};
use crate::store::{Page, PageRequest, PollCursor, PollFilter, StoreError};
use crate::time::Timestamp;

/// The time between two pages of polls. A pass over 100 000 polls takes about 3 hours.
const PAGE_INTERVAL: Duration = Duration::from_secs(10);
/// The time between two passes over all polls.
const PASS_INTERVAL: Duration = Duration::from_secs(600);

/// Deletes polls of browser sessions that never had a ballot, once they are closed or
/// older than `max_age`.
///
/// Several engines may run this task on one store: a poll is deleted once, and never if
/// it has a ballot.
#[derive(Debug)]
pub(super) struct UnusedPollRemover {
    pub(super) loader: Arc<PollLoader>,
    pub(super) lists: Arc<SharedLists>,
    pub(super) notifier: Notifier,
    pub(super) max_age: Duration,
}

impl UnusedPollRemover {
    /// Reads one page after the other until `shutdown` is cancelled.
    pub(super) async fn run(self, shutdown: CancellationToken) {
        let remove = async {
            let mut cursor = None;
            loop {
                // Before the first pass too: an engine that restarts often reads no
                // polls.
                let is_within_pass = cursor.is_some();
                let pause = if is_within_pass {
                    PAGE_INTERVAL
                } else {
                    PASS_INTERVAL
                };
                tokio::time::sleep(pause).await;
                cursor = match self.remove_from_page(cursor).await {
                    Ok(next) => next,
                    Err(error) => {
                        tracing::warn!(%error, "failed to remove unused polls; will retry");
                        cursor.filter(|_| error.is_transient())
                    }
                };
            }
        };
        let _: Option<()> = shutdown.run_until_cancelled(remove).await;
    }

    /// Deletes the unused polls of one page, and returns the cursor of the next page.
    async fn remove_from_page(
        &self,
        cursor: Option<PollCursor>,
    ) -> Result<Option<PollCursor>, StoreError> {
        // By a wrong clock, polls would be closed or old too early.
        if !self.loader.clock_monitor.agrees().await {
            return Ok(cursor);
        }
        let now = self.loader.now();
        let Page { items, next } = self.read_page(cursor, now).await?;
        let mut removed = 0_u32;
        for state in items.iter().filter(|state| self.is_removable(state, now)) {
            let id = state.poll.id;
            match self.loader.store.delete_unused_poll(id).await {
                Ok(true) => {
                    removed += 1;
                    announce_deletion(&self.loader, &self.lists, &self.notifier, id).await;
                }
                // A ballot was counted since the page was read, or another engine deleted
                // the poll.
                Ok(false) | Err(StoreError::PollNotFound(_)) => {}
                Err(error) if error.is_transient() => return Err(error),
                Err(error) => tracing::error!(%error, poll = %id, "cannot remove an unused poll"),
            }
        }
        if removed > 0 {
            tracing::info!(removed, "unused polls of browser sessions removed");
        }
        Ok(next)
    }

    async fn read_page(
        &self,
        cursor: Option<PollCursor>,
        now: Timestamp,
    ) -> Result<Page<PollState>, StoreError> {
        let limit = PageRequest::FIRST_HUNDRED.limit();
        let page = cursor.and_then(|cursor| PageRequest::after(cursor, limit).ok());
        let page = page.unwrap_or(PageRequest::FIRST_HUNDRED);
        let store = &self.loader.store;
        store.list_polls(&PollFilter::all(), &page, now).await
    }

    fn is_removable(&self, state: &PollState, now: Timestamp) -> bool {
        let poll = &state.poll;
        // Before a poll opens, nobody can vote in it.
        let begin = poll.opening_time().max(poll.created_at);
        let is_old = begin.saturating_add(self.max_age) <= now;
        // Until the seal, a queue may hold ballots that are not counted yet.
        let is_closed = match self.loader.uses_queue {
            true => poll.is_sealed(),
            false => state.status(now) == PollStatus::Closed,
        };
        let is_over = is_old || is_closed;
        poll.is_of_session() && is_over && !state.tally.ever_had_ballots()
    }
}
