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

/// The subscriptions of this instance and the state of each on the server.
#[derive(Default)]
pub(super) struct Subscriptions {
    fanout: Fanout,
    state: Mutex<State>,
    /// Notified after each insertion into [`State::changed_polls`].
    polls_changed: Notify,
}

#[derive(Default)]
struct State {
    polls: HashMap<PollId, PollSubscription>,
    /// Number of the current connection, if there is one.
    connection: Option<u64>,
    /// Polls that gained their first or lost their last subscriber since the last call of
    /// [`Subscriptions::next_changed_polls`].
    changed_polls: HashSet<PollId>,
    /// Polls with an unsubscribe request that is not confirmed yet.
    unsubscribing: HashSet<PollId>,
    closed: bool,
}

/// All subscribers of one poll.
struct PollSubscription {
    subscribers: usize,
    /// True if updates may have been lost since the last `Lagged`.
    must_notify_lagged: bool,
    state: watch::Sender<SubscriptionState>,
}

/// The state of a poll's subscription on the server.
enum SubscriptionState {
    /// The current connection sent or will send the subscribe request.
    Pending,
    Active,
    /// There is no connection, or it does not respond. A `Lagged` follows after a
    /// reconnect.
    Lost,
    /// The server does not permit the channel.
    Rejected(Error),
}

type StateReceiver = watch::Receiver<SubscriptionState>;

impl Subscriptions {
    /// Subscribes to a poll and waits up to `limit` for the server's confirmation.
    ///
    /// Without a connection, or after `limit`, the stream starts with a `Lagged` later.
    pub(super) async fn subscribe(
        self: &Arc<Self>,
        poll: PollId,
        limit: Duration,
    ) -> Result<DeliveryStream, Error> {
        let (guard, deliveries, mut state) = self.add_subscriber(poll)?;
        let decided = state.wait_for(|state| !matches!(state, SubscriptionState::Pending));
        match timeout(limit, decided).await {
            Ok(Ok(state)) => {
                if let SubscriptionState::Rejected(error) = &*state {
                    return Err(error.clone());
                }
            }
            Ok(Err(_)) => return Err(Error::Closed),
            Err(_) => self.mark_lagged(poll),
        }
        // The stream owns the guard, so dropping the stream unsubscribes.
        let deliveries = deliveries.map(move |delivery| {
            let _guard = &guard;
            delivery
        });
        Ok(deliveries.boxed())
    }

    fn add_subscriber(
        self: &Arc<Self>,
        poll: PollId,
    ) -> Result<(SubscriptionGuard, DeliveryStream, StateReceiver), Error> {
        let mut state = self.lock();
        if state.closed {
            return Err(Error::Closed);
        }
        // Before the state is read, so that a loss right afterwards is delivered.
        let deliveries = self.fanout.subscribe(Topic::Poll(poll));
        let is_connected = state.connection.is_some();
        let mut is_first = false;
        let subscription = state.polls.entry(poll).or_insert_with(|| {
            is_first = true;
            let initial = if is_connected {
                SubscriptionState::Pending
            } else {
                SubscriptionState::Lost
            };
            PollSubscription {
                subscribers: 0,
                must_notify_lagged: !is_connected,
                state: watch::Sender::new(initial),
            }
        });
        subscription.subscribers += 1;
        let receiver = subscription.state.subscribe();
        if is_first {
            state.changed_polls.insert(poll);
            self.polls_changed.notify_one();
        }
        drop(state);
        let guard = SubscriptionGuard {
            subscriptions: Arc::clone(self),
            poll,
        };
        Ok((guard, deliveries, receiver))
    }

    fn remove_subscriber(&self, poll: PollId) {
        let mut state = self.lock();
        let Some(subscription) = state.polls.get_mut(&poll) else {
            return;
        };
        subscription.subscribers -= 1;
        if subscription.subscribers == 0 {
            state.polls.remove(&poll);
            state.changed_polls.insert(poll);
            self.polls_changed.notify_one();
        }
    }

    /// Returns the number of polls with subscribers.
    pub(super) fn poll_count(&self) -> usize {
        self.lock().polls.len()
    }

    /// Returns true if the poll has subscribers.
    pub(super) fn is_wanted(&self, poll: PollId) -> bool {
        self.lock().polls.contains_key(&poll)
    }

