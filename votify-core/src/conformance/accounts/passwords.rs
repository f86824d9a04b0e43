//! Password changes, and the tokens that they revoke.

use super::{
    are_revoked, assert_same_user, change_password, issued, name, password, register, registered,
    revoke, user, user_by_id, user_named,
};
use crate::account::{
    IssuedToken, PasswordChange, Registration, Revocation, TokenId, User, UserId,
};
use crate::conformance::fixture::AccountStoreFixture;
use crate::conformance::store::builders::at;

/// Law 6: a password change replaces the hash and raises the generation by one, and
/// changes nothing else of this or another user.
pub async fn password_change_replaces_hash_and_raises_generation(
    fixture: &dyn AccountStoreFixture,
) {
    let backend = fixture.fresh().await;
    let (store, second_store) = (backend.instance(), backend.second_instance().await);
    let (ada, bob) = (
        registered(&*store, "Ada").await,
        registered(&*store, "bob").await,
    );
    for generation in 0..3 {
        let hash = format!("hash {generation}");
        let changed = change_password(&*store, ada.id, &hash, generation).await;
        let token_generation = generation + 1;
        assert_eq!(changed, PasswordChange::Changed { token_generation });
        let expected = User {
            password: password(&hash),
            token_generation,
            ..ada.clone()
        };
        for store in [&store, &second_store] {
            let found = user_by_id(&**store, ada.id).await;
            assert_same_user(found.as_ref(), &expected);
            let named = user_named(&**store, &name("ADA")).await;
            assert_same_user(named.as_ref(), &expected);
        }
    }
    assert_same_user(user_by_id(&*store, bob.id).await.as_ref(), &bob);
}

/// Law 6: a change that expects an earlier or a later generation is refused and changes
/// nothing. A repeated change is refused too.
pub async fn outdated_password_change_is_refused(fixture: &dyn AccountStoreFixture) {
    let backend = fixture.fresh().await;
    let (store, second_store) = (backend.instance(), backend.second_instance().await);
    let ada = User {
        token_generation: 5,
        ..user("ada", "hash")
    };
    assert_eq!(register(&*store, &ada).await, Registration::Registered);
    for expected in [0, 4, 6, u32::MAX - 1] {
        let refused = change_password(&*second_store, ada.id, "refused", expected).await;
        assert_eq!(refused, PasswordChange::Outdated, "expected {expected}");
        assert_same_user(user_by_id(&*store, ada.id).await.as_ref(), &ada);
    }
    let changed = change_password(&*store, ada.id, "new", 5).await;
    let token_generation = 6;
    assert_eq!(changed, PasswordChange::Changed { token_generation });
    for hash in ["new", "other"] {
        let repeated = change_password(&*second_store, ada.id, hash, 5).await;
        assert_eq!(repeated, PasswordChange::Outdated);
    }
    let expected = User {
        password: password("new"),
        token_generation,
        ..ada
    };
    let found = user_by_id(&*store, expected.id).await;
    assert_same_user(found.as_ref(), &expected);
}

/// Law 6: the password of an unknown user is not changed, and no user is stored.
pub async fn password_of_an_unknown_user_cannot_be_changed(fixture: &dyn AccountStoreFixture) {
    let backend = fixture.fresh().await;
    let store = backend.instance();
    let unknown = UserId::from_bytes([7; 16]);
    let refused = change_password(&*store, unknown, "hash", 0).await;
    assert_eq!(refused, PasswordChange::Outdated);
    assert_eq!(user_by_id(&*store, unknown).await, None);
}

/// Law 6: the highest generation is stored, and a change that would exceed it is a
/// permanent error that changes nothing.
pub async fn highest_generation_cannot_be_raised(fixture: &dyn AccountStoreFixture) {
    let backend = fixture.fresh().await;
    let store = backend.instance();
    let ada = User {
        token_generation: u32::MAX - 1,
        ..user("ada", "hash")
    };
    assert_eq!(register(&*store, &ada).await, Registration::Registered);
    let changed = change_password(&*store, ada.id, "last", u32::MAX - 1).await;
    let token_generation = u32::MAX;
    assert_eq!(changed, PasswordChange::Changed { token_generation });
    let failure = store
        .change_password(ada.id, &password("refused"), u32::MAX)
        .await
        .expect_err("the generation is the highest");
    assert!(!failure.is_transient(), "{failure:?}");
    let expected = User {
        password: password("last"),
        token_generation,
        ..ada
    };
    let found = user_by_id(&*store, expected.id).await;
    assert_same_user(found.as_ref(), &expected);
    let last = issued(&expected, TokenId::from_bytes([1; 16]));
    let earlier = IssuedToken {
        generation: u32::MAX - 1,
        ..last
    };
    assert_eq!(are_revoked(&*store, &[last, earlier]).await, [false, true]);
}

/// Law 7: a password change revokes the user's tokens of lower generations, for every
/// instance. Later tokens are revoked one by one, and tokens of other users are valid.
pub async fn password_change_revokes_earlier_tokens(fixture: &dyn AccountStoreFixture) {
    let backend = fixture.fresh().await;
    let (store, second_store) = (backend.instance(), backend.second_instance().await);
    let (ada, bob) = (
        registered(&*store, "ada").await,
        registered(&*store, "bob").await,
    );
    let token = |user: &User, generation, number: u8| IssuedToken {
        token: TokenId::from_bytes([number; 16]),
        user: user.id,
        generation,
    };
    let tokens = [
        token(&ada, 2, 1),
        token(&ada, 0, 2),
        token(&bob, 0, 3),
        token(&ada, 1, 4),
        token(&ada, 0, 5),
        // The same token with another generation is judged by that generation.
        token(&ada, 2, 5),
    ];
    let mut expected = [false; 6];
    assert_eq!(are_revoked(&*second_store, &tokens).await, expected);
    for generation in 0..2 {
        change_password(&*store, ada.id, "new", generation).await;
        for (revoked, token) in expected.iter_mut().zip(&tokens) {
            *revoked |= token.user == ada.id && token.generation <= generation;
        }
        for store in [&store, &second_store] {
            assert_eq!(are_revoked(&**store, &tokens).await, expected);
        }
    }
    let revocation = Revocation {
        token: tokens[0].token,
        expires_at: at(1_000),
    };
    revoke(&*store, &revocation, at(1)).await;
    assert_eq!(
        are_revoked(&*second_store, &tokens).await,
        [true, true, false, true, true, false]
    );
}

/// A token of a user who does not exist is revoked, whatever its generation.
pub async fn tokens_of_unknown_users_are_revoked(fixture: &dyn AccountStoreFixture) {
    let backend = fixture.fresh().await;
    let store = backend.instance();
    let ada = registered(&*store, "ada").await;
    let known = issued(&ada, TokenId::from_bytes([1; 16]));
    let unknown = |generation| IssuedToken {
        user: UserId::from_bytes([7; 16]),
        generation,
        ..known
    };
    let tokens = [unknown(0), known, unknown(1), unknown(u32::MAX)];
    assert_eq!(
        are_revoked(&*store, &tokens).await,
        [true, false, true, true]
    );
}
