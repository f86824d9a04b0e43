mod line;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::backend::LogThrottle;
use crate::broadcast::{Broadcaster, NodeId, Update};
use crate::id::{OptionId, PollId};
use crate::poll::Poll;
use crate::tally::Tally;
use line::Line;

/// Tells the other nodes of each poll what is newest: the first change at once, then one message every tick, whatever it is
/// about. Only that a poll is gone waits for no turn, as nothing comes after it.
#[derive(Debug)]
pub(super) struct Announcer {
    broadcaster: Arc<dyn Broadcaster>,
    tick: Duration,
    desk: Mutex<Desk>,
    news: Notify,
    outage: LogThrottle,
}

#[derive(Debug, Default)]
struct Desk {
    /// Polls with something to send now, or that sent something less than a tick ago.
    polls: HashMap<PollId, Line>,
    /// Polls that may send at once.
    ready: Vec<PollId>,
    /// When polls that have sent may send again: ascending, because the wait is the same for all.
    resting: VecDeque<(Instant, PollId)>,
}

impl Announcer {
    pub(super) fn new(broadcaster: Arc<dyn Broadcaster>, tick: Duration) -> Self {
        Self {
            broadcaster,
            tick,
            desk: Mutex::default(),
            news: Notify::new(),
            outage: LogThrottle::default(),
        }
    }

    /// Takes a tally to send; an older one of the same poll that still waits is sent no more.
    pub(super) fn offer(&self, tally: &Arc<Tally>, votes: &[OptionId]) {
        self.line_up(tally.poll, |line| line.take_counts(tally, votes));
    }

    /// Takes a definition to send, with its tally.
    pub(super) fn offer_definition(&self, poll: Arc<Poll>, tally: Arc<Tally>) {
        self.line_up(poll.id, |line| line.take_definition(poll, tally));
    }

    /// Takes the number of viewers that a node has on a poll.
    pub(super) fn offer_viewers(&self, poll: PollId, node: NodeId, viewers: u32) {
        self.line_up(poll, |line| line.take_viewers(node, viewers));
    }

    /// Tells at once that a poll is gone, and nothing more of it.
    pub(super) async fn tell_deleted(&self, poll: PollId) {
        if let Some(line) = self.desk().polls.get_mut(&poll) {
            *line = Line::default();
        }
        self.send(&[Update::Deleted { poll }]).await;
    }

    /// Puts something in the line of a poll, which has its turn at once if it sent nothing lately.
    fn line_up(&self, poll: PollId, put: impl FnOnce(&mut Line)) {
        let mut desk = self.desk();
        if let Some(line) = desk.polls.get_mut(&poll) {
            put(line);
            return;
        }
        put(desk.polls.entry(poll).or_default());
        desk.ready.push(poll);
        drop(desk);
        self.news.notify_one();
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
        let rest = self.rest();
        self.send(&rest).await;
    }

    /// Best effort, as all broadcasting is: who misses it reads the store.
    async fn send(&self, updates: &[Update]) {
        if updates.is_empty() {
            return;
        }
        match self.broadcaster.publish(updates).await {
            Ok(()) if self.outage.record_success() => tracing::info!("other nodes are told again"),
            Ok(()) => {}
            Err(error) => {
                if let Some(times) = self.outage.record_failure() {
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
            match desk.polls.get_mut(&poll).and_then(|line| line.next(poll)) {
                Some(update) => {
                    updates.push(update);
                    desk.resting.push_back((now + self.tick, poll));
                }
                None => {
                    desk.polls.remove(&poll);
                }
            }
        }
        (updates, desk.resting.front().map(|(until, _)| *until))
    }

    /// Everything that still waits.
    fn rest(&self) -> Vec<Update> {
        let mut updates = Vec::new();
        for (poll, mut line) in self.desk().polls.drain() {
            while let Some(update) = line.next(poll) {
                updates.push(update);
            }
        }
        updates
    }

    /// How many polls have something to send, or sent something less than a tick ago.
    #[cfg(test)]
    pub(super) fn polls(&self) -> usize {
        self.desk().polls.len()
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
