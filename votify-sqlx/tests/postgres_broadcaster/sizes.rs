//! Payloads that Postgres would not take.

use votify_core::Broadcaster;
use votify_core::broadcast::Delivery;

use crate::scene::{listen, next, node, poll, server, tallied, update, wide};

#[tokio::test]
async fn counts_that_are_too_long_are_missed_and_the_rest_of_the_call_arrives() {
    let Some(server) = server() else { return };
    let (here, there) = (node(&server).await, node(&server).await);
    let poll = poll();
    let mut heard = listen(&there, &poll).await;
    let sent = [
        tallied(&poll, 1),
        wide(&poll, 100, u64::MAX),
        tallied(&poll, 2),
    ];
    here.publish(&sent).await.unwrap();
    assert_eq!(update(&mut heard).await, sent[0]);
    assert_eq!(next(&mut heard).await, Delivery::Lagged);
    assert_eq!(update(&mut heard).await, sent[2]);
}

/// Whatever its length: the largest that are sent whole are taken by the server too.
#[tokio::test]
async fn every_length_up_to_the_limit_is_taken() {
    let Some(server) = server() else { return };
    let node = node(&server).await;
    let poll = poll();
    let mut heard = listen(&node, &poll).await;
    let mut whole = 0;
    // An option takes about 60 bytes and each digit one, so that every length around the limit is met.
    for options in 118..136 {
        for digits in 0..20 {
            let sent = wide(&poll, options, 10_u64.pow(digits));
            node.publish(std::slice::from_ref(&sent)).await.unwrap();
            if let Delivery::Update(arrived) = next(&mut heard).await {
                assert_eq!(*arrived, sent);
                whole += 1;
            }
        }
    }
    assert!((1..360).contains(&whole), "{whole} were short enough");
}

#[tokio::test]
async fn a_large_call_arrives_whole_and_in_order() {
    let Some(server) = server() else { return };
    let (here, there) = (node(&server).await, node(&server).await);
    let polls: Vec<_> = (0..600).map(|_| poll()).collect();
    let mut heard = Vec::new();
    for poll in &polls {
        heard.push(listen(&there, poll).await);
    }
    let sent: Vec<_> = (1..=3)
        .flat_map(|revision| polls.iter().map(move |poll| tallied(poll, revision)))
        .collect();
    here.publish(&sent).await.unwrap();
    for (poll, heard) in polls.iter().zip(&mut heard) {
        for revision in 1..=3 {
            assert_eq!(update(heard).await, tallied(poll, revision));
        }
    }
}
