//! The engine: what an application talks to.

mod announce;
mod builder;
mod cache;
mod config;
mod error;
mod event;
mod herald;
mod intake;
mod inviting;
mod lifecycle;
pub mod live;
mod owning;
mod reader;
mod readiness;
mod reading;
mod snapshot;
mod stats;
mod voting;

pub use builder::EngineBuilder;
pub use config::EngineConfig;
pub use error::EngineError;
pub use event::Event;
pub use inviting::InviteRefusal;
pub use readiness::{ComponentReadiness, Readiness};
pub use snapshot::{EngineStats, PollSnapshot, VoteReceipt};

use std::sync::Arc;

use tokio::sync::{broadcast, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::broadcast::Broadcaster;
use crate::id::PollId;
use crate::secret::Keyring;
use crate::store::Store;
use crate::time::Timestamp;
use crate::voter::Caller;
use herald::Herald;
use intake::Intake;
use lifecycle::Note;
use live::{Hub, Watch};
use reader::Reader;
use stats::Counters;

/// Polls over a store: votes in, live results out. A handle; clones are the same engine.
///
/// Several engines, in as many processes, may share a store; give them the same [`Keyring`] and a common
/// [`Broadcaster`].
///
/// When the last handle is dropped the engine's tasks end; [`shutdown`](Self::shutdown) first finishes what was begun.
#[derive(Debug, Clone)]
pub struct PollEngine {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    reader: Arc<Reader>,
    intake: Intake,
    hub: Arc<Hub>,
    herald: Herald,
    notes: mpsc::Sender<Note>,
    broadcaster: Arc<dyn Broadcaster>,
    stats: Arc<Counters>,
    config: EngineConfig,
    closing: CancellationToken,
    writers: TaskTracker,
    shutdown: CancellationToken,
    tasks: TaskTracker,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.closing.cancel();
        self.shutdown.cancel();
    }
}

impl PollEngine {
    /// An engine for this process alone, with a random secret that ends with it: for tests and short-lived polls.
    ///
    /// Polls that shall take votes after a restart need [`EngineBuilder::keyring`].
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    #[must_use]
    pub fn new(store: impl Store) -> Self {
        Self::builder(store).build()
    }

    /// An engine with a keyring, a broadcaster, a clock or bounds of your own.
    #[must_use]
    pub fn builder(store: impl Store) -> EngineBuilder {
        EngineBuilder::new(Arc::new(store))
    }

    /// The engine's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.inner.reader.now()
    }

    /// The secrets in use.
    #[must_use]
    pub fn keyring(&self) -> &Keyring {
        &self.inner.reader.keyring
    }

    /// Watches a poll, as what `viewer` may see of it.
    ///
    /// With `after`, nothing older than that is shown: what a viewer who reconnects has seen last. Should the store itself
    /// know nothing as new, the position is not of this history, and the viewer starts afresh.
    ///
    /// # Errors
    /// [`PollNotFound`](EngineError::PollNotFound), a failure of the store, or the engine is shutting down.
    pub async fn watch(
        &self,
        poll: PollId,
        viewer: &Caller,
        after: Option<crate::tally::ViewPosition>,
    ) -> Result<Watch, EngineError> {
        Watch::enter(&self.inner.hub, poll, viewer, after).await
    }

    /// Hears of everything that happens through this engine from now on. A listener that falls behind by more than
    /// [`EngineConfig::events`] is told how many it missed.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.inner.herald.events.subscribe()
    }

    /// Numbers for dashboards.
    #[must_use]
    pub fn stats(&self) -> EngineStats {
        let (viewers, polls) = self.inner.hub.numbers();
        self.inner.stats.read(viewers, polls)
    }

    /// Ends all watches, one after the other, so that their viewers do not all come back at the same moment: evenly over `within`, or
    /// faster where they are few (2 ms from one to the next). Until then each is shown what happens. New watches are refused with
    /// [`ShuttingDown`](EngineError::ShuttingDown) from now on; votes go on.
    ///
    /// Returns when nobody is left, or after `within`. For a server that is told to stop, before [`shutdown`](Self::shutdown), which ends
    /// all that is left at once. Calling it again waits for the same end. Cancel safe: the viewers go all the same.
    pub async fn drain_viewers(&self, within: std::time::Duration) {
        self.inner.hub.drain_viewers(within).await;
    }

    /// Takes no more votes, answers those that are waiting, ends all watches and stops all tasks.
    ///
    /// Calling it again waits for the same end. Cancel safe: the engine goes on shutting down.
    pub async fn shutdown(&self) {
        self.inner.closing.cancel();
        self.inner.writers.wait().await;
        self.inner.shutdown.cancel();
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
    }
}

#[cfg(test)]
mod tests;
