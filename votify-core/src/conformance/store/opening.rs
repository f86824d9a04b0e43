//! Polls with and without an opening time, and clocks that go back.

use crate::ballot::{Outcome, Refusal};
use crate::conformance::fixture::StoreFixture;
use crate::conformance::store::builders::{at, ballot, draft, revote_draft, withdrawal};
use crate::conformance::store::harness::Harness;
use crate::poll::{Poll, PollStatus};
use crate::store::PollFilter;

async fn assert_status(harness: &Harness, now: u64, status: PollStatus, expected: &[&Poll]) {
    let filter = PollFilter {
        status: Some(status),
        ..PollFilter::default()
    };
    harness.assert_all_listed(&filter, now, expected).await;
}

/// Once a ballot was counted, the poll is open even if a clock goes back to before
/// `opens_at`: votes count, and filters find it open. This holds after the last ballot is
/// withdrawn.
pub async fn opening_is_sticky(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let poll = harness.create_poll(revote_draft().opens_at(at(10))).await;
    let early = harness.cast(&ballot(&poll, 1, 1, 0), at(9)).await;
    let not_open_yet = Refusal::NotOpenYet { opens_at: at(10) };
    assert_eq!(early, Outcome::Refused(not_open_yet));
    assert_status(&harness, 9, PollStatus::Scheduled, &[&poll]).await;
    harness.cast(&ballot(&poll, 1, 1, 0), at(10)).await;
    let other = harness.cast(&ballot(&poll, 2, 2, 0), at(9)).await;
    assert_eq!(other, Outcome::Counted { revision: 2 });
    for (voter, revision) in [(1, 3), (2, 4)] {
        let gone = harness.cast(&withdrawal(&poll, voter, 9), at(5)).await;
        assert_eq!(gone, Outcome::Withdrawn { revision });
    }
    assert_status(&harness, 9, PollStatus::Scheduled, &[]).await;
    assert_status(&harness, 9, PollStatus::Open, &[&poll]).await;
    let again = harness.cast(&ballot(&poll, 3, 3, 1), at(1)).await;
    assert_eq!(again, Outcome::Counted { revision: 5 });
    harness.assert_consistent(&poll).await;
}

/// A poll without an opening time is open at any time, also before its creation.
pub async fn polls_without_opening_time_are_never_scheduled(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let mut poll = harness.unknown_poll(draft());
    poll.created_at = at(100);
    let created = harness.store().create_poll(&poll).await;
    created.expect("create_poll succeeds");
    assert_eq!(harness.stored_poll(&poll).await.opens_at, None);
    for now in [0, 99, 100, 101] {
        assert_status(&harness, now, PollStatus::Scheduled, &[]).await;
        assert_status(&harness, now, PollStatus::Open, &[&poll]).await;
    }
    let early = harness.cast(&ballot(&poll, 1, 1, 0), at(1)).await;
    assert_eq!(early, Outcome::Counted { revision: 1 });
}
