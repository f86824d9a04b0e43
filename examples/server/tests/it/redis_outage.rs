//! Votes while the shared Redis is unavailable.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep, timeout};

use crate::api::{Api, Events, Poll, ready};
use crate::program::{Server, start_with};
use votify_test_support::redis::Server as Redis;
use votify_test_support::sql::ScratchDatabase;

/// Returns the names of the components on Redis that are ready. The instance must be ready.
async fn redis_components(server: &Server) -> Vec<String> {
    let (status, body) = ready(server).await;
    assert_eq!(status, 200, "{body}");
    let parts = body["parts"].as_array().unwrap().iter();
    let ready = parts.filter(|part| part["ready"] == true && part["backend"] == "redis");
    let name = |part: &Value| part["part"].as_str().unwrap().to_owned();
    ready.map(name).collect()
}

/// Casts 20 votes on two instances, and waits until a viewer received all of them.
async fn vote_and_wait(
    servers: [&Server; 2],
    poll: &Poll,
    events: &mut Events,
    before: u64,
) -> u64 {
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

async fn wait_until_ready(server: &Server) {
    let since = Instant::now();
    while redis_components(server).await.len() < 3 {
        assert!(
            since.elapsed() < Duration::from_secs(20),
            "a component on Redis stays unavailable"
        );
        sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn votes_continue_without_redis_and_the_log_stays_short() {
    vote_through_an_outage(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn endurance_votes_continue_without_redis_and_the_log_stays_short() {
    vote_through_an_outage(3).await;
}

/// Kills Redis for `rounds` rounds of 20 votes, then pauses it.
async fn vote_through_an_outage(rounds: usize) {
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
    let mut total = vote_and_wait(servers, &poll, &mut events, 0).await;

    redis.kill();
    for _ in 0..rounds {
        total = vote_and_wait(servers, &poll, &mut events, total).await;
    }
    assert!(redis_components(&one).await.is_empty());
    redis.start();
    wait_until_ready(&one).await;
    wait_until_ready(&other).await;
    total = vote_and_wait(servers, &poll, &mut events, total).await;

    redis.pause();
    let voter = Api::new(&one);
    assert_eq!(voter.vote(&poll, 1).await.0, 201);
    assert!(redis_components(&one).await.is_empty());
    redis.resume();
    wait_until_ready(&one).await;
    wait_until_ready(&other).await;
    vote_and_wait(servers, &poll, &mut events, total + 1).await;
    assert_eq!(voter.vote(&poll, 1).await.0, 409);

    for server in [one, other] {
        server.signal(rustix::process::Signal::TERM);
        let stopped = server.wait().await;
        assert_eq!(stopped.code(), 0, "{stopped:?}");
        let lines = |text: &str| {
            stopped
                .stderr
                .lines()
                .filter(|line| line.contains(text))
                .count()
        };
        let lines_about_limits = lines("requests are not limited");
        assert!((1..10).contains(&lines_about_limits), "{stopped:?}");
        assert!(lines("rate limiter available again") >= 1, "{stopped:?}");
        assert!(lines("failed to publish poll updates") < 10, "{stopped:?}");
        assert!(stopped.stderr.lines().count() < 60, "{stopped:?}");
    }
}
