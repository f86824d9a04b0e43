use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;
use votify_core::PollId;

use super::subscriber::Subscriber;
use super::subscriptions::Subscriptions;
use crate::connect::Redis;
use crate::error::Error;

/// Delays before a reconnect, each with up to 100 % jitter, so that the instances of a
/// fleet do not reconnect at once.
const RECONNECT_DELAYS: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(50))
    .with_max_delay(MAX_RECONNECT_DELAY)
    .without_max_times()
    .with_jitter();
const MAX_RECONNECT_DELAY: Duration = Duration::from_millis(500);
/// A connection that lasted at least this long resets the delays. It exceeds the longest
/// delay tenfold, so that a flapping server keeps the longest delay.
const STABLE_AFTER: Duration = Duration::from_secs(10);
/// Interval of retries of failed subscriptions, such as those on an unreachable node.
const RETRY_INTERVAL: Duration = Duration::from_millis(500);

/// Synchronizes the server's subscriptions with [`Subscriptions`], and replaces lost
/// connections.
pub(super) struct ListenTask {
    redis: Redis,
    subscriptions: Arc<Subscriptions>,
}

impl ListenTask {
    pub(super) fn new(redis: Redis, subscriptions: Arc<Subscriptions>) -> Self {
        Self {
            redis,
            subscriptions,
        }
    }

    pub(super) async fn run(self, mut subscriber: Subscriber, shutdown: CancellationToken) {
        let mut delays = RECONNECT_DELAYS.build();
        for connection_number in 2.. {
            let connected_at = Instant::now();
            let sync = SubscriptionSync::new(&subscriber, &self.subscriptions).run();
            let Some(reason) = shutdown.run_until_cancelled(sync).await else {
                return;
            };
            self.subscriptions.clear_connection();
            drop(subscriber);
            tracing::warn!(reason, "lost the subscriber connection to Redis");
            if connected_at.elapsed() >= STABLE_AFTER {
                delays = RECONNECT_DELAYS.build();
            }
            let reconnect = self.reconnect(connection_number, &mut delays);
            let Some(next) = shutdown.run_until_cancelled(reconnect).await else {
                return;
            };
            subscriber = next;
            tracing::info!("restored the subscriber connection to Redis");
        }
    }

    async fn reconnect(
        &self,
        connection_number: u64,
        delays: &mut (impl Iterator<Item = Duration> + Send),
    ) -> Subscriber {
        loop {
            sleep(delays.next().unwrap_or(MAX_RECONNECT_DELAY)).await;
            match Subscriber::open(&self.redis, &self.subscriptions, connection_number).await {
                Ok(subscriber) => return subscriber,
                Err(error) => tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "failed to open the subscriber connection to Redis"
                ),
            }
        }
    }
}

impl Drop for ListenTask {
    /// Ends all streams, even after a panic.
    fn drop(&mut self) {
        self.subscriptions.close();
    }
}

/// Synchronizes the subscriptions of one connection.
struct SubscriptionSync<'a> {
    subscriber: &'a Subscriber,
    subscriptions: &'a Subscriptions,
    subscribed: HashSet<PollId>,
    /// Requests in flight, at most one per poll.
    requests: FuturesUnordered<BoxFuture<'a, Completed>>,
    /// Polls with a request in flight.
    busy: HashSet<PollId>,
    /// Polls that changed while busy.
    changed_while_busy: HashSet<PollId>,
    failed: HashSet<PollId>,
}

/// A completed request.
struct Completed {
    poll: PollId,
    subscribing: bool,
    result: Result<(), Error>,
}

impl<'a> SubscriptionSync<'a> {
    fn new(subscriber: &'a Subscriber, subscriptions: &'a Subscriptions) -> Self {
        Self {
            subscriber,
            subscriptions,
            subscribed: HashSet::new(),
            requests: FuturesUnordered::new(),
            busy: HashSet::new(),
            changed_while_busy: HashSet::new(),
            failed: HashSet::new(),
        }
    }

    /// Runs until the connection is lost, and returns the reason.
    async fn run(mut self) -> &'static str {
        let closed = self.subscriber.closed();
        tokio::pin!(closed);
        let mut retry = interval(RETRY_INTERVAL);
        retry.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.sync(self.subscriptions.polls());
        loop {
            tokio::select! {
                reason = &mut closed => return reason,
                changed_polls = self.subscriptions.next_changed_polls() => self.sync(changed_polls),
                Some(completed) = self.requests.next() => self.complete(completed),
                _ = retry.tick(), if !self.failed.is_empty() => {
                    let failed = std::mem::take(&mut self.failed);
                    self.sync(failed);
                }
            }
        }
    }

    /// Sends the requests that the given polls need.
    fn sync(&mut self, polls: impl IntoIterator<Item = PollId>) {
        for poll in polls {
            if self.busy.contains(&poll) {
                self.changed_while_busy.insert(poll);
                continue;
            }
            let wanted = self.subscriptions.is_wanted(poll);
            match (wanted, self.subscribed.contains(&poll)) {
                (true, true) => self.subscriptions.reconfirm(poll),
                (false, false) => {}
                (true, false) => self.send_request(poll, true),
                (false, true) => self.send_request(poll, false),
            }
        }
    }

    fn send_request(&mut self, poll: PollId, subscribing: bool) {
        self.busy.insert(poll);
        let subscriber = self.subscriber;
        let request: BoxFuture<'_, _> = if subscribing {
            Box::pin(subscriber.subscribe(poll))
        } else {
            self.subscriptions.expect_unsubscribe(poll);
            Box::pin(subscriber.unsubscribe(poll))
        };
        self.requests.push(Box::pin(async move {
            Completed {
                poll,
                subscribing,
                result: request.await,
            }
        }));
    }

    fn complete(&mut self, completed: Completed) {
        let poll = completed.poll;
        self.busy.remove(&poll);
        match completed.result {
            Ok(()) if completed.subscribing => {
                self.subscribed.insert(poll);
            }
            Ok(()) => {
                self.subscribed.remove(&poll);
            }
            Err(error) => {
                tracing::debug!(%error, %poll, "failed to change a subscription; will retry");
                if completed.subscribing && !error.is_transient() {
                    self.subscriptions.reject(poll, error);
                }
                self.failed.insert(poll);
            }
        }
        if self.changed_while_busy.remove(&poll) {
            self.sync([poll]);
        }
    }
}
