//! The laws on the in-memory backends. The stores are tested directly, and as `Arc`s that
//! are reopened.

use std::sync::Arc;

use async_trait::async_trait;
use votify_core::account::{
    IssuedToken, PasswordHash, Revocation, TokenId, User, UserId, UserName,
};
use votify_core::conformance::{
    AccountStoreFixture, BroadcasterFixture, Fixture, LimiterFixture, QueueFixture, QueueInstance,
    StoreFixture,
};
use votify_core::queue::{BallotQueue, QueueConsumer};
use votify_core::{
    AccountStore, Broadcaster, ManualClock, MemoryAccountStore, MemoryBroadcaster, MemoryQueue,
    MemoryRateLimiter, MemoryStore, RateLimiter, Store, Timestamp,
};

struct Memory;

#[async_trait]
impl StoreFixture for Memory {
    async fn fresh(&self) -> Fixture<dyn Store> {
        Fixture::new(Arc::new(MemoryStore::new()))
    }
}

#[async_trait]
impl AccountStoreFixture for Memory {
    async fn fresh(&self) -> Fixture<dyn AccountStore> {
        Fixture::new(Arc::new(MemoryAccountStore::new()))
    }
}

#[async_trait]
impl BroadcasterFixture for Memory {
    async fn fresh(&self) -> Fixture<dyn Broadcaster> {
        let broadcaster = MemoryBroadcaster::new();
        let clone = Arc::new(broadcaster.clone());
        Fixture::<dyn Broadcaster>::new(Arc::new(broadcaster)).with_second_instance(clone)
    }
}

#[async_trait]
impl LimiterFixture for Memory {
    async fn fresh(&self, clock: Arc<ManualClock>) -> Fixture<dyn RateLimiter> {
        Fixture::new(Arc::new(MemoryRateLimiter::new().with_clock(clock)))
    }
}

/// Both sides of a queue in memory. Its clones are the same queue.
struct MemoryQueueInstance(MemoryQueue);

#[async_trait]
impl QueueInstance for MemoryQueueInstance {
    fn queue(&self) -> Arc<dyn BallotQueue> {
        Arc::new(self.0.clone())
    }

    async fn consumer(&self, group: &str) -> Box<dyn QueueConsumer> {
        Box::new(self.0.consumer(group))
    }
}

#[async_trait]
impl QueueFixture for Memory {
    async fn fresh(&self) -> Fixture<dyn QueueInstance> {
        let queue = MemoryQueue::new();
        let clone = Arc::new(MemoryQueueInstance(queue.clone()));
        Fixture::<dyn QueueInstance>::new(Arc::new(MemoryQueueInstance(queue)))
            .with_second_instance(clone)
    }
}

/// `Arc<dyn Store>` and `Arc<dyn AccountStore>` implement the traits. Reopening returns
/// the same store.
struct Shared;

#[async_trait]
impl StoreFixture for Shared {
    async fn fresh(&self) -> Fixture<dyn Store> {
        let shared: Arc<dyn Store> = Arc::new(MemoryStore::new());
        Fixture::open(move || {
            let instance: Arc<dyn Store> = Arc::new(Arc::clone(&shared));
            async move { instance }
        })
        .await
    }
}

#[async_trait]
impl AccountStoreFixture for Shared {
    async fn fresh(&self) -> Fixture<dyn AccountStore> {
        let shared: Arc<dyn AccountStore> = Arc::new(MemoryAccountStore::new());
        Fixture::open(move || {
            let instance: Arc<dyn AccountStore> = Arc::new(Arc::clone(&shared));
            async move { instance }
        })
        .await
    }
}

mod store {
    votify_core::store_conformance!(super::Memory);
}

mod shared_store {
    votify_core::store_conformance!(super::Shared);
}

mod invites {
    votify_core::invite_conformance!(super::Memory);
}

mod shared_invites {
    votify_core::invite_conformance!(super::Shared);
}

mod accounts {
    votify_core::account_store_conformance!(super::Memory);
}

mod shared_accounts {
    votify_core::account_store_conformance!(super::Shared);
}

mod broadcaster {
    votify_core::broadcaster_conformance!(super::Memory);
}

mod limiter {
    votify_core::limiter_conformance!(super::Memory);
}

/// A full account store rejects new revocations until one expires.
#[tokio::test]
async fn full_account_store_keeps_active_revocations() {
    let store = MemoryAccountStore::with_capacity(2);
    let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000).unwrap();
    let token = |number| TokenId::from_bytes([number; 16]);
    let revocation = |number, expires_at| Revocation {
        token: token(number),
        expires_at: at(expires_at),
    };
    for number in [1, 2] {
        let expires_at = 10 * i64::from(number);
        let revoked = store.revoke(&revocation(number, expires_at), at(0)).await;
        revoked.unwrap();
    }
    let full = store.revoke(&revocation(3, 30), at(0)).await.unwrap_err();
    assert!(full.is_transient(), "{full:?}");
    store.revoke(&revocation(2, 20), at(0)).await.unwrap();
    store.revoke(&revocation(3, 30), at(11)).await.unwrap();
    let user = User {
        id: UserId::from_bytes([7; 16]),
        name: UserName::new("ada").unwrap(),
        password: PasswordHash::new("hash").unwrap(),
        created_at: at(0),
        token_generation: 0,
    };
    store.register(&user).await.unwrap();
    let issued = |number| IssuedToken {
        token: token(number),
        user: user.id,
        generation: 0,
    };
    let revoked = store.are_revoked(&[1, 2, 3].map(issued)).await.unwrap();
    assert_eq!(revoked, [false, true, true]);
    assert_eq!(store.revocations(), 2);
}
