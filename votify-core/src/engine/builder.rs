use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{broadcast, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::backend::SingleFlight;
use crate::broadcast::Broadcaster;
use crate::engine::batcher::{BatchWriter, Batcher};
use crate::engine::cache::PollCache;
use crate::engine::clock_monitor::ClockMonitor;
use crate::engine::lists::SharedLists;
use crate::engine::live::{RoomContext, RoomRegistry};
use crate::engine::loader::PollLoader;
use crate::engine::missing_keys::MissingKeys;
use crate::engine::notifier::Notifier;
use crate::engine::outcome_recorder::OutcomeRecorder;
use crate::engine::queue::{MarkerWriter, PendingBallots, QueueProducer};
use crate::engine::scheduler::Scheduler;
use crate::engine::session_polls::SessionPolls;
use crate::engine::stats::Counters;
use crate::engine::unused_polls::UnusedPollRemover;
use crate::engine::update_sender::UpdateSender;
use crate::engine::{EngineConfig, Inner, PollEngine};
use crate::layers::Timeout;
use crate::memory::MemoryBroadcaster;
use crate::queue::BallotQueue;
use crate::secret::Keyring;
use crate::store::Store;
use crate::time::{Clock, SystemClock};

/// Capacity of the channel to the scheduler. Events beyond it are dropped; the
/// scheduler's next scan finds their polls.
const SCHEDULER_MESSAGES: usize = 1_024;

/// Configures and builds a [`PollEngine`].
///
/// Each setter takes a value, an `Arc` of it, or an `Arc<dyn Trait>`.
///
/// ```
/// use std::sync::Arc;
/// use votify_core::{Keyring, MemoryBroadcaster, MemoryStore, PollEngine, Store};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
/// let engine = PollEngine::builder(store)
///     .broadcaster(MemoryBroadcaster::new())
///     .keyring(Keyring::new(["a secret of at least 32 characters"])?)
///     .build();
/// assert!(engine.supports_invites());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct EngineBuilder {
    store: Arc<dyn Store>,
    broadcaster: Arc<dyn Broadcaster>,
    clock: Arc<dyn Clock>,
    keyring: Option<Keyring>,
    config: EngineConfig,
    max_unused_age: Option<Duration>,
    queue: Option<Arc<dyn BallotQueue>>,
}

