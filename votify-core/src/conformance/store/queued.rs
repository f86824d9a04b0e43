//! Ballots from a queue: decided at their time of acceptance, and once per log position.

use std::sync::Arc;

use crate::ballot::{Ballot, Outcome, Refusal};
use crate::conformance::fixture::StoreFixture;
use crate::conformance::run_concurrently::run_concurrently;
use crate::conformance::store::builders::{
    accepted, at, ballot, closing_after, draft, from_address, one_microsecond_before, revote_draft,
    with_address_quota, withdrawal,
};
use crate::conformance::store::change_builders::change_with;
use crate::conformance::store::concurrency::cast_batch;
use crate::conformance::store::harness::Harness;
use crate::poll::Poll;
use crate::store::Store;

const REFUSED_BEFORE: Outcome = Outcome::Refused(Refusal::RefusedBefore);

/// Returns the log of a voter who votes, withdraws the vote twice, and votes again. The
/// second withdrawal is refused. If it were decided again, it would remove the last vote.
fn log_with_refusal(poll: &Poll) -> [Ballot; 4] {
    [
        accepted(1, 1, ballot(poll, 1, 1, 0)),
        accepted(2, 2, withdrawal(poll, 1, 2)),
        accepted(3, 3, withdrawal(poll, 1, 3)),
        accepted(4, 4, ballot(poll, 1, 4, 1)),
    ]
}

const DELIVERED: [Outcome; 4] = [
    Outcome::Counted { revision: 1 },
    Outcome::Withdrawn { revision: 2 },
    Outcome::Refused(Refusal::NotVoted),
    Outcome::Counted { revision: 3 },
];

const REDELIVERED: [Outcome; 4] = [
    Outcome::Replayed { revision: 1 },
    Outcome::Replayed { revision: 2 },
    REFUSED_BEFORE,
    Outcome::Replayed { revision: 3 },
];

/// Law 12: a ballot from a queue is decided at the time of its acceptance, whatever the
/// time of the call, and any other ballot at the time of the call.
pub async fn queued_ballots_are_decided_at_their_acceptance(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let mut window = closing_after(draft(), 60);
    window.opens_at = Some(at(10));
    let poll = harness.create_poll(window).await;
    let mut early = accepted(1, 10, ballot(&poll, 1, 1, 0));
    if let Some(accepted) = &mut early.accepted {
        accepted.at = one_microsecond_before(at(10));
    }
    assert_eq!(
        harness.cast(&early, at(30)).await,
        Outcome::Refused(Refusal::NotOpenYet { opens_at: at(10) })
    );
    // The call is before the opening, or after the closing.
    let on_time = accepted(2, 10, ballot(&poll, 1, 2, 0));
    let counted = harness.cast(&on_time, at(5)).await;
    assert_eq!(counted, Outcome::Counted { revision: 1 });
    let mut last = accepted(3, 60, ballot(&poll, 2, 3, 1));
    if let Some(accepted) = &mut last.accepted {
        accepted.at = one_microsecond_before(at(60));
    }
    let counted = harness.cast(&last, at(100)).await;
    assert_eq!(counted, Outcome::Counted { revision: 2 });
    let late = accepted(4, 60, ballot(&poll, 3, 4, 1));
    let closed = Outcome::Refused(Refusal::Closed);
    assert_eq!(harness.cast(&late, at(30)).await, closed);
    assert_eq!(harness.cast(&ballot(&poll, 4, 5, 1), at(60)).await, closed);
    let active = harness.active_ballot(&poll, 1).await;
    let active = active.expect("the voter has an active ballot");
    assert_eq!((active.cast_at, active.ballot.accepted), (at(10), None));
    harness.close(&poll, at(61)).await;
    let behind_the_seal = accepted(5, 20, ballot(&poll, 5, 6, 0));
    assert_eq!(harness.cast(&behind_the_seal, at(61)).await, closed);
    harness.assert_consistent(&poll).await;
}

