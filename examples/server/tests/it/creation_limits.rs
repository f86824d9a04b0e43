//! The limits of creating polls.

use reqwest::Client;
use serde_json::{Value, json};
use votify_test_support::redis::Server as Redis;

use crate::program::{Server, start_with};

const MEMORY: [&str; 5] = ["serve", "--listen", "127.0.0.1:0", "--store", "memory:"];

async fn start(arguments: &[&str]) -> Server {
    let directory = tempfile::tempdir().unwrap();
    let arguments: Vec<&str> = MEMORY.iter().chain(arguments).copied().collect();
    start_with(directory.path(), &arguments, &[]).await
}

/// Creates a poll as a client without cookies, and returns the status and the body.
async fn create(server: &Server) -> (u16, Value) {
    let poll = json!({"title": "Lunch?", "options": ["Pizza", "Sushi"]});
    let request = Client::new().post(server.url("/api/polls")).json(&poll);
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    (status, response.json().await.unwrap())
}

#[track_caller]
fn assert_limited((status, problem): (u16, Value), flag: &str) {
    assert_eq!((status, &problem["code"]), (429, &json!("rate_limited")));
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains(&format!("(setting {flag})")), "{detail}");
    assert!(problem["retry_after"].as_u64().is_some(), "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_limits_new_polls_by_default() {
    let server = start(&[]).await;
    for _ in 0..60 {
        assert_eq!(create(&server).await.0, 201);
    }
    assert_limited(create(&server).await, "--poll-rate");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_limit_has_a_flag() {
    for (arguments, flag) in [
        (&["--poll-rate", "2/1h"][..], "--poll-rate"),
        (&["--poll-bytes-rate", "40/1h"], "--poll-bytes-rate"),
        (&["--session-polls", "2"], "--session-polls"),
        // The number of polls needs no limiter.
        (
            &["--session-polls", "2", "--limits", "off"],
            "--session-polls",
        ),
    ] {
        let server = start(arguments).await;
        for _ in 0..2 {
            assert_eq!(create(&server).await.0, 201, "{arguments:?}");
        }
        assert_limited(create(&server).await, flag);
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn instances_with_one_redis_share_the_limits() {
    let Some(redis) = Redis::new() else {
        return;
    };
    let url = redis.url();
    let arguments = ["--limits", &url, "--poll-rate", "4/1h"];
    let servers = [start(&arguments).await, start(&arguments).await];
    for server in servers.iter().cycle().take(4) {
        assert_eq!(create(server).await.0, 201);
    }
    for server in &servers {
        assert_limited(create(server).await, "--poll-rate");
    }
    for server in servers {
        server.stop().await;
    }
}
