//! The server stops answering, with all connections open.

use std::time::Duration;

use futures_util::TryStreamExt;
use futures_util::future::join_all;
use tokio::time::{Instant, sleep};
use votify_core::store::PageRequest;
use votify_core::store::PollFilter;
use votify_core::{Store, StoreError};

use crate::ballots::{NOW, ballot, cast, poll, votes};
use crate::scene::open;
use crate::servers::Server;

const LIMIT: Duration = Duration::from_secs(4);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_call_fails_in_time_and_settles_later() {
    let Some(server) = Server::plain() else {
        return;
    };
    let store = open(&server.url()).await;
    let poll = poll(&store).await;
    server.pause();
    let calls = (0..100_u32).map(|number| {
        let (store, poll) = (store.clone(), poll.clone());
        tokio::spawn(async move {
            // Over some seconds, so that some come after others were given up.
            sleep(Duration::from_millis(u64::from(number) * 60)).await;
            let since = Instant::now();
            let answer = match number % 5 {
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
            (number, answer, since.elapsed())
        })
    });
    for call in join_all(calls).await {
        let (number, answer, time) = call.unwrap();
        assert!(
            matches!(answer, Err(StoreError::Unavailable { .. })),
            "{number}: {answer:?}"
        );
        assert!(time < LIMIT, "{number}: {time:?}");
    }
    server.resume();
    let since = Instant::now();
    while store.tallies(&[poll.id]).await.is_err() {
        assert!(since.elapsed() < LIMIT, "it is back, and not used");
    }
    for number in (4..100).step_by(5) {
        cast(&store, &[ballot(&poll, number)])
            .await
            .remove(0)
            .unwrap();
    }
    assert_eq!(votes(&store, &poll).await, 20);
}
