//! Two engines on one store, each with a broadcaster of its own.

use std::time::Duration;

use votify_test_support::broadcaster::EnginePair;
use votify_test_support::redis::Server;

use crate::harness::open_instance;

/// Also covers votes whose updates were lost.
#[tokio::test(flavor = "multi_thread")]
async fn votes_on_one_instance_reach_viewers_on_the_other() {
    let Some(mut server) = Server::new() else {
        return;
    };
    let (here, there) = (open_instance(&server).await, open_instance(&server).await);
    let mut pair = EnginePair::new(here, there).await;
    pair.votes_reach_the_viewer().await;
    server.kill();
    for _ in 0..10 {
        pair.vote().await;
    }
    // The engine gives up on the pending updates meanwhile.
    tokio::time::sleep(Duration::from_secs(1)).await;
    server.start();
    pair.wait_for_votes(30).await;
    pair.shutdown().await;
}
