use std::sync::Arc;

use crate::engine::{EngineError, PollEngine};
use crate::id::PollId;
use crate::poll::Poll;
use crate::voter::{Actor, Caller, Owner, OwnerId, OwnerKind};

/// Owners of polls.
impl PollEngine {
    /// Returns the poll if `caller` owns it: by account, by session, or by a session that
    /// the account [claimed](Self::claim_session).
    ///
    /// # Errors
    /// - [`NotOwner`](EngineError::NotOwner): the caller does not own the poll.
    /// - [`Unidentified`](EngineError::Unidentified): the keyring lacks the poll's secret, so
    ///   that no owner can be recognized; add the secret again.
    /// - [`PollNotFound`](EngineError::PollNotFound): the poll does not exist.
    /// - [`Store`](EngineError::Store): the store failed; retrying is safe.
    pub async fn authorize_owner(
        &self,
        id: PollId,
        caller: &Caller,
    ) -> Result<Arc<Poll>, EngineError> {
        let loader = &self.inner.loader;
        // Owner and key never change, but a deleted poll must not be served from the
        // cache.
        let poll = Arc::clone(&loader.cache.reload(id, &*loader.store).await?.poll);
        if poll.owner.is_some() {
            loader.missing_keys.check(&poll, &loader.keyring)?;
        }
        if self.owns(&poll, caller).await? {
            Ok(poll)
        } else {
            Err(EngineError::NotOwner)
        }
    }

    /// Returns true if the caller owns the poll, as in
    /// [`authorize_owner`](Self::authorize_owner). Returns false if the keyring lacks the
    /// poll's secret.
    ///
    /// Calls the store only for an account in a poll that a browser session created.
    ///
    /// ```
    /// use votify_core::{Caller, MemoryStore, Owner, PollDraft, PollEngine, SessionId};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), votify_core::EngineError> {
    /// let engine = PollEngine::new(MemoryStore::new());
    /// let session = SessionId::random();
    /// let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
    /// let poll = engine.create_poll(draft.owner(Owner::Session(session))).await?;
    /// assert!(engine.owns(&poll, &Caller::session(session)).await?);
    /// assert!(!engine.owns(&poll, &Caller::anonymous()).await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// - [`Store`](EngineError::Store): the store failed; retrying is safe.
    pub async fn owns(&self, poll: &Poll, caller: &Caller) -> Result<bool, EngineError> {
        let keyring = &self.inner.loader.keyring;
        Ok(poll.is_owned_by(caller, keyring) || self.claims_owner(poll, caller).await?)
    }

    /// Records that the caller's account also owns the polls of the caller's session, and
    /// may change them from any browser. Does nothing if the caller has no account or no
    /// session.
    ///
    /// Returns false if the account has claimed [`MAX_CLAIMS`](crate::store::MAX_CLAIMS)
    /// sessions already. Repeating a claim changes nothing. Call it when a request proves
    /// both, such as at a login.
    ///
    /// ```
    /// use votify_core::{Caller, MemoryStore, Owner, PollDraft, PollEngine, SessionId};
    /// use votify_core::voter::AccountId;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), votify_core::EngineError> {
    /// let engine = PollEngine::new(MemoryStore::new());
    /// let session = SessionId::random();
    /// let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
    /// let poll = engine.create_poll(draft.owner(Owner::Session(session))).await?;
    ///
    /// let account = AccountId::new("ada");
    /// let browser = Caller::session(session).with_account(account.clone());
    /// engine.claim_session(&browser).await?;
    /// let phone = Caller::session(SessionId::random()).with_account(account);
    /// assert!(engine.authorize_owner(poll.id, &phone).await.is_ok());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// - [`Store`](EngineError::Store): the store failed; retrying is safe.
    pub async fn claim_session(&self, caller: &Caller) -> Result<bool, EngineError> {
        let (Some(account), Some(session)) = (caller.account_id(), caller.session_id()) else {
            return Ok(true);
        };
        let (account, session) = (Owner::Account(account.clone()), Owner::Session(session));
        let loader = &self.inner.loader;
        let mut claimed = true;
        // The owner id of a poll is derived from the secret that was newest at its
        // creation.
        for key in loader.keyring.ids() {
            let id = |owner| OwnerId::derive(owner, key, &loader.keyring);
            if let (Some(account), Some(session)) = (id(&account), id(&session)) {
                claimed &= loader.store.claim_owner(account, session).await?;
            }
        }
        Ok(claimed)
    }

    /// Returns every id by which `caller` owns polls, for
    /// [`PollFilter::owners`](crate::PollFilter::owners).
    ///
    /// Returns none if the caller has neither an account nor a session. Then list
    /// nothing: a filter without owners lists the polls of everybody.
    ///
    /// # Errors
    /// - [`Store`](EngineError::Store): the store failed; retrying is safe.
    pub async fn owner_ids(&self, caller: &Caller) -> Result<Vec<OwnerId>, EngineError> {
        let loader = &self.inner.loader;
        let (mut ids, mut accounts) = (Vec::new(), Vec::new());
        for owner in caller.owner_candidates() {
            let derived = loader.keyring.ids();
            let derived = derived.filter_map(|key| OwnerId::derive(&owner, key, &loader.keyring));
            match owner.kind() {
                OwnerKind::Account => accounts.extend(derived),
                OwnerKind::Session => ids.extend(derived),
            }
        }
        if !accounts.is_empty() {
            ids.extend(loader.store.claimed_owners(&accounts).await?);
            ids.extend(accounts);
        }
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }

    /// Checks that the actor may act on the poll as its owner.
    ///
    /// # Errors
    /// As for [`authorize_owner`](Self::authorize_owner), unless the host acts.
    pub(super) async fn check_actor(
        &self,
        id: PollId,
        actor: Actor<'_>,
    ) -> Result<(), EngineError> {
        match actor {
            Actor::Host => Ok(()),
            Actor::Caller(caller) => self.authorize_owner(id, caller).await.map(drop),
        }
    }

    /// Returns true if the caller's account claimed the session that owns the poll.
    async fn claims_owner(&self, poll: &Poll, caller: &Caller) -> Result<bool, EngineError> {
        let loader = &self.inner.loader;
        let owner = poll.owner.filter(|owner| owner.kind == OwnerKind::Session);
        let account = caller.account_id().cloned().map(Owner::Account);
        let (Some(owner), Some(account)) = (owner, account) else {
            return Ok(false);
        };
        let Some(account) = OwnerId::derive(&account, poll.key, &loader.keyring) else {
            return Ok(false);
        };
        let claimed = loader.store.claimed_owners(&[account]).await?;
        Ok(claimed.contains(&owner.id))
    }
}
