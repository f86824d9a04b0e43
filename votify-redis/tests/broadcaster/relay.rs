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

use crate::scene::redis;
use crate::servers::{Server, new_prefix};

/// How long a message is held back for others to overtake it, where no others come.
const HELD: Duration = Duration::from_millis(300);

/// How many of a hundred messages are lost, how many are doubled, and how many are held back until others have overtaken
/// them.
pub(crate) const OF_A_HUNDRED: u8 = 10;

/// What the relay did.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    pub(crate) passed: AtomicU64,
    pub(crate) dropped: AtomicU64,
    pub(crate) doubled: AtomicU64,
    pub(crate) overtaken: AtomicU64,
}

/// A node behind a relay: it speaks where all of them do, and listens where the relay speaks to it alone.
#[derive(Debug)]
pub(crate) struct Relayed {
    speaks: RedisBroadcaster,
    listens: RedisBroadcaster,
}

#[async_trait]
impl Broadcaster for Relayed {
    fn backend(&self) -> &'static str {
        "relayed"
    }

    async fn publish(&self, updates: &[Update]) -> Result<(), BroadcastError> {
        self.speaks.publish(updates).await
    }

    async fn subscribe(&self, topic: &Topic) -> Result<DeliveryStream, BroadcastError> {
        self.listens.subscribe(topic).await
    }
}

/// A relay between nodes on one server, which passes a poll's messages on to each of them, badly.
pub(crate) struct Relay {
    /// What the nodes are to be made with.
    pub(crate) nodes: Vec<Relayed>,
    pub(crate) faults: Arc<Faults>,
    said: RedisBroadcaster,
    to: Vec<RedisBroadcaster>,
}

impl Relay {
    pub(crate) async fn between(server: &Server, count: usize) -> Self {
        let open = async |prefix: &str| {
            let redis = redis(server).await.with_prefix(prefix).unwrap();
            RedisBroadcaster::open(redis).await.unwrap()
        };
        let all = new_prefix();
        let (mut nodes, mut to) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let one = new_prefix();
            to.push(open(&one).await);
            nodes.push(Relayed {
                speaks: open(&all).await,
                listens: open(&one).await,
            });
        }
        Self {
            nodes,
            faults: Arc::default(),
            said: open(&all).await,
            to,
        }
    }

    /// Begins to pass on what is said of the poll: each node has luck of its own.
    pub(crate) async fn pass_on(&self, poll: PollId, seed: u64) -> Vec<JoinHandle<()>> {
        let mut rng = Rng::with_seed(seed);
        let mut tasks = Vec::new();
        for to in &self.to {
            let line = Line {
                from: self.said.subscribe(&Topic::Poll(poll)).await.unwrap(),
                to: to.clone(),
                held: Vec::new(),
                rng: rng.fork(),
                faults: Arc::clone(&self.faults),
            };
            tasks.push(tokio::spawn(line.run()));
        }
        tasks
    }
}

/// The way to one node.
struct Line {
    from: DeliveryStream,
    to: RedisBroadcaster,
    /// Messages that were held back, and how many are still to overtake each of them.
    held: Vec<(Update, u8)>,
    rng: Rng,
    faults: Arc<Faults>,
}

impl Line {
    async fn run(mut self) {
        loop {
            match timeout(HELD, self.from.next()).await {
                Ok(Some(Delivery::Update(update))) => self.take(Update::clone(&update)).await,
                Ok(Some(Delivery::Lagged)) => panic!("the way to the relay is sound"),
                Ok(None) => return,
                Err(_) => {
                    for (update, _) in std::mem::take(&mut self.held) {
                        self.send(&[update]).await;
                    }
                }
            }
        }
    }

    async fn take(&mut self, update: Update) {
        let faults = Arc::clone(&self.faults);
        match self.rng.u8(0..100) / OF_A_HUNDRED {
            0 => count(&faults.dropped),
            1 => {
                count(&faults.doubled);
                self.send(&[update.clone(), update]).await;
                self.overtake().await;
            }
            2 => self.held.push((update, self.rng.u8(1..=4))),
            _ => {
                self.send(&[update]).await;
                self.overtake().await;
            }
        }
    }

    /// A message went past those that are held back; some have waited long enough.
    async fn overtake(&mut self) {
        let faults = Arc::clone(&self.faults);
        for (_, left) in &mut self.held {
            *left -= 1;
        }
        let due = self.held.extract_if(.., |(_, left)| *left == 0);
        for (update, _) in due.collect::<Vec<_>>() {
            count(&faults.overtaken);
            self.send(&[update]).await;
        }
    }

    async fn send(&mut self, updates: &[Update]) {
        count(&self.faults.passed);
        self.to.publish(updates).await.unwrap();
    }
}

fn count(number: &AtomicU64) {
    number.fetch_add(1, Ordering::Relaxed);
}
