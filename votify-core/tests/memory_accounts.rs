//! The in-memory account store keeps the laws, by itself and shared, and is bounded.

use std::sync::Arc;

use votify_core::account::{Revocation, TokenId};
use votify_core::conformance::{AccountStoreFixture, FreshAccountStore};
use votify_core::{AccountStore, MemoryAccountStore, Timestamp};

struct Memory;

#[async_trait::async_trait]
impl AccountStoreFixture for Memory {
    async fn fresh(&self) -> FreshAccountStore {
        FreshAccountStore::new(Arc::new(MemoryAccountStore::new()))
    }
}

/// `Arc<dyn AccountStore>` is a store of its own; opened again, it is the same store.
struct Shared;

#[async_trait::async_trait]
impl AccountStoreFixture for Shared {
    async fn fresh(&self) -> FreshAccountStore {
        let shared: Arc<dyn AccountStore> = Arc::new(MemoryAccountStore::new());
        FreshAccountStore::open(move || {
            let another: Arc<dyn AccountStore> = Arc::new(Arc::clone(&shared));
            async move { another }
        })
        .await
    }
}

mod by_itself {
    votify_core::account_store_conformance!(super::Memory);
}

mod shared {
    votify_core::account_store_conformance!(super::Shared);
}

/// A full store refuses rather than forgets, and has room again when something has ended.
#[tokio::test]
async fn a_full_store_forgets_nothing_that_still_holds() {
    let store = MemoryAccountStore::with_capacity(2);
    let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000).unwrap();
    let revocation = |number, end| Revocation {
        token: TokenId::from_bytes([number; 16]),
        expires_at: at(end),
    };
    for number in [1, 2] {
        let end = 10 * i64::from(number);
        store.revoke(&revocation(number, end), at(0)).await.unwrap();
    }
    let full = store.revoke(&revocation(3, 30), at(0)).await.unwrap_err();
    assert!(full.is_transient(), "{full:?}");
    store.revoke(&revocation(2, 20), at(0)).await.unwrap();
    store.revoke(&revocation(3, 30), at(11)).await.unwrap();
    let asked = [1, 2, 3].map(|number| TokenId::from_bytes([number; 16]));
    assert_eq!(
        store.are_revoked(&asked).await.unwrap(),
        [false, true, true]
    );
    assert_eq!(store.revocations(), 2);
}
