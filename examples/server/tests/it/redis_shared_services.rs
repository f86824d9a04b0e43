//! Instances on one PostgreSQL that use Redis for updates, cache and rate limits.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::time::timeout;

use crate::api::{Api, Events, ready};
use crate::program::start_with;
use votify_test_support::redis::{Server, ServerConfig};
use votify_test_support::sql::ScratchDatabase;

#[tokio::test(flavor = "multi_thread")]
async fn instances_share_updates_and_limits() {
    let (Some(database), Some(redis)) = (
        ScratchDatabase::postgres().await,
        Server::with_config(ServerConfig::new().password("hunter2")),
    ) else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    // The restricted user that docs/operations.md proposes.
    redis.cli(&[
        "ACL",
        "SETUSER",
        "votify",
        "on",
        ">hunter2",
        "~votify:*",
        "&votify:*",
        "+@all",
        "-@dangerous",
        "+info",
        "+cluster|slots",
        "+config|get",
    ]);
    let url = redis.url().replace("://:hunter2@", "://votify:hunter2@");
    let arguments = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--migrate",
        "--vote-rate",
        "4/1h",
        "--store",
        database.url(),
        "--broadcast",
        &url,
        "--cache",
        &url,
        "--limits",
        &url,
    ];
    let one = start_with(directory.path(), &arguments, &[]).await;
    let other = start_with(directory.path(), &arguments, &[]).await;
    let part = |part, backend, needed| json!({"part": part, "backend": backend, "needed": needed, "ready": true});
    let parts = json!([
        part("store", "postgres", true),
        part("broadcaster", "redis", false),
        part("clock", "postgres", false),
        part("limiter", "redis", false),
        part("cache", "redis", false),
    ]);
    let expected = (200, json!({"ready": true, "parts": parts}));
    // The clocks are compared for the first time while the server starts.
    let deadline = Instant::now() + Duration::from_secs(5);
    let mut response = ready(&other).await;
    while response != expected && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(50)).await;
        response = ready(&other).await;
    }
    assert_eq!(response, expected);
    // Per instance: one connection for commands, and one for the subscriptions of the
    // broadcaster.
    let clients = redis.cli(&["CLIENT", "LIST"]);
    let clients = clients.lines().filter(|line| !line.contains("cmd=client"));
    assert_eq!(clients.count(), 4);

    // The attempts of the creator's session count on every instance.
    let alice = Api::new(&one);
    let poll = alice.create_poll().await;
    let mut events = Events::open(&Api::new(&other), &poll).await;
    assert_eq!(alice.vote(&poll, 0).await.0, 201);
    let seen = async { while events.next().await.unwrap()["total_votes"] != 1 {} };
    timeout(Duration::from_secs(10), seen).await.unwrap();
    assert_eq!(alice.at(&other).vote(&poll, 0).await.0, 409);
    assert_eq!(alice.vote(&poll, 1).await.0, 409);
    assert_eq!(alice.at(&other).vote(&poll, 1).await.0, 409);
    for server in [&one, &other] {
        let (status, body) = alice.at(server).vote(&poll, 1).await;
        assert_eq!(
            (status, &body["code"]),
            (429, &json!("rate_limited")),
            "{body}"
        );
    }
    assert_eq!(Api::new(&other).counts(&poll).await, [1, 0]);
    // The cache contains the poll, and every key has an expiry.
    let keys = redis.cli(&["KEYS", "votify:*"]);
    assert!(
        keys.contains(&poll.id) && keys.contains("votify:limit:"),
        "{keys}"
    );
    for key in keys.lines() {
        assert_ne!(redis.cli(&["TTL", key]).trim(), "-1", "{key}");
    }

    for server in [one, other] {
        server.signal(rustix::process::Signal::TERM);
        let stopped = server.wait().await;
        assert_eq!(stopped.code(), 0, "{stopped:?}");
        assert!(!format!("{stopped:?}").contains("hunter2"), "{stopped:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn disabled_limits_count_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let arguments = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--store",
        "memory:",
        "--limits",
        "off",
        "--vote-rate",
        "1/1h",
        "--session-rate",
        "1/1h",
    ];
    let server = start_with(directory.path(), &arguments, &[]).await;
    let poll = Api::new(&server).create_poll().await;
    for _ in 0..3 {
        assert_eq!(Api::new(&server).vote(&poll, 0).await.0, 201);
    }
    let (_, response) = ready(&server).await;
    assert_eq!(response["parts"].as_array().unwrap().len(), 2, "{response}");
    server.stop().await;
}
