use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use fastrand::Rng;
use futures_util::StreamExt;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use votify_core::broadcast::{BroadcastError, Delivery, DeliveryStream, Topic, Update};
use votify_core::{Broadcaster, PollId};
use votify_redis::RedisBroadcaster;
use votify_test_support::redis::{Server, new_prefix};

use crate::harness::connect;

/// How long a delayed message waits for later ones to overtake it.
const MAX_DELAY: Duration = Duration::from_millis(300);

/// Percentage of messages that are dropped, that are duplicated, and that are delayed
/// until others have overtaken them.
const FAULT_PERCENT: u8 = 10;

/// Counts of what the relay did.
#[derive(Debug, Default)]
pub(crate) struct FaultCounts {
    pub(crate) forwarded: AtomicU64,
    pub(crate) dropped: AtomicU64,
    pub(crate) duplicated: AtomicU64,
    pub(crate) overtaken: AtomicU64,
}

/// An instance behind the relay. It publishes to the common prefix, and subscribes to the
/// prefix that only the relay publishes to.
#[derive(Debug)]
pub(crate) struct RelayedInstance {
    publisher: RedisBroadcaster,
    subscriber: RedisBroadcaster,
}

#[async_trait]
impl Broadcaster for RelayedInstance {
    fn backend(&self) -> &'static str {
        "relayed"
    }

    async fn publish(&self, updates: &[Update]) -> Result<(), BroadcastError> {
        self.publisher.publish(updates).await
    }

    async fn subscribe(&self, topic: &Topic) -> Result<DeliveryStream, BroadcastError> {
        self.subscriber.subscribe(topic).await
    }
}

/// A relay that forwards a poll's messages to every instance, with faults.
pub(crate) struct Relay {
    /// The broadcasters of the instances.
    pub(crate) instances: Vec<RelayedInstance>,
    pub(crate) faults: Arc<FaultCounts>,
    source: RedisBroadcaster,
    targets: Vec<RedisBroadcaster>,
}

impl Relay {
    pub(crate) async fn new(server: &Server, instance_count: usize) -> Self {
        let open = async |prefix: &str| {
            let redis = connect(server).await.with_prefix(prefix).unwrap();
            RedisBroadcaster::from_client(redis).await.unwrap()
        };
        let common = new_prefix();
        let (mut instances, mut targets) = (Vec::new(), Vec::new());
        for _ in 0..instance_count {
            let own = new_prefix();
            targets.push(open(&own).await);
            instances.push(RelayedInstance {
                publisher: open(&common).await,
                subscriber: open(&own).await,
            });
        }
        Self {
            instances,
            faults: Arc::default(),
            source: open(&common).await,
            targets,
        }
    }

    /// Starts to forward a poll's messages. Each instance has its own random faults.
    pub(crate) async fn forward(&self, poll: PollId, seed: u64) -> Vec<JoinHandle<()>> {
        let mut rng = Rng::with_seed(seed);
        let mut tasks = Vec::new();
        for target in &self.targets {
            let link = Link {
                source: self.source.subscribe(&Topic::Poll(poll)).await.unwrap(),
                target: target.clone(),
                delayed: Vec::new(),
                rng: rng.fork(),
                faults: Arc::clone(&self.faults),
            };
            tasks.push(tokio::spawn(link.run()));
        }
        tasks
    }
}

/// The faulty link to one instance.
struct Link {
    source: DeliveryStream,
    target: RedisBroadcaster,
    /// Delayed messages, each with how many more messages overtake it.
    delayed: Vec<(Update, u8)>,
    rng: Rng,
    faults: Arc<FaultCounts>,
}

impl Link {
    async fn run(mut self) {
        loop {
            match timeout(MAX_DELAY, self.source.next()).await {
                Ok(Some(Delivery::Update(update))) => self.handle(Update::clone(&update)).await,
                Ok(Some(Delivery::Lagged)) => panic!("the relay itself lost an update"),
                Ok(None) => return,
                Err(_) => {
                    for (update, _) in std::mem::take(&mut self.delayed) {
                        self.send(&[update]).await;
                    }
                }
            }
        }
    }

    async fn handle(&mut self, update: Update) {
        let faults = Arc::clone(&self.faults);
        match self.rng.u8(0..100) / FAULT_PERCENT {
            0 => increment(&faults.dropped),
            1 => {
                increment(&faults.duplicated);
                self.send(&[update.clone(), update]).await;
                self.release_overtaken().await;
            }
            2 => self.delayed.push((update, self.rng.u8(1..=4))),
            _ => {
                self.send(&[update]).await;
                self.release_overtaken().await;
            }
        }
    }

    /// Counts a message that overtook the delayed ones, and sends those that are due.
    async fn release_overtaken(&mut self) {
        let faults = Arc::clone(&self.faults);
        for (_, remaining) in &mut self.delayed {
            *remaining -= 1;
        }
        let due = self
            .delayed
            .extract_if(.., |(_, remaining)| *remaining == 0);
        for (update, _) in due.collect::<Vec<_>>() {
            increment(&faults.overtaken);
            self.send(&[update]).await;
        }
    }

    async fn send(&mut self, updates: &[Update]) {
        increment(&self.faults.forwarded);
        self.target.publish(updates).await.unwrap();
    }
}

fn increment(count: &AtomicU64) {
    count.fetch_add(1, Ordering::Relaxed);
}
