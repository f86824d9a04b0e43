//! The engine: the entry point for applications.

mod aggregator;
mod batcher;
mod builder;
mod cache;
mod caller_state;
mod cast_in_time;
mod clock_monitor;
mod config;
mod error;
mod event;
mod invites;
mod lists;
pub mod live;
mod loaded_poll;
mod loader;
mod manage;
mod missing_keys;
mod notifier;
mod outcome_recorder;
mod owners;
mod page_size;
mod poll_page;
mod poll_snapshot;
mod queries;
mod queue;
mod readiness;
mod receipt;
mod scheduler;
mod session_polls;
mod shared_reads;
mod shared_tally;
mod stats;
mod tally_change;
mod unused_polls;
mod update_sender;
mod voting;

pub use aggregator::{Aggregator, AggregatorMetrics, AggregatorStats};
pub use builder::EngineBuilder;
pub use caller_state::CallerState;
pub use config::EngineConfig;
pub use error::{EngineError, ErrorStatus};
pub use event::Event;
pub use invites::{InviteCounts, InviteRefusal};
pub use poll_page::{ListFormat, PollPage, RenderedPolls};
pub use poll_snapshot::{PollSnapshot, Precision};
pub use queue::VoteStatus;
pub use readiness::{ComponentReadiness, Readiness};
pub use receipt::{VoteOutcome, VoteReceipt};
pub use stats::EngineStats;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{broadcast, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::broadcast::Broadcaster;
use crate::id::PollId;
use crate::secret::Keyring;
use crate::store::Store;
use crate::tally::ViewPosition;
use crate::time::{Clock, Timestamp};
use crate::voter::Caller;
use batcher::Batcher;
use lists::SharedLists;
use live::{RoomRegistry, Watch};
use loader::PollLoader;
use notifier::Notifier;
use queue::{PendingBallots, QueueProducer};
use scheduler::message::SchedulerMessage;
use session_polls::SessionPolls;
use stats::Counters;

/// Polls over a store: accepts votes and streams live results. A handle; clones are the
/// same engine.
///
/// Several engines, in several processes, may share a store. They need the same
/// [`Keyring`] and a common [`Broadcaster`].
///
/// Dropping the last handle stops the engine's tasks; [`shutdown`](Self::shutdown) first
/// finishes queued votes.
#[derive(Debug, Clone)]
pub struct PollEngine {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    loader: Arc<PollLoader>,
    lists: Arc<SharedLists>,
    session_polls: SessionPolls,
    batcher: Batcher,
    rooms: Arc<RoomRegistry>,
    notifier: Notifier,
    scheduler: mpsc::Sender<SchedulerMessage>,
    queue: Option<Arc<QueueProducer>>,
    pending: Arc<PendingBallots>,
    broadcaster: Arc<dyn Broadcaster>,
    stats: Arc<Counters>,
    config: EngineConfig,
    stop_writers: CancellationToken,
    writer_tasks: TaskTracker,
    shutdown: CancellationToken,
    tasks: TaskTracker,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.stop_writers.cancel();
        self.shutdown.cancel();
    }
}

impl PollEngine {
    /// Creates an engine with default settings and a random secret that is lost with the
    /// process: for tests and short-lived polls.
    ///
    /// Polls that accept votes after a restart need [`EngineBuilder::keyring`].
    ///
    /// ```
    /// use votify_core::{MemoryStore, PollDraft, PollEngine};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), votify_core::EngineError> {
    /// let engine = PollEngine::new(MemoryStore::new());
    /// let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
    /// let poll = engine.create_poll(draft).await?;
    /// # let _ = poll;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    /// Panics if it is called outside of a tokio runtime.
    #[must_use]
    pub fn new(store: impl Store) -> Self {
        Self::builder(store).build()
    }

