//! Payloads near and above PostgreSQL's limit of 8000 bytes.

use std::slice;

use votify_core::Broadcaster;
use votify_core::broadcast::Delivery;
use votify_test_support::broadcaster::{next_delivery, next_update, poll, subscribe, tally_update};

use super::harness::{large_tally_update, node, server};

#[tokio::test]
async fn an_oversized_update_becomes_lagged_and_the_others_arrive() {
    let Some(server) = server() else { return };
    let (here, there) = (node(&server).await, node(&server).await);
    let poll = poll();
    let mut deliveries = subscribe(&there, &poll).await;
    let updates = [
        tally_update(&poll, 1),
        large_tally_update(&poll, 100, u64::MAX),
        tally_update(&poll, 2),
    ];
    here.publish(&updates).await.unwrap();
    assert_eq!(next_update(&mut deliveries).await, updates[0]);
    assert_eq!(next_delivery(&mut deliveries).await, Delivery::Lagged);
    assert_eq!(next_update(&mut deliveries).await, updates[2]);
}

#[tokio::test]
async fn payloads_of_every_length_up_to_the_limit_are_accepted() {
    let Some(server) = server() else { return };
    let node = node(&server).await;
    let poll = poll();
    let mut deliveries = subscribe(&node, &poll).await;
    let mut received = 0;
    // An option takes about 60 bytes and a digit one byte, which covers every length
    // around the limit.
    for options in 118..136 {
        for digits in 0..20 {
            let update = large_tally_update(&poll, options, 10_u64.pow(digits));
            node.publish(slice::from_ref(&update)).await.unwrap();
            if let Delivery::Update(delivered) = next_delivery(&mut deliveries).await {
                assert_eq!(*delivered, update);
                received += 1;
            }
        }
    }
    assert!((1..360).contains(&received), "{received} updates received");
}

#[tokio::test]
async fn a_large_call_arrives_completely_and_in_order() {
    let Some(server) = server() else { return };
    let (here, there) = (node(&server).await, node(&server).await);
    let polls: Vec<_> = (0..600).map(|_| poll()).collect();
    let mut streams = Vec::new();
    for poll in &polls {
        streams.push(subscribe(&there, poll).await);
    }
    let updates: Vec<_> = (1..=3)
        .flat_map(|revision| polls.iter().map(move |poll| tally_update(poll, revision)))
        .collect();
    here.publish(&updates).await.unwrap();
    for (poll, deliveries) in polls.iter().zip(&mut streams) {
        for revision in 1..=3 {
            assert_eq!(next_update(deliveries).await, tally_update(poll, revision));
        }
    }
}
