use std::sync::Arc;

use crate::ballot::ActiveBallot;
use crate::engine::cache::CachedDefinition;
use crate::engine::loaded_poll::LoadedPoll;
use crate::engine::tally_change::TallyChange;
use crate::engine::{EngineError, PollEngine, PollSnapshot, Precision};
use crate::id::PollId;
use crate::poll::{JoinCode, Poll};
use crate::store::Audit;
use crate::tally::{Audience, Method, PollResult, Tally, TallyView};
use crate::voter::Caller;

/// Reading polls, results and ballots.
impl PollEngine {
    /// Returns a poll's definition, from the cache if possible.
    ///
    /// The definition may be outdated if another engine changed the poll. Fields that
    /// never change (id, owner, key, time of creation) are always right.
    ///
    /// # Errors
    /// - [`PollNotFound`](EngineError::PollNotFound): the poll does not exist.
    /// - [`Store`](EngineError::Store): the store failed; retrying is safe.
    pub async fn definition(&self, id: PollId) -> Result<Arc<Poll>, EngineError> {
        Ok(Arc::clone(&self.cached_definition(id).await?.poll))
    }

    pub(super) async fn cached_definition(
        &self,
        id: PollId,
    ) -> Result<Arc<CachedDefinition>, EngineError> {
        let loader = &self.inner.loader;
        match loader.cache.peek(id) {
            Some(definition) => Ok(definition),
            // Boxed: rare, and it would enlarge the future of every caller.
            None => Box::pin(loader.cache.get(id, &*loader.store)).await,
        }
    }

    /// Returns a poll as `caller` may see it.
    ///
    /// A poll past its `closes_at` is sealed first, so its result is final. With a queue it
    /// is not: the aggregator seals it.
    ///
    /// # Errors
    /// - [`PollNotFound`](EngineError::PollNotFound): the poll does not exist.
    /// - [`Store`](EngineError::Store): the store failed; retrying is safe.
    pub async fn poll(&self, id: PollId, caller: &Caller) -> Result<PollSnapshot, EngineError> {
        let loaded = self.inner.loader.load(id).await?;
        self.snapshot(loaded, caller).await
    }

    /// Returns a poll and its result as `caller` may see them.
    ///
    /// ```
    /// use votify_core::{Caller, Choice, MemoryStore, PollDraft, PollEngine, SessionId};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), votify_core::EngineError> {
    /// let engine = PollEngine::new(MemoryStore::new());
    /// let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
    /// let poll = engine.create_poll(draft).await?;
    /// let voter = Caller::session(SessionId::random());
    /// engine.vote(poll.id, &voter, Choice::one(poll.options[0].id)).await?;
    ///
    /// let (snapshot, result) = engine.result(poll.id, &voter).await?;
    /// assert_eq!(snapshot.view.total_votes(), Some(1));
    /// assert_eq!(result.leaders(), [poll.options[0].id]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// - [`PollNotFound`](EngineError::PollNotFound): the poll does not exist.
    /// - [`Store`](EngineError::Store): the store failed; retrying is safe.
    pub async fn result(
        &self,
        id: PollId,
        caller: &Caller,
    ) -> Result<(PollSnapshot, PollResult), EngineError> {
        let snapshot = self.poll(id, caller).await?;
        let result = PollResult {
            method: Method::of(&snapshot.poll),
            view: snapshot.view.clone(),
        };
        Ok((snapshot, result))
    }

    /// Returns the id of the poll that has this join code now, if any.
    ///
    /// ```
    /// use votify_core::{MemoryStore, PollDraft, PollEngine};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let engine = PollEngine::new(MemoryStore::new());
    /// let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]).join_code(true);
    /// let poll = engine.create_poll(draft).await?;
    ///
    /// let code = poll.join_code.ok_or("no join code")?;
    /// assert_eq!(engine.poll_by_join_code(code).await?, Some(poll.id));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// - [`Store`](EngineError::Store): the store failed; retrying is safe.
    pub async fn poll_by_join_code(&self, code: JoinCode) -> Result<Option<PollId>, EngineError> {
        let store = &self.inner.loader.store;
        Ok(store.poll_by_join_code(&code, self.now()).await?)
    }

    /// Returns the active ballot of a voter, if any.
    ///
    /// # Errors
    /// - [`PollNotFound`](EngineError::PollNotFound): the poll does not exist.
    /// - [`Unidentified`](EngineError::Unidentified): the caller lacks the
    ///   identity that the poll's voter policy requires.
    /// - [`Store`](EngineError::Store): the store failed; retrying is safe.
    pub async fn ballot_of(
        &self,
        poll: PollId,
        voter: &Caller,
    ) -> Result<Option<ActiveBallot>, EngineError> {
        let loader = &self.inner.loader;
        let poll = loader.load(poll).await?.poll;
        let voter = loader.identify(&poll, voter)?;
        let mut ballots = loader.store.ballots_of(poll.id, &[voter]).await?;
        Ok(ballots.pop().flatten())
    }

    /// Recounts a poll and returns the recount beside the stored tally.
    ///
    /// For operators only: the audit contains every count, whatever the results policy.
    ///
    /// # Errors
    /// - [`PollNotFound`](EngineError::PollNotFound): the poll does not exist.
    /// - [`Store`](EngineError::Store): the store failed; retrying is safe.
    pub async fn audit_poll(&self, id: PollId) -> Result<Audit, EngineError> {
        Ok(self.inner.loader.store.audit_poll(id).await?)
    }

    /// Recounts a poll from its ballots, stores the result under the next epoch, and
    /// informs the viewers.
    ///
    /// # Errors
    /// - [`PollNotFound`](EngineError::PollNotFound): the poll does not exist.
    /// - [`Store`](EngineError::Store): the store failed; retrying is safe.
    pub async fn repair_poll(&self, id: PollId) -> Result<Tally, EngineError> {
        let tally = self.inner.loader.store.repair_poll(id).await?;
        let change = TallyChange::new(Arc::new(tally.clone()));
        self.inner.notifier.notify_tally_changed(&change);
        Ok(tally)
    }

    pub(super) async fn snapshot(
        &self,
        loaded: LoadedPoll,
        caller: &Caller,
    ) -> Result<PollSnapshot, EngineError> {
        let audience = self.inner.loader.audience(&loaded, caller).await?;
        Ok(self.snapshot_for(loaded, audience))
    }

    /// Returns a poll as an audience may see it.
    pub(super) fn snapshot_for(&self, loaded: LoadedPoll, audience: Audience) -> PollSnapshot {
        let status = loaded.status(self.now());
        let LoadedPoll { poll, tally } = loaded;
        PollSnapshot {
            precision: Precision::new(self.uses_queue(), tally.sealed),
            status,
            view: TallyView::new(&poll, &tally, audience),
            viewers: self.inner.rooms.viewers_of(poll.id),
            poll,
        }
    }
}
