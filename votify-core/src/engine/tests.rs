//! The engine over the memory store, with a clock that the test moves.

mod departing;
mod fairness;
mod gated;
mod hidden;
mod intake;
mod inviting;
mod lifecycle;
mod nodes;
mod pacing;
mod quotas;
mod reading;
mod reconnecting;
mod turns;
mod voting;
mod watching;

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

/// A clock that test and engine share.
#[derive(Debug, Clone)]
struct SharedClock(Arc<ManualClock>);

#[async_trait::async_trait]
impl Clock for SharedClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    async fn sleep_until(&self, deadline: Timestamp) {
        self.0.sleep_until(deadline).await;
    }
}

/// An engine, and what a test needs to look behind it.
struct World {
    engine: PollEngine,
    store: Arc<dyn Store>,
    clock: SharedClock,
}

fn config() -> EngineConfig {
    EngineConfig {
        schedule_interval: Duration::from_millis(50),
        resync_interval: Duration::from_millis(200),
        ..EngineConfig::default()
    }
}

impl World {
    fn new() -> Self {
        Self::on(Arc::new(MemoryStore::new()), MemoryBroadcaster::new())
    }

    fn on(store: Arc<dyn Store>, broadcaster: impl Broadcaster) -> Self {
        Self::with(store, |builder| builder.broadcaster(broadcaster))
    }

    fn with(store: Arc<dyn Store>, more: impl FnOnce(EngineBuilder) -> EngineBuilder) -> Self {
        let start = Timestamp::from_micros(1_000_000_000_000).unwrap();
        let clock = SharedClock(Arc::new(ManualClock::new(start)));
        let builder = PollEngine::builder(Arc::clone(&store))
            .clock(clock.clone())
            .keyring(Keyring::new([SECRET]).unwrap())
            .config(config());
        Self {
            engine: more(builder).build(),
            store,
            clock,
        }
    }

    fn later(&self, seconds: u64) -> Timestamp {
        self.clock
            .now()
            .saturating_add(Duration::from_secs(seconds))
    }

    async fn lunch(&self) -> Arc<Poll> {
        self.poll(|_| {}).await
    }

    async fn poll(&self, adjust: impl FnOnce(&mut PollDraft)) -> Arc<Poll> {
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

fn first(poll: &Poll) -> Choice {
    Choice::one(poll.options[0].id)
}

/// The next frame, within two seconds.
async fn frame(watch: &mut Watch) -> Arc<Frame> {
    let next = tokio::time::timeout(Duration::from_secs(2), watch.next()).await;
    next.expect("no frame within two seconds")
        .expect("the watch has ended")
}

/// The first frame that satisfies `wanted`, within two seconds.
async fn frame_where(
    watch: &mut Watch,
    wanted: impl Fn(&Frame) -> bool + Send + Sync,
) -> Arc<Frame> {
    let found = async {
        loop {
            let frame = watch.next().await.expect("the watch has ended");
            if wanted(&frame) {
                return frame;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(2), found)
        .await
        .expect("no such frame within two seconds")
}

async fn kind(watch: &mut Watch, kind: FrameKind) -> Arc<Frame> {
    frame_where(watch, |frame| frame.kind == kind).await
}
