use std::sync::Arc;

use crate::ballot::{ActiveBallot, Ballot, Choice, Outcome, Refusal};
use crate::engine::cache::Cached;
use crate::engine::intake::{Settled, TakenIn};
use crate::engine::reader::Read;
use crate::engine::{EngineError, PollEngine, VoteReceipt};
use crate::id::{BallotId, PollId};
use crate::poll::ResultsPolicy;
use crate::tally::Tally;
use crate::tally::{Audience, TallyView};
use crate::voter::Caller;

impl PollEngine {
    /// Votes under a fresh ballot id.
    ///
    /// Returns once the vote is durable. Prefer [`cast`](Self::cast) wherever the answer may get lost: there a repetition
    /// is recognised.
    ///
    /// # Errors
    /// As [`cast`](Self::cast).
    pub async fn vote(
        &self,
        poll: PollId,
        voter: &Caller,
        choice: Choice,
    ) -> Result<VoteReceipt, EngineError> {
        self.cast(poll, voter, BallotId::generate(self.now()), choice)
            .await
    }

    /// Casts a ballot: a vote, or with [`Choice::withdraw`] the taking back of one.
    ///
    /// Returns once it is durable. Sending the same ballot (same id, same choice) again is always safe, and tells again
    /// that it counts. A call that is dropped may have been counted; sending it again settles it.
    ///
    /// # Errors
    /// - [`Refused`](EngineError::Refused), [`Unidentified`](EngineError::Unidentified),
    ///   [`PollNotFound`](EngineError::PollNotFound): it does not count.
    /// - [`Overloaded`](EngineError::Overloaded), [`ShuttingDown`](EngineError::ShuttingDown): nothing happened.
    /// - [`Store`](EngineError::Store): nobody knows; send it again.
    pub async fn cast(
        &self,
        poll: PollId,
        voter: &Caller,
        ballot: BallotId,
        choice: Choice,
    ) -> Result<VoteReceipt, EngineError> {
        // What is rare is boxed: thousands of these wait at a time, and each is as large as its largest way.
        let cached = match self.inner.reader.cache.at_hand(poll) {
            Some(cached) => cached,
            None => Box::pin(self.read_definition(poll)).await?,
        };
        let settled = self.settle(&cached, voter, ballot, choice.clone()).await;
        let receipt = |settled: &Settled| plain_receipt(&cached, ballot, &choice, settled);
        match settled.as_ref().ok().and_then(receipt) {
            Some(receipt) => Ok(receipt),
            None => Box::pin(self.other_receipt(poll, voter, ballot, choice, settled)).await,
        }
    }

    pub(super) async fn read_definition(&self, poll: PollId) -> Result<Arc<Cached>, EngineError> {
        let reader = &self.inner.reader;
        reader.cache.get(poll, &*reader.store).await
    }

    /// Whatever else than a ballot that counts, in a poll as it is at hand.
    async fn other_receipt(
        &self,
        poll: PollId,
        voter: &Caller,
        ballot: BallotId,
        choice: Choice,
        mut settled: Result<Settled, EngineError>,
    ) -> Result<VoteReceipt, EngineError> {
        let reader = &self.inner.reader;
        if may_be_outdated(&settled) {
            let cached = reader.cache.reload(poll, &*reader.store).await?;
            settled = self.settle(&cached, voter, ballot, choice.clone()).await;
        }
        let settled = settled?;
        match (settled.outcome, settled.counted) {
            (Outcome::Refused(Refusal::PollNotFound), _) | (_, None) => {
                reader.cache.forget(poll);
                Err(EngineError::PollNotFound(poll))
            }
            (Outcome::Refused(refusal), _) => Err(EngineError::Refused(refusal)),
            (outcome, Some(counted)) => {
                let tally = Arc::clone(&counted.tally);
                self.receipt(voter, ballot, &choice, &outcome, tally).await
            }
        }
    }

