//! Listings: orders and pages.

use std::cmp::{Ordering, Reverse};
use std::collections::HashSet;

use crate::backend::TrendingScore;
use crate::conformance::fixture::StoreFixture;
use crate::conformance::store::builders::{at, ballot, draft, revote_draft, withdrawal};
use crate::conformance::store::harness::Harness;
use crate::poll::{Poll, PollDraft, ResultsPolicy};
use crate::store::PageRequest;
use crate::store::{PollFilter, PollOrder};

fn page(number: u32, limit: u32) -> PageRequest {
    PageRequest::new(number, limit).expect("a valid page")
}

/// Creates polls with three creation, opening and closing times each, in every
/// combination.
async fn create_polls(harness: &Harness) -> Vec<Poll> {
    let mut polls = Vec::new();
    let ends = [None, Some(at(200)), Some(at(201))];
    for (n, end) in (0..27_u64).zip(ends.into_iter().cycle()) {
        let mut draft = draft();
        draft.title = format!("Poll {n}");
        let mut poll = harness.unknown_poll(draft);
        poll.created_at = at(n / 9);
        poll.opens_at = Some(at(100 + n / 3 % 3));
        poll.closes_at = end;
        harness
            .store()
            .create_poll(&poll)
            .await
            .expect("create_poll succeeds");
        polls.push(poll);
    }
    polls
}

/// `Newest`, `Closing` and `Opening` order as documented, with ties by id,
/// descending. The default filter matches all polls, newest first.
pub async fn orders_are_total(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let polls = create_polls(&harness).await;
    type Compare = fn(&Poll, &Poll) -> Ordering;
    let orders: [(PollOrder, Compare); 3] = [
        (PollOrder::Newest, |a, b| b.created_at.cmp(&a.created_at)),
        (PollOrder::Opening, |a, b| a.opens_at.cmp(&b.opens_at)),
        (PollOrder::Closing, |a, b| {
            match (a.closes_at, b.closes_at) {
                (None, None) => Ordering::Equal,
                (None, Some(_)) => Ordering::Greater,
                (Some(_), None) => Ordering::Less,
                (Some(a), Some(b)) => a.cmp(&b),
            }
        }),
    ];
    assert_eq!(PollFilter::default().order, PollOrder::Newest);
    for (order, compare) in orders {
        let filter = PollFilter {
            order,
            ..PollFilter::default()
        };
        let mut expected: Vec<&Poll> = polls.iter().collect();
        expected.sort_by(|a, b| compare(a, b).then_with(|| b.id.cmp(&a.id)));
        harness.assert_all_listed(&filter, 0, &expected).await;
    }
}

/// Pages do not overlap, omit no poll, have the same total, and are empty after the
/// last one.
pub async fn pages_cover_each_poll_once(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let polls = create_polls(&harness).await;
    for order in [
        PollOrder::Newest,
        PollOrder::Closing,
        PollOrder::Opening,
        PollOrder::Trending,
    ] {
        let filter = PollFilter {
            order,
            ..PollFilter::default()
        };
        let all = harness.list_polls(&filter, &page(1, 100), at(0)).await;
        assert_eq!(all.items.len(), polls.len());
        for limit in [1, 10, 27] {
            let pages = 27_u32.div_ceil(limit);
            for number in 1..=pages + 1 {
                let start = ((number - 1) * limit) as usize;
                let polls = all.items.iter().map(|state| &state.poll);
                let expected: Vec<&Poll> = polls.skip(start).take(limit as usize).collect();
                harness
                    .assert_listed(&filter, &page(number, limit), at(0), &expected, 27)
                    .await;
            }
        }
    }
    let last = page(
        PageRequest::MAX_ENTRIES / PageRequest::MAX_LIMIT,
        PageRequest::MAX_LIMIT,
    );
    let filter = PollFilter::default();
    harness.assert_listed(&filter, &last, at(0), &[], 27).await;
}

