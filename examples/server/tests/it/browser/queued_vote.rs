use votify_test_support::browser::Script;

use crate::queue::QueuedFleet;

#[tokio::test(flavor = "multi_thread")]
async fn a_queued_vote_is_received_and_then_counted() {
    let Some(fleet) = QueuedFleet::open().await else {
        return;
    };
    let urls = [0, 1].map(|server: usize| fleet.servers[server].url(""));
    let mut script = Script::start("queued_vote", &[&urls[0], &urls[1]]);
    let mut aggregator = None;
    while let Some(command) = script.next_command().await {
        assert_eq!(command, "aggregate");
        aggregator = Some(fleet.aggregate().await);
        script.respond("done").await;
    }
    script.finish().await;
    aggregator.unwrap().stop().await;
    for server in fleet.servers {
        server.stop().await;
    }
}
