use std::sync::Arc;

use crate::ballot::{Ballot, Choice, Outcome, Refusal};
use crate::engine::batcher::{CastResult, PendingReply, SharedTally};
use crate::engine::cache::CachedDefinition;
use crate::engine::{EngineError, PollEngine, VoteOutcome, VoteReceipt};
use crate::id::{BallotId, PollId};
use crate::poll::ResultsPolicy;
use crate::tally::{Audience, TallyView};
use crate::voter::Caller;

/// Casting ballots.
impl PollEngine {
    /// Casts a ballot under a new ballot id.
    ///
    /// Returns once the ballot is durable. Prefer [`cast`](Self::cast) if the response
    /// may get lost: with an id of the caller's own, a repeated ballot is recognized.
    ///
    /// ```
    /// use votify_core::{Caller, Choice, MemoryStore, PollDraft, PollEngine, SessionId};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), votify_core::EngineError> {
    /// let engine = PollEngine::new(MemoryStore::new());
    /// let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
    /// let poll = engine.create_poll(draft).await?;
    ///
    /// let voter = Caller::session(SessionId::random());
    /// let pizza = poll.options[0].id;
    /// let receipt = engine.vote(poll.id, &voter, Choice::one(pizza)).await?;
    /// assert_eq!(receipt.view.count(pizza), Some(1));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The same as [`cast`](Self::cast).
    pub async fn vote(
        &self,
        poll: PollId,
        voter: &Caller,
        choice: Choice,
    ) -> Result<VoteReceipt, EngineError> {
        self.cast(poll, voter, BallotId::generate(self.now()), choice)
            .await
    }

    /// Casts a ballot: a vote, or with [`Choice::withdraw`] the withdrawal of one.
    ///
    /// Returns once the ballot is durable. Sending the same ballot (same id, same choice)
    /// again is always safe, and returns [`VoteOutcome::Replayed`]. A call that is
    /// dropped may have been counted; sending the ballot again returns its outcome.
    ///
    /// ```
    /// use votify_core::engine::VoteOutcome;
    /// use votify_core::{BallotId, Caller, Choice, MemoryStore, PollDraft, PollEngine, SessionId};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), votify_core::EngineError> {
    /// let engine = PollEngine::new(MemoryStore::new());
    /// let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
    /// let poll = engine.create_poll(draft).await?;
    ///
    /// let voter = Caller::session(SessionId::random());
    /// let ballot = BallotId::generate(engine.now());
    /// let choice = Choice::one(poll.options[0].id);
    /// let receipt = engine.cast(poll.id, &voter, ballot, choice.clone()).await?;
    /// assert_eq!(receipt.outcome, VoteOutcome::Counted { revision: 1 });
    ///
    /// let retry = engine.cast(poll.id, &voter, ballot, choice).await?;
    /// assert_eq!(retry.outcome, VoteOutcome::Replayed { revision: 1 });
    /// assert_eq!(retry.view.total_votes(), Some(1));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// - [`Refused`](EngineError::Refused), [`Unidentified`](EngineError::Unidentified),
    ///   [`PollNotFound`](EngineError::PollNotFound): the ballot does not count.
    /// - [`Overloaded`](EngineError::Overloaded),
    ///   [`ShuttingDown`](EngineError::ShuttingDown): nothing happened; the caller may
    ///   retry later.
    /// - [`Store`](EngineError::Store): the outcome is unknown; send the same ballot
    ///   again.
    pub async fn cast(
        &self,
        poll: PollId,
        voter: &Caller,
        ballot: BallotId,
        choice: Choice,
    ) -> Result<VoteReceipt, EngineError> {
        let loader = &self.inner.loader;
        // Rare branches are boxed: thousands of these futures exist at once, and a future
        // is as large as its largest branch.
        let mut definition = match loader.cache.peek(poll) {
            Some(definition) => definition,
            None => Box::pin(self.cached_definition(poll)).await?,
        };
        let mut cast = self
            .submit(&definition, voter, ballot, choice.clone())
            .await;
        if is_stale(&cast) {
            definition = Box::pin(loader.cache.reload(poll, &*loader.store)).await?;
            cast = Box::pin(self.submit(&definition, voter, ballot, choice.clone())).await;
        }
        let CastResult { outcome, tally } = cast?;
        let Some(tally) = tally.filter(|_| outcome != Outcome::Refused(Refusal::PollNotFound))
        else {
            loader.cache.invalidate(poll);
            return Err(EngineError::PollNotFound(poll));
        };
        let outcome = VoteOutcome::try_from(outcome).map_err(EngineError::Refused)?;
        match shared_receipt(&definition, ballot, &choice, outcome, &tally) {
            Some(receipt) => Ok(receipt),
            None => Box::pin(self.receipt(voter, ballot, &choice, outcome, &tally)).await,
        }
    }

