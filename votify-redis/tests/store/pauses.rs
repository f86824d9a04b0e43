//! The server is paused, with all connections open.

use std::time::Duration;

use futures_util::TryStreamExt;
use futures_util::future::join_all;
use tokio::time::{Instant, sleep};
use votify_core::store::{PageRequest, PollFilter};
use votify_core::{Store, StoreError};
use votify_test_support::ballots::{NOW, ballot, cast, poll, votes};
use votify_test_support::redis::Server;

use crate::harness::open_store;

/// The documented maximum duration of a call.
const MAX_CALL_TIME: Duration = Duration::from_secs(4);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn calls_time_out_while_paused_and_ballots_count_once_afterwards() {
    let Some(server) = Server::new() else {
        return;
    };
    let store = open_store(&server.url()).await;
    let poll = poll(&store).await;
    server.pause();
    let calls = (0..100_u32).map(|number| {
        let (store, poll) = (store.clone(), poll.clone());
        tokio::spawn(async move {
            // Over 6 s, so that later calls start after earlier ones timed out.
            sleep(Duration::from_millis(u64::from(number) * 60)).await;
            let started = Instant::now();
            let result = match number % 5 {
                0 => store.tallies(&[poll.id]).await.map(|_| ()),
                1 => store
                    .change_poll(poll.id, &Default::default(), NOW)
                    .await
                    .map(|_| ()),
                2 => store
                    .ballots(poll.id)
                    .try_collect::<Vec<_>>()
                    .await
                    .map(|_| ()),
                3 => {
                    let (all, first) = (PollFilter::default(), PageRequest::FIRST);
                    store.list_polls(&all, &first, NOW).await.map(|_| ())
                }
                _ => cast(&store, &[ballot(&poll, number)])
                    .await
                    .remove(0)
                    .map(|_| ()),
            };
            (number, result, started.elapsed())
        })
    });
    for call in join_all(calls).await {
        let (number, result, elapsed) = call.unwrap();
        assert!(
            matches!(result, Err(StoreError::Unavailable { .. })),
            "{number}: {result:?}"
        );
        assert!(elapsed < MAX_CALL_TIME, "{number}: {elapsed:?}");
    }
    server.resume();
    let resumed_at = Instant::now();
    while store.tallies(&[poll.id]).await.is_err() {
        assert!(
            resumed_at.elapsed() < MAX_CALL_TIME,
            "calls fail although the server answers"
        );
    }
    for number in (4..100).step_by(5) {
        cast(&store, &[ballot(&poll, number)])
            .await
            .remove(0)
            .unwrap();
    }
    assert_eq!(votes(&store, &poll).await, 20);
}
