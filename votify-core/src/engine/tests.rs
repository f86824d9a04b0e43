//! The engine over the memory store, with a clock that the test sets.

mod actors;
mod batching;
mod caller_state;
mod clocks;
mod drain;
mod fairness;
mod frame_interval;
mod hidden;
mod invites;
mod lists;
mod multi_instance;
mod pausable_store;
mod queue;
mod quotas;
mod reconnect;
mod scheduling;
mod send_interval;
mod shared_reads;
mod unused_polls;
mod voting;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use crate::Choice;
use crate::broadcast::Broadcaster;
use crate::engine::live::{Frame, FrameKind, Watch};
use crate::engine::{EngineBuilder, EngineConfig, PollEngine};
use crate::id::PollId;
use crate::memory::{MemoryBroadcaster, MemoryStore};
use crate::poll::{Poll, PollDraft};
use crate::secret::Keyring;
use crate::store::Store;
use crate::time::{Clock, ManualClock, Timestamp};
use crate::voter::{Caller, SessionId};

const SECRET: &str = "a secret of the tests that is long enough";

/// An engine with its store and its clock.
struct Harness {
    engine: PollEngine,
    store: Arc<dyn Store>,
    clock: Arc<ManualClock>,
}

fn config() -> EngineConfig {
    EngineConfig {
        schedule_interval: Duration::from_millis(50),
        resync_interval: Duration::from_millis(200),
        ..EngineConfig::default()
    }
}

impl Harness {
    fn new() -> Self {
        Self::on(Arc::new(MemoryStore::new()), MemoryBroadcaster::new())
    }

    fn on(store: Arc<dyn Store>, broadcaster: impl Broadcaster) -> Self {
        Self::with(store, |builder| builder.broadcaster(broadcaster))
    }

    fn with(store: Arc<dyn Store>, adjust: impl FnOnce(EngineBuilder) -> EngineBuilder) -> Self {
        let start = Timestamp::from_micros(1_000_000_000_000).unwrap();
        let clock = Arc::new(ManualClock::new(start));
        let builder = PollEngine::builder(Arc::clone(&store))
            .clock(Arc::clone(&clock))
            .keyring(Keyring::new([SECRET]).unwrap())
            .config(config());
        Self {
            engine: adjust(builder).build(),
            store,
            clock,
        }
    }

    fn in_seconds(&self, seconds: u64) -> Timestamp {
        self.clock
            .now()
            .saturating_add(Duration::from_secs(seconds))
    }

    async fn create_poll(&self) -> Arc<Poll> {
        self.create_poll_with(|_| {}).await
    }

    async fn create_poll_with(&self, adjust: impl FnOnce(&mut PollDraft)) -> Arc<Poll> {
        let mut draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
        adjust(&mut draft);
        self.engine.create_poll(draft).await.unwrap()
    }

    async fn watch(&self, poll: PollId, viewer: &Caller) -> Watch {
        self.engine.watch(poll, viewer, None).await.unwrap()
    }
}

fn browser(n: u8) -> Caller {
    Caller::session(SessionId::from_bytes([n; 16]))
}

fn first_option(poll: &Poll) -> Choice {
    Choice::one(poll.options[0].id)
}

/// Returns the next frame, within 2 s.
async fn next_frame(watch: &mut Watch) -> Arc<Frame> {
    let next = tokio::time::timeout(Duration::from_secs(2), watch.next()).await;
    next.expect("no frame within 2 s")
        .expect("the watch has ended")
}

/// Returns the first frame that satisfies `condition`, within 2 s.
async fn frame_where(
    watch: &mut Watch,
    condition: impl Fn(&Frame) -> bool + Send + Sync,
) -> Arc<Frame> {
    let found = async {
        loop {
            let frame = watch.next().await.expect("the watch has ended");
            if condition(&frame) {
                return frame;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(2), found)
        .await
        .expect("no matching frame within 2 s")
}

async fn frame_of_kind(watch: &mut Watch, kind: FrameKind) -> Arc<Frame> {
    frame_where(watch, |frame| frame.kind == kind).await
}