    /// Finds out who votes, and casts the ballot.
    async fn settle(
        &self,
        cached: &Arc<Cached>,
        voter: &Caller,
        id: BallotId,
        choice: Choice,
    ) -> Result<Settled, EngineError> {
        let reader = &self.inner.reader;
        let address = reader.locate(&cached.poll, voter)?;
        let ballot = Ballot {
            id,
            poll: cached.poll.id,
            voter: reader.admit(&cached.poll, voter).await?,
            choice,
            address,
        };
        self.take_in(cached, ballot)?.settled().await
    }

    /// Checks what is voted, where that is certain, and hands the ballot to the intake.
    fn take_in(&self, cached: &Arc<Cached>, ballot: Ballot) -> Result<TakenIn, EngineError> {
        let inner = &self.inner;
        let poll = &cached.poll;
        if cached.is_frozen()
            && let Err(problems) = ballot.choice.check(poll)
        {
            return Err(EngineError::Refused(Refusal::Invalid(problems)));
        }
        let taken_in = inner.intake.take_in(ballot, Arc::clone(cached));
        if matches!(taken_in, Err(EngineError::Overloaded { .. }))
            && poll.rules.results == ResultsPolicy::Live
        {
            inner.stats.overloaded();
        }
        taken_in
    }

    async fn receipt(
        &self,
        voter: &Caller,
        ballot: BallotId,
        choice: &Choice,
        outcome: &Outcome,
        tally: Arc<Tally>,
    ) -> Result<VoteReceipt, EngineError> {
        let reader = &self.inner.reader;
        let read = reader.beside(tally).await?;
        let audience = match outcome {
            // Whether a repeated ballot still stands, only the store knows.
            Outcome::Replayed { .. } => reader.audience(&read, voter).await?,
            _ => audience_after(choice),
        };
        let view = TallyView::new(&read.poll, &read.tally, audience);
        Ok(VoteReceipt {
            ballot,
            outcome: outcome.redacted_for(&view),
            poll: read.poll,
            view,
        })
    }

    /// The ballot of a voter that counts, if there is one.
    ///
    /// # Errors
    /// [`PollNotFound`](EngineError::PollNotFound), [`Unidentified`](EngineError::Unidentified), or a failure of the
    /// store.
    pub async fn ballot_of(
        &self,
        poll: PollId,
        voter: &Caller,
    ) -> Result<Option<ActiveBallot>, EngineError> {
        let reader = &self.inner.reader;
        let Read { poll, .. } = reader.read(poll).await?;
        let voter = reader.identify(&poll, voter)?;
        Ok(reader
            .store
            .ballots_of(poll.id, &[voter])
            .await?
            .pop()
            .flatten())
    }
}

/// Whether the definition at hand may have been out of date: the poll may count other voters by now, or be gone.
fn may_be_outdated(settled: &Result<Settled, EngineError>) -> bool {
    match settled {
        Ok(settled) => settled.outcome == Outcome::Refused(Refusal::OtherVoterPolicy),
        Err(error) => matches!(error, EngineError::Unidentified(_)),
    }
}

/// The receipt of a ballot that was counted or taken back just now, in a poll whose definition was not out of date.
fn plain_receipt(
    cached: &Cached,
    ballot: BallotId,
    choice: &Choice,
    settled: &Settled,
) -> Option<VoteReceipt> {
    let counted = settled.counted.as_ref()?;
    if !settled.outcome.changed_tally() {
        return None;
    }
    let view = counted.view(&cached.poll, audience_after(choice))?;
    Some(VoteReceipt {
        ballot,
        outcome: settled.outcome.redacted_for(&view),
        poll: Arc::clone(&cached.poll),
        view,
    })
}

/// To which audience a voter belongs whose ballot was counted, or taken back.
const fn audience_after(choice: &Choice) -> Audience {
    if choice.is_withdrawal() {
        Audience::Public
    } else {
        Audience::Voted
    }
}
