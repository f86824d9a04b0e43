use std::sync::Arc;

use crate::ballot::{Ballot, Choice, Outcome, Refusal, StandingBallot};
use crate::engine::cache::Cached;
use crate::engine::intake::Settled;
use crate::engine::reader::Read;
use crate::engine::{EngineError, PollEngine, VoteReceipt};
use crate::id::{BallotId, PollId};
use crate::poll::ResultsPolicy;
use crate::tally::Tally;
use crate::view::{Audience, TallyView};
use crate::voter::Voter;

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
        voter: &Voter,
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
        voter: &Voter,
        ballot: BallotId,
        choice: Choice,
    ) -> Result<VoteReceipt, EngineError> {
        let inner = &self.inner;
        let cached = inner.reader.cache.get(poll, &*inner.reader.store).await?;
        let mut settled = self.settle(&cached, voter, ballot, choice.clone()).await;
        if may_be_outdated(&settled) {
            let cached = inner
                .reader
                .cache
                .reload(poll, &*inner.reader.store)
                .await?;
            settled = self.settle(&cached, voter, ballot, choice.clone()).await;
        }
        let settled = settled?;
        let tally = match settled {
            Settled {
                outcome: Outcome::Refused(Refusal::PollNotFound),
                ..
            }
            | Settled { tally: None, .. } => {
                inner.reader.cache.forget(poll);
                return Err(EngineError::PollNotFound(poll));
            }
            Settled {
                outcome: Outcome::Refused(refusal),
                ..
            } => return Err(EngineError::Refused(refusal)),
            Settled {
                tally: Some(tally), ..
            } => tally,
        };
        self.receipt(voter, ballot, &choice, &settled.outcome, tally)
            .await
    }

    async fn settle(
        &self,
        cached: &Arc<Cached>,
        voter: &Voter,
        id: BallotId,
        choice: Choice,
    ) -> Result<Settled, EngineError> {
        let inner = &self.inner;
        let poll = &cached.poll;
        let voter = inner.reader.admit(poll, voter).await?;
        if cached.is_frozen()
            && let Err(problems) = choice.check(poll)
        {
            return Err(EngineError::Refused(Refusal::Invalid(problems)));
        }
        let ballot = Ballot {
            id,
            poll: poll.id,
            voter,
            choice,
        };
        let settled = inner.intake.cast(ballot, Arc::clone(cached)).await;
        if matches!(settled, Err(EngineError::Overloaded { .. }))
            && poll.rules.results == ResultsPolicy::Live
        {
            inner.stats.overloaded();
        }
        settled
    }

    async fn receipt(
        &self,
        voter: &Voter,
        ballot: BallotId,
        choice: &Choice,
        outcome: &Outcome,
        tally: Arc<Tally>,
    ) -> Result<VoteReceipt, EngineError> {
        let reader = &self.inner.reader;
        let Read { poll, tally } = reader.beside(tally).await?;
        let audience = match outcome {
            // Whether a repeated ballot still stands, only the store knows.
            Outcome::Replayed { .. } => {
                reader
                    .audience(
                        &Read {
                            poll: Arc::clone(&poll),
                            tally: Arc::clone(&tally),
                        },
                        voter,
                    )
                    .await?
            }
            _ if choice.is_withdrawal() => Audience::Public,
            _ => Audience::Voted,
        };
        let view = TallyView::new(&poll, &tally, audience);
        Ok(VoteReceipt {
            ballot,
            outcome: outcome.as_seen_in(&view),
            poll,
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
        voter: &Voter,
    ) -> Result<Option<StandingBallot>, EngineError> {
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
