use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::{broadcast, mpsc};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::{Settled, Waiting};
use crate::ballot::{Ballot, BatchReceipt, Outcome};
use crate::engine::announce::Announcer;
use crate::engine::cache::Cached;
use crate::engine::live::{Hub, VOTE_SAMPLE};
use crate::engine::stats::Counters;
use crate::event::Event;
use crate::id::{BallotId, OptionId, PollId};
use crate::poll::ResultsPolicy;
use crate::store::{Store, StoreError};
use crate::tally::Tally;
use crate::time::Clock;
use crate::view::{Audience, TallyView};
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
    cached: Arc<Cached>,
    votes: Vec<OptionId>,
    /// Whose ballots stand now, or do not any more, where counts may hang on that.
    voters: Vec<(VoterId, Audience)>,
}

impl Writer {
    pub(super) async fn run(
        self,
        mut queue: mpsc::Receiver<Waiting>,
        most: usize,
        shutdown: CancellationToken,
    ) {
        let mut waiting = Vec::new();
        loop {
            tokio::select! {
                // Nothing new is taken in any more; what is in the queue still comes out of it.
                () = shutdown.cancelled(), if !queue.is_closed() => queue.close(),
                taken = queue.recv_many(&mut waiting, most) => {
                    if taken == 0 {
                        return;
                    }
                    let waiting = self.in_time(std::mem::take(&mut waiting));
                    if !waiting.is_empty() {
                        self.write(waiting).await;
                    }
                }
            }
        }
    }

    /// Those for whom there is still time; the others are told that nothing happened.
    ///
    /// Half of the time is left to the store, so that one that is slow is still asked.
    fn in_time(&self, waiting: Vec<Waiting>) -> Vec<Waiting> {
        let now = Instant::now();
        let is_late = |one: &Waiting| now.saturating_duration_since(one.since) > self.patience / 2;
        if !waiting.first().is_some_and(is_late) {
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
        // They came in order.
        let deadline = waiting.first().map(|first| first.since + self.patience);
        for Waiting {
            ballot,
            poll,
            answer,
            ..
        } in waiting
        {
            ballots.push(ballot);
            senders.push((poll, answer));
        }
        let deadline = deadline.unwrap_or_else(Instant::now);
        let receipt = self.cast(&ballots, deadline).await;
        let tallies: HashMap<PollId, Arc<Tally>> = receipt
            .tallies
            .into_iter()
            .map(|tally| (tally.poll, Arc::new(tally)))
            .collect();
        let mut moved: HashMap<PollId, Moved> = HashMap::new();
        let mut failure = None;
        for ((ballot, outcome), (cached, answer)) in
            ballots.iter().zip(receipt.outcomes).zip(senders)
        {
            let tally = tallies.get(&ballot.poll).cloned();
            match &outcome {
                Ok(outcome) => self.note(&mut moved, ballot, outcome, &cached, tally.as_deref()),
                Err(error) => failure = Some(error.clone()),
            }
            // A sender that went away has its ballot cast all the same.
            let _ = answer.send(outcome.map(|outcome| Settled { outcome, tally }));
        }
        if let Some(failure) = failure {
            // Once for the batch: a flood of votes makes no flood of lines.
            self.stats.store_failure();
            tracing::warn!(
                error = &failure as &dyn std::error::Error,
                "votes could not be written"
            );
        }
        for (poll, moved) in moved {
            if let Some(tally) = tallies.get(&poll) {
                moved.cached.learn(tally);
                // Here first: what comes back from the other nodes' way is then known already.
                self.hub
                    .offer_tally(tally, moved.votes.clone(), moved.voters);
                self.announcer.offer(tally, &moved.votes);
            }
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

    fn note(
        &self,
        moved: &mut HashMap<PollId, Moved>,
        ballot: &Ballot,
        outcome: &Outcome,
        cached: &Arc<Cached>,
        tally: Option<&Tally>,
    ) {
        let Some(tally) = tally else { return };
        let poll = &cached.poll;
        let open = poll.rules.results == ResultsPolicy::Live && poll.version == tally.version;
        if open {
            self.stats.outcome(outcome);
        }
        if !outcome.is_effective() {
            return;
        }
        let moved = moved.entry(ballot.poll).or_insert_with(|| Moved {
            cached: Arc::clone(cached),
            votes: Vec::new(),
            voters: Vec::new(),
        });
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
            self.tell(
                ballot.id,
                outcome,
                TallyView::new(poll, tally, Audience::Public),
                ballot.poll,
            );
        }
    }

    fn tell(&self, ballot: BallotId, outcome: &Outcome, view: TallyView, poll: PollId) {
        let outcome = outcome.as_seen_in(&view);
        // Nobody may be listening any more.
        let _ = self.events.send(Event::BallotCast {
            poll,
            ballot,
            outcome,
            view,
        });
    }
}
