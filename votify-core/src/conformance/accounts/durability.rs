//! Durability of users and revocations.

use super::{
    are_revoked, assert_same_user, change_password, issued, name, password, register, registered,
    revoke, user, user_named,
};
use crate::account::{Registration, Revocation, TokenId, User};
use crate::conformance::fixture::AccountStoreFixture;
use crate::conformance::store::builders::at;

/// Users, taken names, changed passwords and revocations are stored after the store is
/// reopened, if it can be.
pub async fn accounts_survive_reopening(fixture: &dyn AccountStoreFixture) {
    let backend = fixture.fresh().await;
    let ada = user("ada", "hash");
    let revocation = Revocation {
        token: TokenId::generate(at(1)),
        expires_at: at(1_000),
    };
    let store = backend.instance();
    assert_eq!(register(&*store, &ada).await, Registration::Registered);
    revoke(&*store, &revocation, at(1)).await;
    let bob = registered(&*store, "bob").await;
    change_password(&*store, bob.id, "new", 0).await;
    drop(store);
    let Some(reopened) = backend.reopen().await else {
        return;
    };
    let store = reopened.instance();
    let named = user_named(&*store, &name("ADA")).await;
    assert_same_user(named.as_ref(), &ada);
    let second = register(&*store, &user("Ada", "another")).await;
    assert_eq!(second, Registration::NameTaken);
    let changed = User {
        password: password("new"),
        token_generation: 1,
        ..bob.clone()
    };
    let named = user_named(&*store, &name("bob")).await;
    assert_same_user(named.as_ref(), &changed);
    let other = TokenId::from_bytes([1; 16]);
    let tokens = [
        issued(&ada, revocation.token),
        issued(&ada, other),
        issued(&bob, other),
        issued(&changed, other),
    ];
    let revoked = are_revoked(&*store, &tokens).await;
    assert_eq!(revoked, [true, false, true, false]);
}
