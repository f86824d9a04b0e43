use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::broadcast;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::counted::Counted;
use super::pace::Pace;
use super::queue::{Queue, Taker};
use super::{Settled, Waiting};
use crate::ballot::{Ballot, BatchReceipt, Outcome};
use crate::engine::Event;
use crate::engine::announce::Announcer;
use crate::engine::cache::Cached;
use crate::engine::live::{Hub, VOTE_SAMPLE};
use crate::engine::stats::Counters;
use crate::id::{BallotId, OptionId, PollId};
use crate::poll::ResultsPolicy;
use crate::store::{Store, StoreError};
use crate::tally::Tally;
use crate::tally::{Audience, TallyView};
use crate::time::Clock;
use crate::voter::VoterId;

/// Writes batches, answers their senders and tells the world.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Writer {
    pub(in crate::engine) store: Arc<dyn Store>,
    pub(in crate::engine) clock: Arc<dyn Clock>,
    pub(in crate::engine) announcer: Arc<Announcer>,
    pub(in crate::engine) hub: Arc<Hub>,
    pub(in crate::engine) events: broadcast::Sender<Event>,
    pub(in crate::engine) stats: Arc<Counters>,
    /// How long a ballot may take, with the time that it waits.
    pub(in crate::engine) patience: Duration,
}

/// The store was busy with others for so long that there was no time left.
#[derive(Debug, thiserror::Error)]
#[error("no answer to earlier ballots, and therefore not asked")]
struct NotAsked;

/// What a batch did to one poll.
struct Moved {
    counted: Arc<Counted>,
    /// The definition that a ballot of the batch was checked against, if one had an effect.
    cached: Option<Arc<Cached>>,
    votes: Vec<OptionId>,
    /// Whose ballots stand now, or do not any more, where counts may hang on that.
    voters: Vec<(VoterId, Audience)>,
}

impl Writer {
    /// Writes batches of up to `most` until `shutdown`, and then what still waits.
    pub(super) async fn run(self, queue: Arc<Queue>, most: usize, shutdown: CancellationToken) {
        let taker = Taker(queue);
        // An eighth of what a ballot may take: it may have to wait for some batches before its own.
        let mut pace = Pace::new(most, self.patience / 8);
        loop {
            let waiting = tokio::select! {
                biased;
                () = shutdown.cancelled(), if !taker.is_closed() => {
                    taker.close();
                    continue;
                }
                waiting = taker.take(pace.batch()) => waiting,
            };
            if waiting.is_empty() {
                return;
            }
            let waiting = self.in_time(waiting);
            let (ballots, begun) = (waiting.len(), Instant::now());
            if ballots > 0 {
                self.write(waiting).await;
                pace.note(ballots, begun.elapsed());
            }
        }
    }

    /// Those for whom there is still time; the others are told that nothing happened.
    ///
    /// Half of the time is left to the store, so that one that is slow is still asked.
    fn in_time(&self, waiting: Vec<Waiting>) -> Vec<Waiting> {
        let now = Instant::now();
        let is_late = |one: &Waiting| now.saturating_duration_since(one.since) > self.patience / 2;
        if !waiting.iter().any(is_late) {
            return waiting;
        }
        let (late, in_time): (Vec<_>, _) = waiting.into_iter().partition(is_late);
        let error = StoreError::unavailable(self.store.backend(), NotAsked);
        for one in late {
            // A sender that went away need not know.
            let _ = one.answer.send(Err(error.clone()));
        }
        in_time
    }

