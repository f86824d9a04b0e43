use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::status::{VoteStatus, statuses};
use crate::engine::batcher::jittered_retry_after;
use crate::engine::loader::PollLoader;
use crate::engine::{EngineError, PollEngine};
use crate::id::{BallotId, PollId};
use crate::voter::{Caller, VoterId};

/// Maximum number of ballots whose callers wait.
const MAX_PENDING: usize = 100_000;
/// Maximum number of ballots in one read of the store.
const CHUNK: usize = 1_000;

/// The ballots whose callers wait for a decision.
#[derive(Debug, Default)]
pub(in crate::engine) struct PendingBallots {
    state: Mutex<State>,
    /// Notified when a poll is due.
    due: Notify,
}

#[derive(Debug, Default)]
struct State {
    polls: HashMap<PollId, Vec<Pending>>,
    /// The polls whose tally changed since their last look-up.
    due: HashSet<PollId>,
    count: usize,
    closed: bool,
}

#[derive(Debug)]
struct Pending {
    voter: VoterId,
    ballot: BallotId,
    reply: oneshot::Sender<VoteStatus>,
}

impl PendingBallots {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a ballot. Dropping the receiver removes it at the next look-up.
    fn add(
        &self,
        poll: PollId,
        voter: VoterId,
        ballot: BallotId,
    ) -> Result<oneshot::Receiver<VoteStatus>, EngineError> {
        let mut state = self.lock();
        if state.closed {
            return Err(EngineError::ShuttingDown);
        }
        if state.count >= MAX_PENDING {
            return Err(EngineError::Overloaded {
                retry_after: jittered_retry_after(),
            });
        }
        let (reply, receiver) = oneshot::channel();
        state.count += 1;
        state.polls.entry(poll).or_default().push(Pending {
            voter,
            ballot,
            reply,
        });
        Ok(receiver)
    }

    /// Makes the ballots of a poll due, because viewers see a new tally.
    pub(in crate::engine) fn notify_tally_published(&self, poll: PollId) {
        let mut state = self.lock();
        if state.polls.contains_key(&poll) && state.due.insert(poll) {
            self.due.notify_one();
        }
    }

    /// Looks the ballots up, those of a poll together, until `shutdown` is cancelled: all of
    /// them every `interval`, and those of a poll after its tally changed. Then no caller
    /// waits any more.
    pub(in crate::engine) async fn run(
        self: Arc<Self>,
        loader: Arc<PollLoader>,
        interval: Duration,
        shutdown: CancellationToken,
    ) {
        let look_up = async {
            let mut next_of_all = Instant::now() + interval;
            loop {
                let polls = tokio::select! {
                    () = sleep_until(next_of_all) => {
                        next_of_all = Instant::now() + interval;
                        self.take_all()
                    }
                    () = self.due.notified() => self.take_due(),
                };
                for (poll, pending) in polls {
                    let undecided = look_up(&loader, poll, pending).await;
                    if !undecided.is_empty() {
                        let mut state = self.lock();
                        state.count += undecided.len();
                        state.polls.entry(poll).or_default().extend(undecided);
                    }
                }
            }
        };
        let _: Option<()> = shutdown.run_until_cancelled(look_up).await;
        let mut state = self.lock();
        state.closed = true;
        state.polls.clear();
    }

    fn take_all(&self) -> HashMap<PollId, Vec<Pending>> {
        let mut state = self.lock();
        state.count = 0;
        state.due.clear();
        std::mem::take(&mut state.polls)
    }

    fn take_due(&self) -> HashMap<PollId, Vec<Pending>> {
        let mut state = self.lock();
        let mut taken = HashMap::new();
        for poll in std::mem::take(&mut state.due) {
            if let Some(pending) = state.polls.remove(&poll) {
                state.count = state.count.saturating_sub(pending.len());
                taken.insert(poll, pending);
            }
        }
        taken
    }
}

/// Replies to the callers of decided ballots, and returns the others.
async fn look_up(loader: &PollLoader, poll: PollId, pending: Vec<Pending>) -> Vec<Pending> {
    let mut pending: Vec<Pending> = pending
        .into_iter()
        .filter(|pending| !pending.reply.is_closed())
        .collect();
    let mut undecided = Vec::new();
    while !pending.is_empty() {
        let later = pending.split_off(CHUNK.min(pending.len()));
        let ballots: Vec<_> = pending
            .iter()
            .map(|pending| (pending.voter, pending.ballot))
            .collect();
        match statuses(loader, poll, &ballots).await {
            Ok(statuses) => {
                for (pending, status) in pending.into_iter().zip(statuses) {
                    if status == VoteStatus::Queued {
                        undecided.push(pending);
                    } else {
                        // Fails only if the caller has dropped its future.
                        let _ = pending.reply.send(status);
                    }
                }
            }
            // The replies are dropped, so the callers get the same error.
            Err(EngineError::PollNotFound(_)) => {}
            Err(_) => undecided.extend(pending),
        }
        pending = later;
    }
    undecided
}

impl PollEngine {
    /// Waits until the store shows what became of a ballot of this voter, and returns it.
    ///
    /// The ballots that callers wait for are looked up every
    /// [`resync_interval`](crate::engine::EngineConfig::resync_interval), those of a poll
    /// together. If the poll has viewers on this instance, they are also looked up after
    /// each new tally that the viewers see. [`vote_status`](Self::vote_status) describes what the store shows. Cancel
    /// safe.
    ///
    /// # Errors
    /// - [`PollNotFound`](EngineError::PollNotFound): the poll does not exist, or was
    ///   deleted.
    /// - [`Unidentified`](EngineError::Unidentified): the caller lacks the identity that the
    ///   poll's voter policy requires.
    /// - [`Overloaded`](EngineError::Overloaded): 100 000 callers wait already.
    /// - [`ShuttingDown`](EngineError::ShuttingDown): ask another instance.
    /// - [`Store`](EngineError::Store): the store failed; retrying is safe.
    pub async fn vote_decision(
        &self,
        poll: PollId,
        voter: &Caller,
        ballot: BallotId,
    ) -> Result<VoteStatus, EngineError> {
        let definition = self.cached_definition(poll).await?;
        let voter = self.inner.loader.identify(&definition.poll, voter)?;
        let decision = self.inner.pending.add(poll, voter, ballot)?;
        decision.await.map_err(|_| {
            if self.inner.shutdown.is_cancelled() {
                EngineError::ShuttingDown
            } else {
                EngineError::PollNotFound(poll)
            }
        })
    }
}
