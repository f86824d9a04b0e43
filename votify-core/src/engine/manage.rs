use std::sync::Arc;

use crate::engine::lists::SharedLists;
use crate::engine::loaded_poll::LoadedPoll;
use crate::engine::loader::PollLoader;
use crate::engine::notifier::Notifier;
use crate::engine::scheduler::message::SchedulerMessage;
use crate::engine::{EngineError, PollEngine, PollSnapshot};
use crate::id::PollId;
use crate::poll::{JoinCode, Poll, PollChange, PollDraft, PollState, SealCause};
use crate::store::{ChangeOutcome, SealOutcome, StoreError, StoreExt};
use crate::voter::Actor;

/// How many join codes are tried for a new poll. One of 729 million codes is rarely taken.
const MAX_JOIN_CODES: usize = 10;

/// Creating, changing, closing and deleting polls.
///
/// [`create_poll`](Self::create_poll) does not check who creates a poll: the host
/// decides. The other methods check an [`Actor::Caller`], who must own the poll.
impl PollEngine {
    /// Creates a poll and returns it.
    ///
    /// ```
    /// use std::time::Duration;
    /// use votify_core::{MemoryStore, PollDraft, PollEngine, ResultsPolicy};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), votify_core::EngineError> {
    /// let engine = PollEngine::new(MemoryStore::new());
    /// let mut draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
    /// draft.closes_at = Some(engine.now().saturating_add(Duration::from_secs(3_600)));
    /// draft.rules.results = ResultsPolicy::AfterVote;
    ///
    /// let poll = engine.create_poll(draft).await?;
    /// assert_eq!(poll.title, "Lunch?");
    /// assert_eq!(poll.options.len(), 2);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// - [`InvalidPoll`](EngineError::InvalidPoll): the draft is invalid; the error lists
    ///   every invalid field.
    /// - [`Store`](EngineError::Store): the store failed. After a transient error the
    ///   poll may exist; a retry creates another one.
    pub async fn create_poll(&self, draft: PollDraft) -> Result<Arc<Poll>, EngineError> {
        let loader = &self.inner.loader;
        let mut poll = self.check_draft(draft)?;
        let mut created = loader.store.create_poll(&poll).await;
        for _ in 1..MAX_JOIN_CODES {
            if !matches!(created, Err(StoreError::JoinCodeTaken(_))) {
                break;
            }
            poll.join_code = Some(JoinCode::random());
            created = loader.store.create_poll(&poll).await;
        }
        created?;
        let poll = Arc::clone(&loader.cache.put(Arc::new(poll)).poll);
        if poll.is_of_session() {
            self.inner.session_polls.record_creation();
        }
        self.schedule(&poll);
        self.inner.lists.drop_pages();
        self.inner.notifier.notify_created(Arc::clone(&poll));
        Ok(poll)
    }

    /// Returns the poll that [`create_poll`](Self::create_poll) would create now, with
    /// another id and join code. Stores nothing.
    ///
    /// A server calls this before it counts a creation toward a limit, so that an invalid
    /// draft does not count.
    ///
    /// ```
    /// use votify_core::{MemoryStore, PollDraft, PollEngine};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let engine = PollEngine::new(MemoryStore::new());
    /// let valid = engine.check_draft(PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]));
    /// assert_eq!(valid.unwrap().text_bytes(), "Lunch?PizzaSushi".len());
    /// assert!(engine.check_draft(PollDraft::single_choice("Lunch?", ["Pizza"])).is_err());
    /// # }
    /// ```
    ///
    /// # Errors
    /// - [`InvalidPoll`](EngineError::InvalidPoll): the draft is invalid; the error lists
    ///   every invalid field.
    pub fn check_draft(&self, draft: PollDraft) -> Result<Poll, EngineError> {
        let now = self.now();
        self.check_voter_policy(Some(draft.rules.voters))?;
        Ok(draft.into_poll(PollId::generate(now), now, &self.inner.loader.keyring)?)
    }

