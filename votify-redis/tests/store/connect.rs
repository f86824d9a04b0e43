//! The checks of a server's settings when a store connects.

use votify_core::store::Durability;
use votify_core::{Store, StoreError};
use votify_redis::RedisStore;
use votify_test_support::ballots::{ballot, cast, error_chain, poll, votes};
use votify_test_support::redis::{Server, ServerConfig};

/// Connects, and returns the description of the permanent error.
async fn connect_error(url: &str) -> String {
    match RedisStore::connect(url).await {
        Err(error @ StoreError::Failed { .. }) => error_chain(&error),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn durability_follows_from_the_server_settings() {
    let config = ServerConfig::new().append_only("everysec");
    let Some(server) = Server::with_config(config) else {
        return;
    };
    let set = |name: &str, value: &str| drop(server.cli(&["CONFIG", "SET", name, value]));
    let durability = async || {
        RedisStore::connect(&server.url())
            .await
            .unwrap()
            .durability()
    };
    assert_eq!(durability().await, Durability::LastSeconds);
    set("appendfsync", "always");
    assert_eq!(durability().await, Durability::PowerLoss);
    set("no-appendfsync-on-rewrite", "yes");
    assert_eq!(durability().await, Durability::LastSeconds);
    set("appendonly", "no");
    assert_eq!(durability().await, Durability::Nothing);
    set("save", "60 1");
    assert_eq!(durability().await, Durability::LastSnapshot);
    let store = RedisStore::connect(&server.url()).await.unwrap();
    match store.require_durable() {
        Err(error @ StoreError::Failed { .. }) => {
            let line = error_chain(&error);
            assert!(line.contains("lost if the server's process"), "{line}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn server_that_evicts_votes_is_rejected() {
    let config = ServerConfig::new().setting("maxmemory-policy", "allkeys-lru");
    let Some(server) = Server::with_config(config) else {
        return;
    };
    // Without maxmemory, the server evicts nothing.
    RedisStore::connect(&server.url()).await.unwrap();
    server.cli(&["CONFIG", "SET", "maxmemory", "100mb"]);
    let line = connect_error(&server.url()).await;
    assert!(line.contains("maxmemory-policy"), "{line}");
    server.cli(&["CONFIG", "SET", "maxmemory-policy", "volatile-lru"]);
    RedisStore::connect(&server.url()).await.unwrap();
}

#[tokio::test]
async fn user_without_config_can_vote_and_has_unknown_durability() {
    let Some(server) = Server::new() else {
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
    let wrong_password = format!("redis://votify:hunter2@127.0.0.1:{}", server.port());
    let line = connect_error(&wrong_password).await;
    assert!(!line.contains("hunter2"), "{line}");
}

#[tokio::test]
async fn missing_server_is_unavailable() {
    let store = RedisStore::connect("redis://127.0.0.1:1").await;
    assert!(
        matches!(store, Err(StoreError::Unavailable { .. })),
        "{store:?}"
    );
}
