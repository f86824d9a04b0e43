use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::join_all;
use serde::Deserialize;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::Message;

use super::nginx::Nginx;
use crate::api::Poll;

/// How long a viewer that lost its stream waits first, and at most; the page's own script does the same.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// How long something may take before it is taken for lost. Far above what it needs.
const LOST: Duration = Duration::from_secs(30);

/// What a viewer sees: where it stands, and the counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Seen {
    position: (u64, u64),
    counts: Vec<u64>,
}

#[derive(Deserialize)]
struct Update {
    r#type: String,
    epoch: u64,
    revision: u64,
    total_votes: u64,
    options: Vec<Counted>,
}

#[derive(Deserialize)]
struct Counted {
    count: u64,
}

/// Viewers of one poll by WebSocket, who come back by themselves when their stream breaks: after a pause that is another
/// one for each, from where they were.
pub(crate) struct Viewers {
    tasks: JoinSet<()>,
    seen: Vec<watch::Receiver<Seen>>,
    told: Arc<Told>,
}

#[derive(Default)]
struct Told {
    streams: AtomicUsize,
    broken: AtomicUsize,
    turned_away: AtomicUsize,
}

impl Viewers {
    /// All of them see the poll.
    pub(crate) async fn of(nginx: &Nginx, poll: &Poll, count: usize) -> Self {
        let url = format!("ws://{}/api/polls/{}/stream", nginx.address(), poll.id);
        let told = Arc::new(Told::default());
        let (mut tasks, mut seen) = (JoinSet::new(), Vec::new());
        for _ in 0..count {
            let (shows, shown) = watch::channel(Seen::default());
            tasks.spawn(watch_for_ever(url.clone(), shows, Arc::clone(&told)));
            seen.push(shown);
        }
        let viewers = Self { tasks, seen, told };
        viewers
            .all(LOST, "sees the poll", |seen| seen != &Seen::default())
            .await;
        viewers
    }

    /// How many streams broke and were opened again.
    pub(crate) fn reopened(&self) -> usize {
        self.told.streams.load(Ordering::Relaxed) - self.seen.len()
    }

    /// How many streams broke, and how many tries to open one failed.
    pub(crate) fn losses(&self) -> [usize; 2] {
        [&self.told.broken, &self.told.turned_away].map(|told| told.load(Ordering::Relaxed))
    }

    /// Everybody sees exactly this within the time.
    pub(crate) async fn exact_within(&mut self, limit: Duration, counts: &[u64]) {
        self.all(limit, "sees the counts", |seen| seen.counts == counts)
            .await;
        // A viewer ends only by a failed assertion.
        while let Some(ended) = self.tasks.try_join_next() {
            ended.unwrap();
        }
        assert_eq!(self.tasks.len(), self.seen.len(), "all of them watch");
    }

    async fn all(&self, limit: Duration, what: &str, holds: impl Fn(&Seen) -> bool + Send + Sync) {
        let holding = self.seen.iter().map(|seen| {
            let (mut seen, holds) = (seen.clone(), &holds);
            async move { seen.wait_for(holds).await.is_ok() }
        });
        let all = timeout(limit, join_all(holding)).await;
        let good = all.is_ok_and(|all| all.into_iter().all(|good| good));
        let mut others: Vec<Seen> = self.seen.iter().map(|seen| seen.borrow().clone()).collect();
        others.retain(|seen| !holds(seen));
        others.dedup();
        assert!(
            good,
            "not everybody {what} after {limit:?}: {others:?}, {:?}",
            self.losses()
        );
    }
}

async fn watch_for_ever(url: String, shows: watch::Sender<Seen>, told: Arc<Told>) {
    let mut tries = 0;
    loop {
        let (epoch, revision) = shows.borrow().position;
        let after = if epoch == 0 {
            String::new()
        } else {
            format!("?after={epoch}-{revision}")
        };
        let opened = tokio_tungstenite::connect_async(format!("{url}{after}"));
        match timeout(LOST, opened).await.expect("no answer") {
            Ok((mut socket, _)) => {
                told.streams.fetch_add(1, Ordering::Relaxed);
                tries = 0;
                while let Some(Ok(message)) = socket.next().await {
                    if let Message::Text(text) = message {
                        show(&shows, &text);
                    }
                }
                told.broken.fetch_add(1, Ordering::Relaxed);
            }
            Err(_) => {
                told.turned_away.fetch_add(1, Ordering::Relaxed);
                tries += 1;
            }
        }
        let longest = FIRST_WAIT
            .saturating_mul(1 << tries.min(16))
            .min(LONGEST_WAIT);
        sleep(longest.mul_f64(0.5 + fastrand::f64())).await;
    }
}

fn show(shows: &watch::Sender<Seen>, text: &str) {
    let update: Update = serde_json::from_str(text).unwrap();
    assert_eq!(update.r#type, "poll_updated");
    let position = (update.epoch, update.revision);
    let before = shows.borrow().position;
    assert!(position >= before, "{position:?} after {before:?}");
    let counts: Vec<u64> = update.options.iter().map(|option| option.count).collect();
    assert_eq!(counts.iter().sum::<u64>(), update.total_votes);
    shows.send_replace(Seen { position, counts });
}
