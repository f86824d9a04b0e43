//! Who is invited, and up to how many.

use crate::ballot::Outcome;
use crate::conformance::fixture::InviteFixture;
use crate::conformance::invites::scene::{ANY, Scene, count, guests, invite};
use crate::conformance::store::paper::{at, ballot};
use crate::conformance::together::together;
use crate::store::InviteOutcome;

/// Law 1: who was invited is invited, to that poll alone.
pub async fn who_was_invited_is_and_nobody_else(fixture: &dyn InviteFixture) {
    let scene = Scene::open(fixture).await;
    let (poll, other) = (scene.poll().await, scene.poll().await);
    let handle = scene.handle();
    assert_eq!(count(&handle, &poll, &guests(0..9)).await, 0);
    let invited = invite(&handle, &poll, &guests(0..5), ANY).await;
    assert_eq!(invited, InviteOutcome::Invited { total: 5 });
    let invited = invite(&handle, &poll, &guests(5..7), ANY).await;
    assert_eq!(invited, InviteOutcome::Invited { total: 7 });
    assert_eq!(count(&handle, &poll, &guests(0..7)).await, 7);
    assert_eq!(count(&handle, &poll, &guests(7..9)).await, 0);
    assert_eq!(count(&handle, &other, &guests(0..9)).await, 0);
    let another = scene.fresh.another().await;
    assert_eq!(count(&another, &poll, &guests(0..9)).await, 7);
}

/// Law 6: whether one is invited is answered in the order asked, as often as asked; nobody asked is nobody answered.
pub async fn whether_one_is_invited_is_answered_in_the_order_asked(fixture: &dyn InviteFixture) {
    let scene = Scene::open(fixture).await;
    let poll = scene.poll().await;
    let handle = scene.handle();
    let odd: Vec<u32> = (0..2_000).filter(|number| number % 2 == 1).collect();
    invite(&handle, &poll, &guests(odd), ANY).await;
    let asked: Vec<u32> = (0..2_000).rev().chain([7, 7, 8]).collect();
    let invited = handle
        .invites
        .invited(poll.id, &guests(asked.clone()))
        .await;
    let expected: Vec<bool> = asked.iter().map(|number| number % 2 == 1).collect();
    assert_eq!(invited.expect("invited answers"), expected);
    let nobody = handle.invites.invited(poll.id, &[]).await;
    assert!(nobody.expect("invited answers").is_empty());
}

/// Law 1: an invitation that comes again, in one call or in two, counts once.
pub async fn inviting_again_changes_nothing(fixture: &dyn InviteFixture) {
    let scene = Scene::open(fixture).await;
    let poll = scene.poll().await;
    let handle = scene.handle();
    for _ in 0..2 {
        let invited = invite(&handle, &poll, &guests([1, 2, 2, 3, 1]), ANY).await;
        assert_eq!(invited, InviteOutcome::Invited { total: 3 });
    }
    let further = invite(&handle, &poll, &guests([3, 4]), 4).await;
    assert_eq!(further, InviteOutcome::Invited { total: 4 });
    let nobody = invite(&handle, &poll, &[], 4).await;
    assert_eq!(nobody, InviteOutcome::Invited { total: 4 });
}

/// Laws 1 and 2: up to the bound all are invited, beyond it nobody.
pub async fn too_many_invite_nobody(fixture: &dyn InviteFixture) {
    let scene = Scene::open(fixture).await;
    let poll = scene.poll().await;
    let handle = scene.handle();
    let refused = invite(&handle, &poll, &guests(0..11), 10).await;
    assert_eq!(refused, InviteOutcome::TooMany { total: 0 });
    let all = invite(&handle, &poll, &guests(0..10), 10).await;
    assert_eq!(all, InviteOutcome::Invited { total: 10 });
    let refused = invite(&handle, &poll, &guests([9, 10]), 10).await;
    assert_eq!(refused, InviteOutcome::TooMany { total: 10 });
    let again = invite(&handle, &poll, &guests(0..10), 10).await;
    assert_eq!(again, InviteOutcome::Invited { total: 10 });
    assert_eq!(count(&handle, &poll, &guests(0..20)).await, 10);
}

