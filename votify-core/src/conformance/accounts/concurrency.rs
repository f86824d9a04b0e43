//! Concurrent calls on two instances.

use std::sync::Arc;

use super::{are_revoked, assert_same_user, register, revoke, user, user_by_id, user_named};
use crate::account::{Registration, Revocation, TokenId, User};
use crate::conformance::fixture::AccountStoreFixture;
use crate::conformance::run_concurrently::run_concurrently;
use crate::conformance::store::builders::at;

/// One of many concurrent registrations of a name succeeds, and reads return its
/// user.
pub async fn concurrent_registrations_of_a_name_have_one_winner(fixture: &dyn AccountStoreFixture) {
    let backend = fixture.fresh().await;
    let stores = [backend.instance(), backend.second_instance().await];
    for round in 0..8 {
        let users: Vec<User> = (0..16)
            .map(|n| {
                let text = if n % 2 == 0 { "name" } else { "NAME" };
                user(&format!("{text}{round}"), &format!("hash {n}"))
            })
            .collect();
        let tasks = users.iter().cloned().enumerate().map(|(n, one)| {
            let store = Arc::clone(&stores[n % 2]);
            async move { register(&*store, &one).await }
        });
        let results = run_concurrently(tasks.collect()).await;
        let registered: Vec<&User> = users
            .iter()
            .zip(&results)
            .filter_map(|(one, result)| (*result == Registration::Registered).then_some(one))
            .collect();
        let [winner] = registered.as_slice() else {
            panic!("round {round}: {results:?}");
        };
        for store in &stores {
            let named = user_named(&**store, &winner.name).await;
            assert_same_user(named.as_ref(), winner);
        }
    }
}

/// Concurrent registrations of different names all succeed.
pub async fn concurrent_registrations_of_different_names_succeed(
    fixture: &dyn AccountStoreFixture,
) {
    let backend = fixture.fresh().await;
    let stores = [backend.instance(), backend.second_instance().await];
    let users: Vec<User> = (0..64).map(|n| user(&format!("user{n}"), "hash")).collect();
    let tasks = users.iter().cloned().enumerate().map(|(n, one)| {
        let store = Arc::clone(&stores[n % 2]);
        async move { register(&*store, &one).await }
    });
    let results = run_concurrently(tasks.collect()).await;
    assert_eq!(results, vec![Registration::Registered; 64]);
    for one in &users {
        assert_same_user(user_by_id(&*stores[0], one.id).await.as_ref(), one);
    }
}

/// Concurrent revocations are all stored, even repeated ones and while expired ones
/// are removed.
pub async fn concurrent_revocations_are_all_stored(fixture: &dyn AccountStoreFixture) {
    let backend = fixture.fresh().await;
    let stores = [backend.instance(), backend.second_instance().await];
    for n in 0..32 {
        let old = Revocation {
            token: TokenId::generate(at(0)),
            expires_at: at(10 + n),
        };
        revoke(&*stores[0], &old, at(1)).await;
    }
    let tokens: Vec<TokenId> = (0..32).map(|_| TokenId::generate(at(100))).collect();
    let tasks = (0..64_usize).map(|n| {
        let store = Arc::clone(&stores[n % 2]);
        let revocation = Revocation {
            token: tokens[n / 2],
            expires_at: at(1_000),
        };
        async move { store.revoke(&revocation, at(100)).await }
    });
    for result in run_concurrently(tasks.collect()).await {
        result.expect("revoke succeeds");
    }
    for store in &stores {
        let revoked = are_revoked(&**store, &tokens).await;
        assert_eq!(revoked, vec![true; 32]);
    }
}
