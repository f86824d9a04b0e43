//! Durability of users and revocations.

use super::{name, register, same_user, user};
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
    store
        .revoke(&revocation, at(1))
        .await
        .expect("it is stored");
    drop(store);
    let Some(reopened) = backend.reopen().await else {
        return;
    };
    let store = reopened.instance();
    let named = store.user_named(&name("ADA")).await.expect("a look");
    same_user(named.as_ref(), &ada);
    let second = register(&*store, &user("Ada", "another")).await;
    assert_eq!(second, Registration::NameTaken);
    let told = store.are_revoked(&[revocation.token]).await;
    assert_eq!(told.expect("an answer"), [true]);
}
