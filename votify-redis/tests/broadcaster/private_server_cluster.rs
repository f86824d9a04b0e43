//! The broadcaster on a cluster of three nodes.

use std::time::Duration;

use futures_util::StreamExt;
use votify_core::broadcast::Delivery;
use votify_core::{Broadcaster, Poll};
use votify_test_support::broadcaster::{
    assert_lagged_then_updates, next_delivery, next_update, poll, publish_until_received,
    subscribe, tally_update, wait_until,
};
use votify_test_support::redis::{Cluster, ServerConfig};

use crate::harness::{channel, open_instance, open_instance_with_short_timeout};

/// Returns a poll whose channel is on the given node.
fn poll_on(cluster: &Cluster, node: usize) -> Poll {
    loop {
        let poll = poll();
        if cluster.owner_of(&channel(&poll)) == node {
            return poll;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn updates_pass_through_the_node_of_their_poll_only() {
    let Some(cluster) = Cluster::new() else {
        return;
    };
    let here = open_instance(&cluster.nodes()[0]).await;
    let there = open_instance(&cluster.nodes()[2]).await;
    for index in 0..3 {
        let poll = poll_on(&cluster, index);
        let mut deliveries = subscribe(&there, &poll).await;
        let subscribers = |index: usize| {
            let words = ["PUBSUB", "SHARDNUMSUB", &channel(&poll)];
            let reply = cluster.nodes()[index].cli(&words);
            reply.lines().last().unwrap().to_owned()
        };
        assert_eq!(subscribers(index), "1");
        assert_eq!(subscribers((index + 1) % 3), "0");
        here.publish(&[tally_update(&poll, 1)]).await.unwrap();
        assert_eq!(next_update(&mut deliveries).await, tally_update(&poll, 1));
        drop(deliveries);
        wait_until(async || subscribers(index) == "0").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_node_causes_lagged_and_updates_resume() {
    let Some(mut cluster) = Cluster::new() else {
        return;
    };
    // Node 0 is also the one in the client's URL.
    for killed in [0, 1] {
        let here = open_instance(&cluster.nodes()[0]).await;
        let there = open_instance(&cluster.nodes()[2]).await;
        let polls = [poll_on(&cluster, killed), poll_on(&cluster, 2)];
        let mut streams = [
            subscribe(&here, &polls[0]).await,
            subscribe(&here, &polls[1]).await,
        ];
        cluster.node(killed).kill();
        tokio::time::sleep(Duration::from_secs(1)).await;
        cluster.node(killed).start();
        cluster.wait_until_complete();
        for (poll, stream) in polls.iter().zip(&mut streams) {
            assert_lagged_then_updates(stream, &there, poll).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn paused_node_is_detected_and_updates_resume() {
    let Some(cluster) = Cluster::new() else {
        return;
    };
    let here = open_instance_with_short_timeout(&cluster.nodes()[0]).await;
    let polls = [poll_on(&cluster, 1), poll_on(&cluster, 2)];
    let mut streams = [
        subscribe(&here, &polls[0]).await,
        subscribe(&here, &polls[1]).await,
    ];
    // Every node answers a ping before the pause.
    tokio::time::sleep(Duration::from_secs(3)).await;
    cluster.nodes()[1].pause();
    tokio::time::sleep(Duration::from_secs(4)).await;
    cluster.nodes()[1].resume();
    cluster.wait_until_complete();
    for (poll, stream) in polls.iter().zip(&mut streams) {
        assert_lagged_then_updates(stream, &here, poll).await;
    }
}

/// A slot that moves to another node takes its channels with it.
#[tokio::test(flavor = "multi_thread")]
async fn moved_slot_causes_lagged_and_updates_resume() {
    let Some(cluster) = Cluster::new() else {
        return;
    };
    let here = open_instance(&cluster.nodes()[0]).await;
    let there = open_instance(&cluster.nodes()[2]).await;
    let (moved, unmoved) = (poll_on(&cluster, 0), poll_on(&cluster, 2));
    let mut deliveries = subscribe(&here, &moved).await;
    let mut deliveries_of_unmoved = subscribe(&here, &unmoved).await;
    let slot = cluster.nodes()[0].cli(&["CLUSTER", "KEYSLOT", &channel(&moved)]);
    let target = cluster.nodes()[1].cli(&["CLUSTER", "MYID"]);
    // The new owner of the slot first.
    for index in [1, 0, 2] {
        let words = ["CLUSTER", "SETSLOT", slot.trim(), "NODE", target.trim()];
        cluster.nodes()[index].cli(&words);
    }
    assert_eq!(next_delivery(&mut deliveries).await, Delivery::Lagged);
    publish_until_received(&mut deliveries, &there, &moved).await;
    publish_until_received(&mut deliveries_of_unmoved, &there, &unmoved).await;
}

/// Pauses a node of a cluster that works without it. `observed` is how long the other
/// nodes must deliver without interruption.
async fn paused_node_does_not_interrupt_the_others(observed: Duration) {
    let partial = ServerConfig::new().setting("cluster-require-full-coverage", "no");
    let Some(cluster) = Cluster::with_config(&partial) else {
        return;
    };
    let here = open_instance(&cluster.nodes()[0]).await;
    let (on_paused, on_other) = (poll_on(&cluster, 1), poll_on(&cluster, 2));
    let mut deliveries_of_paused = subscribe(&here, &on_paused).await;
    let mut deliveries = subscribe(&here, &on_other).await;
    // Every node answers a ping before the pause.
    tokio::time::sleep(Duration::from_secs(3)).await;
    cluster.nodes()[1].pause();
    // The reconnect after the pause interrupts all subscriptions once.
    assert_eq!(next_delivery(&mut deliveries).await, Delivery::Lagged);
    publish_until_received(&mut deliveries, &here, &on_other).await;
    // New broadcasters and new subscriptions work too.
    let there = open_instance(&cluster.nodes()[2]).await;
    let mut deliveries_there = subscribe(&there, &on_other).await;
    publish_until_received(&mut deliveries_there, &here, &on_other).await;
    let update = tally_update(&on_paused, 1);
    let error = here.publish(&[update]).await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    tokio::time::sleep(observed).await;
    for deliveries in [&mut deliveries, &mut deliveries_there] {
        while let Ok(Some(delivery)) =
            tokio::time::timeout(Duration::from_millis(300), deliveries.next()).await
        {
            assert_ne!(delivery, Delivery::Lagged);
        }
    }
    cluster.nodes()[1].resume();
    cluster.wait_until_complete();
    assert_lagged_then_updates(&mut deliveries_of_paused, &there, &on_paused).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn paused_node_does_not_interrupt_the_others_for_1_s() {
    paused_node_does_not_interrupt_the_others(Duration::from_secs(1)).await;
}

mod endurance {
    use super::*;

    /// Three ping intervals.
    #[tokio::test(flavor = "multi_thread")]
    async fn paused_node_does_not_interrupt_the_others_for_6_s() {
        paused_node_does_not_interrupt_the_others(Duration::from_secs(6)).await;
    }
}
