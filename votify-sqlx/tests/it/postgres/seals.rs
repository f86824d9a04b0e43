//! Seals of several polls, of which some cannot be sealed.

use votify_core::Store;
use votify_core::poll::SealCause;
use votify_core::store::SealOutcome;
use votify_test_support::ballots::NOW;
use votify_test_support::seals::{others_are_sealed, others_are_sealed_beside_a_lock, voted_polls};

use super::harness::{Harness, run};

#[tokio::test]
async fn a_poll_that_cannot_be_sealed_does_not_affect_the_others() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let (store, pool) = (harness.store().await, harness.pool().await);
    let polls = voted_polls(&store).await;
    let (corrupt, rejected) = (&polls[2], &polls[4]);
    let martians = format!(
        "UPDATE votify_polls SET voter_policy = 'martians' WHERE id = '{}'",
        corrupt.id
    );
    run(&pool, martians).await;
    others_are_sealed(&store, &polls[..4], corrupt, None).await;
    // A constraint of the host forbids to seal one poll.
    let constraint = format!(
        "ALTER TABLE votify_polls ADD CHECK (sealed_at IS NULL OR id <> '{}')",
        rejected.id
    );
    run(&pool, constraint).await;
    others_are_sealed(&store, &polls, corrupt, Some(rejected)).await;
}

#[tokio::test]
async fn a_locked_poll_does_not_affect_the_others() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let (store, pool) = (harness.store().await, harness.pool().await);
    let polls = voted_polls(&store).await;
    let locked = &polls[2];
    let lock = format!(
        "BEGIN; SELECT 1 FROM votify_tallies WHERE poll_id = '{}' FOR UPDATE",
        locked.id
    );
    run(&pool, lock).await;
    others_are_sealed_beside_a_lock(&store, &polls, locked).await;
    run(&pool, "ROLLBACK").await;
    let outcomes = store.seal_polls(&[locked.id], SealCause::Owner, NOW).await;
    assert!(
        matches!(*outcomes, [Ok(SealOutcome::Sealed(_))]),
        "{outcomes:?}"
    );
}
