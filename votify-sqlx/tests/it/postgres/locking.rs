//! Locks held by other sessions.

use std::time::Duration;

use votify_core::poll::SealCause;
use votify_core::store::SealOutcome;
use votify_core::{Outcome, Poll, Store, StoreError, StoreExt};
use votify_sqlx::sqlx::{self, Executor};
use votify_test_support::ballots::{NOW, ballot, cast, poll, votes};

use super::harness::Harness;

#[tokio::test]
async fn a_batch_waits_for_a_lock_and_does_not_delay_other_polls() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let store = harness.store().await;
    let (locked, unlocked) = (poll(&store).await, poll(&store).await);
    let mut transaction = harness.pool().await.begin().await.unwrap();
    sqlx::query("SELECT 1 FROM votify_tallies WHERE poll_id = $1 FOR UPDATE")
        .bind(*locked.id.as_uuid())
        .execute(&mut *transaction)
        .await
        .unwrap();
    let casting = tokio::spawn({
        let (store, ballots) = (store.clone(), [ballot(&locked, 1)]);
        async move { cast(&store, &ballots).await.remove(0) }
    });
    let outcome = cast(&store, &[ballot(&unlocked, 1)]).await.remove(0);
    assert!(
        matches!(outcome, Ok(Outcome::Counted { .. })),
        "{outcome:?}"
    );
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(!casting.is_finished());
    transaction.rollback().await.unwrap();
    let outcome = casting.await.unwrap();
    assert!(
        matches!(outcome, Ok(Outcome::Counted { revision: 1 })),
        "{outcome:?}"
    );
}

/// Sealing writes the tally that it read. No unique index would detect a read of an older
/// snapshot, as one does for votes.
#[tokio::test]
async fn sealing_keeps_votes_committed_while_it_waited() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let store = harness.store().await;
    let poll = poll(&store).await;
    cast(&store, &[ballot(&poll, 1)]).await.remove(0).unwrap();
    let mut transaction = harness.pool().await.begin().await.unwrap();
    sqlx::query(
        "UPDATE votify_tallies SET revision = 2, total_votes = 2, vote_counts[1] = 2 \
         WHERE poll_id = $1",
    )
    .bind(*poll.id.as_uuid())
    .execute(&mut *transaction)
    .await
    .unwrap();
    let sealing = tokio::spawn({
        let (store, id) = (store.clone(), poll.id);
        async move { store.seal_poll(id, SealCause::Owner, NOW).await }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!sealing.is_finished());
    transaction.commit().await.unwrap();
    let sealed = sealing.await.unwrap().unwrap();
    assert!(
        matches!(&sealed, SealOutcome::Sealed(tally) if tally.total_votes == 2),
        "{sealed:?}"
    );
    let tallies = store.tallies(&[poll.id]).await.unwrap();
    assert_eq!(tallies[0].as_ref().unwrap().total_votes, 2);
}

#[tokio::test]
async fn a_lock_that_is_never_released_makes_the_poll_unavailable() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let store = harness.store().await;
    let poll = poll(&store).await;
    let mut transaction = harness.pool().await.begin().await.unwrap();
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

/// The server ends one of the two transactions. If it ends the store's, the store
/// retries.
#[tokio::test]
async fn a_deadlock_with_another_session_is_retried() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let store = harness.store().await;
    let (one, other) = (poll(&store).await, poll(&store).await);
    let (first, second) = if one.id < other.id {
        (one, other)
    } else {
        (other, one)
    };
    let pool = harness.pool().await;
    for round in 0..3 {
        let mut transaction = pool.begin().await.unwrap();
        // The other session checks for deadlocks late, so that the store's session
        // detects it.
        transaction
            .execute("SET LOCAL deadlock_timeout = '1min'")
            .await
            .unwrap();
        let lock = "SELECT 1 FROM votify_tallies WHERE poll_id = $1 FOR UPDATE";
        let lock = |poll: &Poll| sqlx::query(lock).bind(*poll.id.as_uuid());
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
