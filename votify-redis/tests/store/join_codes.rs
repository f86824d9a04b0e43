//! Join codes whose poll a killed process did not create or did not delete completely.

use std::time::{SystemTime, UNIX_EPOCH};

use votify_core::{JoinCode, Poll, PollId, Store, StoreError};
use votify_redis::redis;
use votify_test_support::ballots::{NOW, draft};
use votify_test_support::redis::Server;

use crate::harness::open_store;

fn poll_with_code(code: JoinCode) -> Poll {
    Poll {
        join_code: Some(code),
        ..draft("Lunch?")
    }
}

/// Writes the reservation of a poll, like a process before it creates the poll.
async fn reserve(server: &Server, code: JoinCode, poll: PollId, age_ms: u64) {
    let client = redis::Client::open(server.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now = u64::try_from(now.as_millis()).unwrap();
    let mut set = redis::cmd("HSET");
    set.arg(format!("votify:join_code:{code}"))
        .arg("poll")
        .arg(poll.as_bytes())
        .arg("nonce")
        .arg(b"12345678")
        .arg("reserved_at")
        .arg(now - age_ms);
    set.query_async::<redis::Value>(&mut connection)
        .await
        .unwrap();
}

#[tokio::test]
async fn abandoned_reservation_is_taken_over_after_10_seconds() {
    let Some(server) = Server::new() else {
        return;
    };
    let store = open_store(&server.url()).await;
    let code = JoinCode::random();
    let (abandoned, poll) = (poll_with_code(code), poll_with_code(code));
    reserve(&server, code, abandoned.id, 1_000).await;
    let created = store.create_poll(&poll).await;
    assert!(matches!(created, Err(StoreError::JoinCodeTaken(taken)) if taken == code));
    assert_eq!(store.polls(&[poll.id]).await.unwrap(), [None]);
    assert_eq!(store.poll_by_join_code(&code, NOW).await.unwrap(), None);
    reserve(&server, code, abandoned.id, 11_000).await;
    store.create_poll(&poll).await.unwrap();
    let found = store.poll_by_join_code(&code, NOW).await.unwrap();
    assert_eq!(found, Some(poll.id));
}

#[tokio::test]
async fn own_reservation_is_used_by_a_retry() {
    let Some(server) = Server::new() else {
        return;
    };
    let store = open_store(&server.url()).await;
    let code = JoinCode::random();
    let poll = poll_with_code(code);
    reserve(&server, code, poll.id, 0).await;
    store.create_poll(&poll).await.unwrap();
    let again = store.create_poll(&poll).await;
    assert!(matches!(again, Err(StoreError::PollExists(id)) if id == poll.id));
    let found = store.poll_by_join_code(&code, NOW).await.unwrap();
    assert_eq!(found, Some(poll.id));
    let other = store.create_poll(&poll_with_code(code)).await;
    assert!(matches!(other, Err(StoreError::JoinCodeTaken(_))));
}

#[tokio::test]
async fn code_of_a_partly_deleted_poll_is_taken_over() {
    let Some(server) = Server::new() else {
        return;
    };
    let store = open_store(&server.url()).await;
    let code = JoinCode::random();
    let (deleted, poll) = (poll_with_code(code), poll_with_code(code));
    store.create_poll(&deleted).await.unwrap();
    server.cli(&["DEL", &format!("votify:{{{}}}:poll", deleted.id)]);
    store.create_poll(&poll).await.unwrap();
    let found = store.poll_by_join_code(&code, NOW).await.unwrap();
    assert_eq!(found, Some(poll.id));
}
