//! The cases for account stores.

pub mod concurrency;
pub mod durability;
pub mod revocations;
pub mod users;

use crate::account::{AccountStore, PasswordHash, Registration, User, UserId, UserName};
use crate::conformance::store::builders::at;

/// Returns a user name.
pub(crate) fn name(text: &str) -> UserName {
    UserName::new(text).expect("a name")
}

/// Returns a new user. The hash distinguishes users of the same name.
pub(crate) fn user(text: &str, hash: &str) -> User {
    User {
        id: UserId::generate(at(1)),
        name: name(text),
        password: PasswordHash::new(hash).expect("a hash"),
        created_at: at(1),
    }
}

pub(crate) async fn register(store: &dyn AccountStore, user: &User) -> Registration {
    store.register(user).await.expect("register succeeds")
}

/// Asserts that all fields are equal. Names are compared as written too, because
/// normalized names compare as equal in any spelling.
pub(crate) fn same_user(found: Option<&User>, expected: &User) {
    let found = found.expect("the user is there");
    assert_eq!(found, expected);
    assert_eq!(found.name.as_str(), expected.name.as_str());
}
