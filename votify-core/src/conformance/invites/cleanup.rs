//! Invites of unknown and deleted polls.

use std::sync::Arc;

use crate::conformance::fixture::StoreFixture;
use crate::conformance::invites::harness::{
    Harness, UNBOUNDED, count, guests, invite, invites, total,
};
use crate::conformance::run_concurrently::run_concurrently;
use crate::poll::Poll;
use crate::store::{InviteOutcome, Store, StoreError};

async fn assert_not_found(store: &Arc<dyn Store>, poll: &Poll) {
    let invited = invites(store)
        .invite(poll.id, &guests(0..3), UNBOUNDED)
        .await;
    assert!(
        matches!(&invited, Err(StoreError::PollNotFound(id)) if *id == poll.id),
        "{invited:?}"
    );
    assert_eq!(count(store, poll, &guests(0..100)).await, 0);
    assert_eq!(total(store, poll).await, 0);
}

/// Law 4: inviting to an unknown poll returns an error and invites no one.
pub async fn inviting_to_an_unknown_poll_is_an_error(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    assert_not_found(&harness.store(), &Harness::unknown_poll()).await;
}

/// Law 4: deleting a poll deletes its invites and no others. A poll created again
/// under the same id has none.
pub async fn deleting_a_poll_deletes_its_invites(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let (deleted, other) = (harness.create_poll().await, harness.create_poll().await);
    let store = harness.store();
    for poll in [&deleted, &other] {
        invite(&store, poll, &guests(0..20), UNBOUNDED).await;
    }
    let deletion = store.delete_poll(deleted.id).await;
    deletion.expect("delete_poll succeeds");
    assert_not_found(&store, &deleted).await;
    assert_eq!(count(&store, &other, &guests(0..100)).await, 20);
    let created = store.create_poll(&deleted).await;
    created.expect("the id of a deleted poll is free");
    assert_eq!(count(&store, &deleted, &guests(0..100)).await, 0);
    assert_eq!(total(&store, &deleted).await, 0);
    assert_eq!(total(&store, &other).await, 20);
    let invited = invite(&store, &deleted, &guests([1]), UNBOUNDED).await;
    assert_eq!(invited, InviteOutcome::Invited { total: 1 });
}

/// Law 4: each invite concurrent with a deletion precedes it or finds no poll.
/// Afterwards none is stored.
pub async fn concurrent_deletion_leaves_no_invites(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let stores = [harness.store(), harness.second_store().await];
    for _ in 0..6 {
        let poll = harness.create_poll().await;
        let tasks = (0..12_u32).map(|task| {
            let (store, poll) = (Arc::clone(&stores[task as usize % 2]), poll.clone());
            async move {
                if task == 5 {
                    let deleted = store.delete_poll(poll.id).await;
                    return deleted.expect("the poll exists until this deletion");
                }
                let voters = guests(task * 5..task * 5 + 5);
                match invites(&store).invite(poll.id, &voters, UNBOUNDED).await {
                    Ok(InviteOutcome::Invited { .. }) => {}
                    Err(StoreError::PollNotFound(id)) if id == poll.id => {}
                    other => panic!("{other:?}"),
                }
            }
        });
        run_concurrently(tasks.collect()).await;
        assert_not_found(&stores[0], &poll).await;
        let created = stores[0].create_poll(&poll).await;
        created.expect("the id of a deleted poll is free");
        assert_eq!(count(&stores[1], &poll, &guests(0..100)).await, 0);
        assert_eq!(total(&stores[1], &poll).await, 0);
    }
}