/// Law 13: a ballot that was refused is not decided again when its log is delivered
/// again, in one batch or in several.
pub async fn redelivered_refusals_are_not_decided_again(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    for size in [1, 2, 3, 4] {
        let poll = harness.create_poll(revote_draft()).await;
        let log = log_with_refusal(&poll);
        for (batch, expected) in log.chunks(size).zip(DELIVERED.chunks(size)) {
            assert_eq!(harness.cast_all(batch, at(5)).await, expected);
        }
        let before = harness.tally(&poll).await;
        for size in [4, 3, 2, 1] {
            for (batch, expected) in log.chunks(size).zip(REDELIVERED.chunks(size)) {
                assert_eq!(harness.cast_all(batch, at(6)).await, expected);
            }
        }
        let reused = accepted(4, 4, ballot(&poll, 1, 4, 2));
        assert_eq!(
            harness.cast(&reused, at(6)).await,
            Outcome::Refused(Refusal::BallotIdReused)
        );
        assert_eq!(harness.tally(&poll).await, before);
        assert_eq!(harness.counts(&poll).await, [0, 1, 0]);
        harness.assert_consistent(&poll).await;
    }
}

/// Law 13: a batch whose ballots are all refused moves the log position too, and changes
/// nothing else.
pub async fn refused_batches_move_the_log_position(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = harness.create_poll(revote_draft()).await;
    let refused = accepted(1, 1, withdrawal(&poll, 1, 1));
    let before = harness.tally(&poll).await;
    let outcome = harness.cast(&refused, at(1)).await;
    assert_eq!(outcome, Outcome::Refused(Refusal::NotVoted));
    assert_eq!(harness.tally(&poll).await, before);
    // A ballot without a log position, after which the withdrawal would be accepted.
    let direct = ballot(&poll, 1, 2, 0);
    let counted = harness.cast(&direct, at(2)).await;
    assert_eq!(counted, Outcome::Counted { revision: 1 });
    assert_eq!(harness.cast(&refused, at(3)).await, REFUSED_BEFORE);
    assert_eq!(harness.counts(&poll).await, [1, 0, 0]);
    let next = accepted(2, 3, withdrawal(&poll, 1, 3));
    let withdrawn = harness.cast(&next, at(3)).await;
    assert_eq!(withdrawn, Outcome::Withdrawn { revision: 2 });
    harness.assert_consistent(&poll).await;
}

/// Law 13: edits, repairs and direct ballots leave the log position as it is. It belongs
/// to one poll, and ends with its deletion.
pub async fn log_positions_belong_to_their_poll(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let (poll, other) = (
        harness.create_poll(revote_draft()).await,
        harness.create_poll(revote_draft()).await,
    );
    let log = log_with_refusal(&poll);
    harness.cast_all(&log, at(5)).await;
    let edit = change_with(|change| change.title = Some("Dinner?".into()));
    harness.apply_change(&poll, &edit, at(6)).await;
    assert_eq!(harness.cast(&log[2], at(7)).await, REFUSED_BEFORE);
    let repaired = harness.store().repair_poll(poll.id).await;
    repaired.expect("repair_poll succeeds");
    assert_eq!(harness.cast(&log[2], at(7)).await, REFUSED_BEFORE);
    let direct = harness.cast(&ballot(&poll, 2, 5, 0), at(7)).await;
    assert_eq!(direct, Outcome::Counted { revision: 5 });
    assert_eq!(harness.cast(&log[2], at(7)).await, REFUSED_BEFORE);
    assert_eq!(harness.counts(&poll).await, [1, 1, 0]);
    // The same positions in another poll, also in a batch with both polls.
    let others = log_with_refusal(&other);
    let both = [&log[2..], &others[..]].concat();
    let expected = [&REDELIVERED[2..], &DELIVERED[..]].concat();
    assert_eq!(harness.cast_all(&both, at(8)).await, expected);
    let deleted = harness.store().delete_poll(other.id).await;
    deleted.expect("delete_poll succeeds");
    let created = harness.store().create_poll(&other).await;
    created.expect("create_poll succeeds");
    assert_eq!(harness.cast_all(&others, at(9)).await, DELIVERED);
    harness.assert_consistent(&poll).await;
    harness.assert_consistent(&other).await;
}

