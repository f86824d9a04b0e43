use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::broadcast::{Broadcaster, Update};
use crate::engine::live::VOTE_SAMPLE;
use crate::id::{OptionId, PollId};
use crate::outage::Outage;
use crate::tally::Tally;

/// Sends each poll's newest tally to the other nodes: the first change at once, then at most one every tick.
#[derive(Debug)]
pub(super) struct Announcer {
    broadcaster: Arc<dyn Broadcaster>,
    tick: Duration,
    desk: Mutex<Desk>,
    news: Notify,
    outage: Outage,
}

#[derive(Debug, Default)]
struct Desk {
    /// Polls with something to send now, or that sent something less than a tick ago.
    polls: HashMap<PollId, Option<Pending>>,
    /// Polls that may send at once.
    ready: Vec<PollId>,
    /// When polls that have sent may send again: ascending, because the wait is the same for all.
    resting: VecDeque<(Instant, PollId)>,
}

#[derive(Debug)]
struct Pending {
    tally: Arc<Tally>,
    votes: Vec<OptionId>,
}

impl Announcer {
    pub(super) fn new(broadcaster: Arc<dyn Broadcaster>, tick: Duration) -> Self {
        Self {
            broadcaster,
            tick,
            desk: Mutex::default(),
            news: Notify::new(),
            outage: Outage::default(),
        }
    }

    /// Takes a tally to send; an older one of the same poll that still waits is sent no more.
    pub(super) fn offer(&self, tally: &Arc<Tally>, votes: &[OptionId]) {
        let mut desk = self.desk();
        match desk.polls.get_mut(&tally.poll) {
            Some(Some(pending)) => {
                if tally.position > pending.tally.position {
                    pending.tally = Arc::clone(tally);
                }
                let room = VOTE_SAMPLE.saturating_sub(pending.votes.len());
                pending.votes.extend(votes.iter().take(room));
            }
            Some(resting) => {
                *resting = Some(Pending {
                    tally: Arc::clone(tally),
                    votes: votes.to_vec(),
                });
            }
            None => {
                desk.polls.insert(
                    tally.poll,
                    Some(Pending {
                        tally: Arc::clone(tally),
                        votes: votes.to_vec(),
                    }),
                );
                desk.ready.push(tally.poll);
                self.news.notify_one();
            }
        }
    }

    /// Sends what was offered until `shutdown`, and then what is left.
    pub(super) async fn run(self: Arc<Self>, shutdown: CancellationToken) {
        loop {
            let (updates, next) = self.due(Instant::now());
            self.send(&updates).await;
            let rested = async {
                match next {
                    Some(next) => tokio::time::sleep_until(next).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => break,
                () = self.news.notified() => {}
                () = rested => {}
            }
        }
        let rest: Vec<Update> = self
            .desk()
            .polls
            .drain()
            .filter_map(|(_, pending)| pending.map(Pending::into_update))
            .collect();
        self.send(&rest).await;
    }

    /// Sends news that must not wait for a tick. Best effort, as all broadcasting is: who misses it reads the store.
    pub(super) async fn send(&self, updates: &[Update]) {
        if updates.is_empty() {
            return;
        }
        match self.broadcaster.publish(updates).await {
            Ok(()) if self.outage.ended() => tracing::info!("other nodes are told again"),
            Ok(()) => {}
            Err(error) => {
                if let Some(times) = self.outage.failed() {
                    tracing::warn!(
                        times,
                        error = &error as &dyn std::error::Error,
                        "other nodes were not told of changes"
                    );
                }
            }
        }
    }

    /// What is to be sent now, and when to look again.
    fn due(&self, now: Instant) -> (Vec<Update>, Option<Instant>) {
        let mut desk = self.desk();
        let mut ready = std::mem::take(&mut desk.ready);
        while let Some((_, poll)) = desk.resting.pop_front_if(|(until, _)| *until <= now) {
            ready.push(poll);
        }
        let mut updates = Vec::new();
        for poll in ready {
            match desk.polls.get_mut(&poll).and_then(Option::take) {
                Some(pending) => {
                    updates.push(pending.into_update());
                    desk.resting.push_back((now + self.tick, poll));
                }
                None => {
                    desk.polls.remove(&poll);
                }
            }
        }
        (updates, desk.resting.front().map(|(until, _)| *until))
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pending {
    fn into_update(self) -> Update {
        Update::Tallied {
            tally: Arc::unwrap_or_clone(self.tally),
            votes: self.votes,
        }
    }
}
