use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use hdrhistogram::Histogram;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::seen::{Log, Sent, seen_by_all};
use super::socket::{Carrier, Socket, revision};

/// How many viewers come at a time where they need not all come at once.
const AT_A_TIME: usize = 64;
/// How long anything may take that is not measured.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where viewers come in, and what they watch there.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    pub(crate) address: SocketAddr,
    pub(crate) carrier: Carrier,
    pub(crate) path: String,
}

/// Viewers, each of which looks at every message it gets. They leave when it is dropped.
#[derive(Debug)]
pub(crate) struct Crowd {
    start: Instant,
    viewers: Vec<Arc<Viewer>>,
    tasks: JoinSet<Result<()>>,
}

/// What one of them has seen.
#[derive(Debug, Default)]
struct Viewer {
    deliveries: AtomicU64,
    newest: AtomicU64,
    log: Option<Mutex<Log>>,
}

impl Crowd {
    /// Lets so many viewers in at these doors by turns; each has seen the poll as it is when this returns.
    ///
    /// # Errors
    /// If one is turned away.
    pub(crate) async fn gather(doors: &[Door], viewers: usize) -> Result<Self> {
        Self::open(doors, viewers, AT_A_TIME, false).await
    }

    /// The same; what each sees is written down with its time, for [`seen_by_all`](Self::seen_by_all).
    ///
    /// # Errors
    /// If one is turned away.
    pub(crate) async fn attentive(doors: &[Door], viewers: usize) -> Result<Self> {
        Self::open(doors, viewers, AT_A_TIME, true).await
    }

    /// The same; all come at once.
    ///
    /// # Errors
    /// If one is turned away.
    pub(crate) async fn rush(doors: &[Door], viewers: usize) -> Result<Self> {
        Self::open(doors, viewers, viewers, false).await
    }

    async fn open(doors: &[Door], viewers: usize, at_a_time: usize, logs: bool) -> Result<Self> {
        let start = Instant::now();
        let entering = (0..viewers)
            .zip(doors.iter().cycle())
            .map(|(_, door)| async move {
                let viewer = Viewer {
                    log: logs.then(Mutex::default),
                    ..Viewer::default()
                };
                let mut socket = Socket::open(door.address, door.carrier, &door.path).await?;
                while viewer.deliveries.load(Ordering::Relaxed) == 0 {
                    viewer.look(&mut socket, start).await?;
                }
                anyhow::Ok((Arc::new(viewer), socket))
            });
        let entered = stream::iter(entering).buffer_unordered(at_a_time);
        let entered: Vec<_> = timeout(3 * PATIENCE, entered.try_collect())
            .await
            .context("not everybody came in")??;
        let mut crowd = Self {
            start,
            viewers: Vec::with_capacity(viewers),
            tasks: JoinSet::new(),
        };
        for (viewer, socket) in entered {
            crowd.viewers.push(Arc::clone(&viewer));
            crowd.tasks.spawn(watch(viewer, socket, start));
        }
        Ok(crowd)
    }

    /// How many messages with counts all have got together.
    pub(crate) fn deliveries(&self) -> u64 {
        let each = self.viewers.iter();
        each.map(|viewer| viewer.deliveries.load(Ordering::Relaxed))
            .sum()
    }

    /// The fewest that one of them has got.
    pub(crate) fn fewest_deliveries(&self) -> u64 {
        let each = self.viewers.iter();
        let counts = each.map(|viewer| viewer.deliveries.load(Ordering::Relaxed));
        counts.min().unwrap_or_default()
    }

    /// Waits until the newest that each has is `revision`.
    ///
    /// # Errors
    /// If somebody does not get it, gets something newer, or was sent away.
    pub(crate) async fn all_have(&mut self, revision: u64) -> Result<()> {
        let newest = |viewer: &Arc<Viewer>| viewer.newest.load(Ordering::Relaxed);
        let begun = Instant::now();
        while self.viewers.iter().map(newest).any(|seen| seen < revision) {
            self.check()?;
            ensure!(
                begun.elapsed() < PATIENCE,
                "not every viewer saw the last change"
            );
            sleep(Duration::from_millis(5)).await;
        }
        ensure!(
            self.viewers.iter().map(newest).all(|seen| seen == revision),
            "a viewer saw what was never there"
        );
        self.check()
    }

    /// # Errors
    /// If a viewer was sent away, or saw a revision go down.
    pub(crate) fn check(&mut self) -> Result<()> {
        match self.tasks.try_join_next() {
            None => Ok(()),
            Some(Ok(Err(error))) => Err(error.context("a viewer was sent away")),
            Some(ended) => bail!("a viewer ended: {ended:?}"),
        }
    }

    /// Times in microseconds from sending each change until the last of these [`attentive`](Self::attentive) viewers had it.
    ///
    /// # Errors
    /// If somebody has not seen one of them.
    pub(crate) async fn seen_by_all(&mut self, sent: Vec<Sent>) -> Result<Histogram<u64>> {
        let last = sent.iter().map(|sent| sent.revision).max();
        self.all_have(last.context("nothing was sent")?).await?;
        let logs: Vec<Log> = self.viewers.iter().map(|viewer| viewer.log()).collect();
        seen_by_all(self.start, &logs, sent)
    }
}

async fn watch(viewer: Arc<Viewer>, mut socket: Socket, start: Instant) -> Result<()> {
    loop {
        viewer.look(&mut socket, start).await?;
    }
}

impl Viewer {
    async fn look(&self, socket: &mut Socket, start: Instant) -> Result<()> {
        socket
            .next(|message| {
                let Some(revision) = revision(message)? else {
                    return Ok(());
                };
                // Nobody else writes these.
                let before = self.newest.load(Ordering::Relaxed);
                ensure!(before <= revision, "{revision} came after {before}");
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

    fn log(&self) -> Log {
        let log = self.log.as_ref();
        log.map(|log| log.lock().unwrap_or_else(PoisonError::into_inner).clone())
            .unwrap_or_default()
    }
}
