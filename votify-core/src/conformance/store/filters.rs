//! Listings: filters.

use std::cmp::Reverse;

use crate::backend::search_words;
use crate::conformance::fixture::StoreFixture;
use crate::conformance::store::builders::{at, draft};
use crate::conformance::store::change_builders::change_with;
use crate::conformance::store::harness::Harness;
use crate::poll::{Poll, PollDraft, PollStatus};
use crate::store::{PollFilter, PollOrder};

/// `status` applies at `now`, and `sealed` is independent of it.
pub async fn status_and_seal_filters_apply_at_the_given_time(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let made = |opens, closes: Option<u64>| PollDraft {
        opens_at: Some(at(opens)),
        closes_at: closes.map(at),
        ..draft()
    };
    let window = harness.create_poll(made(10, Some(20))).await;
    let endless = harness.create_poll(made(10, None)).await;
    let closed_early = harness.create_poll(made(10, Some(20))).await;
    harness.close(&closed_early, at(5)).await;
    let closed_early = harness.stored_poll(&closed_early).await;
    let by = |status, sealed| PollFilter {
        status,
        sealed,
        order: PollOrder::Opening,
        ..PollFilter::default()
    };
    let mut both = [&window, &endless];
    both.sort_by_key(|poll| Reverse(poll.id));
    for (now, status, expected) in [
        (9, PollStatus::Scheduled, &both[..]),
        (9, PollStatus::Open, &[]),
        (9, PollStatus::Closed, &[&closed_early]),
        (10, PollStatus::Scheduled, &[]),
        (10, PollStatus::Open, &both),
        (19, PollStatus::Open, &both),
        (20, PollStatus::Open, &[&endless]),
    ] {
        harness
            .assert_all_listed(&by(Some(status), None), now, expected)
            .await;
    }
    let mut closed = [&window, &closed_early];
    closed.sort_by_key(|poll| Reverse(poll.id));
    harness
        .assert_all_listed(&by(Some(PollStatus::Closed), None), 20, &closed)
        .await;
    harness
        .assert_all_listed(&by(None, Some(true)), 20, &[&closed_early])
        .await;
    harness
        .assert_all_listed(&by(None, Some(false)), 20, &both)
        .await;
    harness
        .assert_all_listed(&by(Some(PollStatus::Closed), Some(false)), 20, &[&window])
        .await;
    harness
        .assert_all_listed(&by(Some(PollStatus::Open), Some(true)), 20, &[])
        .await;
}

/// A category matches exactly: case, accents and inner spaces count.
pub async fn categories_match_exactly(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let names = ["food", "Food", "föod", "foo", "food ie", "%", "_"];
    let mut polls = vec![];
    for name in names {
        let draft = PollDraft {
            category: Some(name.into()),
            ..draft()
        };
        polls.push(harness.create_poll(draft).await);
    }
    harness.create_poll(draft()).await;
    let of = |name: &str| PollFilter {
        category: Some(name.into()),
        ..PollFilter::default()
    };
    for (name, poll) in names.into_iter().zip(&polls) {
        harness.assert_all_listed(&of(name), 1, &[poll]).await;
    }
    for name in ["FOOD", "fo", "", "food ", "food  ie", "f%"] {
        harness.assert_all_listed(&of(name), 1, &[]).await;
    }
}

/// Each word of the query is the beginning of a word of the title, in any case. Wildcards
/// and quotes of databases are no part of a word.
pub async fn search_words_match_titles(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let titled = |title: &str| PollDraft {
        title: title.into(),
        ..draft()
    };
    let lunch = harness.create_poll(titled("Lunch on Friday?")).await;
    let oil = harness
        .create_poll(titled("Öl, 100% 'pur' oder a_b\\c?"))
        .await;
    let greek = harness.create_poll(titled("ΚΑΛΗΜΕΡΑ 你好 👍")).await;
    let find = |query: &str| PollFilter {
        words: search_words(query),
        ..PollFilter::default()
    };
    for (query, expected) in [
        ("lunch", &[&lunch][..]),
        ("FRIDAY lunch", &[&lunch]),
        ("unc", &[]),
        ("fri lun", &[&lunch]),
        ("friday? on", &[&lunch]),
        ("lunch monday", &[]),
        ("öl", &[&oil]),
        ("ÖL", &[&oil]),
        ("ol,", &[]),
        ("100%", &[&oil]),
        ("100%pur", &[&oil]),
        ("1%0", &[]),
        ("axb", &[]),
        ("a_b\\c", &[&oil]),
        ("'pur'", &[&oil]),
        ("b", &[&oil]),
        ("καλημερα", &[&greek]),
        ("好 👍", &[&greek]),
    ] {
        harness.assert_all_listed(&find(query), 1, expected).await;
    }
    let change = change_with(|change| change.title = Some("Dinner".into()));
    let dinner = harness.apply_change(&lunch, &change, at(1)).await.poll;
    harness.assert_all_listed(&find("lunch"), 1, &[]).await;
    harness
        .assert_all_listed(&find("DINN"), 1, &[&dinner])
        .await;
}

/// A poll must match all filters.
pub async fn filters_are_combined(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let mut polls = Vec::new();
    for n in 0..16_u32 {
        let has = |bit: u32| n & bit != 0;
        let draft = PollDraft {
            title: if has(1) { "Red apples" } else { "Green apples" }.into(),
            category: has(2).then(|| "food".into()),
            opens_at: has(4).then(|| at(50)),
            ..draft()
        };
        let poll = harness.create_poll(draft).await;
        if has(8) {
            harness.close(&poll, at(1)).await;
        }
        polls.push(harness.stored_poll(&poll).await);
    }
    polls.sort_by_key(|poll| Reverse(poll.id));
    for word in [None, Some("red"), Some("apples")] {
        for category in [None, Some("food")] {
            for status in [None, Some(PollStatus::Open), Some(PollStatus::Closed)] {
                for sealed in [None, Some(true), Some(false)] {
                    let filter = PollFilter {
                        status,
                        sealed,
                        category: category.map(str::to_owned),
                        words: search_words(word.unwrap_or_default()),
                        ..PollFilter::default()
                    };
                    let expected = polls.iter().filter(|poll| {
                        let title = poll.title.to_lowercase();
                        word.is_none_or(|word| title.contains(word))
                            && (category.is_none() || poll.category.as_deref() == category)
                            && status.is_none_or(|status| poll.status(at(2), false) == status)
                            && sealed.is_none_or(|sealed| poll.sealed_at.is_some() == sealed)
                    });
                    let expected: Vec<&Poll> = expected.collect();
                    harness.assert_all_listed(&filter, 2, &expected).await;
                }
            }
        }
    }
}