    /// Changes a poll, informs its viewers, and returns the poll as the actor may see it.
    /// The host sees what the public sees.
    ///
    /// ```
    /// use votify_core::{Actor, MemoryStore, PollChange, PollDraft, PollEngine};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), votify_core::EngineError> {
    /// let engine = PollEngine::new(MemoryStore::new());
    /// let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
    /// let poll = engine.create_poll(draft).await?;
    ///
    /// let change = PollChange {
    ///     title: Some("Dinner?".into()),
    ///     ..PollChange::default()
    /// };
    /// let snapshot = engine.change_poll(poll.id, change, Actor::Host).await?;
    /// assert_eq!(snapshot.poll.title, "Dinner?");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// - [`ChangeRefused`](EngineError::ChangeRefused): the poll is closed, a field is
    ///   frozen since the first ballot, or the result would be invalid. Nothing changed.
    /// - [`InvalidPoll`](EngineError::InvalidPoll): the voter policy is `Invite` and the
    ///   store does not support invites. Nothing changed.
    /// - [`NotOwner`](EngineError::NotOwner) or
    ///   [`Unidentified`](EngineError::Unidentified), as in
    ///   [`authorize_owner`](Self::authorize_owner): nothing changed.
    /// - [`PollNotFound`](EngineError::PollNotFound): the poll does not exist.
    /// - [`Store`](EngineError::Store): the store failed; retrying is safe.
    pub async fn change_poll(
        &self,
        id: PollId,
        change: PollChange,
        actor: Actor<'_>,
    ) -> Result<PollSnapshot, EngineError> {
        self.check_actor(id, actor).await?;
        self.check_voter_policy(change.voters)?;
        let store = &self.inner.loader.store;
        let mut change = change;
        change.frozen_before_opening = self.inner.queue.as_ref().map(|queue| queue.clock_skew());
        let loaded = match store.change_poll(id, &change, self.now()).await? {
            ChangeOutcome::Refused(refusal) => return Err(refusal.into()),
            ChangeOutcome::Unchanged(state) => self.cache_state(*state),
            ChangeOutcome::Changed(state) => {
                let loaded = self.cache_state(*state);
                self.schedule(&loaded.poll);
                self.inner.lists.drop_pages();
                self.inner.notifier.notify_edited(loaded.clone());
                loaded
            }
        };
        self.snapshot(loaded, &actor.as_viewer()).await
    }

    /// Returns true if a ballot of the poll was ever counted. Options and rules then cannot
    /// change any more.
    ///
    /// Only for owners: while results are hidden, nobody else learns whether anybody voted.
    /// An owner can, since [`change_poll`](Self::change_poll) refuses.
    ///
    /// ```
    /// use votify_core::{Actor, Caller, Choice, MemoryStore, PollDraft, PollEngine, SessionId};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), votify_core::EngineError> {
    /// let engine = PollEngine::new(MemoryStore::new());
    /// let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
    /// let poll = engine.create_poll(draft).await?;
    /// assert!(!engine.is_frozen(poll.id, Actor::Host).await?);
    ///
    /// let voter = Caller::session(SessionId::random());
    /// engine.vote(poll.id, &voter, Choice::one(poll.options[0].id)).await?;
    /// assert!(engine.is_frozen(poll.id, Actor::Host).await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// - [`NotOwner`](EngineError::NotOwner) or
    ///   [`Unidentified`](EngineError::Unidentified), as in
    ///   [`authorize_owner`](Self::authorize_owner).
    /// - [`PollNotFound`](EngineError::PollNotFound): the poll does not exist.
    /// - [`Store`](EngineError::Store): the store failed; retrying is safe.
    pub async fn is_frozen(&self, id: PollId, actor: Actor<'_>) -> Result<bool, EngineError> {
        self.check_actor(id, actor).await?;
        let loaded = self.inner.loader.load(id).await?;
        Ok(loaded.tally.ever_had_ballots())
    }

