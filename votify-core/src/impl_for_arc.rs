//! Implements every backend trait for `Arc<T>`, including `Arc<dyn Trait>`, by
//! forwarding.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream::BoxStream;

use crate::account::{
    AccountError, AccountStore, IssuedToken, PasswordChange, PasswordHash, Registration,
    Revocation, User, UserId, UserName,
};
use crate::ballot::{ActiveBallot, Ballot, BatchReceipt};
use crate::broadcast::{BroadcastError, Broadcaster, DeliveryStream, Topic, Update};
use crate::id::{BallotId, PollId};
use crate::limit::{LimitError, LimitKey, Rate, RateDecision, RateLimiter};
use crate::poll::{JoinCode, Poll, PollChange, PollState, SealCause};
use crate::store::{
    Audit, ChangeOutcome, InviteOutcome, InviteStore, Page, PageRequest, PollCount, PollFilter,
    SealOutcome, Store, StoreError,
};
use crate::tally::Tally;
use crate::time::{Clock, Timestamp};
use crate::voter::{OwnerId, VoterId};

/// Implements a trait for `Arc<T>`. The synchronous methods come first, then the
/// asynchronous ones.
macro_rules! impl_for_arc {
    ($trait:ident {
        $(fn $name:ident(&self $(, $arg:ident: $arg_type:ty)*) -> $result:ty;)*
        $(async fn $async_name:ident(
            &self $(, $async_arg:ident: $async_arg_type:ty)*
        ) -> $async_result:ty;)*
    }) => {
        #[async_trait]
        #[deny(clippy::missing_trait_methods)]
        impl<T: $trait + ?Sized> $trait for Arc<T> {
            $(fn $name(&self $(, $arg: $arg_type)*) -> $result {
                (**self).$name($($arg),*)
            })*

            $(async fn $async_name(
                &self $(, $async_arg: $async_arg_type)*
            ) -> $async_result {
                (**self).$async_name($($async_arg),*).await
            })*
        }
    };
}

impl_for_arc! {
    Store {
        fn backend(&self) -> &'static str;
        fn invites(&self) -> Option<&dyn InviteStore>;
        fn ballots(&self, poll: PollId) -> BoxStream<'_, Result<ActiveBallot, StoreError>>;
        async fn create_poll(&self, poll: &Poll) -> Result<(), StoreError>;
        async fn polls(&self, ids: &[PollId]) -> Result<Vec<Option<Poll>>, StoreError>;
        async fn list_polls(
            &self, filter: &PollFilter, page: &PageRequest, now: Timestamp
        ) -> Result<Page<PollState>, StoreError>;
        async fn count_polls(
            &self, filter: &PollFilter, now: Timestamp
        ) -> Result<PollCount, StoreError>;
        async fn count_session_polls(&self, max: u64) -> Result<u64, StoreError>;
        async fn poll_by_join_code(
            &self, code: &JoinCode, now: Timestamp
        ) -> Result<Option<PollId>, StoreError>;
        async fn change_poll(
            &self, id: PollId, change: &PollChange, now: Timestamp
        ) -> Result<ChangeOutcome, StoreError>;
        async fn seal_polls(
            &self, ids: &[PollId], cause: SealCause, now: Timestamp
        ) -> Vec<Result<SealOutcome, StoreError>>;
        async fn delete_poll(&self, id: PollId) -> Result<(), StoreError>;
        async fn delete_unused_poll(&self, id: PollId) -> Result<bool, StoreError>;
        async fn cast_ballots(&self, ballots: &[Ballot], now: Timestamp) -> BatchReceipt;
        async fn ballots_of(
            &self, poll: PollId, voters: &[VoterId]
        ) -> Result<Vec<Option<ActiveBallot>>, StoreError>;
        async fn accepted(
            &self, poll: PollId, ballots: &[(VoterId, BallotId)]
        ) -> Result<Vec<bool>, StoreError>;
        async fn tallies(&self, polls: &[PollId]) -> Result<Vec<Option<Tally>>, StoreError>;
        async fn audit_poll(&self, id: PollId) -> Result<Audit, StoreError>;
        async fn repair_poll(&self, id: PollId) -> Result<Tally, StoreError>;
        async fn claim_owner(
            &self, account: OwnerId, session: OwnerId
        ) -> Result<bool, StoreError>;
        async fn claimed_owners(&self, accounts: &[OwnerId]) -> Result<Vec<OwnerId>, StoreError>;
        async fn server_time(&self) -> Result<Option<Timestamp>, StoreError>;
        async fn check_ready(&self) -> Result<(), StoreError>;
    }
}

impl_for_arc! {
    InviteStore {
        async fn invite(
            &self, poll: PollId, voters: &[VoterId], max_invited: u64
        ) -> Result<InviteOutcome, StoreError>;
        async fn invited(
            &self, poll: PollId, voters: &[VoterId]
        ) -> Result<Vec<bool>, StoreError>;
        async fn count(&self, poll: PollId) -> Result<u64, StoreError>;
    }
}

impl_for_arc! {
    AccountStore {
        fn backend(&self) -> &'static str;
        async fn register(&self, user: &User) -> Result<Registration, AccountError>;
        async fn user_named(&self, name: &UserName) -> Result<Option<User>, AccountError>;
        async fn user(&self, id: UserId) -> Result<Option<User>, AccountError>;
        async fn change_password(
            &self, id: UserId, password: &PasswordHash, expected_generation: u32
        ) -> Result<PasswordChange, AccountError>;
        async fn revoke(
            &self, revocation: &Revocation, now: Timestamp
        ) -> Result<(), AccountError>;
        async fn are_revoked(&self, tokens: &[IssuedToken]) -> Result<Vec<bool>, AccountError>;
    }
}

impl_for_arc! {
    Broadcaster {
        fn backend(&self) -> &'static str;
        async fn publish(&self, updates: &[Update]) -> Result<(), BroadcastError>;
        async fn subscribe(&self, topic: &Topic) -> Result<DeliveryStream, BroadcastError>;
    }
}

impl_for_arc! {
    RateLimiter {
        fn backend(&self) -> &'static str;
        async fn acquire(
            &self, key: &LimitKey, rate: &Rate, cost: u32
        ) -> Result<RateDecision, LimitError>;
    }
}

impl_for_arc! {
    Clock {
        fn now(&self) -> Timestamp;
        fn monotonic(&self) -> Duration;
        async fn sleep_until(&self, deadline: Timestamp) -> ();
    }
}
