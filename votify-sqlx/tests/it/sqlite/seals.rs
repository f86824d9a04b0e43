//! Seals of several polls, of which some cannot be sealed.

use votify_core::Poll;
use votify_test_support::seals::{others_are_sealed, voted_polls};

use super::harness::{Harness, run};

/// Returns the poll's id as a SQL literal.
fn id_literal(poll: &Poll) -> String {
    let bytes = poll.id.as_bytes();
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("x'{digits}'")
}

#[tokio::test]
async fn a_poll_that_cannot_be_sealed_does_not_affect_the_others() {
    let harness = Harness::new();
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
        "CREATE TRIGGER forbid BEFORE UPDATE OF sealed_at ON votify_polls WHEN new.id = {id} \
         BEGIN SELECT raise(ABORT, 'forbidden'); END"
    );
    run(&pool, trigger).await;
    others_are_sealed(&store, &polls, corrupt, Some(rejected)).await;
}
