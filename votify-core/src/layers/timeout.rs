use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream::{self, BoxStream, StreamExt};

use crate::account::{
    AccountError, AccountStore, IssuedToken, PasswordChange, PasswordHash, Registration,
    Revocation, User, UserId, UserName,
};
use crate::backend::group_by_poll;
use crate::ballot::{ActiveBallot, Ballot, BatchReceipt};
use crate::broadcast::{BroadcastError, Broadcaster, DeliveryStream, Topic, Update};
use crate::id::{BallotId, PollId};
use crate::poll::{JoinCode, Poll, PollChange, PollState, SealCause};
use crate::store::{
    Audit, ChangeOutcome, InviteOutcome, InviteStore, Page, PageRequest, PollCount, PollFilter,
    SealOutcome, Store, StoreError,
};
use crate::tally::Tally;
use crate::time::Timestamp;
use crate::voter::{OwnerId, VoterId};

/// Limits the duration of every call to a store, invite store, account store or
/// broadcaster.
///
/// A call that takes longer is dropped and returns
/// [`Unavailable`](StoreError::Unavailable). [`ballots`](Store::ballots) has the limit
/// for each ballot. `delete_poll`, `delete_unused_poll`, `audit_poll` and `repair_poll`
/// process a whole poll and have no limit.
///
/// ```
/// use std::time::Duration;
/// use votify_core::layers::Timeout;
/// use votify_core::{MemoryStore, PollEngine};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let store = Timeout::new(MemoryStore::new(), Duration::from_secs(2));
/// let engine = PollEngine::new(store);
/// # }
/// ```
#[derive(Debug)]
pub struct Timeout<S> {
    inner: S,
    limit: Duration,
}

/// The call exceeded the time limit.
#[derive(Debug, thiserror::Error)]
#[error("no response within {0:?}")]
struct Elapsed(Duration);

impl<S> Timeout<S> {
    /// Wraps `inner`. Each call may take at most `limit`.
    #[must_use]
    pub const fn new(inner: S, limit: Duration) -> Self {
        Self { inner, limit }
    }
}

impl<S: Store> Timeout<S> {
    fn timed_out(&self) -> StoreError {
        StoreError::unavailable(self.inner.backend(), Elapsed(self.limit))
    }

    /// Returns the inner store of invites.
    ///
    /// # Errors
    /// - [`StoreError::Failed`]: the inner store does not support invites.
    fn inner_invites(&self) -> Result<&dyn InviteStore, StoreError> {
        let invites = self.inner.invites();
        invites.ok_or_else(|| {
            StoreError::failed(self.inner.backend(), "the store does not support invites")
        })
    }

    async fn with_timeout<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        tokio::time::timeout(self.limit, call)
            .await
            .unwrap_or_else(|_| Err(self.timed_out()))
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<S: Store> Store for Timeout<S> {
    fn backend(&self) -> &'static str {
        self.inner.backend()
    }

    fn invites(&self) -> Option<&dyn InviteStore> {
        let invites = self.inner.invites();
        invites.map(|_| self as &dyn InviteStore)
    }

    async fn create_poll(&self, poll: &Poll) -> Result<(), StoreError> {
        self.with_timeout(self.inner.create_poll(poll)).await
    }

    async fn polls(&self, ids: &[PollId]) -> Result<Vec<Option<Poll>>, StoreError> {
        self.with_timeout(self.inner.polls(ids)).await
    }

    async fn list_polls(
        &self,
        filter: &PollFilter,
        page: &PageRequest,
        now: Timestamp,
    ) -> Result<Page<PollState>, StoreError> {
        self.with_timeout(self.inner.list_polls(filter, page, now))
            .await
    }

    async fn count_polls(
        &self,
        filter: &PollFilter,
        now: Timestamp,
    ) -> Result<PollCount, StoreError> {
        self.with_timeout(self.inner.count_polls(filter, now)).await
    }

    async fn count_session_polls(&self, max: u64) -> Result<u64, StoreError> {
        self.with_timeout(self.inner.count_session_polls(max)).await
    }

    async fn poll_by_join_code(
        &self,
        code: &JoinCode,
        now: Timestamp,
    ) -> Result<Option<PollId>, StoreError> {
        self.with_timeout(self.inner.poll_by_join_code(code, now))
            .await
    }

    async fn change_poll(
        &self,
        id: PollId,
        change: &PollChange,
        now: Timestamp,
    ) -> Result<ChangeOutcome, StoreError> {
        self.with_timeout(self.inner.change_poll(id, change, now))
            .await
    }

    async fn seal_polls(
        &self,
        ids: &[PollId],
        cause: SealCause,
        now: Timestamp,
    ) -> Vec<Result<SealOutcome, StoreError>> {
        let call = self.inner.seal_polls(ids, cause, now);
        tokio::time::timeout(self.limit, call)
            .await
            .unwrap_or_else(|_| ids.iter().map(|_| Err(self.timed_out())).collect())
    }

    async fn delete_poll(&self, id: PollId) -> Result<(), StoreError> {
        self.inner.delete_poll(id).await
    }

    async fn delete_unused_poll(&self, id: PollId) -> Result<bool, StoreError> {
        self.inner.delete_unused_poll(id).await
    }

    async fn cast_ballots(&self, ballots: &[Ballot], now: Timestamp) -> BatchReceipt {
        let call = self.inner.cast_ballots(ballots, now);
        tokio::time::timeout(self.limit, call)
            .await
            .unwrap_or_else(|_| {
                let mut receipt = BatchReceipt::unknown_polls(ballots.len());
                let error = self.timed_out();
                group_by_poll(ballots)
                    .iter()
                    .for_each(|batch| receipt.fail(batch, &error));
                receipt
            })
    }

