use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::watch::{Door, Socket, revision};

/// How long somebody stays at least, and how much longer some stay.
const STAY: Duration = Duration::from_secs(5);
const LONGER: u64 = 36;
/// How long it may take until everybody has the end.
const PATIENCE: Duration = Duration::from_secs(30);
/// Nobody knows yet what the end is.
const OPEN: u64 = u64::MAX;

/// Viewers that leave and come back until they have seen the end.
#[derive(Debug)]
pub(super) struct Visitors {
    tasks: JoinSet<Result<()>>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    frames: AtomicU64,
    visits: AtomicU64,
    end: AtomicU64,
}

impl Visitors {
    /// At these doors by turns. They come over some seconds.
    pub(super) fn let_in(doors: &[Door], count: usize) -> Result<Self> {
        let shared = Arc::new(Shared {
            frames: AtomicU64::new(0),
            visits: AtomicU64::new(0),
            end: AtomicU64::new(OPEN),
        });
        let mut tasks = JoinSet::new();
        for (number, door) in (0..count).zip(doors.iter().cycle()) {
            let number = u64::try_from(number)?;
            tasks.spawn(visit(door.clone(), number, Arc::clone(&shared)));
        }
        Ok(Self { tasks, shared })
    }

    /// Messages with counts that all have got.
    pub(super) fn frames(&self) -> u64 {
        self.shared.frames.load(Ordering::Relaxed)
    }

    /// # Errors
    /// If none is left, which is when they were all sent away.
    pub(super) fn check(&self) -> Result<()> {
        ensure!(!self.tasks.is_empty(), "nobody watches any more");
        Ok(())
    }

    /// Waits until all have seen this revision; returns how often they came and how many messages they got.
    ///
    /// # Errors
    /// If one was turned away, saw a revision go down, or does not see the end.
    pub(super) async fn end(mut self, revision: u64) -> Result<(u64, u64)> {
        self.shared.end.store(revision, Ordering::Relaxed);
        let all = async {
            while let Some(task) = self.tasks.join_next().await {
                task??;
            }
            anyhow::Ok(())
        };
        timeout(PATIENCE, all)
            .await
            .context("not everybody saw the end")??;
        Ok((self.shared.visits.load(Ordering::Relaxed), self.frames()))
    }
}

async fn visit(door: Door, number: u64, shared: Arc<Shared>) -> Result<()> {
    // Not all at once.
    sleep(Duration::from_millis(number)).await;
    let mut newest = 0;
    for visit in 0.. {
        // Scattered, and the same in every run.
        let longer = Duration::from_secs((7 * number + 11 * visit) % LONGER);
        let path = match newest {
            0 => door.path.clone(),
            _ => format!("{}?after=1-{newest}", door.path),
        };
        let mut socket = Socket::open(door.address, door.carrier, &path).await?;
        shared.visits.fetch_add(1, Ordering::Relaxed);
        let leave = Instant::now() + STAY + longer;
        if stay(&mut socket, leave, &mut newest, &shared).await? {
            return Ok(());
        }
    }
    bail!("nobody comes so often")
}

/// Looks until it is time to leave; whether the end was seen.
async fn stay(
    socket: &mut Socket,
    leave: Instant,
    newest: &mut u64,
    shared: &Shared,
) -> Result<bool> {
    loop {
        let looking = socket.next(|message| {
            if let Some(revision) = revision(message)? {
                ensure!(*newest <= revision, "{revision} came after {newest}");
                *newest = revision;
                shared.frames.fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        });
        // Now and then somebody looks whether all is over.
        let moment = Instant::now() + Duration::from_secs(1);
        if let Ok(looked) = timeout_at(leave.min(moment), looking).await {
            looked?;
        }
        let end = shared.end.load(Ordering::Relaxed);
        if *newest == end {
            return Ok(true);
        }
        ensure!(*newest < end, "{newest} came, but {end} is the end");
        if Instant::now() >= leave {
            return Ok(false);
        }
    }
}
