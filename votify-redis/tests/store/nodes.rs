//! A node of a cluster is killed.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use votify_core::{Poll, Store, StoreError};

use crate::ballots::{ballot, cast, draft, votes};
use crate::scene::open;
use crate::servers::{Cluster, Setup};

const LIMIT: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn votes_go_on_after_a_node_of_a_private_server_cluster_is_back() {
    let Some(mut cluster) = Cluster::of(&Setup::new().append_only("always")) else {
        return;
    };
    let store = open(&cluster.url()).await;
    let mut polls: Vec<Poll> = Vec::new();
    for _ in 0..12 {
        let poll = draft("Lunch?");
        store.create_poll(&poll).await.unwrap();
        polls.push(poll);
    }
    let batch = |number: u32| polls.iter().map(move |poll| ballot(poll, number));
    let all: Vec<_> = batch(0).collect();
    assert!(cast(&store, &all).await.iter().all(Result::is_ok));
    let killed = cluster.holder_of(&format!("votify:{{{}}}:poll", polls[0].id));
    cluster.node(killed).kill();
    // As long as the others do not know of it, votes of other polls count; then none does.
    let down = Instant::now();
    let mut sent = 1;
    while down.elapsed() < Duration::from_secs(6) {
        let since = Instant::now();
        let all: Vec<_> = batch(sent).collect();
        for outcome in cast(&store, &all).await {
            assert!(
                matches!(outcome, Ok(_) | Err(StoreError::Unavailable { .. })),
                "{outcome:?}"
            );
        }
        assert!(since.elapsed() < LIMIT, "{:?}", since.elapsed());
        sent += 1;
        sleep(Duration::from_millis(100)).await;
    }
    cluster.node(killed).start();
    cluster.wait_until_whole();
    let back = Instant::now();
    while cast(&store, &all).await.iter().any(Result::is_err) {
        assert!(back.elapsed() < LIMIT, "the cluster is whole, and not used");
    }
    for number in 0..sent {
        let all: Vec<_> = batch(number).collect();
        assert!(cast(&store, &all).await.iter().all(Result::is_ok));
    }
    for poll in &polls {
        assert_eq!(votes(&store, poll).await, u64::from(sent));
    }
}
