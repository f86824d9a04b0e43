use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;
use votify_core::PollId;

use super::subscriber::Ear;
use super::subscriptions::Topics;
use crate::connect::Redis;
use crate::error::Error;

/// Pauses before a new connection; each is up to twice as long by chance, so that a fleet does not come back at once.
const PAUSES: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(50))
    .with_max_delay(LONGEST_PAUSE)
    .without_max_times()
    .with_jitter();
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
/// A connection that lasted less long than this counts as an attempt that failed.
const STEADY: Duration = Duration::from_secs(10);
/// How often polls are tried again that could not be subscribed to, such as those of a node that is away.
const AGAIN: Duration = Duration::from_millis(500);

/// Keeps what is subscribed to equal to what is listened to, and replaces connections that are lost.
pub(super) struct Listening {
    redis: Redis,
    topics: Arc<Topics>,
}

impl Listening {
    pub(super) fn new(redis: Redis, topics: Arc<Topics>) -> Self {
        Self { redis, topics }
    }

    pub(super) async fn run(self, mut ear: Ear, shutdown: CancellationToken) {
        let mut pauses = PAUSES.build();
        for number in 2.. {
            let began = Instant::now();
            let listening = Subscribing::new(&ear, &self.topics).run();
            let Some(why) = shutdown.run_until_cancelled(listening).await else {
                return;
            };
            self.topics.lose_ear();
            drop(ear);
            tracing::warn!(
                why,
                "no news from other nodes until there is a new connection to Redis"
            );
            if began.elapsed() >= STEADY {
                pauses = PAUSES.build();
            }
            let reopened = shutdown.run_until_cancelled(self.reopen(number, &mut pauses));
            let Some(next) = reopened.await else {
                return;
            };
            ear = next;
            tracing::info!("listening to other nodes again");
        }
    }

    async fn reopen(
        &self,
        number: u64,
        pauses: &mut (impl Iterator<Item = Duration> + Send),
    ) -> Ear {
        loop {
            sleep(pauses.next().unwrap_or(LONGEST_PAUSE)).await;
            match Ear::open(&self.redis, &self.topics, number).await {
                Ok(ear) => return ear,
                Err(error) => tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "still no connection to Redis to hear other nodes with"
                ),
            }
        }
    }
}

impl Drop for Listening {
    /// However it ends, nobody waits for more.
    fn drop(&mut self) {
        self.topics.close();
    }
}

/// What is subscribed to over one connection.
struct Subscribing<'a> {
    ear: &'a Ear,
    topics: &'a Topics,
    subscribed: HashSet<PollId>,
    /// One at a time for each poll.
    under_way: FuturesUnordered<BoxFuture<'a, Asked>>,
    busy: HashSet<PollId>,
    /// Changed while busy.
    behind: HashSet<PollId>,
    failed: HashSet<PollId>,
}

struct Asked {
    poll: PollId,
    subscribing: bool,
    answer: Result<(), Error>,
}

impl<'a> Subscribing<'a> {
    fn new(ear: &'a Ear, topics: &'a Topics) -> Self {
        Self {
            ear,
            topics,
            subscribed: HashSet::new(),
            under_way: FuturesUnordered::new(),
            busy: HashSet::new(),
            behind: HashSet::new(),
            failed: HashSet::new(),
        }
    }

    /// Until the connection is lost; tells why.
    async fn run(mut self) -> &'static str {
        let loss = self.ear.loss();
        tokio::pin!(loss);
        let mut again = interval(AGAIN);
        again.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.look_at(self.topics.wanted());
        loop {
            tokio::select! {
                why = &mut loss => return why,
                changed = self.topics.changed() => self.look_at(changed),
                Some(asked) = self.under_way.next() => self.settle(asked),
                _ = again.tick(), if !self.failed.is_empty() => {
                    let failed = std::mem::take(&mut self.failed);
                    self.look_at(failed);
                }
            }
        }
    }

    fn look_at(&mut self, polls: impl IntoIterator<Item = PollId>) {
        for poll in polls {
            if self.busy.contains(&poll) {
                self.behind.insert(poll);
                continue;
            }
            match (self.topics.is_wanted(poll), self.subscribed.contains(&poll)) {
                (true, true) => self.topics.confirm_anew(poll),
                (false, false) => {}
                (true, false) => self.ask(poll, true),
                (false, true) => self.ask(poll, false),
            }
        }
    }

    fn ask(&mut self, poll: PollId, subscribing: bool) {
        self.busy.insert(poll);
        let ear = self.ear;
        let asking: BoxFuture<'_, _> = if subscribing {
            Box::pin(ear.subscribe(poll))
        } else {
            self.topics.leave(poll);
            Box::pin(ear.unsubscribe(poll))
        };
        self.under_way.push(Box::pin(async move {
            Asked {
                poll,
                subscribing,
                answer: asking.await,
            }
        }));
    }

    fn settle(&mut self, asked: Asked) {
        let poll = asked.poll;
        self.busy.remove(&poll);
        match asked.answer {
            Ok(()) if asked.subscribing => {
                self.subscribed.insert(poll);
            }
            Ok(()) => {
                self.subscribed.remove(&poll);
            }
            Err(error) => {
                tracing::debug!(%error, %poll, "a subscription could not be changed");
                if asked.subscribing && !error.is_transient() {
                    self.topics.refuse(poll, error);
                }
                self.failed.insert(poll);
            }
        }
        if self.behind.remove(&poll) {
            self.look_at([poll]);
        }
    }
}
