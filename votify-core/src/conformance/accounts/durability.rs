//! Durability of users and revocations.

use super::{assert_same_user, name, register, revoke, user, user_named};
use crate::account::{Registration, Revocation, TokenId};
use crate::conformance::fixture::AccountStoreFixture;
use crate::conformance::store::builders::at;

/// Users, taken names and revocations are stored after the store is reopened, if it
/// can be.
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
    drop(store);
    let Some(reopened) = backend.reopen().await else {
        return;
    };
    let store = reopened.instance();
    let named = user_named(&*store, &name("ADA")).await;
    assert_same_user(named.as_ref(), &ada);
    let second = register(&*store, &user("Ada", "another")).await;
    assert_eq!(second, Registration::NameTaken);
    let revoked = store.are_revoked(&[revocation.token]).await;
    assert_eq!(revoked.expect("are_revoked succeeds"), [true]);
}
