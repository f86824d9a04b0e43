//! What is there after opening the store anew.

use super::{name, register, same_user, user};
use crate::account::{Registration, Revocation, TokenId};
use crate::conformance::fixture::AccountStoreFixture;
use crate::conformance::store::paper::at;

/// Users, taken names and revocations are there when the store is opened anew, where anything outlives it.
pub async fn what_was_acknowledged_lasts(fixture: &dyn AccountStoreFixture) {
    let fresh = fixture.fresh().await;
    let ada = user("ada", "hash");
    let revocation = Revocation {
        token: TokenId::generate(at(1)),
        expires_at: at(1_000),
    };
    let store = fresh.store();
    assert_eq!(register(&*store, &ada).await, Registration::Registered);
    store.revoke(&revocation, at(1)).await.expect("it is kept");
    drop(store);
    let Some(again) = fresh.reopened().await else {
        return;
    };
    let store = again.store();
    let named = store.user_named(&name("ADA")).await.expect("a look");
    same_user(named.as_ref(), &ada);
    let second = register(&*store, &user("Ada", "another")).await;
    assert_eq!(second, Registration::NameTaken);
    let told = store.are_revoked(&[revocation.token]).await;
    assert_eq!(told.expect("an answer"), [true]);
}