    /// Identifies the voter and submits the ballot.
    async fn submit(
        &self,
        definition: &Arc<CachedDefinition>,
        voter: &Caller,
        id: BallotId,
        choice: Choice,
    ) -> Result<CastResult, EngineError> {
        let loader = &self.inner.loader;
        let address = loader.address_id(&definition.poll, voter)?;
        let ballot = Ballot {
            id,
            poll: definition.poll.id,
            voter: loader.authorize_voter(&definition.poll, voter).await?,
            choice,
            address,
        };
        self.enqueue(definition, ballot)?.result().await
    }

    /// Checks the choice if the definition is frozen, and submits the ballot to the
    /// batcher.
    fn enqueue(
        &self,
        definition: &Arc<CachedDefinition>,
        ballot: Ballot,
    ) -> Result<PendingReply, EngineError> {
        let inner = &self.inner;
        let poll = &definition.poll;
        if definition.is_frozen()
            && let Err(problems) = ballot.choice.check(poll)
        {
            return Err(EngineError::Refused(Refusal::Invalid(problems)));
        }
        let pending = inner.batcher.submit(ballot, Arc::clone(definition));
        if matches!(pending, Err(EngineError::Overloaded { .. }))
            && poll.rules.results == ResultsPolicy::Live
        {
            inner.stats.record_overloaded();
        }
        pending
    }

    /// Makes a receipt that `shared_receipt` cannot make, with reads of the store if
    /// needed.
    async fn receipt(
        &self,
        voter: &Caller,
        ballot: BallotId,
        choice: &Choice,
        outcome: VoteOutcome,
        tally: &SharedTally,
    ) -> Result<VoteReceipt, EngineError> {
        let loader = &self.inner.loader;
        let loaded = loader.with_definition(Arc::clone(&tally.tally)).await?;
        let audience = match outcome {
            // Only the store knows whether a replayed ballot is still active.
            VoteOutcome::Replayed { .. } => loader.audience(&loaded, voter).await?,
            _ => audience_after(choice),
        };
        let view = TallyView::new(&loaded.poll, &loaded.tally, audience);
        Ok(VoteReceipt {
            ballot,
            outcome: outcome.redacted_for(&view),
            poll: loaded.poll,
            view,
        })
    }
}

/// Returns true if the cached definition may have been outdated: the poll may have
/// another voter policy by now, or be deleted.
fn is_stale(cast: &Result<CastResult, EngineError>) -> bool {
    match cast {
        Ok(cast) => cast.outcome == Outcome::Refused(Refusal::OtherVoterPolicy),
        Err(error) => matches!(error, EngineError::Unidentified(_)),
    }
}

/// Makes the receipt of a ballot that changed the tally, with the view that all voters of
/// its batch share. Returns `None` if the definition has another version than the tally.
fn shared_receipt(
    definition: &CachedDefinition,
    ballot: BallotId,
    choice: &Choice,
    outcome: VoteOutcome,
    tally: &SharedTally,
) -> Option<VoteReceipt> {
    if matches!(outcome, VoteOutcome::Replayed { .. }) {
        return None;
    }
    let view = tally.view(&definition.poll, audience_after(choice))?;
    Some(VoteReceipt {
        ballot,
        outcome: outcome.redacted_for(&view),
        poll: Arc::clone(&definition.poll),
        view,
    })
}

/// Returns the audience of a voter whose ballot was counted or withdrawn.
const fn audience_after(choice: &Choice) -> Audience {
    if choice.is_withdrawal() {
        Audience::Public
    } else {
        Audience::Voted
    }
}
