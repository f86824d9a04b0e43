use std::sync::Arc;

use tokio::sync::{broadcast, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::backend::SingleFlight;
use crate::broadcast::Broadcaster;
use crate::engine::announce::Announcer;
use crate::engine::cache::PollCache;
use crate::engine::herald::Herald;
use crate::engine::intake::{Intake, Writer};
use crate::engine::lifecycle::Lifecycle;
use crate::engine::live::Hub;
use crate::engine::reader::Reader;
use crate::engine::stats::Counters;
use crate::engine::{EngineConfig, Inner, PollEngine};
use crate::layers::Timeout;
use crate::memory::MemoryBroadcaster;
use crate::secret::Keyring;
use crate::store::{InviteStore, Store};
use crate::time::{Clock, SystemClock};

/// How many notes may wait for the lifecycle.
const NOTES: usize = 1_024;

/// Puts an engine together.
#[derive(Debug)]
pub struct EngineBuilder {
    store: Arc<dyn Store>,
    invites: Option<Arc<dyn InviteStore>>,
    broadcaster: Arc<dyn Broadcaster>,
    clock: Arc<dyn Clock>,
    keyring: Option<Keyring>,
    config: EngineConfig,
}

impl EngineBuilder {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            invites: None,
            broadcaster: Arc::new(MemoryBroadcaster::new()),
            clock: Arc::new(SystemClock),
            keyring: None,
            config: EngineConfig::default(),
        }
    }

    /// Keeps who was invited to polls, beside the polls: mostly the same store once more. Without one no poll by invite
    /// can be made.
    #[must_use]
    pub fn invites(mut self, invites: impl InviteStore) -> Self {
        self.invites = Some(Arc::new(invites));
        self
    }

    /// Carries news between the engines that share a store; within this process alone unless told otherwise.
    #[must_use]
    pub fn broadcaster(mut self, broadcaster: impl Broadcaster) -> Self {
        self.broadcaster = Arc::new(broadcaster);
        self
    }

    /// Tells the time; the computer's clock unless told otherwise.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// The secrets that voters and owners are identified with; the same for all engines that share a store, and for every
    /// start. Without this call a random one is made, and what was made with it ends with the process.
    #[must_use]
    pub fn keyring(mut self, keyring: Keyring) -> Self {
        self.keyring = Some(keyring);
        self
    }

    /// Bounds and rhythms.
    #[must_use]
    pub fn config(mut self, config: EngineConfig) -> Self {
        self.config = config;
        self
    }

    /// Starts the engine's tasks and returns its handle.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    #[must_use]
    pub fn build(self) -> PollEngine {
        let Self {
            store,
            invites,
            broadcaster,
            clock,
            keyring,
            config,
        } = self;
        let keyring = keyring.unwrap_or_else(|| temporary_keyring(&*store));
        let config = config.in_bounds();
        let store: Arc<dyn Store> = Arc::new(Timeout::new(store, config.store_timeout));
        let invites = invites.map(|invites| {
            Arc::new(Timeout::new(invites, config.store_timeout)) as Arc<dyn InviteStore>
        });
        let broadcaster: Arc<dyn Broadcaster> =
            Arc::new(Timeout::new(broadcaster, config.store_timeout));
        let tasks = TaskTracker::new();
        // Intake ends before the rest, so that what it wrote last is still told.
        let (closing, shutdown) = (CancellationToken::new(), CancellationToken::new());
        let (notes, noted) = mpsc::channel(NOTES);
        let reader = Arc::new(Reader {
            store: Arc::clone(&store),
            invites,
            clock: Arc::clone(&clock),
            keyring,
            cache: PollCache::new(config.poll_cache_capacity),
            reads: SingleFlight::new(),
            notes: notes.clone(),
        });
        let announcer = Arc::new(Announcer::new(
            Arc::clone(&broadcaster),
            config.update_interval,
        ));
        let hub = Arc::new(Hub::new(
            Arc::clone(&reader),
            Arc::clone(&broadcaster),
            Arc::clone(&announcer),
            config.clone(),
            tasks.clone(),
            shutdown.clone(),
        ));
        let events = broadcast::Sender::new(config.event_buffer.max(1));
        let stats = Arc::new(Counters::default());
        let writer = Writer {
            store,
            clock,
            announcer: Arc::clone(&announcer),
            hub: Arc::clone(&hub),
            events: events.clone(),
            stats: Arc::clone(&stats),
            patience: config.store_timeout,
        };
        let writers = TaskTracker::new();
        let intake = Intake::start(&config, &writer, &writers, &closing);
        writers.close();
        let herald = Herald {
            hub: Arc::clone(&hub),
            announcer: Arc::clone(&announcer),
            events,
        };
        let lifecycle = Lifecycle {
            reader: Arc::clone(&reader),
            herald: herald.clone(),
            every: config.schedule_interval,
        };
        tasks.spawn(announcer.run(shutdown.clone()));
        tasks.spawn(Arc::clone(&hub).sweep(shutdown.clone()));
        tasks.spawn(lifecycle.run(noted, shutdown.clone()));
        PollEngine {
            inner: Arc::new(Inner {
                reader,
                intake,
                hub,
                herald,
                notes,
                broadcaster,
                stats,
                config,
                closing,
                writers,
                shutdown,
                tasks,
            }),
        }
    }
}

fn temporary_keyring(store: &dyn Store) -> Keyring {
    if store.backend() != "memory" {
        tracing::warn!(
            "no keyring was given: polls made now take no votes after a restart; see EngineBuilder::keyring"
        );
    }
    Keyring::ephemeral()
}
