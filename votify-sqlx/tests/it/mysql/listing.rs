use votify_core::store::{PollFilter, PollOrder};
use votify_core::{PageRequest, Store, Timestamp};
use votify_test_support::ballots::{NOW, draft};

use super::harness::Harness;

#[tokio::test]
async fn polls_without_a_deadline_follow_the_latest_deadline() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let store = harness.store().await;
    let mut polls: Vec<_> = (0..4).map(|_| draft("Lunch?")).collect();
    polls.sort_by_key(|poll| poll.id);
    polls[0].closes_at = Some(Timestamp::MAX);
    polls[2].closes_at = Some(Timestamp::MAX);
    for poll in &polls {
        store.create_poll(poll).await.unwrap();
    }
    let filter = PollFilter {
        order: PollOrder::Closing,
        ..PollFilter::all()
    };
    let listed = store.list_polls(&filter, &PageRequest::FIRST, NOW).await;
    let listed: Vec<_> = listed
        .unwrap()
        .items
        .iter()
        .map(|state| state.poll.id)
        .collect();
    let expected = [2, 0, 3, 1].map(|n: usize| polls[n].id);
    assert_eq!(listed, expected);
}

#[tokio::test]
async fn searches_compare_bytes() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let store = harness.store().await;
    for title in ["Café", "Cafe", "cafe\u{301}", "100 %", "a\\b"] {
        store.create_poll(&draft(title)).await.unwrap();
    }
    for (query, expected) in [("café", 2), ("cafe", 1), ("caf", 3), ("100", 1), ("b", 1)] {
        let filter = PollFilter {
            words: votify_core::backend::search_words(query),
            ..PollFilter::all()
        };
        let listed = store.list_polls(&filter, &PageRequest::FIRST, NOW).await;
        let polls = listed.unwrap().items;
        let titles: Vec<_> = polls
            .iter()
            .map(|state| state.poll.title.as_str())
            .collect();
        assert_eq!(titles.len(), expected, "{query}: {titles:?}");
    }
}
