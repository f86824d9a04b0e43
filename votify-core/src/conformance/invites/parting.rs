//! Invitations and the polls that they are for.

use crate::conformance::fixture::{InviteFixture, InviteHandle};
use crate::conformance::invites::scene::{ANY, Scene, count, guests, invite};
use crate::conformance::together::together;
use crate::poll::Poll;
use crate::store::{InviteOutcome, StoreError};

async fn assert_not_found(handle: &InviteHandle, poll: &Poll) {
    let invited = handle.invites.invite(poll.id, &guests(0..3), ANY).await;
    assert!(
        matches!(&invited, Err(StoreError::PollNotFound(id)) if *id == poll.id),
        "{invited:?}"
    );
    assert_eq!(count(handle, poll, &guests(0..100)).await, 0);
}

/// Law 4: inviting to a poll that never was is told, and invites nobody.
pub async fn nobody_is_invited_to_an_unknown_poll(fixture: &dyn InviteFixture) {
    let scene = Scene::open(fixture).await;
    assert_not_found(&scene.handle(), &Scene::unknown_poll()).await;
}

/// Law 4: a deleted poll takes its invitations, and those of the others stay. Should its id come again, nobody is invited.
pub async fn a_deleted_poll_takes_its_invitations(fixture: &dyn InviteFixture) {
    let scene = Scene::open(fixture).await;
    let (doomed, other) = (scene.poll().await, scene.poll().await);
    let handle = scene.handle();
    for poll in [&doomed, &other] {
        invite(&handle, poll, &guests(0..20), ANY).await;
    }
    let deleted = handle.polls.delete_poll(doomed.id).await;
    deleted.expect("the poll is deleted");
    assert_not_found(&handle, &doomed).await;
    assert_eq!(count(&handle, &other, &guests(0..100)).await, 20);
    let again = handle.polls.create_poll(&doomed).await;
    again.expect("the id is free again");
    assert_eq!(count(&handle, &doomed, &guests(0..100)).await, 0);
    let invited = invite(&handle, &doomed, &guests([1]), ANY).await;
    assert_eq!(invited, InviteOutcome::Invited { total: 1 });
}

/// Law 4: invitations that race a deletion come before it or find no poll; afterwards none is left.
pub async fn a_deletion_among_invitations_leaves_none(fixture: &dyn InviteFixture) {
    let scene = Scene::open(fixture).await;
    let handles = [scene.handle(), scene.fresh.another().await];
    for _ in 0..6 {
        let poll = scene.poll().await;
        let tasks = (0..12_u32).map(|task| {
            let (handle, poll) = (handles[task as usize % 2].clone(), poll.clone());
            async move {
                if task == 5 {
                    let deleted = handle.polls.delete_poll(poll.id).await;
                    return deleted.expect("deleted once");
                }
                let voters = guests(task * 5..task * 5 + 5);
                match handle.invites.invite(poll.id, &voters, ANY).await {
                    Ok(InviteOutcome::Invited { .. }) => {}
                    Err(StoreError::PollNotFound(id)) if id == poll.id => {}
                    other => panic!("{other:?}"),
                }
            }
        });
        together(tasks.collect()).await;
        assert_not_found(&handles[0], &poll).await;
        let again = handles[0].polls.create_poll(&poll).await;
        again.expect("the id is free again");
        assert_eq!(count(&handles[1], &poll, &guests(0..100)).await, 0);
    }
}