    /// Returns all polls with subscribers.
    pub(super) fn polls(&self) -> Vec<PollId> {
        self.lock().polls.keys().copied().collect()
    }

    /// Waits for polls that gained their first or lost their last subscriber. Cancel
    /// safe.
    pub(super) async fn next_changed_polls(&self) -> HashSet<PollId> {
        loop {
            let changed_polls = std::mem::take(&mut self.lock().changed_polls);
            if !changed_polls.is_empty() {
                return changed_polls;
            }
            self.polls_changed.notified().await;
        }
    }

    /// Sets the current connection. Messages of other connections are ignored from now
    /// on.
    pub(super) fn set_connection(&self, connection_number: u64) {
        let mut state = self.lock();
        state.connection = Some(connection_number);
        state.unsubscribing.clear();
    }

    /// Marks the current connection and all subscriptions as lost.
    pub(super) fn clear_connection(&self) {
        let mut state = self.lock();
        state.connection = None;
        for subscription in state.polls.values_mut() {
            subscription.mark_lost();
        }
    }

    /// Marks a poll's subscription as active, after the server confirmed it.
    pub(super) fn confirmed(&self, connection_number: u64, poll: PollId) {
        let mut state = self.lock();
        if state.connection != Some(connection_number) {
            return;
        }
        if let Some(subscription) = state.polls.get_mut(&poll) {
            if subscription.must_notify_lagged {
                subscription.must_notify_lagged = false;
                self.fanout.send(&Topic::Poll(poll), Delivery::Lagged);
            }
            subscription.state.send_replace(SubscriptionState::Active);
        }
    }

    /// Marks a poll's subscription as active if the server still has an earlier one.
    pub(super) fn reconfirm(&self, poll: PollId) {
        let connection = self.lock().connection;
        if let Some(connection_number) = connection {
            self.confirmed(connection_number, poll);
        }
    }

    /// Marks a poll's subscription as rejected by the server.
    pub(super) fn reject(&self, poll: PollId, error: Error) {
        if let Some(subscription) = self.lock().polls.get_mut(&poll) {
            subscription.must_notify_lagged = true;
            let rejected = SubscriptionState::Rejected(error);
            subscription.state.send_replace(rejected);
        }
    }

    /// Delivers a message that arrived on a poll's channel.
    pub(super) fn received(&self, connection_number: u64, poll: PollId, payload: &[u8]) {
        let state = self.lock();
        let is_current = state.connection == Some(connection_number);
        let is_active = |subscription: &PollSubscription| {
            matches!(*subscription.state.borrow(), SubscriptionState::Active)
        };
        // Before the confirmation, either a `Lagged` is still due or nothing is promised.
        if !is_current || !state.polls.get(&poll).is_some_and(is_active) {
            return;
        }
        drop(state);
        let delivery = wire::decode(poll, payload);
        self.fanout.send(&Topic::Poll(poll), delivery);
    }

    /// Records that the connection is about to unsubscribe from a poll.
    pub(super) fn expect_unsubscribe(&self, poll: PollId) {
        self.lock().unsubscribing.insert(poll);
    }

    /// Returns true if an unsubscribe push was requested or comes from an old connection.
    pub(super) fn unsubscribe_was_expected(&self, connection_number: u64, poll: PollId) -> bool {
        let mut state = self.lock();
        state.unsubscribing.remove(&poll) || state.connection != Some(connection_number)
    }

    /// Ends every stream. Later subscriptions fail.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.polls.clear();
        drop(state);
        self.fanout.close();
    }

    /// Marks an unconfirmed subscription as lost, so that a `Lagged` follows.
    fn mark_lagged(&self, poll: PollId) {
        if let Some(subscription) = self.lock().polls.get_mut(&poll) {
            // The confirmation may have arrived after the timeout.
            if matches!(*subscription.state.borrow(), SubscriptionState::Active) {
                return;
            }
            subscription.mark_lost();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PollSubscription {
    fn mark_lost(&mut self) {
        self.must_notify_lagged = true;
        self.state.send_replace(SubscriptionState::Lost);
    }
}

/// Unsubscribes one subscriber when dropped.
struct SubscriptionGuard {
    subscriptions: Arc<Subscriptions>,
    poll: PollId,
}

impl Drop for SubscriptionGuard {
    fn drop(&mut self) {
        self.subscriptions.remove_subscriber(self.poll);
    }
}