/// Law 13 in a poll with an address quota, and in one without revotes.
pub async fn redelivery_is_recognized_under_all_rules(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let quota = with_address_quota(1, revote_draft());
    let poll = harness.create_poll(quota).await;
    let log = [
        accepted(1, 1, from_address(1, ballot(&poll, 1, 1, 0))),
        accepted(2, 2, from_address(1, ballot(&poll, 2, 2, 1))),
        accepted(3, 3, from_address(1, withdrawal(&poll, 1, 3))),
    ];
    let delivered = [
        Outcome::Counted { revision: 1 },
        Outcome::Refused(Refusal::AddressQuota),
        Outcome::Withdrawn { revision: 2 },
    ];
    assert_eq!(harness.cast_all(&log, at(4)).await, delivered);
    // The address has a free slot now.
    assert_eq!(harness.cast(&log[1], at(5)).await, REFUSED_BEFORE);
    assert_eq!(harness.counts(&poll).await, [0, 0, 0]);
    let poll = harness.create_poll(draft()).await;
    let log = [
        accepted(7, 1, ballot(&poll, 1, 1, 0)),
        accepted(9, 2, ballot(&poll, 1, 2, 1)),
    ];
    let delivered = [
        Outcome::Counted { revision: 1 },
        Outcome::Refused(Refusal::AlreadyVoted),
    ];
    assert_eq!(harness.cast_all(&log, at(3)).await, delivered);
    let redelivered = [Outcome::Replayed { revision: 1 }, REFUSED_BEFORE];
    assert_eq!(harness.cast_all(&log, at(4)).await, redelivered);
    // A new voter at an old position.
    let skipped = accepted(8, 2, ballot(&poll, 2, 3, 1));
    assert_eq!(harness.cast(&skipped, at(4)).await, REFUSED_BEFORE);
    assert_eq!(harness.counts(&poll).await, [1, 0, 0]);
    harness.assert_consistent(&poll).await;
}

/// The number of copies of a log that are delivered at the same time.
const DELIVERIES: usize = 4;

/// Law 13: a log that several instances deliver at the same time, in batches of different
/// sizes, has the same result as one delivery.
pub async fn concurrent_deliveries_of_a_log_agree(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let stores = [harness.store(), harness.second_store().await];
    for _ in 0..4 {
        let (poll, once) = (
            harness.create_poll(revote_draft()).await,
            harness.create_poll(revote_draft()).await,
        );
        let log = |poll: &Poll| -> Vec<Ballot> {
            let record = |n: u32| {
                let (voter, position) = (1 + n % 2, u64::from(n) + 1);
                // Every second withdrawal of a voter is refused.
                let ballot = match n / 2 % 3 {
                    0 => ballot(poll, voter, n, n as usize / 6 % 3),
                    _ => withdrawal(poll, voter, n),
                };
                accepted(position, u64::from(n), ballot)
            };
            (0..62).map(record).collect()
        };
        harness.cast_all(&log(&once), at(70)).await;
        let delivery = |n: usize| {
            let (store, log) = (Arc::clone(&stores[n % 2]), log(&poll));
            async move {
                for batch in log.chunks(1 + 2 * n) {
                    cast_batch(&store, batch.to_vec(), at(70)).await;
                }
            }
        };
        run_concurrently((0..DELIVERIES).map(delivery).collect()).await;
        assert_eq!(harness.counts(&poll).await, harness.counts(&once).await);
        assert_eq!(harness.position(&poll).await, harness.position(&once).await);
        harness.assert_consistent(&poll).await;
    }
}

/// Law 13: the log position is stored. A store that cannot be reopened passes.
pub async fn log_position_survives_reopening(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = harness.create_poll(revote_draft()).await;
    let log = log_with_refusal(&poll);
    harness.cast_all(&log[..3], at(5)).await;
    let direct = harness.cast(&ballot(&poll, 1, 9, 2), at(5)).await;
    assert_eq!(direct, Outcome::Counted { revision: 3 });
    let Some(harness) = harness.reopen().await else {
        return;
    };
    assert_eq!(
        harness.cast_all(&log[..3], at(6)).await,
        REDELIVERED[..3].to_vec()
    );
    assert_eq!(harness.counts(&poll).await, [0, 0, 1]);
    harness.assert_consistent(&poll).await;
}
