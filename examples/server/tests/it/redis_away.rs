//! Votes while the Redis that helps is away.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep, timeout};

use crate::api::{Api, Events, Poll, ready};
use crate::program::{Server, start_with};
use votify_test_support::redis::Server as Redis;
use votify_test_support::sql::ScratchDatabase;

/// The helpers that answer, by name; the instance must be ready.
async fn helpers(server: &Server) -> Vec<String> {
    let (status, body) = ready(server).await;
    assert_eq!(status, 200, "{body}");
    let parts = body["parts"].as_array().unwrap().iter();
    let there = parts.filter(|part| part["ready"] == true && part["needed"] == false);
    let name = |part: &Value| part["part"].as_str().unwrap().to_owned();
    there.map(name).collect()
}

/// Votes at both, and waits until a viewer at the other has seen all.
async fn votes_go_on(servers: [&Server; 2], poll: &Poll, events: &mut Events, before: u64) -> u64 {
    for _ in 0..10 {
        for server in servers {
            let (status, body) = Api::new(server).vote(poll, 0).await;
            assert_eq!(status, 201, "{body}");
        }
    }
    let seen = async { while events.next().await.unwrap()["total_votes"] != before + 20 {} };
    timeout(Duration::from_secs(5), seen).await.unwrap();
    before + 20
}

async fn all_are_back(server: &Server) {
    let since = Instant::now();
    while helpers(server).await.len() < 3 {
        assert!(since.elapsed() < Duration::from_secs(20), "they stay away");
        sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn votes_go_on_viewers_see_them_and_the_log_stays_short() {
    let (Some(database), Some(mut redis)) = (ScratchDatabase::postgres().await, Redis::new())
    else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let url = redis.url();
    let arguments = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--migrate",
        "--vote-rate",
        "10000/60s",
        "--session-rate",
        "10000/60s",
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
    let poll = Api::new(&one).create_poll().await;
    let mut events = Events::open(&Api::new(&other), &poll).await;
    let servers = [&one, &other];
    let mut total = votes_go_on(servers, &poll, &mut events, 0).await;

    redis.kill();
    for _ in 0..3 {
        total = votes_go_on(servers, &poll, &mut events, total).await;
    }
    assert!(helpers(&one).await.is_empty());
    redis.start();
    all_are_back(&one).await;
    all_are_back(&other).await;
    total = votes_go_on(servers, &poll, &mut events, total).await;

    redis.pause();
    let voter = Api::new(&one);
    assert_eq!(voter.vote(&poll, 1).await.0, 201);
    assert!(helpers(&one).await.is_empty());
    redis.resume();
    all_are_back(&one).await;
    all_are_back(&other).await;
    votes_go_on(servers, &poll, &mut events, total + 1).await;
    assert_eq!(voter.vote(&poll, 1).await.0, 409);

    for server in [one, other] {
        server.send(rustix::process::Signal::TERM);
        let stopped = server.end().await;
        assert_eq!(stopped.code(), 0, "{stopped:?}");
        let lines = |text: &str| {
            stopped
                .errors
                .lines()
                .filter(|line| line.contains(text))
                .count()
        };
        let told = lines("requests are not limited");
        assert!((1..10).contains(&told), "{stopped:?}");
        assert!(lines("rate limiter available again") >= 1, "{stopped:?}");
        assert!(lines("failed to publish poll updates") < 10, "{stopped:?}");
        assert!(stopped.errors.lines().count() < 60, "{stopped:?}");
    }
}