    /// Returns a builder for an engine with a keyring, a broadcaster, a clock or a
    /// configuration of the caller's own.
    ///
    /// ```
    /// use votify_core::engine::EngineConfig;
    /// use votify_core::{Keyring, MemoryStore, PollEngine};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let engine = PollEngine::builder(MemoryStore::new())
    ///     .keyring(Keyring::new(["a secret of at least 32 characters"])?)
    ///     .config(EngineConfig { writers: 2, ..EngineConfig::default() })
    ///     .build();
    /// # let _ = engine;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn builder(store: impl Store) -> EngineBuilder {
        EngineBuilder::new(Arc::new(store))
    }

    /// Returns the engine's clock.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.inner.loader.clock
    }

    /// Returns the time of day of the engine's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.inner.loader.now()
    }

    /// Returns the secrets in use.
    #[must_use]
    pub fn keyring(&self) -> &Keyring {
        &self.inner.loader.keyring
    }

    /// Returns true if votes go through a queue.
    #[must_use]
    pub fn uses_queue(&self) -> bool {
        self.inner.queue.is_some()
    }

    /// Watches a poll with the counts that `viewer` may see.
    ///
    /// `after` is the last position that a reconnecting viewer received: no older state
    /// is returned. If the store has nothing as new, for example because a backup
    /// was restored, the watch starts at the current state.
    ///
    /// ```
    /// use votify_core::{Caller, MemoryStore, PollDraft, PollEngine};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), votify_core::EngineError> {
    /// let engine = PollEngine::new(MemoryStore::new());
    /// let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
    /// let poll = engine.create_poll(draft).await?;
    ///
    /// let mut watch = engine.watch(poll.id, &Caller::anonymous(), None).await?;
    /// let frame = watch.next().await.expect("the first frame is the current state");
    /// assert_eq!(frame.view.total_votes(), Some(0));
    ///
    /// // After a lost connection:
    /// let last_position = watch.position();
    /// let watch = engine.watch(poll.id, &Caller::anonymous(), last_position).await?;
    /// # drop(watch);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// - [`PollNotFound`](EngineError::PollNotFound): the poll does not exist.
    /// - [`Store`](EngineError::Store): the store failed; retrying is safe.
    /// - [`ShuttingDown`](EngineError::ShuttingDown): the engine accepts no more viewers;
    ///   connect to another instance.
    pub async fn watch(
        &self,
        poll: PollId,
        viewer: &Caller,
        after: Option<ViewPosition>,
    ) -> Result<Watch, EngineError> {
        Watch::join(&self.inner.rooms, poll, viewer, after).await
    }

    /// Returns a receiver of everything that happens through this engine from now on.
    ///
    /// A receiver that lags behind by more than [`EngineConfig::event_buffer`] events
    /// gets an error with the number of events that it missed.
    ///
    /// ```
    /// use votify_core::{Event, MemoryStore, PollDraft, PollEngine};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let engine = PollEngine::new(MemoryStore::new());
    /// let mut events = engine.events();
    /// let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
    /// let created = engine.create_poll(draft).await?;
    /// assert_eq!(events.recv().await?, Event::PollCreated { poll: created });
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.inner.notifier.events.subscribe()
    }

    /// Returns counters and gauges for dashboards.
    #[must_use]
    pub fn stats(&self) -> EngineStats {
        let (viewers, polls) = self.inner.rooms.counts();
        self.inner.stats.read(viewers, polls)
    }

    /// Ends all watches, one after the other, so that their viewers do not all reconnect
    /// at the same moment.
    ///
    /// Watches end evenly over `timeout`, or every 2 ms if they are few; until then each
    /// gets updates. From now on new watches are refused with
    /// [`ShuttingDown`](EngineError::ShuttingDown). Votes are still accepted.
    ///
    /// Returns when no viewer is left, or after `timeout`. A server calls this when it
    /// stops, before [`shutdown`](Self::shutdown), which ends the remaining watches at
    /// once. Calling it again waits for the same drain. Cancel safe: the watches end all
    /// the same.
    pub async fn drain_viewers(&self, timeout: Duration) {
        self.inner.rooms.drain_viewers(timeout).await;
    }

    /// Rejects new votes, finishes queued ones, ends all watches and stops all tasks.
    ///
    /// Calling it again waits for the same end. Cancel safe: the shutdown continues.
    ///
    /// ```
    /// use votify_core::{Caller, EngineError, MemoryStore, PollDraft, PollEngine};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), EngineError> {
    /// let engine = PollEngine::new(MemoryStore::new());
    /// let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
    /// let poll = engine.create_poll(draft).await?;
    /// let mut watch = engine.watch(poll.id, &Caller::anonymous(), None).await?;
    ///
    /// engine.shutdown().await;
    /// while watch.next().await.is_some() {}
    /// # Ok(())
    /// # }
    /// ```
    pub async fn shutdown(&self) {
        self.inner.stop_writers.cancel();
        self.inner.writer_tasks.wait().await;
        self.inner.shutdown.cancel();
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
    }
}

#[cfg(test)]
mod tests;
