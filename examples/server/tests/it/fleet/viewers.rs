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

/// First and longest pause before a viewer reopens its stream, as in the script of the
/// page.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Upper bound of every wait.
const MAX_WAIT: Duration = Duration::from_secs(30);

/// The state that a viewer received: position and counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
struct ViewerState {
    position: (u64, u64),
    counts: Vec<u64>,
}

#[derive(Deserialize)]
struct Update {
    r#type: String,
    epoch: u64,
    revision: u64,
    total_votes: u64,
    options: Vec<OptionCount>,
}

#[derive(Deserialize)]
struct OptionCount {
    count: u64,
}

/// WebSocket viewers of one poll. A viewer reopens a broken stream at its last position,
/// after a random pause.
pub(crate) struct Viewers {
    tasks: JoinSet<()>,
    seen: Vec<watch::Receiver<ViewerState>>,
    stream_counts: Arc<StreamCounts>,
}

#[derive(Default)]
struct StreamCounts {
    streams: AtomicUsize,
    broken: AtomicUsize,
    failed_attempts: AtomicUsize,
}

impl Viewers {
    /// Opens `count` streams, and waits until every viewer received the poll.
    pub(crate) async fn open(nginx: &Nginx, poll: &Poll, count: usize) -> Self {
        let url = format!("ws://{}/api/polls/{}/stream", nginx.address(), poll.id);
        let stream_counts = Arc::new(StreamCounts::default());
        let (mut tasks, mut seen) = (JoinSet::new(), Vec::new());
        for _ in 0..count {
            let (sender, receiver) = watch::channel(ViewerState::default());
            tasks.spawn(watch_with_reconnect(
                url.clone(),
                sender,
                Arc::clone(&stream_counts),
            ));
            seen.push(receiver);
        }
        let viewers = Self {
            tasks,
            seen,
            stream_counts,
        };
        viewers
            .all(MAX_WAIT, "sees the poll", |seen| {
                seen != &ViewerState::default()
            })
            .await;
        viewers
    }

    /// Returns the number of reopened streams.
    pub(crate) fn reopened(&self) -> usize {
        self.stream_counts.streams.load(Ordering::Relaxed) - self.seen.len()
    }

    /// Returns the number of broken streams and of failed attempts to open one.
    pub(crate) fn losses(&self) -> [usize; 2] {
        [
            &self.stream_counts.broken,
            &self.stream_counts.failed_attempts,
        ]
        .map(|stream_counts| stream_counts.load(Ordering::Relaxed))
    }

    /// Asserts that every viewer has exactly these counts within the limit.
    pub(crate) async fn assert_exact_within(&mut self, limit: Duration, counts: &[u64]) {
        self.all(limit, "sees the counts", |seen| seen.counts == counts)
            .await;
        // A viewer task ends only by a failed assertion.
        while let Some(ended) = self.tasks.try_join_next() {
            ended.unwrap();
        }
        assert_eq!(self.tasks.len(), self.seen.len(), "every viewer task runs");
    }

    async fn all(
        &self,
        limit: Duration,
        what: &str,
        holds: impl Fn(&ViewerState) -> bool + Send + Sync,
    ) {
        let holding = self.seen.iter().map(|seen| {
            let (mut seen, holds) = (seen.clone(), &holds);
            async move { seen.wait_for(holds).await.is_ok() }
        });
        let all = timeout(limit, join_all(holding)).await;
        let good = all.is_ok_and(|all| all.into_iter().all(|good| good));
        let mut others: Vec<ViewerState> =
            self.seen.iter().map(|seen| seen.borrow().clone()).collect();
        others.retain(|seen| !holds(seen));
        others.dedup();
        assert!(
            good,
            "not every viewer {what} after {limit:?}: {others:?}, {:?}",
            self.losses()
        );
    }
}

async fn watch_with_reconnect(
    url: String,
    sender: watch::Sender<ViewerState>,
    stream_counts: Arc<StreamCounts>,
) {
    let mut tries = 0;
    loop {
        let (epoch, revision) = sender.borrow().position;
        let after = if epoch == 0 {
            String::new()
        } else {
            format!("?after={epoch}-{revision}")
        };
        let opened = tokio_tungstenite::connect_async(format!("{url}{after}"));
        match timeout(MAX_WAIT, opened).await.expect("no response") {
            Ok((mut socket, _)) => {
                stream_counts.streams.fetch_add(1, Ordering::Relaxed);
                tries = 0;
                while let Some(Ok(message)) = socket.next().await {
                    if let Message::Text(text) = message {
                        receive(&sender, &text);
                    }
                }
                stream_counts.broken.fetch_add(1, Ordering::Relaxed);
            }
            Err(_) => {
                stream_counts
                    .failed_attempts
                    .fetch_add(1, Ordering::Relaxed);
                tries += 1;
            }
        }
        let longest = FIRST_WAIT
            .saturating_mul(1 << tries.min(16))
            .min(LONGEST_WAIT);
        sleep(longest.mul_f64(0.5 + fastrand::f64())).await;
    }
}

fn receive(sender: &watch::Sender<ViewerState>, text: &str) {
    let update: Update = serde_json::from_str(text).unwrap();
    assert_eq!(update.r#type, "poll_updated");
    let position = (update.epoch, update.revision);
    let before = sender.borrow().position;
    assert!(position >= before, "{position:?} after {before:?}");
    let counts: Vec<u64> = update.options.iter().map(|option| option.count).collect();
    assert_eq!(counts.iter().sum::<u64>(), update.total_votes);
    sender.send_replace(ViewerState { position, counts });
}
