use std::sync::Arc;

use crate::ballot::{Ballot, Choice, Outcome, Refusal};
use crate::engine::batcher::Reply;
use crate::engine::cache::CachedDefinition;
use crate::engine::{EngineError, PollEngine, VoteOutcome, VoteReceipt};
use crate::id::{BallotId, PollId};
use crate::poll::Poll;
use crate::tally::{Audience, Tally, TallyView};
use crate::time::Timestamp;
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
    /// Returns once the ballot is durable. The first ballot that is refused because the
    /// poll's closing time has passed seals the poll, so that it is closed on every
    /// instance. Sending the same ballot (same id, same choice) again is always safe, and
    /// returns [`VoteOutcome::Replayed`]. A call that is dropped may have been counted;
    /// sending the ballot again returns its outcome.
    ///
    /// With a [queue](crate::engine::EngineBuilder::queue), the call returns
    /// [`VoteOutcome::Queued`] once the queue has the ballot, and
    /// [`vote_status`](Self::vote_status) its later state. Only a malformed choice is
    /// refused at once, in a poll that has opened. Once the poll is sealed, the store
    /// answers.
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
    ///   again. A ballot that waited too long for earlier batches gets this error too,
    ///   although it was not written.
    /// - [`Queue`](EngineError::Queue): the queue is full or does not answer; send the same
    ///   ballot again.
    pub async fn cast(
        &self,
        poll: PollId,
        voter: &Caller,
        ballot: BallotId,
        choice: Choice,
    ) -> Result<VoteReceipt, EngineError> {
        if let Some(queue) = &self.inner.queue {
            let queued = Box::pin(self.cast_queued(queue, poll, voter, ballot, &choice));
            if let Some(receipt) = queued.await? {
                return Ok(receipt);
            }
        }
        let loader = &self.inner.loader;
        let mut definition = self.cached_definition(poll).await?;
        let mut reply = self
            .submit(&definition, voter, ballot, choice.clone())
            .await;
        // Rare branches are boxed: thousands of these futures exist at once, and a future
        // is as large as its largest branch.
        if is_stale(&reply) {
            definition = Box::pin(loader.cache.reload(poll, &*loader.store)).await?;
            reply = Box::pin(self.submit(&definition, voter, ballot, choice.clone())).await;
        }
        let Reply { outcome, tally } = reply?;
        let Some(tally) = tally.filter(|_| outcome != Outcome::Refused(Refusal::PollNotFound))
        else {
            loader.cache.invalidate(poll);
            return Err(EngineError::PollNotFound(poll));
        };
        if outcome == Outcome::Refused(Refusal::Closed)
            && !tally.tally.sealed
            && self.inner.queue.is_none()
        {
            // From now on the poll is closed on every instance, whatever its clock. If that
            // fails, the refusal stands, and the next one tries again.
            let _ = Box::pin(loader.load(poll)).await;
        }
        let outcome = VoteOutcome::try_from(outcome).map_err(EngineError::Refused)?;
        let audience = match outcome {
            // Only the store knows whether a replayed ballot is still active.
            VoteOutcome::Replayed { .. } | VoteOutcome::Queued => None,
            _ => Some(audience_after(&choice)),
        };
        let shared = audience.and_then(|audience| tally.view(&definition.poll, audience));
        let (poll, view) = match shared {
            Some(view) => (Arc::clone(&definition.poll), view),
            None => Box::pin(self.load_view(&tally.tally, voter, audience)).await?,
        };
        Ok(VoteReceipt {
            ballot,
            outcome: outcome.redacted_for(&view),
            poll,
            view,
        })
    }

    /// Identifies the voter, queues the ballot in the batcher, and waits for the reply.
    async fn submit(
        &self,
        definition: &Arc<CachedDefinition>,
        voter: &Caller,
        id: BallotId,
        choice: Choice,
    ) -> Result<Reply, EngineError> {
        let loader = &self.inner.loader;
        let poll = &definition.poll;
        let address = loader.address_id(poll, voter)?;
        let voter = loader.authorize_voter(poll, voter).await?;
        if definition.is_frozen()
            && let Err(problems) = choice.check(poll)
        {
            return Err(EngineError::Refused(Refusal::Invalid(problems)));
        }
        if let Some(opens_at) = poll.opens_at
            && !definition.is_frozen()
            && opens_at <= loader.now()
        {
            Box::pin(self.check_opening(poll.id, opens_at)).await?;
        }
        let ballot = Ballot {
            id,
            poll: poll.id,
            voter,
            choice,
            address,
            accepted: None,
        };
        let reply = self.inner.batcher.enqueue(ballot, Arc::clone(definition))?;
        // A writer replies to every ballot that it reads from the queue. Ballots that
        // were left in the queue of an ended writer were not written.
        let reply = reply.await.map_err(|_| EngineError::ShuttingDown)?;
        Ok(reply?)
    }

    /// Refuses the first ballot of a poll that has opened only by a wrong clock: it would
    /// open the poll on every instance, for good.
    pub(super) async fn check_opening(
        &self,
        poll: PollId,
        opens_at: Timestamp,
    ) -> Result<(), EngineError> {
        let loader = &self.inner.loader;
        let Some(now) = loader.clock_monitor.trusted_now().await else {
            return Err(loader.unavailable());
        };
        // Another instance may have taken a ballot already.
        if opens_at <= now || loader.load(poll).await?.tally.ever_had_ballots() {
            return Ok(());
        }
        Err(EngineError::Refused(Refusal::NotOpenYet { opens_at }))
    }

    /// Returns the definition of the tally's version and the view of `audience`, or of
    /// the voter's current audience, with reads of the store if needed.
    async fn load_view(
        &self,
        tally: &Arc<Tally>,
        voter: &Caller,
        audience: Option<Audience>,
    ) -> Result<(Arc<Poll>, TallyView), EngineError> {
        let loader = &self.inner.loader;
        let loaded = loader.with_definition(Arc::clone(tally)).await?;
        let audience = match audience {
            Some(audience) => audience,
            None => loader.audience(&loaded, voter).await?,
        };
        let view = TallyView::new(&loaded.poll, &loaded.tally, audience);
        Ok((loaded.poll, view))
    }
}

/// Returns true if the cached definition may have been outdated: the poll may have
/// another voter policy by now, or be deleted.
fn is_stale(reply: &Result<Reply, EngineError>) -> bool {
    match reply {
        Ok(reply) => reply.outcome == Outcome::Refused(Refusal::OutdatedIdentity),
        Err(error) => matches!(error, EngineError::Unidentified(_)),
    }
}

/// Returns the audience of a voter whose ballot was counted or withdrawn.
pub(super) const fn audience_after(choice: &Choice) -> Audience {
    Audience::of_voter(!choice.is_withdrawal())
}