    async fn ballots_of(
        &self,
        poll: PollId,
        voters: &[VoterId],
    ) -> Result<Vec<Option<ActiveBallot>>, StoreError> {
        self.with_timeout(self.inner.ballots_of(poll, voters)).await
    }

    async fn accepted(
        &self,
        poll: PollId,
        ballots: &[(VoterId, BallotId)],
    ) -> Result<Vec<bool>, StoreError> {
        self.with_timeout(self.inner.accepted(poll, ballots)).await
    }

    async fn tallies(&self, polls: &[PollId]) -> Result<Vec<Option<Tally>>, StoreError> {
        self.with_timeout(self.inner.tallies(polls)).await
    }

    fn ballots(&self, poll: PollId) -> BoxStream<'_, Result<ActiveBallot, StoreError>> {
        let ballots = self.inner.ballots(poll);
        stream::unfold(Some(ballots), move |ballots| async move {
            let mut ballots = ballots?;
            match tokio::time::timeout(self.limit, ballots.next()).await {
                Ok(next) => next.map(|next| (next, Some(ballots))),
                Err(_) => Some((Err(self.timed_out()), None)),
            }
        })
        .boxed()
    }

    async fn audit_poll(&self, id: PollId) -> Result<Audit, StoreError> {
        self.inner.audit_poll(id).await
    }

    async fn repair_poll(&self, id: PollId) -> Result<Tally, StoreError> {
        self.inner.repair_poll(id).await
    }

    async fn claim_owner(&self, account: OwnerId, session: OwnerId) -> Result<bool, StoreError> {
        self.with_timeout(self.inner.claim_owner(account, session))
            .await
    }

    async fn claimed_owners(&self, accounts: &[OwnerId]) -> Result<Vec<OwnerId>, StoreError> {
        self.with_timeout(self.inner.claimed_owners(accounts)).await
    }

    async fn server_time(&self) -> Result<Option<Timestamp>, StoreError> {
        self.with_timeout(self.inner.server_time()).await
    }

    async fn check_ready(&self) -> Result<(), StoreError> {
        self.with_timeout(self.inner.check_ready()).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<S: Store> InviteStore for Timeout<S> {
    async fn invite(
        &self,
        poll: PollId,
        voters: &[VoterId],
        max_invited: u64,
    ) -> Result<InviteOutcome, StoreError> {
        self.with_timeout(self.inner_invites()?.invite(poll, voters, max_invited))
            .await
    }

    async fn invited(&self, poll: PollId, voters: &[VoterId]) -> Result<Vec<bool>, StoreError> {
        self.with_timeout(self.inner_invites()?.invited(poll, voters))
            .await
    }

    async fn count(&self, poll: PollId) -> Result<u64, StoreError> {
        self.with_timeout(self.inner_invites()?.count(poll)).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<B: Broadcaster> Broadcaster for Timeout<B> {
    fn backend(&self) -> &'static str {
        self.inner.backend()
    }

    async fn publish(&self, updates: &[Update]) -> Result<(), BroadcastError> {
        let call = tokio::time::timeout(self.limit, self.inner.publish(updates)).await;
        call.unwrap_or_else(|_| Err(broadcast_timed_out(self.inner.backend(), self.limit)))
    }

    async fn subscribe(&self, topic: &Topic) -> Result<DeliveryStream, BroadcastError> {
        let call = tokio::time::timeout(self.limit, self.inner.subscribe(topic)).await;
        call.unwrap_or_else(|_| Err(broadcast_timed_out(self.inner.backend(), self.limit)))
    }
}

fn broadcast_timed_out(backend: &'static str, limit: Duration) -> BroadcastError {
    BroadcastError::unavailable(backend, Elapsed(limit))
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<S: AccountStore> AccountStore for Timeout<S> {
    fn backend(&self) -> &'static str {
        self.inner.backend()
    }

    async fn register(&self, user: &User) -> Result<Registration, AccountError> {
        self.account_call(self.inner.register(user)).await
    }

    async fn user_named(&self, name: &UserName) -> Result<Option<User>, AccountError> {
        self.account_call(self.inner.user_named(name)).await
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, AccountError> {
        self.account_call(self.inner.user(id)).await
    }

    async fn change_password(
        &self,
        id: UserId,
        password: &PasswordHash,
        expected_generation: u32,
    ) -> Result<PasswordChange, AccountError> {
        let change = self
            .inner
            .change_password(id, password, expected_generation);
        self.account_call(change).await
    }

    async fn revoke(&self, revocation: &Revocation, now: Timestamp) -> Result<(), AccountError> {
        self.account_call(self.inner.revoke(revocation, now)).await
    }

    async fn are_revoked(&self, tokens: &[IssuedToken]) -> Result<Vec<bool>, AccountError> {
        self.account_call(self.inner.are_revoked(tokens)).await
    }
}

impl<S: AccountStore> Timeout<S> {
    async fn account_call<T>(
        &self,
        call: impl Future<Output = Result<T, AccountError>> + Send,
    ) -> Result<T, AccountError> {
        let timed_out = |_| {
            let elapsed = Elapsed(self.limit);
            Err(AccountError::unavailable(self.inner.backend(), elapsed))
        };
        tokio::time::timeout(self.limit, call)
            .await
            .unwrap_or_else(timed_out)
    }
}