    /// Closes a poll now, whatever its `closes_at`, and returns its final result.
    ///
    /// Closing a closed poll returns the same result again.
    ///
    /// With a queue, the poll is sealed once the ballots that were queued before are
    /// counted. Until then the result is not final: the view's
    /// [`is_final`](crate::TallyView::is_final) is false.
    ///
    /// ```
    /// use votify_core::{Actor, MemoryStore, PollDraft, PollEngine, PollStatus};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), votify_core::EngineError> {
    /// let engine = PollEngine::new(MemoryStore::new());
    /// let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
    /// let poll = engine.create_poll(draft).await?;
    ///
    /// let closed = engine.close_poll(poll.id, Actor::Host).await?;
    /// assert_eq!(closed.status, PollStatus::Closed);
    /// assert!(closed.view.is_final());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// - [`NotOwner`](EngineError::NotOwner) or
    ///   [`Unidentified`](EngineError::Unidentified), as in
    ///   [`authorize_owner`](Self::authorize_owner): nothing changed.
    /// - [`PollNotFound`](EngineError::PollNotFound): the poll does not exist.
    /// - [`Store`](EngineError::Store), [`Queue`](EngineError::Queue): the store or the queue
    ///   failed; retrying is safe.
    pub async fn close_poll(
        &self,
        id: PollId,
        actor: Actor<'_>,
    ) -> Result<PollSnapshot, EngineError> {
        self.check_actor(id, actor).await?;
        let loader = &self.inner.loader;
        if let Some(queue) = &self.inner.queue {
            let loaded = self.close_queued(queue, id).await?;
            return self.snapshot(loaded, &actor.as_viewer()).await;
        }
        let now = self.now();
        let outcome = loader.store.seal_poll(id, SealCause::Owner, now).await?;
        let SealOutcome::Sealed(tally) = outcome else {
            return Err(loader.unavailable());
        };
        self.inner.lists.drop_pages();
        let loaded = loader.with_definition(Arc::new(tally)).await?;
        if loaded.poll.sealed_at == Some(now) {
            self.inner.notifier.notify_closed(loaded.clone());
        }
        self.snapshot(loaded, &actor.as_viewer()).await
    }

    /// Deletes a poll with its ballots and invites, and ends its watches.
    ///
    /// # Errors
    /// - [`NotOwner`](EngineError::NotOwner) or
    ///   [`Unidentified`](EngineError::Unidentified), as in
    ///   [`authorize_owner`](Self::authorize_owner): nothing changed.
    /// - [`PollNotFound`](EngineError::PollNotFound): the poll does not exist.
    /// - [`Store`](EngineError::Store): the store failed; retrying is safe.
    pub async fn delete_poll(&self, id: PollId, actor: Actor<'_>) -> Result<(), EngineError> {
        self.check_actor(id, actor).await?;
        let loader = &self.inner.loader;
        loader.store.delete_poll(id).await?;
        announce_deletion(loader, &self.inner.lists, &self.inner.notifier, id).await;
        Ok(())
    }

    fn cache_state(&self, state: PollState) -> LoadedPoll {
        let poll = Arc::new(state.poll);
        self.inner.loader.cache.put(Arc::clone(&poll));
        LoadedPoll {
            poll,
            tally: Arc::new(state.tally),
        }
    }

    fn schedule(&self, poll: &Arc<Poll>) {
        // If the channel is full, the scheduler's next scan finds the poll.
        let message = SchedulerMessage::Scheduled(Arc::clone(poll));
        let _ = self.inner.scheduler.try_send(message);
    }
}

/// Ends the watches of a deleted poll, and removes the poll from the caches.
pub(super) async fn announce_deletion(
    loader: &PollLoader,
    lists: &SharedLists,
    notifier: &Notifier,
    id: PollId,
) {
    loader.cache.invalidate(id);
    lists.drop_pages();
    notifier.notify_deleted(id).await;
}
