//! Votes beside reads that hold every connection they may use.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;
use votify_core::backend::search_words;
use votify_core::store::PollFilter;
use votify_core::{PageRequest, Poll, Store, StoreError};

use crate::ballots::{NOW, ballot, cast};

/// The number of searches, more than connections.
const SEARCHES: usize = 12;

/// Casts votes while searches wait for a lock on the words of titles. `blocked` returns
/// the number of statements that wait for it; it must become `expected` and no more.
/// `unlock` releases the lock.
pub async fn votes_go_on(
    store: Arc<dyn Store>,
    poll: &Poll,
    expected: i64,
    blocked: impl AsyncFn() -> i64,
    unlock: impl AsyncFnOnce(),
) {
    let mut searches = JoinSet::new();
    for _ in 0..SEARCHES {
        let store = Arc::clone(&store);
        searches.spawn(async move {
            let filter = PollFilter {
                words: search_words("breakfast"),
                ..PollFilter::all()
            };
            let listed = store.list_polls(&filter, &PageRequest::FIRST, NOW).await;
            listed.map(|page| page.items.len())
        });
    }
    let all_blocked = async {
        while blocked().await < expected {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(10), all_blocked).await.unwrap();
    for n in 0..10 {
        let ballots = [ballot(poll, n)];
        let counted = timeout(Duration::from_secs(2), cast(&*store, &ballots)).await;
        counted.unwrap().remove(0).unwrap();
        assert!(blocked().await <= expected);
    }
    let tally = timeout(Duration::from_secs(2), store.tallies(&[poll.id])).await;
    let tally = tally.unwrap().unwrap().remove(0).unwrap();
    assert_eq!(tally.total_votes, 10);
    unlock().await;
    // On a busy machine, some searches may have waited too long.
    while let Some(found) = searches.join_next().await {
        let found = found.unwrap();
        assert!(
            matches!(found, Ok(0) | Err(StoreError::Unavailable { .. })),
            "{found:?}"
        );
    }
}
