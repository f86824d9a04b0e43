//! A cluster of three nodes.

use std::time::Duration;

use futures_util::StreamExt;
use votify_core::Broadcaster;
use votify_core::Poll;
use votify_core::broadcast::Delivery;

use crate::scene::{
    channel, comes_through, goes_on_after_missed, listen, next, node, poll, tallied, until, update,
};
use crate::servers::{Cluster, Setup};

/// A poll whose channel is heard at that node.
fn poll_at(cluster: &Cluster, node: usize) -> Poll {
    loop {
        let poll = poll();
        if cluster.holder_of(&channel(&poll)) == node {
            return poll;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn news_pass_through_the_node_of_their_poll() {
    let Some(cluster) = Cluster::plain() else {
        return;
    };
    let here = node(&cluster.nodes()[0]).await;
    let there = node(&cluster.nodes()[2]).await;
    for index in 0..3 {
        let poll = poll_at(&cluster, index);
        let mut heard = listen(&there, &poll).await;
        let subscribed = |index: usize| {
            let words = ["PUBSUB", "SHARDNUMSUB", &channel(&poll)];
            let said = cluster.nodes()[index].cli(&words);
            said.lines().last().unwrap().to_owned()
        };
        assert_eq!(subscribed(index), "1");
        assert_eq!(subscribed((index + 1) % 3), "0");
        here.publish(&[tallied(&poll, 1)]).await.unwrap();
        assert_eq!(update(&mut heard).await, tallied(&poll, 1));
        drop(heard);
        until(|| subscribed(index) == "0").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_was_killed_is_missed_and_heard_again() {
    let Some(mut cluster) = Cluster::plain() else {
        return;
    };
    // Also the one that the URL named.
    for killed in [0, 1] {
        let here = node(&cluster.nodes()[0]).await;
        let there = node(&cluster.nodes()[2]).await;
        let polls = [poll_at(&cluster, killed), poll_at(&cluster, 2)];
        let mut heard = [
            listen(&here, &polls[0]).await,
            listen(&here, &polls[1]).await,
        ];
        cluster.node(killed).kill();
        tokio::time::sleep(Duration::from_secs(1)).await;
        cluster.node(killed).start();
        cluster.wait_until_whole();
        for (poll, heard) in polls.iter().zip(&mut heard) {
            goes_on_after_missed(heard, &there, poll).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_stands_still_is_noticed_told_and_mended() {
    let Some(cluster) = Cluster::plain() else {
        return;
    };
    let here = crate::scene::impatient_node(&cluster.nodes()[0]).await;
    let polls = [poll_at(&cluster, 1), poll_at(&cluster, 2)];
    let mut heard = [
        listen(&here, &polls[0]).await,
        listen(&here, &polls[1]).await,
    ];
    // So that every node has answered once before.
    tokio::time::sleep(Duration::from_secs(3)).await;
    cluster.nodes()[1].pause();
    tokio::time::sleep(Duration::from_secs(4)).await;
    cluster.nodes()[1].resume();
    cluster.wait_until_whole();
    for (poll, heard) in polls.iter().zip(&mut heard) {
        goes_on_after_missed(heard, &here, poll).await;
    }
}

/// A slot that moves to another node takes its channels with it.
#[tokio::test(flavor = "multi_thread")]
async fn a_slot_that_moves_is_followed() {
    let Some(cluster) = Cluster::plain() else {
        return;
    };
    let (here, there) = (
        node(&cluster.nodes()[0]).await,
        node(&cluster.nodes()[2]).await,
    );
    let (moving, staying) = (poll_at(&cluster, 0), poll_at(&cluster, 2));
    let mut heard = listen(&here, &moving).await;
    let mut heard_staying = listen(&here, &staying).await;
    let slot = cluster.nodes()[0].cli(&["CLUSTER", "KEYSLOT", &channel(&moving)]);
    let target = cluster.nodes()[1].cli(&["CLUSTER", "MYID"]);
    // Those who get it first.
    for index in [1, 0, 2] {
        let words = ["CLUSTER", "SETSLOT", slot.trim(), "NODE", target.trim()];
        cluster.nodes()[index].cli(&words);
    }
    assert_eq!(next(&mut heard).await, Delivery::Lagged);
    comes_through(&mut heard, &there, &moving).await;
    comes_through(&mut heard_staying, &there, &staying).await;
}

/// Where the cluster goes on without a node, so do the news of the others.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_stands_still_keeps_nobody_from_hearing_the_others() {
    let partial = Setup::new().setting("cluster-require-full-coverage", "no");
    let Some(cluster) = Cluster::of(&partial) else {
        return;
    };
    let here = node(&cluster.nodes()[0]).await;
    let (still, other) = (poll_at(&cluster, 1), poll_at(&cluster, 2));
    let mut heard_still = listen(&here, &still).await;
    let mut heard = listen(&here, &other).await;
    // So that every node has answered once before.
    tokio::time::sleep(Duration::from_secs(3)).await;
    cluster.nodes()[1].pause();
    // It is noticed, and told to all.
    assert_eq!(next(&mut heard).await, Delivery::Lagged);
    comes_through(&mut heard, &here, &other).await;
    // New nodes find their way, and new listeners too.
    let there = node(&cluster.nodes()[2]).await;
    let mut heard_there = listen(&there, &other).await;
    comes_through(&mut heard_there, &here, &other).await;
    let error = here.publish(&[tallied(&still, 1)]).await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    // And are not interrupted any more.
    tokio::time::sleep(Duration::from_secs(6)).await;
    for heard in [&mut heard, &mut heard_there] {
        while let Ok(Some(delivery)) =
            tokio::time::timeout(Duration::from_millis(300), heard.next()).await
        {
            assert_ne!(delivery, Delivery::Lagged);
        }
    }
    cluster.nodes()[1].resume();
    cluster.wait_until_whole();
    goes_on_after_missed(&mut heard_still, &there, &still).await;
}
