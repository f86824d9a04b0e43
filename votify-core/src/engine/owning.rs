use std::sync::Arc;

use crate::engine::lifecycle::Note;
use crate::engine::reader::Read;
use crate::engine::{EngineError, PollEngine, PollSnapshot};
use crate::id::PollId;
use crate::poll::{Poll, PollChange, PollDraft, PollState, SealCause};
use crate::store::{ChangeOutcome, SealOutcome};
use crate::voter::Caller;

/// Making, changing and ending polls.
///
/// None of these asks who the caller is: a program may act for anybody. An edge that serves strangers calls
/// [`authorize_owner`](Self::authorize_owner) first.
impl PollEngine {
    /// Makes a poll.
    ///
    /// # Errors
    /// [`InvalidPoll`](EngineError::InvalidPoll) with all problems of the draft, or a failure of the store.
    pub async fn create_poll(&self, draft: PollDraft) -> Result<Arc<Poll>, EngineError> {
        let reader = &self.inner.reader;
        let now = self.now();
        self.check_can_invite(Some(draft.rules.voters))?;
        let poll = draft.into_poll(PollId::generate(now), now, &reader.keyring)?;
        reader.store.create_poll(&poll).await?;
        let poll = Arc::clone(&reader.cache.put(Arc::new(poll)).poll);
        self.note(&poll);
        self.inner.herald.created(Arc::clone(&poll));
        Ok(poll)
    }

    /// The poll, if `caller` made it.
    ///
    /// # Errors
    /// [`NotOwner`](EngineError::NotOwner), [`PollNotFound`](EngineError::PollNotFound), or a failure of the store.
    pub async fn authorize_owner(
        &self,
        id: PollId,
        caller: &Caller,
    ) -> Result<Arc<Poll>, EngineError> {
        let reader = &self.inner.reader;
        // Owner and key of a poll never change, but a deleted poll must not answer from the cache.
        let poll = Arc::clone(&reader.cache.reload(id, &*reader.store).await?.poll);
        if poll.is_owned_by(caller, &reader.keyring) {
            Ok(poll)
        } else {
            Err(EngineError::NotOwner)
        }
    }

    /// Changes a poll, and tells its viewers.
    ///
    /// # Errors
    /// [`ChangeRefused`](EngineError::ChangeRefused), [`PollNotFound`](EngineError::PollNotFound), or a failure of the
    /// store.
    pub async fn change_poll(
        &self,
        id: PollId,
        change: PollChange,
        caller: &Caller,
    ) -> Result<PollSnapshot, EngineError> {
        self.check_can_invite(change.voters)?;
        let reader = &self.inner.reader;
        let read = match reader.store.change_poll(id, &change, self.now()).await? {
            ChangeOutcome::Refused(refusal) => return Err(refusal.into()),
            ChangeOutcome::Unchanged(state) => self.learn(*state),
            ChangeOutcome::Changed(state) => {
                let read = self.learn(*state);
                self.note(&read.poll);
                self.inner.herald.changed(read.clone());
                read
            }
        };
        self.snapshot(read, caller).await
    }

    /// Closes a poll now, whatever its `closes_at`. The result is final; closing again answers it again.
    ///
    /// # Errors
    /// [`PollNotFound`](EngineError::PollNotFound), or a failure of the store.
    pub async fn close_poll(
        &self,
        id: PollId,
        caller: &Caller,
    ) -> Result<PollSnapshot, EngineError> {
        let reader = &self.inner.reader;
        let now = self.now();
        let SealOutcome::Sealed(tally) = reader.store.seal_poll(id, SealCause::Owner, now).await?
        else {
            return Err(reader.unavailable());
        };
        let read = reader.beside(Arc::new(tally)).await?;
        if read.poll.sealed_at == Some(now) {
            self.inner.herald.closed(read.clone());
        }
        self.snapshot(read, caller).await
    }

    /// Deletes a poll with its ballots and invites, and ends the watching of it.
    ///
    /// # Errors
    /// [`PollNotFound`](EngineError::PollNotFound), or a failure of the store.
    pub async fn delete_poll(&self, id: PollId) -> Result<(), EngineError> {
        self.inner.reader.store.delete_poll(id).await?;
        self.inner.reader.cache.forget(id);
        self.inner.herald.deleted(id).await;
        Ok(())
    }

    fn learn(&self, state: PollState) -> Read {
        let poll = Arc::new(state.poll);
        self.inner.reader.cache.put(Arc::clone(&poll));
        Read {
            poll,
            tally: Arc::new(state.tally),
        }
    }

    fn note(&self, poll: &Arc<Poll>) {
        // If the lifecycle is behind, it finds the poll by itself.
        let _ = self.inner.notes.try_send(Note::Drafted(Arc::clone(poll)));
    }
}
