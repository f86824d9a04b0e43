//! Concurrent calls on two instances.

use std::sync::Arc;

use super::{
    are_revoked, assert_same_user, change_password, issued, password, register, registered, revoke,
    user, user_by_id, user_named,
};
use crate::account::{IssuedToken, PasswordChange, Registration, Revocation, TokenId, User};
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
    let ada = registered(&*stores[0], "ada").await;
    let tokens: Vec<IssuedToken> = tokens.iter().map(|token| issued(&ada, *token)).collect();
    for store in &stores {
        let revoked = are_revoked(&**store, &tokens).await;
        assert_eq!(revoked, vec![true; 32]);
    }
}

/// One of many concurrent password changes that expect the same generation succeeds, and
/// its hash is stored.
pub async fn concurrent_password_changes_have_one_winner(fixture: &dyn AccountStoreFixture) {
    let backend = fixture.fresh().await;
    let stores = [backend.instance(), backend.second_instance().await];
    let ada = registered(&*stores[0], "ada").await;
    for generation in 0..8 {
        let hash = move |n: usize| format!("hash {generation} {n}");
        let tasks = (0..16_usize).map(|n| {
            let (store, id) = (Arc::clone(&stores[n % 2]), ada.id);
            async move { change_password(&*store, id, &hash(n), generation).await }
        });
        let results = run_concurrently(tasks.collect()).await;
        let token_generation = generation + 1;
        let changed = PasswordChange::Changed { token_generation };
        let winners: Vec<usize> = (0..16).filter(|n| results[*n] == changed).collect();
        let [winner] = winners[..] else {
            panic!("generation {generation}: {results:?}");
        };
        let outdated = results
            .iter()
            .filter(|result| **result == PasswordChange::Outdated);
        assert_eq!(outdated.count(), 15, "{results:?}");
        let expected = User {
            password: password(&hash(winner)),
            token_generation,
            ..ada.clone()
        };
        for store in &stores {
            let found = user_by_id(&**store, ada.id).await;
            assert_same_user(found.as_ref(), &expected);
        }
    }
}

/// Reads and checks during password changes return a hash with its generation, and a
/// token is never valid again after it was revoked.
pub async fn checks_during_password_changes_are_consistent(fixture: &dyn AccountStoreFixture) {
    let backend = fixture.fresh().await;
    let stores = [backend.instance(), backend.second_instance().await];
    let ada = User {
        password: password("0"),
        ..user("ada", "")
    };
    assert_eq!(register(&*stores[0], &ada).await, Registration::Registered);
    let tasks = (0..4_usize).map(|task| {
        let (store, ada) = (Arc::clone(&stores[task % 2]), ada.clone());
        async move {
            let token = TokenId::from_bytes([1; 16]);
            let mut before = vec![false; 17];
            for generation in 0..16_u32 {
                if task == 0 {
                    let hash = (generation + 1).to_string();
                    let changed = change_password(&*store, ada.id, &hash, generation).await;
                    assert_ne!(changed, PasswordChange::Outdated);
                    continue;
                }
                let found = user_by_id(&*store, ada.id).await.expect("the user exists");
                assert_eq!(
                    found.password,
                    password(&found.token_generation.to_string())
                );
                let tokens: Vec<IssuedToken> = (0..=16)
                    .map(|generation| IssuedToken {
                        generation,
                        ..issued(&ada, token)
                    })
                    .collect();
                let revoked = are_revoked(&*store, &tokens).await;
                for (number, (before, now)) in before.iter().zip(&revoked).enumerate() {
                    assert!(*now || !*before, "generation {number} is valid again");
                }
                before = revoked;
            }
        }
    });
    run_concurrently(tasks.collect()).await;
}
