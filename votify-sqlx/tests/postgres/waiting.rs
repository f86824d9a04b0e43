//! Somebody else is in the way.

use std::time::Duration;

use votify_core::{Outcome, StoreError};
use votify_sqlx::sqlx::{self, Executor};

use crate::ballots::{ballot, cast, poll, votes};
use crate::scene::Scene;

#[tokio::test]
async fn a_lock_that_is_held_for_a_while_is_waited_for() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let store = scene.store().await;
    let (held, free) = (poll(&store).await, poll(&store).await);
    let mut transaction = scene.pool().await.begin().await.unwrap();
    sqlx::query("SELECT 1 FROM votify_tallies WHERE poll_id = $1 FOR UPDATE")
        .bind(*held.id.as_uuid())
        .execute(&mut *transaction)
        .await
        .unwrap();
    let waiting = tokio::spawn({
        let (store, ballots) = (store.clone(), [ballot(&held, 1)]);
        async move { cast(&store, &ballots).await.remove(0) }
    });
    // Others do not wait.
    let outcome = cast(&store, &[ballot(&free, 1)]).await.remove(0);
    assert!(
        matches!(outcome, Ok(Outcome::Counted { .. })),
        "{outcome:?}"
    );
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(!waiting.is_finished());
    transaction.rollback().await.unwrap();
    let outcome = waiting.await.unwrap();
    assert!(
        matches!(outcome, Ok(Outcome::Counted { revision: 1 })),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn a_lock_that_is_never_given_up_makes_the_poll_unavailable() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let store = scene.store().await;
    let poll = poll(&store).await;
    let mut transaction = scene.pool().await.begin().await.unwrap();
    transaction
        .execute("SELECT 1 FROM votify_tallies FOR UPDATE")
        .await
        .unwrap();
    let outcome = cast(&store, &[ballot(&poll, 1)]).await.remove(0);
    assert!(
        matches!(outcome, Err(StoreError::Unavailable { .. })),
        "{outcome:?}"
    );
    transaction.rollback().await.unwrap();
    assert_eq!(votes(&store, &poll).await, 0);
}

/// The server ends one of the two; if that is the store, it tries again, and its caller sees nothing of it.
#[tokio::test]
async fn a_deadlock_with_somebody_else_is_no_voters_business() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let store = scene.store().await;
    let (one, other) = (poll(&store).await, poll(&store).await);
    let (first, second) = if one.id < other.id {
        (one, other)
    } else {
        (other, one)
    };
    let pool = scene.pool().await;
    for round in 0..3 {
        let mut transaction = pool.begin().await.unwrap();
        // This one is patient: the store is to be the one that notices.
        transaction
            .execute("SET LOCAL deadlock_timeout = '1min'")
            .await
            .unwrap();
        let lock = "SELECT 1 FROM votify_tallies WHERE poll_id = $1 FOR UPDATE";
        let lock = |poll: &votify_core::Poll| sqlx::query(lock).bind(*poll.id.as_uuid());
        lock(&second).execute(&mut *transaction).await.unwrap();
        let casting = tokio::spawn({
            let store = store.clone();
            let ballots = [ballot(&first, round), ballot(&second, round)];
            async move { cast(&store, &ballots).await }
        });
        tokio::time::sleep(Duration::from_millis(200)).await;
        lock(&first).execute(&mut *transaction).await.unwrap();
        transaction.rollback().await.unwrap();
        for outcome in casting.await.unwrap() {
            assert!(
                matches!(outcome, Ok(Outcome::Counted { .. })),
                "{outcome:?}"
            );
        }
    }
    assert_eq!(
        (votes(&store, &first).await, votes(&store, &second).await),
        (3, 3)
    );
}
