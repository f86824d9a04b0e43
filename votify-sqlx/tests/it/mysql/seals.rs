//! Seals of several polls, of which some cannot be sealed.

use votify_core::Store;
use votify_core::poll::SealCause;
use votify_core::store::SealOutcome;
use votify_test_support::ballots::NOW;
use votify_test_support::seals::{others_are_sealed, others_are_sealed_beside_a_lock, voted_polls};

use super::harness::{Harness, id_literal, run};

#[tokio::test]
async fn a_poll_that_cannot_be_sealed_does_not_affect_the_others() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let (pool, store) = harness.host_store().await;
    let polls = voted_polls(&store).await;
    let (corrupt, rejected) = (&polls[2], &polls[4]);
    let id = id_literal(corrupt);
    let martians = format!("UPDATE votify_polls SET voter_policy = 'martians' WHERE id = {id}");
    run(&pool, martians).await;
    others_are_sealed(&store, &polls[..4], corrupt, None).await;
    // A trigger of the host forbids to seal one poll.
    let id = id_literal(rejected);
    let trigger = format!(
        "CREATE TRIGGER forbid BEFORE UPDATE ON votify_polls FOR EACH ROW BEGIN \
         IF NEW.id = {id} THEN \
         SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'forbidden'; END IF; END"
    );
    run(&pool, trigger).await;
    others_are_sealed(&store, &polls, corrupt, Some(rejected)).await;
}

#[tokio::test]
async fn a_locked_poll_does_not_affect_the_others() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let store = harness.store().await;
    let polls = voted_polls(&store).await;
    let locked = &polls[2];
    let id = id_literal(locked);
    let mut other = harness.connection().await;
    other.run("START TRANSACTION").await.unwrap();
    let lock = format!("UPDATE votify_polls SET title = 'x' WHERE id = {id}");
    other.run(lock).await.unwrap();
    others_are_sealed_beside_a_lock(&store, &polls, locked).await;
    other.run("ROLLBACK").await.unwrap();
    let outcomes = store.seal_polls(&[locked.id], SealCause::Owner, NOW).await;
    assert!(
        matches!(*outcomes, [Ok(SealOutcome::Sealed(_))]),
        "{outcomes:?}"
    );
}
