use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::{Notify, watch};
use tokio::time::timeout;
use votify_core::PollId;
use votify_core::backend::Fanout;
use votify_core::broadcast::{Delivery, DeliveryStream, Topic};

use super::wire;
use crate::error::Error;

/// Who listens to what on this node, and what of it is heard.
#[derive(Default)]
pub(super) struct Topics {
    fanout: Fanout,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    polls: HashMap<PollId, Listeners>,
    /// The connection that listens now, if there is one.
    ear: Option<u64>,
    /// Polls that somebody began to listen to, or nobody does any more, since the last look.
    changed: HashSet<PollId>,
    /// Polls that the connection was told to leave, and has not yet confirmed.
    leaving: HashSet<PollId>,
    closed: bool,
}

struct Listeners {
    count: usize,
    /// Whether something may have been lost since somebody was told that he hears.
    owed_missed: bool,
    hearing: watch::Sender<Hearing>,
}

/// Whether a poll's news are heard.
enum Hearing {
    /// The connection that there is was or will be told to subscribe.
    Soon,
    Now,
    /// There is no connection, or it does not answer. A `Lagged` follows when there is one.
    Lost,
    /// The server does not allow it.
    Refused(Error),
}

impl Topics {
    /// Listens to a poll; waits for the confirmation, if there is a connection to give it, but not longer than `within`.
    pub(super) async fn subscribe(
        self: &Arc<Self>,
        poll: PollId,
        within: Duration,
    ) -> Result<DeliveryStream, Error> {
        let (seat, deliveries, mut hearing) = self.take_seat(poll)?;
        let settled = hearing.wait_for(|hearing| !matches!(hearing, Hearing::Soon));
        match timeout(within, settled).await {
            Ok(Ok(hearing)) => {
                if let Hearing::Refused(error) = &*hearing {
                    return Err(error.clone());
                }
            }
            Ok(Err(_)) => return Err(Error::Closed),
            Err(_) => self.owe_missed(poll),
        }
        // The seat is given up with the stream.
        let deliveries = deliveries.map(move |delivery| {
            let _held = &seat;
            delivery
        });
        Ok(deliveries.boxed())
    }

    fn take_seat(
        self: &Arc<Self>,
        poll: PollId,
    ) -> Result<(Seat, DeliveryStream, watch::Receiver<Hearing>), Error> {
        let mut state = self.lock();
        if state.closed {
            return Err(Error::Closed);
        }
        // Before it is asked what is heard, so that a loss right after it is told too.
        let deliveries = self.fanout.subscribe(Topic::Poll(poll));
        let has_ear = state.ear.is_some();
        let mut is_new = false;
        let listeners = state.polls.entry(poll).or_insert_with(|| {
            is_new = true;
            let hearing = if has_ear {
                Hearing::Soon
            } else {
                Hearing::Lost
            };
            Listeners {
                count: 0,
                owed_missed: !has_ear,
                hearing: watch::Sender::new(hearing),
            }
        });
        listeners.count += 1;
        let hearing = listeners.hearing.subscribe();
        if is_new {
            state.changed.insert(poll);
            self.changed.notify_one();
        }
        drop(state);
        let seat = Seat {
            topics: Arc::clone(self),
            poll,
        };
        Ok((seat, deliveries, hearing))
    }

    fn leave_seat(&self, poll: PollId) {
        let mut state = self.lock();
        let Some(listeners) = state.polls.get_mut(&poll) else {
            return;
        };
        listeners.count -= 1;
        if listeners.count == 0 {
            state.polls.remove(&poll);
            state.changed.insert(poll);
            self.changed.notify_one();
        }
    }

    /// How many polls somebody listens to.
    pub(super) fn count(&self) -> usize {
        self.lock().polls.len()
    }

    pub(super) fn is_wanted(&self, poll: PollId) -> bool {
        self.lock().polls.contains_key(&poll)
    }

    /// All polls that somebody listens to.
    pub(super) fn wanted(&self) -> Vec<PollId> {
        self.lock().polls.keys().copied().collect()
    }

    /// Waits until somebody begins to listen to a poll, or nobody does any more. Cancelling it loses nothing.
    pub(super) async fn changed(&self) -> HashSet<PollId> {
        loop {
            let changed = std::mem::take(&mut self.lock().changed);
            if !changed.is_empty() {
                return changed;
            }
            self.changed.notified().await;
        }
    }

    /// From now on this connection says what is heard.
    pub(super) fn listen_by(&self, ear: u64) {
        let mut state = self.lock();
        state.ear = Some(ear);
        state.leaving.clear();
    }

    /// There is no connection any more.
    pub(super) fn lose_ear(&self) {
        let mut state = self.lock();
        state.ear = None;
        for listeners in state.polls.values_mut() {
            listeners.lose();
        }
    }

    /// The server has confirmed that what is published on a poll from now on is heard.
    pub(super) fn confirmed(&self, ear: u64, poll: PollId) {
        let mut state = self.lock();
        if state.ear != Some(ear) {
            return;
        }
        if let Some(listeners) = state.polls.get_mut(&poll) {
            if listeners.owed_missed {
                listeners.owed_missed = false;
                self.fanout.deliver(&Topic::Poll(poll), Delivery::Lagged);
            }
            listeners.hearing.send_replace(Hearing::Now);
        }
    }

    /// The poll is still subscribed to, from an earlier time when somebody listened.
    pub(super) fn confirm_anew(&self, poll: PollId) {
        let ear = self.lock().ear;
        if let Some(ear) = ear {
            self.confirmed(ear, poll);
        }
    }

    pub(super) fn refuse(&self, poll: PollId, error: Error) {
        if let Some(listeners) = self.lock().polls.get_mut(&poll) {
            listeners.owed_missed = true;
            listeners.hearing.send_replace(Hearing::Refused(error));
        }
    }

    /// Something was said on a poll's channel.
    pub(super) fn heard(&self, ear: u64, poll: PollId, payload: &[u8]) {
        let state = self.lock();
        let listeners = state.polls.get(&poll).filter(|_| state.ear == Some(ear));
        // What is said before the confirmation was counted in is covered by the `Lagged` that is owed, or not promised.
        if listeners.is_none_or(|listeners| !matches!(*listeners.hearing.borrow(), Hearing::Now)) {
            return;
        }
        drop(state);
        let delivery = wire::delivery(poll, payload);
        self.fanout.deliver(&Topic::Poll(poll), delivery);
    }

    /// The connection is about to be told to leave a poll.
    pub(super) fn leave(&self, poll: PollId) {
        self.lock().leaving.insert(poll);
    }

    /// The connection has left a poll; whether it was told to, or is not the one that listens.
    pub(super) fn has_left(&self, ear: u64, poll: PollId) -> bool {
        let mut state = self.lock();
        state.leaving.remove(&poll) || state.ear != Some(ear)
    }

    /// Ends every stream, and those to come at once.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.polls.clear();
        drop(state);
        self.fanout.close();
    }

    /// Whoever waited for a poll's confirmation waits no more.
    fn owe_missed(&self, poll: PollId) {
        if let Some(listeners) = self.lock().polls.get_mut(&poll) {
            // It may have come in the meantime.
            if matches!(*listeners.hearing.borrow(), Hearing::Now) {
                return;
            }
            listeners.lose();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listeners {
    fn lose(&mut self) {
        self.owed_missed = true;
        self.hearing.send_replace(Hearing::Lost);
    }
}

/// One listener.
struct Seat {
    topics: Arc<Topics>,
    poll: PollId,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.topics.leave_seat(self.poll);
    }
}