    async fn write(&self, waiting: Vec<Waiting>) {
        let mut ballots = Vec::with_capacity(waiting.len());
        let mut senders = Vec::with_capacity(waiting.len());
        let mut first = Instant::now();
        for Waiting {
            ballot,
            poll,
            since,
            answer,
        } in waiting
        {
            first = first.min(since);
            ballots.push(ballot);
            senders.push((poll, answer));
        }
        let receipt = self.cast(&ballots, first + self.patience).await;
        let mut moved: HashMap<PollId, Moved> = receipt
            .tallies
            .into_iter()
            .map(|tally| (tally.poll, Moved::to(tally)))
            .collect();
        let mut failure = None;
        for ((ballot, outcome), (cached, answer)) in
            ballots.iter().zip(receipt.outcomes).zip(senders)
        {
            let settled = match outcome {
                Ok(outcome) => {
                    let moved = moved.get_mut(&ballot.poll);
                    let counted = moved.map(|moved| {
                        self.note(moved, ballot, &outcome, cached);
                        Arc::clone(&moved.counted)
                    });
                    Ok(Settled { outcome, counted })
                }
                Err(error) => {
                    failure = Some(error.clone());
                    Err(error)
                }
            };
            // A sender that went away has its ballot cast all the same.
            let _ = answer.send(settled);
        }
        if let Some(failure) = failure {
            // Once for the batch: a flood of votes makes no flood of lines.
            self.stats.store_failure();
            tracing::warn!(
                error = &failure as &dyn std::error::Error,
                "votes could not be written"
            );
        }
        for moved in moved.into_values() {
            let Some(cached) = moved.cached else { continue };
            let tally = &moved.counted.tally;
            cached.learn(tally);
            // Here first: what comes back from the other nodes' way is then known already.
            self.hub
                .offer_tally(tally, moved.votes.clone(), moved.voters);
            self.announcer.offer(tally, &moved.votes);
        }
    }

    /// Casts a batch; a store that panics has failed this batch, not the engine.
    async fn cast(&self, ballots: &[Ballot], deadline: Instant) -> BatchReceipt {
        let casting =
            AssertUnwindSafe(self.store.cast_ballots(ballots, self.clock.now())).catch_unwind();
        let failed = match timeout_at(deadline, casting).await {
            Err(late) => StoreError::unavailable(self.store.backend(), late),
            Ok(Ok(receipt)) if receipt.outcomes.len() == ballots.len() => return receipt,
            // Whatever it did before, it may have committed.
            Ok(Ok(_)) => {
                StoreError::unavailable(self.store.backend(), "the store left ballots unanswered")
            }
            Ok(Err(_)) => StoreError::unavailable(self.store.backend(), "the store panicked"),
        };
        BatchReceipt {
            outcomes: vec![Err(failed); ballots.len()],
            tallies: Vec::new(),
        }
    }

    fn note(&self, moved: &mut Moved, ballot: &Ballot, outcome: &Outcome, cached: Arc<Cached>) {
        let poll = &cached.poll;
        let is_of_version = poll.version == moved.counted.tally.version;
        let open = poll.rules.results == ResultsPolicy::Live && is_of_version;
        if open {
            self.stats.outcome(outcome);
        }
        if !outcome.changed_tally() {
            return;
        }
        if let (true, false, [option]) =
            (open, ballot.choice.is_withdrawal(), ballot.choice.options())
            && moved.votes.len() < VOTE_SAMPLE
        {
            moved.votes.push(*option);
        }
        if !open {
            let stands = !ballot.choice.is_withdrawal();
            let audience = if stands {
                Audience::Voted
            } else {
                Audience::Public
            };
            moved.voters.push((ballot.voter, audience));
        }
        if self.events.receiver_count() > 0 {
            let view = moved.counted.view(poll, Audience::Public);
            let view = view
                .unwrap_or_else(|| TallyView::new(poll, &moved.counted.tally, Audience::Public));
            self.tell(ballot.id, outcome, view, ballot.poll);
        }
        if is_of_version || moved.cached.is_none() {
            moved.cached = Some(cached);
        }
    }

    fn tell(&self, ballot: BallotId, outcome: &Outcome, view: TallyView, poll: PollId) {
        let outcome = outcome.redacted_for(&view);
        // Nobody may be listening any more.
        let _ = self.events.send(Event::BallotCast {
            poll,
            ballot,
            outcome,
            view,
        });
    }
}

impl Moved {
    /// To these counts, by nobody yet.
    fn to(tally: Tally) -> Self {
        Self {
            counted: Arc::new(Counted::new(tally)),
            cached: None,
            votes: Vec::new(),
            voters: Vec::new(),
        }
    }
}