impl EngineBuilder {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            broadcaster: Arc::new(MemoryBroadcaster::new()),
            clock: Arc::new(SystemClock),
            keyring: None,
            config: EngineConfig::default(),
            max_unused_age: None,
            queue: None,
        }
    }

    /// Sets the broadcaster, which carries updates between the engines that share a
    /// store. Defaults to a [`MemoryBroadcaster`], which reaches this process only.
    #[must_use]
    pub fn broadcaster(mut self, broadcaster: impl Broadcaster) -> Self {
        self.broadcaster = Arc::new(broadcaster);
        self
    }

    /// Sends votes through a queue. An [`Aggregator`](crate::engine::Aggregator) counts them,
    /// in this process or in another one. Defaults to none: votes go to the store.
    ///
    /// All engines that share a store use the same queue, or none does. With a queue,
    ///
    /// - [`cast`](PollEngine::cast) returns [`Queued`](crate::VoteOutcome::Queued) once the
    ///   queue has the ballot;
    /// - options and rules are frozen from `opens_at` on, or from the creation, so that no
    ///   edit voids an acknowledged ballot;
    /// - a poll is sealed when the aggregator reads its close marker, and by nothing else.
    ///   The marker is written when its owner closes it, or once `closes_at`, the queue's
    ///   delivery timeout and [`clock_skew`](EngineConfig::clock_skew) have passed.
    #[must_use]
    pub fn queue(mut self, queue: impl BallotQueue) -> Self {
        self.queue = Some(Arc::new(queue));
        self
    }

    /// Sets the clock. Defaults to [`SystemClock`].
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Sets the secrets that voter and owner ids are derived from. Defaults to a random
    /// secret, which is lost with the process.
    ///
    /// All engines that share a store need the same secrets, even after a restart.
    #[must_use]
    pub fn keyring(mut self, keyring: Keyring) -> Self {
        self.keyring = Some(keyring);
        self
    }

    /// Sets the limits and intervals. Defaults to [`EngineConfig::default`].
    #[must_use]
    pub fn config(mut self, config: EngineConfig) -> Self {
        self.config = config;
        self
    }

    /// Removes polls of browser sessions in which no ballot was ever counted, once they
    /// are closed or `max_age` old. `None` removes none. Defaults to `None`.
    ///
    /// The age counts from the creation, or from `opens_at` if that is later. Polls of
    /// accounts and of the host are never removed. The engine reads 100 polls every 10 s,
    /// with 10 minutes before each pass over all polls, and announces each removal as
    /// [`PollEngine::delete_poll`] does. A concurrent ballot is either counted, which
    /// keeps the poll, or refused because the poll does not exist.
    ///
    /// A poll of a session that an account claimed is still a poll of a session.
    ///
    /// ```
    /// use std::time::Duration;
    /// use votify_core::{MemoryStore, PollEngine};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let thirty_days = Duration::from_secs(30 * 24 * 3_600);
    /// let engine = PollEngine::builder(MemoryStore::new())
    ///     .remove_unused_polls(thirty_days)
    ///     .build();
    /// # let _ = engine;
    /// # }
    /// ```
    #[must_use]
    pub fn remove_unused_polls(mut self, max_age: impl Into<Option<Duration>>) -> Self {
        self.max_unused_age = max_age.into();
        self
    }

    /// Starts the engine's tasks and returns its handle.
    ///
    /// # Panics
    /// Panics if it is called outside of a tokio runtime.
    #[must_use]
    pub fn build(self) -> PollEngine {
        let Self {
            store,
            broadcaster,
            clock,
            keyring,
            config,
            max_unused_age,
            queue,
        } = self;
        let keyring = keyring.unwrap_or_else(|| ephemeral_keyring(&*store));
        let config = config.normalized();
        let timeout = config.store_timeout;
        let store: Arc<dyn Store> = Arc::new(Timeout::new(store, timeout));
        let broadcaster: Arc<dyn Broadcaster> = Arc::new(Timeout::new(broadcaster, timeout));
        let stats = Arc::new(Counters::default());
        let (writer_tasks, tasks) = (TaskTracker::new(), TaskTracker::new());
        // The writers end first, so that the other tasks still send the last tallies.
        let (stop_writers, shutdown) = (CancellationToken::new(), CancellationToken::new());
        let (scheduler_sender, scheduler_receiver) = mpsc::channel(SCHEDULER_MESSAGES);

        let queue = queue.map(|queue| {
            let max_waiting = config.max_queued_ballots.saturating_mul(2);
            let producer = QueueProducer::new(queue, config.clock_skew, timeout, max_waiting);
            Arc::new(producer)
        });
        let clock_monitor = Arc::new(ClockMonitor::new(Arc::clone(&store), Arc::clone(&clock)));
        let loader = Arc::new(PollLoader {
            store: Arc::clone(&store),
            clock_monitor: Arc::clone(&clock_monitor),
            clock: Arc::clone(&clock),
            keyring,
            missing_keys: MissingKeys::default(),
            cache: PollCache::new(config.poll_cache_capacity),
            loads: SingleFlight::new(),
            uses_queue: queue.is_some(),
            scheduler: scheduler_sender.clone(),
        });
        let update_sender = Arc::new(UpdateSender::new(
            Arc::clone(&broadcaster),
            config.update_interval,
        ));
        let pending = Arc::new(PendingBallots::default());
        let rooms = Arc::new(RoomRegistry::new(
            RoomContext::new(
                Arc::clone(&loader),
                Arc::clone(&broadcaster),
                Arc::clone(&update_sender),
                Arc::clone(&pending),
                config.clone(),
                shutdown.clone(),
            ),
            tasks.clone(),
        ));
        let notifier = Notifier {
            rooms: Arc::clone(&rooms),
            update_sender: Arc::clone(&update_sender),
            events: broadcast::Sender::new(config.event_buffer.max(1)),
        };
        let writer = BatchWriter {
            throttle: Arc::default(),
            store,
            clock,
            recorder: OutcomeRecorder {
                notifier: notifier.clone(),
                stats: Arc::clone(&stats),
            },
            timeout,
        };
        let batcher = Batcher::start(&config, &writer, &writer_tasks, &stop_writers);
        writer_tasks.close();
        let scheduler = Scheduler {
            loader: Arc::clone(&loader),
            notifier: notifier.clone(),
            scan_interval: config.schedule_interval,
        };
        tasks.spawn(Arc::clone(&pending).run(
            Arc::clone(&loader),
            config.resync_interval,
            shutdown.clone(),
        ));
        let markers = queue.as_ref().map(|queue| {
            let refresh = Arc::clone(queue).refresh_definitions(
                Arc::clone(&loader),
                config.resync_interval,
                shutdown.clone(),
            );
            tasks.spawn(refresh);
            MarkerWriter::new(Arc::clone(queue), Arc::clone(&loader))
        });
        tasks.spawn(clock_monitor.run(shutdown.clone()));
        tasks.spawn(update_sender.run(shutdown.clone()));
        tasks.spawn(Arc::clone(&rooms).resync(shutdown.clone()));
        tasks.spawn(scheduler.run(scheduler_receiver, markers, shutdown.clone()));
        let lists = Arc::new(SharedLists::new());
        if let Some(max_age) = max_unused_age {
            let remover = UnusedPollRemover {
                loader: Arc::clone(&loader),
                lists: Arc::clone(&lists),
                notifier: notifier.clone(),
                max_age,
            };
            tasks.spawn(remover.run(shutdown.clone()));
        }
        PollEngine {
            inner: Arc::new(Inner {
                loader,
                lists,
                session_polls: SessionPolls::new(),
                batcher,
                rooms,
                notifier,
                scheduler: scheduler_sender,
                queue,
                pending,
                broadcaster,
                stats,
                config,
                stop_writers,
                writer_tasks,
                shutdown,
                tasks,
            }),
        }
    }
}

fn ephemeral_keyring(store: &dyn Store) -> Keyring {
    if store.backend() != "memory" {
        tracing::warn!(
            "no keyring was set: polls created now accept no votes after a restart; set EngineBuilder::keyring"
        );
    }
    Keyring::ephemeral()
}
