//! Viewers that leave and reconnect with their last position.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::watch::{Endpoint, Socket, revision};

/// Minimum duration of a visit.
const MIN_VISIT: Duration = Duration::from_secs(5);
/// Visits are up to this number of seconds longer, minus one.
const EXTRA_SECONDS: u64 = 36;
/// Maximum time until all viewers have received the last revision.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The last revision while it is unknown.
const UNKNOWN: u64 = u64::MAX;

/// Viewers that reconnect until they have received the last revision.
#[derive(Debug)]
pub(super) struct ReconnectingViewers {
    tasks: JoinSet<Result<()>>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    messages: AtomicU64,
    visits: AtomicU64,
    last_revision: AtomicU64,
}

impl ReconnectingViewers {
    /// Starts `count` viewers of these endpoints in turn, 1 ms apart.
    pub(super) fn start(endpoints: &[Endpoint], count: usize) -> Result<Self> {
        let shared = Arc::new(Shared {
            messages: AtomicU64::new(0),
            visits: AtomicU64::new(0),
            last_revision: AtomicU64::new(UNKNOWN),
        });
        let mut tasks = JoinSet::new();
        for (number, endpoint) in (0..count).zip(endpoints.iter().cycle()) {
            let number = u64::try_from(number)?;
            tasks.spawn(watch(endpoint.clone(), number, Arc::clone(&shared)));
        }
        Ok(Self { tasks, shared })
    }

    /// Returns the messages with counts that all viewers received.
    pub(super) fn messages(&self) -> u64 {
        self.shared.messages.load(Ordering::Relaxed)
    }

    /// # Errors
    /// If all viewer tasks have ended, because they were disconnected.
    pub(super) fn check(&self) -> Result<()> {
        ensure!(!self.tasks.is_empty(), "all viewers were disconnected");
        Ok(())
    }

    /// Waits until all viewers have received `last_revision`. Returns the numbers of
    /// visits and of messages.
    ///
    /// # Errors
    /// If a viewer was rejected, received a lower revision than before, or does not
    /// receive the last one within 30 s.
    pub(super) async fn stop_at(mut self, last_revision: u64) -> Result<(u64, u64)> {
        let shared = &self.shared;
        shared.last_revision.store(last_revision, Ordering::Relaxed);
        let all = async {
            while let Some(task) = self.tasks.join_next().await {
                task??;
            }
            anyhow::Ok(())
        };
        timeout(TIMEOUT, all)
            .await
            .context("a viewer did not receive the last revision")??;
        Ok((self.shared.visits.load(Ordering::Relaxed), self.messages()))
    }
}

async fn watch(endpoint: Endpoint, number: u64, shared: Arc<Shared>) -> Result<()> {
    // Spreads the first connections.
    sleep(Duration::from_millis(number)).await;
    let mut newest = 0;
    for visit in 0.. {
        // Spreads the visits, with the same durations in every run.
        let extra = Duration::from_secs((7 * number + 11 * visit) % EXTRA_SECONDS);
        let mut visited = endpoint.clone();
        if newest > 0 {
            visited.path.push_str(&format!("?after=1-{newest}"));
        }
        let mut socket = Socket::open(&visited).await?;
        shared.visits.fetch_add(1, Ordering::Relaxed);
        let leave = Instant::now() + MIN_VISIT + extra;
        if receive_until(&mut socket, leave, &mut newest, &shared).await? {
            return Ok(());
        }
    }
    bail!("number of visits overflowed")
}

/// Receives messages until `leave`. Returns true if the last revision was received.
async fn receive_until(
    socket: &mut Socket,
    leave: Instant,
    newest: &mut u64,
    shared: &Shared,
) -> Result<bool> {
    loop {
        let received = socket.next(|message| {
            if let Some(revision) = revision(message)? {
                ensure!(
                    *newest <= revision,
                    "revision {revision} followed revision {newest}"
                );
                *newest = revision;
                shared.messages.fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        });
        // At most 1 s, because `stop_at` may set the last revision at any time.
        let next_check = Instant::now() + Duration::from_secs(1);
        if let Ok(result) = timeout_at(leave.min(next_check), received).await {
            result?;
        }
        let last = shared.last_revision.load(Ordering::Relaxed);
        if *newest == last {
            return Ok(true);
        }
        ensure!(
            *newest < last,
            "revision {newest} is higher than the last one, {last}"
        );
        if Instant::now() >= leave {
            return Ok(false);
        }
    }
}
