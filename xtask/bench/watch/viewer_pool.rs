//! Many viewers of a room, with the revisions that each of them received.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use hdrhistogram::Histogram;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::delivery_latency::{SentChange, ViewerLog, time_to_last_viewer};
use super::socket::{Endpoint, Socket, revision};

/// Concurrent connection attempts, unless all viewers connect at once.
const CONCURRENT_CONNECTS: usize = 64;
/// Maximum time for everything that is not measured.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Viewers that process every message. Dropping disconnects them.
#[derive(Debug)]
pub(crate) struct ViewerPool {
    start: Instant,
    viewers: Vec<Arc<Viewer>>,
    tasks: JoinSet<Result<()>>,
}

/// The messages that one viewer received.
#[derive(Debug, Default)]
struct Viewer {
    deliveries: AtomicU64,
    newest: AtomicU64,
    log: Option<Mutex<ViewerLog>>,
}

impl ViewerPool {
    /// Connects `viewers` viewers to these endpoints in turn. Returns after each has
    /// received the current state.
    ///
    /// # Errors
    /// If a viewer is rejected, or the connections take longer than 60 s.
    pub(crate) async fn connect(endpoints: &[Endpoint], viewers: usize) -> Result<Self> {
        Self::open(endpoints, viewers, CONCURRENT_CONNECTS, false).await
    }

    /// Like [`connect`](Self::connect), and logs each delivery for
    /// [`delivery_latency`](Self::delivery_latency).
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub(crate) async fn connect_logged(endpoints: &[Endpoint], viewers: usize) -> Result<Self> {
        Self::open(endpoints, viewers, CONCURRENT_CONNECTS, true).await
    }

    /// Like [`connect`](Self::connect), with all connections at once.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub(crate) async fn connect_burst(endpoints: &[Endpoint], viewers: usize) -> Result<Self> {
        Self::open(endpoints, viewers, viewers, false).await
    }

    async fn open(
        endpoints: &[Endpoint],
        viewers: usize,
        concurrency: usize,
        logged: bool,
    ) -> Result<Self> {
        let start = Instant::now();
        let connecting =
            (0..viewers)
                .zip(endpoints.iter().cycle())
                .map(|(_, endpoint)| async move {
                    let viewer = Viewer {
                        log: logged.then(Mutex::default),
                        ..Viewer::default()
                    };
                    let mut socket = Socket::open(endpoint).await?;
                    while viewer.deliveries.load(Ordering::Relaxed) == 0 {
                        viewer.receive(&mut socket, start).await?;
                    }
                    anyhow::Ok((Arc::new(viewer), socket))
                });
        let connected = stream::iter(connecting).buffer_unordered(concurrency);
        let connected: Vec<_> = timeout(3 * TIMEOUT, connected.try_collect())
            .await
            .context("not all viewers could connect in time")??;
        let mut pool = Self {
            start,
            viewers: Vec::with_capacity(viewers),
            tasks: JoinSet::new(),
        };
        for (viewer, socket) in connected {
            pool.viewers.push(Arc::clone(&viewer));
            pool.tasks.spawn(receive_all(viewer, socket, start));
        }
        Ok(pool)
    }

    /// Returns the messages with counts that all viewers received together.
    pub(crate) fn deliveries(&self) -> u64 {
        self.deliveries_of_each().sum()
    }

    /// Returns the deliveries of the viewer with the fewest.
    pub(crate) fn min_deliveries(&self) -> u64 {
        self.deliveries_of_each().min().unwrap_or_default()
    }

    fn deliveries_of_each(&self) -> impl Iterator<Item = u64> {
        let viewers = self.viewers.iter();
        viewers.map(|viewer| viewer.deliveries.load(Ordering::Relaxed))
    }

    /// Waits until the newest revision of each viewer is `revision`.
    ///
    /// # Errors
    /// If a viewer does not receive it within 20 s, receives a newer one, or was
    /// disconnected.
    pub(crate) async fn wait_for_revision(&mut self, revision: u64) -> Result<()> {
        let newest = |viewer: &Arc<Viewer>| viewer.newest.load(Ordering::Relaxed);
        let start = Instant::now();
        while self.viewers.iter().map(newest).any(|seen| seen < revision) {
            self.check()?;
            ensure!(
                start.elapsed() < TIMEOUT,
                "a viewer did not receive revision {revision}"
            );
            sleep(Duration::from_millis(5)).await;
        }
        ensure!(
            self.viewers.iter().map(newest).all(|seen| seen == revision),
            "a viewer received a revision after the last one, {revision}"
        );
        self.check()
    }

    /// # Errors
    /// If a viewer was disconnected, or received a lower revision than before.
    pub(crate) fn check(&mut self) -> Result<()> {
        match self.tasks.try_join_next() {
            None => Ok(()),
            Some(Ok(Err(error))) => Err(error.context("a viewer was disconnected")),
            Some(ended) => bail!("a viewer task ended: {ended:?}"),
        }
    }

    /// Returns the times in microseconds from each change until the last viewer received
    /// it. Needs [`connect_logged`](Self::connect_logged).
    ///
    /// # Errors
    /// If a viewer missed a change.
    pub(crate) async fn delivery_latency(
        &mut self,
        sent: Vec<SentChange>,
    ) -> Result<Histogram<u64>> {
        let last = sent.iter().map(|change| change.revision).max();
        self.wait_for_revision(last.context("no change was sent")?)
            .await?;
        let logs: Vec<_> = self.viewers.iter().map(|viewer| viewer.log()).collect();
        time_to_last_viewer(self.start, &logs, sent)
    }
}

async fn receive_all(viewer: Arc<Viewer>, mut socket: Socket, start: Instant) -> Result<()> {
    loop {
        viewer.receive(&mut socket, start).await?;
    }
}

impl Viewer {
    async fn receive(&self, socket: &mut Socket, start: Instant) -> Result<()> {
        socket
            .next(|message| {
                let Some(revision) = revision(message)? else {
                    return Ok(());
                };
                // No race: only this task writes these fields.
                let before = self.newest.load(Ordering::Relaxed);
                ensure!(
                    before <= revision,
                    "revision {revision} followed revision {before}"
                );
                self.newest.store(revision, Ordering::Relaxed);
                self.deliveries.fetch_add(1, Ordering::Relaxed);
                if let Some(log) = &self.log {
                    let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
                    log.push((revision, start.elapsed()));
                }
                Ok(())
            })
            .await
    }

    fn log(&self) -> ViewerLog {
        let log = self.log.as_ref();
        log.map(|log| log.lock().unwrap_or_else(PoisonError::into_inner).clone())
            .unwrap_or_default()
    }
}
