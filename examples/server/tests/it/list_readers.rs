//! Votes beside readers of lists, on every store.

use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};
use uuid::Uuid;
use votify_test_support::redis::{Server as RedisServer, ServerConfig};
use votify_test_support::sql::{ScratchDatabase, ServerKind};

use crate::api::{Api, Poll};
use crate::program::{Server, start};

const POLLS: usize = 300;
const READERS: usize = 32;
const VOTERS: u32 = 32;
/// Each voter's share of 500 votes a second.
const BETWEEN_VOTES: Duration = Duration::from_millis(64);
const LISTS: [&str; 6] = [
    "/api/polls",
    "/api/polls?page=2&limit=100",
    "/api/polls?q=lun",
    "/api/polls?sort=closing&status=all",
    "/api/polls?category=food",
    "/api/trending",
];

const SHORT: Duration = Duration::from_secs(3);
const LONG: Duration = Duration::from_secs(60);

/// Creates public polls, so that the lists have several pages.
async fn fill(server: &Server) {
    let api = Api::new(server);
    for number in 0..POLLS {
        let title = format!("Lunch {number}?");
        api.create_poll_with(json!({"title": title, "category": "food"}))
            .await;
    }
}

/// Reads one list after the other until `end`. Returns the number of pages.
async fn read_lists(url: String, end: Instant) -> usize {
    let client = reqwest::Client::new();
    let mut pages = 0;
    for list in LISTS.iter().cycle() {
        if Instant::now() >= end {
            break;
        }
        let response = client.get(format!("{url}{list}")).send().await.unwrap();
        match response.status().as_u16() {
            200 => pages += 1,
            // A list may exceed its timeout; a vote may not.
            503 => {}
            status => panic!("{list}: {status} {}", response.text().await.unwrap()),
        }
    }
    pages
}

/// Votes at a constant rate until `end`. Returns the number of votes.
async fn vote(api: Api, poll: Poll, end: Instant) -> u64 {
    let mut ticks = interval(BETWEEN_VOTES);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut votes = 0;
    while Instant::now() < end {
        ticks.tick().await;
        let ballot = Uuid::new_v4().to_string();
        let (status, body) = api.cast(&poll, &ballot, 0).await.unwrap();
        assert_eq!(status, 201, "{body}");
        votes += 1;
    }
    votes
}

async fn every_vote_is_counted_beside_list_readers(store: &str, time: Duration) {
    let directory = tempfile::tempdir().unwrap();
    let server = start(directory.path(), &["--store", store, "--migrate"]).await;
    fill(&server).await;
    let poll = Api::new(&server).create_poll().await;
    let end = Instant::now() + time;
    let mut readers = JoinSet::new();
    for _ in 0..READERS {
        readers.spawn(read_lists(server.url(""), end));
    }
    let mut voters = JoinSet::new();
    for _ in 0..VOTERS {
        voters.spawn(vote(Api::without_cookies(&server), poll.clone(), end));
    }
    let votes: u64 = voters.join_all().await.into_iter().sum();
    let pages: usize = readers.join_all().await.into_iter().sum();
    eprintln!("{votes} votes beside {pages} pages in {time:?}");
    assert!(votes > 0 && pages > 0, "{votes} votes, {pages} pages");
    assert_eq!(Api::new(&server).counts(&poll).await, [votes, 0]);
    server.stop().await;
}

async fn on_sqlite(time: Duration) {
    let folder = tempfile::tempdir().unwrap();
    let store = format!("sqlite://{}/polls.db?mode=rwc", folder.path().display());
    every_vote_is_counted_beside_list_readers(&store, time).await;
}

async fn on_sql(kind: ServerKind, time: Duration) {
    if let Some(database) = ScratchDatabase::new(kind).await {
        every_vote_is_counted_beside_list_readers(database.url(), time).await;
    }
}

async fn on_redis(time: Duration) {
    let durable = ServerConfig::new().append_only("always");
    if let Some(redis) = RedisServer::with_config(durable) {
        every_vote_is_counted_beside_list_readers(&redis.url(), time).await;
    }
}

macro_rules! on_each_store {
    ($name:ident, $time:ident) => {
        mod $name {
            use super::{ServerKind, $time};

            #[tokio::test(flavor = "multi_thread")]
            async fn in_memory() {
                super::every_vote_is_counted_beside_list_readers("memory:", $time).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn on_sqlite() {
                super::on_sqlite($time).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn on_postgres() {
                super::on_sql(ServerKind::Postgres, $time).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn on_mysql() {
                super::on_sql(ServerKind::MySql, $time).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn on_redis() {
                super::on_redis($time).await;
            }
        }
    };
}

on_each_store!(votes_for_3_seconds, SHORT);
on_each_store!(endurance_votes_for_a_minute, LONG);
