//! Storage that takes no writes, and tables that disappear, while a store uses them. The
//! same on every database.

use std::time::Duration;

use votify_core::account::{
    AccountError, AccountStore, PasswordHash, Revocation, TokenId, User, UserId, UserName,
};
use votify_core::voter::OwnerId;
use votify_core::{Outcome, Store, StoreError, Timestamp};
use votify_test_support::ballots::{NOW, ballot, cast, draft, error_chain, poll, voter, votes};

/// Tables to which every kind of write goes.
pub(crate) const TABLES: [&str; 7] = [
    "votify_polls",
    "votify_options",
    "votify_votes",
    "votify_users",
    "votify_revoked_tokens",
    "votify_owner_claims",
    "votify_invites",
];

/// A store under test.
pub(crate) trait BothStores: Store + AccountStore {}

impl<S: Store + AccountStore> BothStores for S {}

fn user(name: &str) -> User {
    User {
        id: UserId::generate(NOW),
        name: UserName::new(name).unwrap(),
        password: PasswordHash::new("$argon2id$hash").unwrap(),
        created_at: NOW,
        token_generation: 0,
    }
}

fn assert_unavailable<T: std::fmt::Debug>(result: Result<T, StoreError>) -> String {
    let error = result.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    error_chain(&error)
}

fn assert_accounts_unavailable<T: std::fmt::Debug>(result: Result<T, AccountError>) -> String {
    let error = result.unwrap_err();
    let unavailable = matches!(error, AccountError::Unavailable { .. });
    assert!(unavailable, "{error:?}");
    error_chain(&error)
}

async fn becomes_ready(store: &dyn Store) {
    let ready = async {
        while store.check_ready().await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(10), ready).await;
    in_time.expect("the store is ready again");
}

/// `fill` makes every write fail as on a full disk, and `free` ends that.
pub(crate) async fn every_write_that_fails_shows_in_readiness(
    store: impl BothStores,
    fill: impl AsyncFn(),
    free: impl AsyncFn(),
) {
    let poll = poll(&store).await;
    let ada = user("Ada");
    store.register(&ada).await.unwrap();
    let [account, session] = [1, 2].map(|byte| OwnerId::from_bytes([byte; 16]));
    let write = async |number: u8| match number {
        0 => drop(assert_accounts_unavailable(
            store.register(&user("Bea")).await,
        )),
        1 => {
            let new = PasswordHash::new("$argon2id$new").unwrap();
            drop(assert_accounts_unavailable(
                store.change_password(ada.id, &new, 0).await,
            ));
        }
        2 => {
            let revocation = Revocation {
                token: TokenId::generate(NOW),
                expires_at: Timestamp::MAX,
            };
            drop(assert_accounts_unavailable(
                store.revoke(&revocation, NOW).await,
            ));
        }
        3 => drop(assert_unavailable(
            cast(&store, &[ballot(&poll, 1)]).await.remove(0),
        )),
        4 => drop(assert_unavailable(
            store.create_poll(&draft("Dinner?")).await,
        )),
        5 => drop(assert_unavailable(
            store.claim_owner(account, session).await,
        )),
        _ => {
            let invites = store.invites().unwrap();
            drop(assert_unavailable(
                invites.invite(poll.id, &[voter(1)], 10).await,
            ));
        }
    };
    for number in 0..7 {
        store.check_ready().await.unwrap();
        fill().await;
        write(number).await;
        let ready = store.check_ready().await;
        assert!(
            matches!(ready, Err(StoreError::Unavailable { .. })),
            "{number}: {ready:?}"
        );
        free().await;
        becomes_ready(&store).await;
    }
    let outcome = cast(&store, &[ballot(&poll, 1)]).await.remove(0);
    assert!(
        matches!(outcome, Ok(Outcome::Counted { .. })),
        "{outcome:?}"
    );
}

/// `run` runs SQL beside the store.
pub(crate) async fn a_missing_table_is_unavailable_until_it_is_back(
    store: impl BothStores,
    run: impl AsyncFn(&str),
) {
    let poll = poll(&store).await;
    store.register(&user("Ada")).await.unwrap();
    cast(&store, &[ballot(&poll, 0)]).await.remove(0).unwrap();
    for (number, (away, back, missing)) in (1..).zip([
        (
            "ALTER TABLE votify_votes RENAME TO moved",
            "ALTER TABLE moved RENAME TO votify_votes",
            "table votify_votes is missing",
        ),
        (
            "ALTER TABLE votify_votes RENAME COLUMN choice TO moved",
            "ALTER TABLE votify_votes RENAME COLUMN moved TO choice",
            "column choice of table votify_votes is missing",
        ),
        (
            "ALTER TABLE votify_polls RENAME TO moved",
            "ALTER TABLE moved RENAME TO votify_polls",
            "table votify_polls is missing",
        ),
    ]) {
        run(away).await;
        if missing.contains("votify_polls") {
            // A batch that is decided from the cache does not read this table.
            assert_unavailable(store.check_ready().await);
        } else {
            assert_unavailable(cast(&store, &[ballot(&poll, number)]).await.remove(0));
        }
        for _ in 0..3 {
            let error = assert_unavailable(cast(&store, &[ballot(&poll, number)]).await.remove(0));
            assert!(error.contains(missing), "{error}");
            let error = assert_unavailable(store.check_ready().await);
            assert!(error.contains(missing), "{error}");
            assert_unavailable(store.create_poll(&draft("Dinner?")).await);
            assert_unavailable(store.polls(&[poll.id]).await);
        }
        run(back).await;
        let outcome = cast(&store, &[ballot(&poll, number)]).await.remove(0);
        assert!(
            matches!(outcome, Ok(Outcome::Counted { .. })),
            "{outcome:?}"
        );
        store.check_ready().await.unwrap();
        assert_eq!(votes(&store, &poll).await, u64::from(number) + 1);
    }
    run("ALTER TABLE votify_users RENAME TO moved").await;
    let name = UserName::new("Ada").unwrap();
    assert_accounts_unavailable(store.user_named(&name).await);
    let error = assert_accounts_unavailable(store.register(&user("Bea")).await);
    assert!(error.contains("table votify_users is missing"), "{error}");
    assert_unavailable(store.check_ready().await);
    run("ALTER TABLE moved RENAME TO votify_users").await;
    assert!(store.user_named(&name).await.unwrap().is_some());
    store.check_ready().await.unwrap();
}
