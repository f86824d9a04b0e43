//! Registering and reading users.

use super::{assert_same_user, name, register, user, user_by_id, user_named};
use crate::account::{PasswordHash, Registration, User, UserId, UserName};
use crate::conformance::fixture::AccountStoreFixture;
use crate::time::Timestamp;

/// An empty store finds no user, neither by name nor by id.
pub async fn unknown_users_are_not_found(fixture: &dyn AccountStoreFixture) {
    let backend = fixture.fresh().await;
    let store = backend.instance();
    assert_eq!(user_named(&*store, &name("ada")).await, None);
    let id = UserId::from_bytes([7; 16]);
    assert_eq!(user_by_id(&*store, id).await, None);
}

/// A user is read as registered, by name and by id.
pub async fn users_are_read_as_registered(fixture: &dyn AccountStoreFixture) {
    let backend = fixture.fresh().await;
    let store = backend.instance();
    let ada = user("Ada", "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA");
    let bob = user("bob@example.org", "another");
    for one in [&ada, &bob] {
        assert_eq!(register(&*store, one).await, Registration::Registered);
    }
    let second_store = backend.second_instance().await;
    for one in [&ada, &bob] {
        assert_same_user(user_by_id(&*second_store, one.id).await.as_ref(), one);
        let named = user_named(&*second_store, &one.name).await;
        assert_same_user(named.as_ref(), one);
    }
}

/// Extreme values are read as written: the longest name, key and hash, characters of
/// every length, the first and the last timestamp, the highest generation.
pub async fn extreme_values_are_read_as_written(fixture: &dyn AccountStoreFixture) {
    let backend = fixture.fresh().await;
    let store = backend.instance();
    let widest = "𝒳ΰ".repeat(UserName::MAX_CHARS / 2);
    for (text, created_at) in [
        ("x".repeat(UserName::MAX_CHARS), Timestamp::EPOCH),
        (widest, Timestamp::MAX),
        ("हिन्दी".into(), Timestamp::MAX),
        ("中文.名字".into(), Timestamp::EPOCH),
        ("0".into(), Timestamp::EPOCH),
    ] {
        let one = User {
            id: UserId::generate(created_at),
            name: name(&text),
            password: PasswordHash::new("h".repeat(PasswordHash::MAX_BYTES)).expect("a valid hash"),
            created_at,
            token_generation: u32::MAX,
        };
        assert_eq!(register(&*store, &one).await, Registration::Registered);
        assert_same_user(user_by_id(&*store, one.id).await.as_ref(), &one);
        let named = user_named(&*store, &one.name).await;
        assert_same_user(named.as_ref(), &one);
    }
}

/// A name can be registered once, in whatever spelling. A refused registration stores
/// nothing.
pub async fn name_is_registered_once(fixture: &dyn AccountStoreFixture) {
    let backend = fixture.fresh().await;
    let store = backend.instance();
    let first = user("Zoë", "first");
    assert_eq!(register(&*store, &first).await, Registration::Registered);
    for text in ["Zoë", "zoë", "ZOË", "ZOE\u{308}", " zoe\u{308} "] {
        let second = user(text, "second");
        assert_eq!(register(&*store, &second).await, Registration::NameTaken);
        assert_eq!(user_by_id(&*store, second.id).await, None);
        let named = user_named(&*store, &name(text)).await;
        assert_same_user(named.as_ref(), &first);
    }
}

/// Names that databases often compare as equal are distinct: with accents, with
/// letters that expand, with other endings.
pub async fn similar_names_are_distinct(fixture: &dyn AccountStoreFixture) {
    let backend = fixture.fresh().await;
    let store = backend.instance();
    let names = [
        "zoe", "zoë", "zo", "zoee", "zoe.", "zo-e", "zo_e", "æ", "ae", "ı", "i1",
    ];
    let users: Vec<User> = names.iter().map(|text| user(text, text)).collect();
    for one in &users {
        let result = register(&*store, one).await;
        assert_eq!(result, Registration::Registered, "{:?}", one.name);
    }
    for one in &users {
        let named = user_named(&*store, &one.name).await;
        assert_same_user(named.as_ref(), one);
    }
}

/// Registering a second user with the same id is a permanent error and stores
/// nothing.
pub async fn reused_user_id_is_an_error(fixture: &dyn AccountStoreFixture) {
    let backend = fixture.fresh().await;
    let store = backend.instance();
    let ada = user("ada", "a");
    assert_eq!(register(&*store, &ada).await, Registration::Registered);
    let bob = User {
        id: ada.id,
        ..user("bob", "b")
    };
    let failure = store
        .register(&bob)
        .await
        .expect_err("the id is used already");
    assert!(!failure.is_transient(), "{failure:?}");
    assert_eq!(user_named(&*store, &bob.name).await, None);
    assert_same_user(user_by_id(&*store, ada.id).await.as_ref(), &ada);
}
