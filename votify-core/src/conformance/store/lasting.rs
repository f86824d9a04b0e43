//! What was acknowledged lasts, and a call that nobody waits for happened entirely or not at all.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll as Step;

use crate::ballot::{Ballot, Outcome};
use crate::conformance::fixture::StoreFixture;
use crate::conformance::store::paper::{at, ballot, ending, lenient, strict, withdrawal};
use crate::conformance::store::scene::Scene;
use crate::poll::PollChange;

/// Polls a call so many times, then drops it; `None` if it was not done by then.
async fn given_up<T>(call: impl Future<Output = T>, after: usize) -> Option<T> {
    let mut call = pin!(call);
    let mut polled = 0;
    poll_fn(move |context| {
        if polled == after {
            return Step::Ready(None);
        }
        polled += 1;
        call.as_mut().poll(context).map(Some)
    })
    .await
}

/// A batch whose caller goes away part of the way is counted entirely or not at all, per poll; replaying it settles it,
/// and nothing stays locked.
pub async fn a_dropped_call_happened_entirely_or_not_at_all(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let handles = [scene.store(), scene.another().await];
    for after in 0..24 {
        let (a, b) = (scene.poll(lenient()).await, scene.poll(strict()).await);
        let votes = |poll| (0..10).map(move |n| ballot(poll, n, n, n as usize % 3));
        let batch: Vec<Ballot> = votes(&a).chain(votes(&b)).collect();
        let done = given_up(handles[after % 2].cast_ballots(&batch, at(1)), after).await;
        let again = scene.cast_all(&batch, at(2)).await;
        for part in again.chunks(10) {
            let counted = |outcome: &Outcome| matches!(outcome, Outcome::Counted { .. });
            let replayed = |outcome: &Outcome| matches!(outcome, Outcome::Replayed { .. });
            assert!(
                part.iter().all(replayed) || (done.is_none() && part.iter().all(counted)),
                "dropped at step {after}: {part:?}"
            );
            let revisions: Vec<_> = part.iter().filter_map(Outcome::revision).collect();
            assert_eq!(revisions, (1..=10).collect::<Vec<_>>());
        }
        for poll in [&a, &b] {
            assert_eq!(scene.position(poll).await.revision, 10);
            scene.assert_sound(poll).await;
        }
    }
}

/// History: what was acknowledged is there when the store is opened anew, replays included.
///
/// A store that keeps nothing beyond its handle has nothing to show here.
pub async fn what_was_acknowledged_is_there_after_reopening(fixture: &dyn StoreFixture) {
    let mut scene = Scene::open(fixture).await;
    let (open, sealed) = (
        scene.poll(lenient()).await,
        scene.poll(ending(strict(), 60)).await,
    );
    let gone = scene.poll(strict()).await;
    let sent = [
        ballot(&open, 1, 1, 0),
        ballot(&open, 2, 2, 1),
        ballot(&open, 1, 3, 2),
        withdrawal(&open, 2, 4),
        ballot(&open, 3, 5, 1),
    ];
    scene.cast_all(&sent, at(1)).await;
    scene.cast(&ballot(&sealed, 1, 1, 1), at(1)).await;
    let title = PollChange {
        title: Some("Dinner?".into()),
        ..PollChange::default()
    };
    scene.changed(&open, &title, at(2)).await;
    let repaired = scene.store().repair_poll(open.id).await;
    repaired.expect("repair_poll answers");
    scene.close(&sealed, at(3)).await;
    let deleted = scene.store().delete_poll(gone.id).await;
    deleted.expect("the poll is deleted");
    let mut before = Vec::new();
    for poll in [&open, &sealed] {
        before.push((
            scene.kept(poll).await,
            scene.tally(poll).await,
            scene.streamed(poll).await,
        ));
    }
    let Some(reopened) = scene.reopened().await else {
        eprintln!("this store ends with its handle: there is nothing to reopen");
        return;
    };
    scene = reopened;
    for (poll, before) in [&open, &sealed].into_iter().zip(before) {
        let after = (
            scene.kept(poll).await,
            scene.tally(poll).await,
            scene.streamed(poll).await,
        );
        // A store that may have lost writes at a restart raises the epoch.
        let mut after_as_before = after.clone();
        after_as_before.1.position.epoch = before.1.position.epoch;
        assert_eq!(after_as_before, before);
        assert!(
            after.1.position >= before.1.position,
            "no position is used twice"
        );
        scene.assert_sound(poll).await;
    }
    for (revision, outcome) in (1..).zip(scene.cast_all(&sent, at(5)).await) {
        assert_eq!(outcome, Outcome::Replayed { revision });
    }
    let polls = scene.store().polls(&[gone.id]).await;
    assert_eq!(polls.expect("polls answers"), [None]);
}
