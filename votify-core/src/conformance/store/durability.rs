//! Durability of acknowledged writes, and atomicity of dropped calls.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll as Step;

use crate::ballot::{Ballot, Outcome};
use crate::conformance::fixture::StoreFixture;
use crate::conformance::store::builders::{
    at, ballot, closing_after, draft, revote_draft, withdrawal,
};
use crate::conformance::store::change_builders::change_with;
use crate::conformance::store::harness::Harness;

/// Polls a call at most `max_polls` times and then drops it. `None` if it did not
/// complete.
async fn poll_then_drop<T>(call: impl Future<Output = T>, max_polls: usize) -> Option<T> {
    let mut call = pin!(call);
    let mut polled = 0;
    poll_fn(move |context| {
        if polled == max_polls {
            return Step::Ready(None);
        }
        polled += 1;
        call.as_mut().poll(context).map(Some)
    })
    .await
}

/// A batch whose call is dropped part of the way is counted entirely or not at all
/// per poll. Sending it again completes it, and no lock stays held.
pub async fn dropped_call_is_atomic(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let stores = [harness.store(), harness.second_store().await];
    for max_polls in 0..24 {
        let (a, b) = (
            harness.create_poll(revote_draft()).await,
            harness.create_poll(draft()).await,
        );
        let votes = |poll| (0..10).map(move |n| ballot(poll, n, n, n as usize % 3));
        let batch: Vec<Ballot> = votes(&a).chain(votes(&b)).collect();
        let completed =
            poll_then_drop(stores[max_polls % 2].cast_ballots(&batch, at(1)), max_polls).await;
        let repeated = harness.cast_all(&batch, at(2)).await;
        for part in repeated.chunks(10) {
            let counted = |outcome: &Outcome| matches!(outcome, Outcome::Counted { .. });
            let replayed = |outcome: &Outcome| matches!(outcome, Outcome::Replayed { .. });
            assert!(
                part.iter().all(replayed) || (completed.is_none() && part.iter().all(counted)),
                "dropped after {max_polls} polls: {part:?}"
            );
            let revisions: Vec<_> = part.iter().filter_map(Outcome::revision).collect();
            assert_eq!(revisions, (1..=10).collect::<Vec<_>>());
        }
        for poll in [&a, &b] {
            assert_eq!(harness.position(poll).await.revision, 10);
            harness.assert_consistent(poll).await;
        }
    }
}

/// Acknowledged writes are stored after the store is reopened, and ballots are
/// replayed.
///
/// A store that cannot be reopened passes.
pub async fn acknowledged_writes_survive_reopening(fixture: &dyn StoreFixture) {
    let mut harness = Harness::open(fixture).await;
    let (open, sealed) = (
        harness.create_poll(revote_draft()).await,
        harness.create_poll(closing_after(draft(), 60)).await,
    );
    let deleted_poll = harness.create_poll(draft()).await;
    let sent = [
        ballot(&open, 1, 1, 0),
        ballot(&open, 2, 2, 1),
        ballot(&open, 1, 3, 2),
        withdrawal(&open, 2, 4),
        ballot(&open, 3, 5, 1),
    ];
    harness.cast_all(&sent, at(1)).await;
    harness.cast(&ballot(&sealed, 1, 1, 1), at(1)).await;
    let title = change_with(|change| change.title = Some("Dinner?".into()));
    harness.apply_change(&open, &title, at(2)).await;
    let repaired = harness.store().repair_poll(open.id).await;
    repaired.expect("repair_poll succeeds");
    harness.close(&sealed, at(3)).await;
    let deleted = harness.store().delete_poll(deleted_poll.id).await;
    deleted.expect("delete_poll succeeds");
    let mut before = Vec::new();
    for poll in [&open, &sealed] {
        before.push((
            harness.stored_poll(poll).await,
            harness.tally(poll).await,
            harness.streamed_ballots(poll).await,
        ));
    }
    let Some(reopened) = harness.reopen().await else {
        eprintln!("skipped: the store cannot be reopened");
        return;
    };
    harness = reopened;
    for (poll, before) in [&open, &sealed].into_iter().zip(before) {
        let after = (
            harness.stored_poll(poll).await,
            harness.tally(poll).await,
            harness.streamed_ballots(poll).await,
        );
        // A store that may have lost writes at a restart raises the epoch.
        let mut normalized = after.clone();
        normalized.1.position.epoch = before.1.position.epoch;
        assert_eq!(normalized, before);
        assert!(
            after.1.position >= before.1.position,
            "no position is reused"
        );
        harness.assert_consistent(poll).await;
    }
    for (revision, outcome) in (1..).zip(harness.cast_all(&sent, at(5)).await) {
        assert_eq!(outcome, Outcome::Replayed { revision });
    }
    let polls = harness.store().polls(&[deleted_poll.id]).await;
    assert_eq!(polls.expect("polls succeeds"), [None]);
}
