use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::engine::shared_reads::SharedReads;
use crate::engine::{EngineError, PollEngine};
use crate::store::Store;

/// The time for which callers share a count. A count reads up to the maximum of the
/// setting.
const COUNT_AGE: Duration = Duration::from_secs(5);

/// The number of polls of browser sessions: a count that callers share, and the creations
/// of this engine since.
#[derive(Debug)]
pub(super) struct SessionPolls {
    counts: SharedReads<u64, SharedCount>,
    created: AtomicU64,
}

#[derive(Debug, Clone, Copy)]
struct SharedCount {
    polls: u64,
    /// The creations of this engine before the count began.
    created_before: u64,
}

impl SessionPolls {
    pub(super) fn new() -> Self {
        Self {
            counts: SharedReads::new(COUNT_AGE, |_| size_of::<SharedCount>()),
            created: AtomicU64::new(0),
        }
    }

    pub(super) fn record_creation(&self) {
        self.created.fetch_add(1, Ordering::Relaxed);
    }

    async fn count(&self, store: &dyn Store, max: u64) -> Result<u64, EngineError> {
        let read = async {
            // Read first: a poll that is created during the count may be counted twice,
            // but none is missed.
            let created_before = self.created.load(Ordering::Relaxed);
            let polls = store.count_session_polls(max).await?;
            Ok(SharedCount {
                polls,
                created_before,
            })
        };
        let shared = self.counts.get(&max, read).await?;
        let created = self.created.load(Ordering::Relaxed);
        let since = created.saturating_sub(shared.created_before);
        Ok(shared.polls.saturating_add(since).min(max))
    }
}

/// Polls of browser sessions.
impl PollEngine {
    /// Returns the number of polls that browser sessions own, up to `max`.
    ///
    /// The store counts them at most every 5 s. Polls that this engine created since are
    /// added. Deletions, and creations of other engines, show with the next count.
    ///
    /// ```
    /// use votify_core::{MemoryStore, Owner, PollDraft, PollEngine, SessionId};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), votify_core::EngineError> {
    /// let engine = PollEngine::new(MemoryStore::new());
    /// let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
    /// let session = Owner::Session(SessionId::random());
    /// engine.create_poll(draft.clone().owner(session)).await?;
    /// engine.create_poll(draft).await?; // a poll of the host
    /// assert_eq!(engine.count_session_polls(100_000).await?, 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// - [`Store`](EngineError::Store): the store failed; retrying is safe.
    pub async fn count_session_polls(&self, max: u64) -> Result<u64, EngineError> {
        let inner = &self.inner;
        let store = &*inner.loader.store;
        inner.session_polls.count(store, max).await
    }
}
