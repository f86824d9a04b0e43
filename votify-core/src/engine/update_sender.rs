mod pending_updates;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::backend::LogThrottle;
use crate::broadcast::{Broadcaster, InstanceId, Update};
use crate::engine::loaded_poll::LoadedPoll;
use crate::engine::tally_change::TallyChange;
use crate::id::PollId;
use pending_updates::PendingUpdates;

/// Sends the newest state of each poll to the other instances, through the broadcaster.
///
/// The first change of a poll is sent at once, then at most one message an interval,
/// whatever its kind. A deletion is sent at once, because no update follows it.
#[derive(Debug)]
pub(super) struct UpdateSender {
    broadcaster: Arc<dyn Broadcaster>,
    interval: Duration,
    outbox: Mutex<Outbox>,
    notify: Notify,
    failures: LogThrottle,
}

#[derive(Debug, Default)]
struct Outbox {
    /// Polls with pending updates, or that sent one less than an interval ago.
    polls: HashMap<PollId, PendingUpdates>,
    /// Polls that may send at once.
    ready: Vec<PollId>,
    /// Polls that have sent, each with the time of its next message. Ascending, because
    /// all wait equally long.
    cooling_down: VecDeque<(Instant, PollId)>,
}

impl UpdateSender {
    pub(super) fn new(broadcaster: Arc<dyn Broadcaster>, interval: Duration) -> Self {
        Self {
            broadcaster,
            interval,
            outbox: Mutex::default(),
            notify: Notify::new(),
            failures: LogThrottle::default(),
        }
    }

    /// Enqueues a tally; it replaces an older pending one of the same poll.
    pub(super) fn enqueue_tally(&self, change: &TallyChange) {
        self.enqueue(change.tally.poll, |pending| pending.set_tally(change));
    }

    /// Enqueues a definition and its tally.
    pub(super) fn enqueue_definition(&self, loaded: LoadedPoll) {
        self.enqueue(loaded.poll.id, |pending| pending.set_definition(loaded));
    }

    /// Enqueues the number of viewers that an instance has on a poll.
    pub(super) fn enqueue_viewers(&self, poll: PollId, instance: InstanceId, viewers: u32) {
        self.enqueue(poll, |pending| pending.set_viewers(instance, viewers));
    }

    /// Sends a deletion at once, and drops the poll's pending updates.
    pub(super) async fn send_deleted(&self, poll: PollId) {
        if let Some(pending) = self.outbox().polls.get_mut(&poll) {
            *pending = PendingUpdates::default();
        }
        self.send(&[Update::Deleted { poll }]).await;
    }

    /// Changes the pending updates of a poll, and marks the poll ready if it sent nothing
    /// for an interval.
    fn enqueue(&self, poll: PollId, set: impl FnOnce(&mut PendingUpdates)) {
        let mut outbox = self.outbox();
        if let Some(pending) = outbox.polls.get_mut(&poll) {
            set(pending);
            return;
        }
        set(outbox.polls.entry(poll).or_default());
        outbox.ready.push(poll);
        drop(outbox);
        self.notify.notify_one();
    }

    /// Sends updates until `shutdown` is cancelled, and then all that are still
    /// pending.
    pub(super) async fn run(self: Arc<Self>, shutdown: CancellationToken) {
        loop {
            let (updates, next) = self.take_ready(Instant::now());
            self.send(&updates).await;
            let cooled_down = async {
                match next {
                    Some(next) => tokio::time::sleep_until(next).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => break,
                () = self.notify.notified() => {}
                () = cooled_down => {}
            }
        }
        let remaining = self.take_all();
        self.send(&remaining).await;
    }

    /// Sends without a retry: instances that miss an update re-read the store.
    async fn send(&self, updates: &[Update]) {
        if updates.is_empty() {
            return;
        }
        match self.broadcaster.publish(updates).await {
            Ok(()) if self.failures.record_success() => {
                tracing::info!("publishing poll updates succeeds again");
            }
            Ok(()) => {}
            Err(error) => {
                if let Some(times) = self.failures.record_failure() {
                    tracing::warn!(
                        times,
                        error = &error as &dyn std::error::Error,
                        "failed to publish poll updates; other instances re-read the store"
                    );
                }
            }
        }
    }

    /// Returns the updates to send at `now`, and when the next poll may send.
    fn take_ready(&self, now: Instant) -> (Vec<Update>, Option<Instant>) {
        let mut outbox = self.outbox();
        let mut ready = std::mem::take(&mut outbox.ready);
        while let Some((_, poll)) = outbox.cooling_down.pop_front_if(|(until, _)| *until <= now) {
            ready.push(poll);
        }
        let mut updates = Vec::new();
        for poll in ready {
            let pending = outbox.polls.get_mut(&poll);
            match pending.and_then(|pending| pending.next(poll)) {
                Some(update) => {
                    updates.push(update);
                    outbox.cooling_down.push_back((now + self.interval, poll));
                }
                None => {
                    outbox.polls.remove(&poll);
                }
            }
        }
        (
            updates,
            outbox.cooling_down.front().map(|(until, _)| *until),
        )
    }

    /// Removes and returns all pending updates.
    fn take_all(&self) -> Vec<Update> {
        let mut updates = Vec::new();
        for (poll, mut pending) in self.outbox().polls.drain() {
            while let Some(update) = pending.next(poll) {
                updates.push(update);
            }
        }
        updates
    }

    /// Returns the number of polls that have pending updates or sent one less than an
    /// interval ago.
    #[cfg(test)]
    pub(super) fn poll_count(&self) -> usize {
        self.outbox().polls.len()
    }

    fn outbox(&self) -> MutexGuard<'_, Outbox> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
