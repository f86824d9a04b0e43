//! A node of a cluster is killed.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use votify_core::{Poll, Store, StoreError};
use votify_test_support::ballots::{ballot, cast, draft, votes};
use votify_test_support::redis::{Cluster, ServerConfig};

use crate::harness::open_store;

/// Maximum duration of a call, and of the recovery after the restart.
const MAX_TIME: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn votes_resume_after_a_node_of_a_private_server_cluster_restarts() {
    let config = ServerConfig::new().append_only("always");
    let Some(mut cluster) = Cluster::with_config(&config) else {
        return;
    };
    let store = open_store(&cluster.url()).await;
    let mut polls: Vec<Poll> = Vec::new();
    for _ in 0..12 {
        let poll = draft("Lunch?");
        store.create_poll(&poll).await.unwrap();
        polls.push(poll);
    }
    let batch = |number: u32| polls.iter().map(move |poll| ballot(poll, number));
    let first: Vec<_> = batch(0).collect();
    assert!(cast(&store, &first).await.iter().all(Result::is_ok));
    let killed = cluster.owner_of(&format!("votify:{{{}}}:poll", polls[0].id));
    cluster.node(killed).kill();
    // Until the other nodes detect the failure (2 s), votes in their polls count. After
    // that, the cluster rejects all of them.
    let killed_at = Instant::now();
    let mut sent = 1;
    while killed_at.elapsed() < Duration::from_secs(6) {
        let started = Instant::now();
        let ballots: Vec<_> = batch(sent).collect();
        for outcome in cast(&store, &ballots).await {
            assert!(
                matches!(outcome, Ok(_) | Err(StoreError::Unavailable { .. })),
                "{outcome:?}"
            );
        }
        assert!(started.elapsed() < MAX_TIME, "{:?}", started.elapsed());
        sent += 1;
        sleep(Duration::from_millis(100)).await;
    }
    cluster.node(killed).start();
    cluster.wait_until_complete();
    let restarted_at = Instant::now();
    while cast(&store, &first).await.iter().any(Result::is_err) {
        assert!(
            restarted_at.elapsed() < MAX_TIME,
            "votes fail although the cluster is complete"
        );
    }
    for number in 0..sent {
        let ballots: Vec<_> = batch(number).collect();
        assert!(cast(&store, &ballots).await.iter().all(Result::is_ok));
    }
    for poll in &polls {
        assert_eq!(votes(&store, poll).await, u64::from(sent));
    }
}
