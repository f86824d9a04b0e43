//! Votes through a queue in Redis, with two servers and `votify aggregate` on one PostgreSQL.

use std::path::Path;
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::{SinkExt, StreamExt};
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;
use votify_test_support::redis::Server as Redis;
use votify_test_support::sql::ScratchDatabase;

use crate::api::{Api, Events, Poll, ready};
use crate::program::{Server, run_with_secret, start, start_with};

/// Far above every delay of a test.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Two servers that count nothing, on one database and one Redis.
pub(crate) struct QueuedFleet {
    pub(crate) servers: [Server; 2],
    directory: tempfile::TempDir,
    arguments: Vec<String>,
    pub(crate) redis: Redis,
    _database: ScratchDatabase,
}

impl QueuedFleet {
    /// Returns `None`, and reports the skip, if a server is missing.
    pub(crate) async fn open() -> Option<Self> {
        let database = ScratchDatabase::postgres().await?;
        let redis = Redis::new()?;
        let url = redis.url();
        let queue = format!("{url}/election");
        let arguments = [
            "--store",
            database.url(),
            "--broadcast",
            &url,
            "--queue",
            &queue,
        ];
        let arguments: Vec<String> = arguments.map(str::to_owned).into();
        let directory = tempfile::tempdir().unwrap();
        let migrate = ["migrate", "--store", database.url(), "--queue", &queue];
        let migrated = run_with_secret(directory.path(), &migrate).await;
        assert_eq!(migrated.code(), 0, "{migrated:?}");
        assert!(
            migrated.stdout.contains("/election is ready"),
            "{migrated:?}"
        );
        let server = async || {
            let mut all = texts(&arguments);
            all.extend(["--aggregate", "off"]);
            start(directory.path(), &all).await
        };
        let servers = [server().await, server().await];
        Some(Self {
            servers,
            directory,
            arguments,
            redis,
            _database: database,
        })
    }

    pub(crate) async fn aggregate(&self) -> Server {
        aggregate(self.directory.path(), &self.arguments).await
    }
}

async fn aggregate(directory: &Path, arguments: &[String]) -> Server {
    let mut all = vec!["aggregate", "--listen", "127.0.0.1:0"];
    all.extend(texts(arguments));
    start_with(directory, &all, &[]).await
}

