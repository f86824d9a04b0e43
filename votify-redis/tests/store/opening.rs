//! What a store says of the server that it is opened on.

use votify_core::store::Durability;
use votify_core::{Store, StoreError};
use votify_redis::RedisStore;

use crate::ballots::{ballot, cast, line, poll, votes};
use crate::servers::{Server, Setup};

async fn failure(url: &str) -> String {
    match RedisStore::connect(url).await {
        Err(error @ StoreError::Failed { .. }) => line(&error),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_store_tells_what_a_vote_is_worth() {
    let Some(server) = Server::of(Setup::new().append_only("everysec")) else {
        return;
    };
    let set = |name: &str, value: &str| drop(server.cli(&["CONFIG", "SET", name, value]));
    let worth = async || {
        RedisStore::connect(&server.url())
            .await
            .unwrap()
            .durability()
    };
    assert_eq!(worth().await, Durability::LastSeconds);
    set("appendfsync", "always");
    assert_eq!(worth().await, Durability::PowerLoss);
    set("no-appendfsync-on-rewrite", "yes");
    assert_eq!(worth().await, Durability::LastSeconds);
    set("appendonly", "no");
    assert_eq!(worth().await, Durability::Nothing);
    set("save", "60 1");
    assert_eq!(worth().await, Durability::LastSnapshot);
    let store = RedisStore::connect(&server.url()).await.unwrap();
    match store.require_durable() {
        Err(error @ StoreError::Failed { .. }) => {
            let line = line(&error);
            assert!(line.contains("lost if the server's process"), "{line}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_server_that_throws_votes_away_is_refused() {
    let Some(server) = Server::of(Setup::new().setting("maxmemory-policy", "allkeys-lru")) else {
        return;
    };
    // Without a limit it throws nothing away yet.
    RedisStore::connect(&server.url()).await.unwrap();
    server.cli(&["CONFIG", "SET", "maxmemory", "100mb"]);
    let line = failure(&server.url()).await;
    assert!(line.contains("maxmemory-policy"), "{line}");
    server.cli(&["CONFIG", "SET", "maxmemory-policy", "volatile-lru"]);
    RedisStore::connect(&server.url()).await.unwrap();
}

#[tokio::test]
async fn a_user_needs_little_and_then_the_worth_of_a_vote_is_unknown() {
    let Some(server) = Server::plain() else {
        return;
    };
    let rules = "on >secret ~votify:* -@all +@read +@write +@scripting +@connection +info +time +cluster -@dangerous +info";
    let mut words = vec!["ACL", "SETUSER", "votify"];
    words.extend(rules.split(' '));
    server.cli(&words);
    let url = format!("redis://votify:secret@127.0.0.1:{}", server.port());
    let store = RedisStore::connect(&url).await.unwrap();
    assert_eq!(store.durability(), Durability::Unknown);
    let poll = poll(&store).await;
    cast(&store, &[ballot(&poll, 1)]).await.remove(0).unwrap();
    assert_eq!(votes(&store, &poll).await, 1);
    store.delete_poll(poll.id).await.unwrap();
    assert!(store.require_durable().is_err());
    let wrong = format!("redis://votify:hunter2@127.0.0.1:{}", server.port());
    let line = failure(&wrong).await;
    assert!(!line.contains("hunter2"), "{line}");
}

#[tokio::test]
async fn nobody_there_is_unavailable() {
    let store = RedisStore::connect("redis://127.0.0.1:1").await;
    assert!(
        matches!(store, Err(StoreError::Unavailable { .. })),
        "{store:?}"
    );
}
