//! The cases for account stores.

pub mod concurrency;
pub mod durability;
pub mod passwords;
pub mod revocations;
pub mod users;

use crate::account::{
    AccountStore, IssuedToken, PasswordChange, PasswordHash, Registration, Revocation, TokenId,
    User, UserId, UserName,
};
use crate::conformance::store::builders::at;
use crate::time::Timestamp;

/// Returns a user name.
fn name(text: &str) -> UserName {
    UserName::new(text).expect("a valid name")
}

/// Returns a new user. The hash distinguishes users of the same name.
fn user(text: &str, hash: &str) -> User {
    User {
        id: UserId::generate(at(1)),
        name: name(text),
        password: password(hash),
        created_at: at(1),
        token_generation: 0,
    }
}

fn password(hash: &str) -> PasswordHash {
    PasswordHash::new(hash).expect("a valid hash")
}

/// Returns a token that a user got at the user's current generation.
fn issued(user: &User, token: TokenId) -> IssuedToken {
    IssuedToken {
        token,
        user: user.id,
        generation: user.token_generation,
    }
}

/// Registers a user and returns it.
async fn registered(store: &dyn AccountStore, text: &str) -> User {
    let user = user(text, "hash");
    assert_eq!(register(store, &user).await, Registration::Registered);
    user
}

async fn register(store: &dyn AccountStore, user: &User) -> Registration {
    store.register(user).await.expect("register succeeds")
}

async fn user_named(store: &dyn AccountStore, name: &UserName) -> Option<User> {
    let user = store.user_named(name).await;
    user.expect("user_named succeeds")
}

async fn user_by_id(store: &dyn AccountStore, id: UserId) -> Option<User> {
    store.user(id).await.expect("user succeeds")
}

async fn revoke(store: &dyn AccountStore, revocation: &Revocation, now: Timestamp) {
    let revoked = store.revoke(revocation, now).await;
    revoked.expect("revoke succeeds");
}

async fn change_password(
    store: &dyn AccountStore,
    user: UserId,
    hash: &str,
    expected_generation: u32,
) -> PasswordChange {
    let password = password(hash);
    let change = store.change_password(user, &password, expected_generation);
    change.await.expect("change_password succeeds")
}

async fn are_revoked(store: &dyn AccountStore, tokens: &[IssuedToken]) -> Vec<bool> {
    let revoked = store.are_revoked(tokens).await;
    revoked.expect("are_revoked succeeds")
}

/// Asserts that all fields are equal. Names are compared as written too, because
/// normalized names compare as equal in any spelling.
fn assert_same_user(found: Option<&User>, expected: &User) {
    let found = found.expect("the user is found");
    assert_eq!(found, expected);
    assert_eq!(found.name.as_str(), expected.name.as_str());
}