fn texts(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

/// Returns the value of a metric, or `None` if the server has none of this name.
async fn metric(server: &Server, name: &str) -> Option<f64> {
    let response = reqwest::get(server.url("/metrics")).await.unwrap();
    let text = response.text().await.unwrap();
    let line = text.lines().find_map(|line| {
        line.strip_prefix(name)?
            .strip_prefix(' ')
            .map(str::to_owned)
    });
    line.map(|value| value.parse().unwrap())
}

/// A voter without cookies: the ballot's id is the session.
async fn vote(server: &Server, poll: &Poll, ballot: Uuid) -> (u16, Value) {
    let api = Api::without_cookies(server);
    api.cast(poll, &ballot.to_string(), 0).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn queued_votes_are_counted_by_an_aggregator() {
    let Some(fleet) = QueuedFleet::open().await else {
        return;
    };
    let [one, other] = &fleet.servers;
    let (_, body) = ready(one).await;
    let parts = body["parts"].as_array().unwrap();
    let queue = json!({"part": "queue", "backend": "redis", "needed": true, "ready": true});
    assert!(parts.contains(&queue), "{body}");
    assert_eq!(metric(one, "votify_queue_lag_records").await, None);

    let owner = Api::new(one);
    let poll = owner.create_poll().await;
    let mut viewer = Events::open(&Api::new(other), &poll).await;

    // By REST at one server, by WebSocket at the other.
    let voter = Api::new(one);
    let ballot = Uuid::new_v4().to_string();
    let (status, body) = voter.cast(&poll, &ballot, 0).await.unwrap();
    assert_eq!((status, &body["status"]), (202, &json!("queued")), "{body}");
    let url = format!("ws://{}/api/polls/{}/stream", other.address(), poll.id);
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    let message = json!({"type": "vote", "request_id": "r1", "option_id": poll.options[1]});
    socket
        .send(Message::text(message.to_string()))
        .await
        .unwrap();
    let mut next = async |kind: &str| {
        let received = async {
            loop {
                if let Message::Text(text) = socket.next().await.unwrap().unwrap() {
                    let message: Value = serde_json::from_str(&text).unwrap();
                    if message["type"] == kind {
                        return message;
                    }
                }
            }
        };
        let message = timeout(TIMEOUT, received).await;
        message.unwrap_or_else(|_| panic!("no {kind} arrives"))
    };
    let queued = next("vote_queued").await;
    assert_eq!(queued["request_id"], "r1", "{queued}");
    assert_eq!(owner.counts(&poll).await, [0, 0]);
    let status_url = format!("/api/polls/{}/vote?ballot_id={ballot}", poll.id);
    assert_eq!(voter.get_json(&status_url).await["status"], "queued");

    let aggregator = fleet.aggregate().await;
    let confirmed = next("vote_confirmed").await;
    assert_eq!(confirmed["request_id"], "r1", "{confirmed}");
    let seen = async { while viewer.next().await.unwrap()["total_votes"] != 2 {} };
    timeout(TIMEOUT, seen).await.unwrap();
    for server in [one, other] {
        let started = Instant::now();
        while voter.at(server).get_json(&status_url).await["status"] != "counted" {
            assert!(started.elapsed() < TIMEOUT);
        }
        assert_eq!(owner.at(server).counts(&poll).await, [1, 1]);
    }

    // The aggregator serves its health and metrics, and nothing else.
    let (status, body) = ready(&aggregator).await;
    assert_eq!(status, 200, "{body}");
    assert!(body["parts"].as_array().unwrap().contains(&queue), "{body}");
    assert_eq!(
        metric(&aggregator, "votify_queue_records_total").await,
        Some(2.0)
    );
    assert_eq!(
        metric(&aggregator, "votify_queue_lag_records").await,
        Some(0.0)
    );
    assert_eq!(metric(&aggregator, "votify_queue_paused").await, Some(0.0));
    let age = metric(&aggregator, "votify_queue_oldest_ballot_age_seconds").await;
    assert!(age.unwrap() > 0.0, "{age:?}");
    assert_eq!(
        metric(&aggregator, "votify_queue_records_set_aside_total").await,
        Some(0.0)
    );
    let foreign = reqwest::get(aggregator.url(&format!("/api/polls/{}", poll.id))).await;
    assert_eq!(foreign.unwrap().status(), 404);

    // An entry of another program is set aside, and counted among the metrics.
    let logs: Vec<String> = (0..8)
        .map(|partition| format!("votify:{{queue:election:{partition}}}:log"))
        .collect();
    for log in &logs {
        fleet.redis.cli(&["XADD", log, "*", "v", "not a vote"]);
    }
    let started = Instant::now();
    while logs
        .iter()
        .any(|log| fleet.redis.cli(&["XLEN", log]).trim() != "0")
    {
        assert!(started.elapsed() < TIMEOUT, "the entries are committed");
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(vote(one, &poll, Uuid::new_v4()).await.0, 202);
    let set_aside = async || metric(&aggregator, "votify_queue_records_set_aside_total").await;
    while set_aside().await != Some(8.0) {
        assert!(started.elapsed() < TIMEOUT);
        sleep(Duration::from_millis(20)).await;
    }

    // A stopped aggregator gives its partitions up: the next one waits for no lease.
    aggregator.signal(Signal::TERM);
    let exit = aggregator.wait().await;
    assert_eq!(exit.code(), 0, "{exit:?}");
    let (status, _) = vote(one, &poll, Uuid::new_v4()).await;
    assert_eq!(status, 202);
    let started = Instant::now();
    let next_aggregator = fleet.aggregate().await;
    while owner.counts(&poll).await != [3, 1] {
        assert!(
            started.elapsed() < Duration::from_secs(8),
            "the lease is 10 s"
        );
        sleep(Duration::from_millis(20)).await;
    }
    next_aggregator.stop().await;
    for server in fleet.servers {
        server.stop().await;
    }
}

/// Every vote that was acknowledged before the close is counted, and each later one is
/// counted or refused, on all instances alike.
#[tokio::test(flavor = "multi_thread")]
async fn a_close_counts_acknowledged_votes_in_flight() {
    let Some(fleet) = QueuedFleet::open().await else {
        return;
    };
    let aggregators = [fleet.aggregate().await, fleet.aggregate().await];
    let [one, other] = &fleet.servers;
    let owner = Api::new(one);
    let poll = owner.create_poll().await;
    let voters: Vec<(Api, String)> = (0..150)
        .map(|number| {
            let server = if number % 2 == 0 { one } else { other };
            (Api::new(server), Uuid::new_v4().to_string())
        })
        .collect();
    let cast = |range: std::ops::Range<usize>| {
        let casts = voters[range]
            .iter()
            .map(|(api, ballot)| api.cast(&poll, ballot, 0));
        join_all(casts)
    };
    for answer in cast(0..100).await {
        assert_eq!(answer.unwrap().0, 202);
    }
    let close_url = format!("/api/polls/{}/close", poll.id);
    let (closed, late) = tokio::join!(owner.post(&close_url), cast(100..150));
    assert_eq!(closed.status(), 200);
    let late = late.into_iter().map(|answer| answer.unwrap().0);
    let queued_late: u64 = late.map(|status| u64::from(status == 202)).sum();

    let started = Instant::now();
    let results_url = format!("/api/polls/{}/results", poll.id);
    let total = loop {
        let results = owner.at(other).get_json(&results_url).await;
        if results["final"] == true {
            break results["total_votes"].as_u64().unwrap();
        }
        assert_eq!(results["precision"], "provisional", "{results}");
        assert!(started.elapsed() < TIMEOUT, "the poll is sealed: {results}");
        sleep(Duration::from_millis(20)).await;
    };
    let mut counted = 0;
    for (number, (api, ballot)) in voters.iter().enumerate() {
        let path = format!("/api/polls/{}/vote?ballot_id={ballot}", poll.id);
        let status = api.at(one).get_json(&path).await;
        match status["status"].as_str() {
            Some("counted") => counted += 1,
            Some("refused") => {
                assert!(number >= 100, "acknowledged before the close: {status}");
                assert_eq!(status["code"], "poll_closed", "{status}");
            }
            _ => panic!("undecided after the close: {status}"),
        }
    }
    assert_eq!(counted, total);
    assert!((100..=100 + queued_late).contains(&total));
    for server in aggregators.into_iter().chain(fleet.servers) {
        server.stop().await;
    }
}

/// One process accepts and counts, on SQLite.
#[tokio::test(flavor = "multi_thread")]
async fn a_single_server_counts_its_own_queue() {
    let Some(redis) = Redis::new() else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let server = start(directory.path(), &["--queue", &redis.url()]).await;
    let owner = Api::new(&server);
    let poll = owner.create_poll().await;
    assert_eq!(vote(&server, &poll, Uuid::new_v4()).await.0, 202);
    let started = Instant::now();
    while owner.counts(&poll).await != [1, 0] {
        assert!(started.elapsed() < TIMEOUT);
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(
        metric(&server, "votify_queue_records_total").await,
        Some(1.0)
    );
    server.stop().await;
}

#[tokio::test]
async fn wrong_combinations_are_one_line() {
    let directory = tempfile::tempdir().unwrap();
    for (arguments, expected) in [
        (&["aggregate"][..], "--queue: must name the queue"),
        (
            &[
                "aggregate",
                "--store",
                "memory:",
                "--queue",
                "redis://localhost",
            ],
            "--queue: a store in memory loses its polls",
        ),
        #[cfg(not(feature = "kafka"))]
        (
            &["migrate", "--queue", "kafka://broker:9092/votes"],
            "--queue: this build has no Kafka",
        ),
    ] {
        let exit = run_with_secret(directory.path(), arguments).await;
        assert!(exit.error_line(2).contains(expected), "{exit:?}");
    }
    let nobody = [
        "migrate",
        "--store",
        "memory:",
        "--queue",
        "redis://:hunter2@127.0.0.1:1",
    ];
    let exit = run_with_secret(directory.path(), &nobody).await;
    let line = exit.error_line(1);
    assert!(line.contains("--queue: Redis is unavailable"), "{line}");
    assert!(!line.contains("hunter2"), "{line}");
}