/// A voter adds to a poll's score once, whatever they replace, withdraw and cast again, in
/// one batch or in many.
pub async fn voters_count_once_toward_trending(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let mut polls = Vec::new();
    for _ in 0..4 {
        polls.push(harness.create_poll(revote_draft()).await);
    }
    polls.sort_by_key(|poll| Reverse(poll.id));
    let [once, replaced, cast_again, together] = &polls[..] else {
        unreachable!("four polls")
    };
    harness.cast(&ballot(once, 1, 0, 0), at(9)).await;
    for n in 0..20 {
        harness.cast(&ballot(replaced, 1, n, 0), at(9)).await;
        harness.cast(&ballot(cast_again, 1, 2 * n, 0), at(9)).await;
        harness
            .cast(&withdrawal(cast_again, 1, 2 * n + 1), at(9))
            .await;
        let batch = [
            ballot(together, 1, 3 * n, 0),
            ballot(together, 1, 3 * n + 1, 1),
            withdrawal(together, 1, 3 * n + 2),
        ];
        harness.cast_batch(&batch, at(9)).await;
    }
    let filter = PollFilter {
        order: PollOrder::Trending,
        ..PollFilter::default()
    };
    let ties: Vec<&Poll> = polls.iter().collect();
    harness.assert_all_listed(&filter, 9, &ties).await;
    // A second voter outranks all of these changes.
    harness.cast(&ballot(together, 2, 90, 0), at(9)).await;
    let expected = [together, once, replaced, cast_again];
    harness.assert_all_listed(&filter, 9, &expected).await;
}

/// `Trending` ranks more votes higher, and later votes more so. It ignores votes of
/// polls with hidden results.
pub async fn trending_follows_votes(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let hidden = PollDraft {
        rules: crate::PollRules {
            results: ResultsPolicy::AfterClose,
            ..draft().rules
        },
        ..draft()
    };
    let (few, many) = (
        harness.create_poll(draft()).await,
        harness.create_poll(draft()).await,
    );
    let (late, hidden) = (
        harness.create_poll(draft()).await,
        harness.create_poll(hidden).await,
    );
    let filter = PollFilter {
        order: PollOrder::Trending,
        ..PollFilter::default()
    };
    let mut unranked = [&few, &many, &late, &hidden];
    unranked.sort_by_key(|poll| Reverse(poll.id));
    harness.assert_all_listed(&filter, 1, &unranked).await;
    for n in 0..5 {
        harness.cast(&ballot(&many, n, n, 0), at(10)).await;
        harness.cast(&ballot(&hidden, n, n, 0), at(10)).await;
    }
    harness.cast(&ballot(&few, 1, 1, 0), at(10)).await;
    let mut without_score = [&late, &hidden];
    without_score.sort_by_key(|poll| Reverse(poll.id));
    harness
        .assert_all_listed(
            &filter,
            11,
            &[&many, &few, without_score[0], without_score[1]],
        )
        .await;
    // One ballot outweighs five ballots of the day before.
    let day = 24 * 3600;
    harness.cast(&ballot(&late, 1, 1, 0), at(day)).await;
    harness
        .assert_all_listed(&filter, day, &[&late, &many, &few, &hidden])
        .await;
}

/// `Trending` orders polls of equal rank by id, even if their exact scores differ.
pub async fn trending_orders_by_rank(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let mut polls = Vec::new();
    for votes in [40_u32, 41, 43, 47, 80, 82, 1, 0, 0] {
        let poll = harness.create_poll(draft()).await;
        let mut score = TrendingScore::new(poll.created_at);
        let ballots: Vec<_> = (0..votes).map(|n| ballot(&poll, n, n, 0)).collect();
        let receipt = harness.store().cast_ballots(&ballots, at(10)).await;
        assert!(receipt.outcomes.iter().all(Result::is_ok), "{receipt:?}");
        score = score.add_voters(votes, at(10));
        polls.push((score.rank(), poll));
    }
    polls.sort_by(|(a, one), (b, other)| b.cmp(a).then_with(|| other.id.cmp(&one.id)));
    let ranks: HashSet<i64> = polls.iter().map(|(rank, _)| *rank).collect();
    assert!(
        ranks.len() < polls.len() - 1,
        "some polls must share a rank: {ranks:?}"
    );
    let expected: Vec<&Poll> = polls.iter().map(|(_, poll)| poll).collect();
    let filter = PollFilter {
        order: PollOrder::Trending,
        ..PollFilter::default()
    };
    harness.assert_all_listed(&filter, 11, &expected).await;
}