/// An engine invites so many in one call.
pub async fn ten_thousand_are_invited_at_once(fixture: &dyn InviteFixture) {
    let scene = Scene::open(fixture).await;
    let poll = scene.poll().await;
    let handle = scene.handle();
    let all = guests(0..10_000);
    let invited = invite(&handle, &poll, &all, ANY).await;
    assert_eq!(invited, InviteOutcome::Invited { total: 10_000 });
    assert_eq!(count(&handle, &poll, &all).await, 10_000);
}

/// Law 2: many who invite at the same time, over two handles, fill a poll up to the bound exactly.
pub async fn invitations_at_the_same_time_keep_the_bound(fixture: &dyn InviteFixture) {
    let scene = Scene::open(fixture).await;
    let handles = [scene.handle(), scene.fresh.another().await];
    let poll = scene.poll().await;
    let tasks = (0..16_u32).map(|task| {
        let (handle, poll) = (handles[task as usize % 2].clone(), poll.clone());
        async move { invite(&handle, &poll, &guests(task * 10..task * 10 + 10), 100).await }
    });
    let answers = together(tasks.collect()).await;
    let mut totals: Vec<u64> = answers
        .iter()
        .filter_map(|answer| match answer {
            InviteOutcome::Invited { total } => Some(*total),
            InviteOutcome::TooMany { .. } => None,
        })
        .collect();
    totals.sort_unstable();
    let one_after_the_other: Vec<u64> = (1..=10).map(|calls| calls * 10).collect();
    assert_eq!(totals, one_after_the_other, "{answers:?}");
    for (task, answer) in (0..).zip(&answers) {
        let invited = count(&handles[0], &poll, &guests(task * 10..task * 10 + 10)).await;
        let expected = if matches!(answer, InviteOutcome::Invited { .. }) {
            10
        } else {
            0
        };
        assert_eq!(invited, expected, "all or none");
    }
}

/// Law 5: neither poll nor tally notice, and votes go on beside it.
pub async fn inviting_leaves_the_poll_alone(fixture: &dyn InviteFixture) {
    let scene = Scene::open(fixture).await;
    let poll = scene.poll().await;
    let handle = scene.handle();
    let before = handle
        .polls
        .tallies(&[poll.id])
        .await
        .expect("tallies answers");
    invite(&handle, &poll, &guests(0..3), ANY).await;
    let after = handle
        .polls
        .tallies(&[poll.id])
        .await
        .expect("tallies answers");
    assert_eq!(after, before);
    let kept = handle.polls.polls(&[poll.id]).await.expect("polls answers");
    assert_eq!(kept, [Some(poll.clone())]);
    let mut vote = ballot(&poll, 1, 1, 0);
    vote.voter = guests([1])[0];
    let receipt = handle.polls.cast_ballots(&[vote], at(1)).await;
    assert!(matches!(
        receipt.outcomes[..],
        [Ok(Outcome::Counted { revision: 1 })]
    ));
    assert_eq!(count(&handle, &poll, &guests(0..3)).await, 3, "law 3");
    let audit = handle
        .polls
        .audit_poll(poll.id)
        .await
        .expect("audit_poll answers");
    assert_eq!(audit.stored, audit.recounted);
}

/// Law 7: who was invited is so when the store is opened anew.
pub async fn invitations_last(fixture: &dyn InviteFixture) {
    let mut scene = Scene::open(fixture).await;
    let poll = scene.poll().await;
    invite(&scene.handle(), &poll, &guests(0..10), ANY).await;
    let Some(fresh) = scene.fresh.reopened().await else {
        return;
    };
    scene = Scene { fresh };
    assert_eq!(count(&scene.handle(), &poll, &guests(0..20)).await, 10);
}
