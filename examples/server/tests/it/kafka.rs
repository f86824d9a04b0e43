//! Votes through Kafka: HTTP, a broker over TCP, `votify aggregate`, PostgreSQL, a viewer.

use std::time::Duration;

use futures_util::future::join_all;
use rustix::process::Signal;
use serde_json::json;
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;
use votify_test_support::kafka::shared_brokers;
use votify_test_support::sql::ScratchDatabase;

use crate::api::{Api, Events, Poll, ready};
use crate::program::{Server, run_with_secret, start, start_with};

/// Far above every delay of a test.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A database and a topic of its own.
struct Queue {
    directory: tempfile::TempDir,
    store: String,
    url: String,
    _database: ScratchDatabase,
}

impl Queue {
    /// Creates the schema and the topics. Returns `None`, and reports the skip, if a server
    /// is missing.
    async fn create() -> Option<Self> {
        let brokers = shared_brokers()?;
        let database = ScratchDatabase::postgres().await?;
        let topic = format!("votify-test-{:016x}", fastrand::u64(..));
        let queue = Self {
            directory: tempfile::tempdir().unwrap(),
            store: database.url().to_owned(),
            url: format!(
                "kafka://{brokers}/{topic}?partitions=4&replication=1&session_timeout=6s\
                 &delivery_timeout=2s"
            ),
            _database: database,
        };
        let migrate = ["migrate", "--store", &queue.store, "--queue", &queue.url];
        for _ in 0..2 {
            let migrated = run_with_secret(queue.directory.path(), &migrate).await;
            assert_eq!(migrated.code(), 0, "{migrated:?}");
            assert!(migrated.stdout.contains(&topic), "{migrated:?}");
        }
        Some(queue)
    }

    fn arguments(&self) -> [&str; 6] {
        [
            "--store",
            &self.store,
            "--broadcast",
            &self.store,
            "--queue",
            &self.url,
        ]
    }

    /// Starts a server that counts nothing.
    async fn serve(&self) -> Server {
        let mut all = vec!["--aggregate", "off"];
        all.extend(self.arguments());
        start(self.directory.path(), &all).await
    }

    async fn aggregate(&self) -> Server {
        let mut all = vec!["aggregate", "--listen", "127.0.0.1:0"];
        all.extend(self.arguments());
        start_with(self.directory.path(), &all, &[]).await
    }
}

async fn total(api: &Api, poll: &Poll) -> u64 {
    api.counts(poll).await.iter().sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn votes_go_through_kafka_to_viewers() {
    let Some(queue) = Queue::create().await else {
        return;
    };
    let servers = [queue.serve().await, queue.serve().await];
    let (status, body) = ready(&servers[0]).await;
    let part = json!({"part": "queue", "backend": "kafka", "needed": true, "ready": true});
    assert_eq!(status, 200, "{body}");
    assert!(body["parts"].as_array().unwrap().contains(&part), "{body}");
    let owner = Api::new(&servers[0]);
    let poll = owner.create_poll().await;
    let mut viewer = Events::open(&Api::new(&servers[1]), &poll).await;
    let (voter, ballot) = (Api::new(&servers[0]), Uuid::new_v4().to_string());
    let (status, body) = voter.cast(&poll, &ballot, 0).await.unwrap();
    assert_eq!((status, &body["status"]), (202, &json!("queued")), "{body}");
    assert_eq!(owner.counts(&poll).await, [0, 0]);

    let aggregator = queue.aggregate().await;
    let seen = async { while viewer.next().await.unwrap()["total_votes"] != 1 {} };
    timeout(TIMEOUT, seen).await.unwrap();
    let status_url = format!("/api/polls/{}/vote?ballot_id={ballot}", poll.id);
    for server in &servers {
        assert_eq!(
            voter.at(server).get_json(&status_url).await["status"],
            "counted"
        );
        assert_eq!(owner.at(server).counts(&poll).await, [1, 0]);
    }

    let closed = owner.post(&format!("/api/polls/{}/close", poll.id)).await;
    assert_eq!(closed.status(), 200);
    let started = Instant::now();
    let results_url = format!("/api/polls/{}/results", poll.id);
    while owner.get_json(&results_url).await["final"] != true {
        assert!(started.elapsed() < TIMEOUT, "the poll is sealed");
        sleep(Duration::from_millis(50)).await;
    }
    // The other server learns of the seal within a second.
    let late = Api::new(&servers[1]);
    while late.vote(&poll, 1).await.0 != 409 {
        assert!(started.elapsed() < TIMEOUT, "late votes are refused");
        sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(owner.counts(&poll).await, [1, 0]);
    aggregator.signal(Signal::TERM);
    let exit = aggregator.wait().await;
    assert_eq!(exit.code(), 0, "{exit:?}");
    for server in servers {
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_cannot_work_are_one_line() {
    let Some(queue) = Queue::create().await else {
        return;
    };
    let other = queue.url.replace("partitions=4", "partitions=8");
    for (url, expected) in [
        (other.as_str(), "has 4 partitions"),
        ("kafka://127.0.0.1:1/votes", "127.0.0.1:1"),
        ("kafka://ann:hunter2@127.0.0.1:1/votes?sasl=plain", "TLS"),
        ("kafka://ann:hunter2@127.0.0.1:1/", "topic"),
    ] {
        let arguments = ["migrate", "--store", &queue.store, "--queue", url];
        let failed = run_with_secret(queue.directory.path(), &arguments).await;
        assert_ne!(failed.code(), 0, "{failed:?}");
        let line = failed.stderr.lines().last().unwrap_or_default();
        assert!(line.contains("--queue"), "{failed:?}");
        assert!(line.contains(expected), "{line}");
        assert!(!failed.stderr.contains("hunter2"), "{failed:?}");
    }
}

/// `votify aggregate` is killed again and again while votes arrive. Each acknowledged vote
/// is counted once.
async fn aggregators_are_killed(kills: u32) {
    let Some(queue) = Queue::create().await else {
        return;
    };
    let server = queue.serve().await;
    let owner = Api::new(&server);
    let poll = owner.create_poll().await;
    let mut acknowledged = 0_u64;
    for _ in 0..kills {
        let aggregator = queue.aggregate().await;
        let voters = (0..40).map(|_| {
            let (server, poll) = (&server, &poll);
            async move {
                sleep(Duration::from_millis(fastrand::u64(0..4_000))).await;
                let api = Api::without_cookies(server);
                let cast = api.cast(poll, &Uuid::new_v4().to_string(), 0).await;
                u64::from(cast.unwrap().0 == 202)
            }
        });
        let kill = async {
            sleep(Duration::from_millis(fastrand::u64(2_500..5_000))).await;
            aggregator.signal(Signal::KILL);
            aggregator.wait().await
        };
        let (votes, exit) = tokio::join!(join_all(voters), kill);
        assert!(!exit.status.success());
        acknowledged += votes.iter().sum::<u64>();
    }
    let aggregator = queue.aggregate().await;
    let started = Instant::now();
    while total(&owner, &poll).await != acknowledged {
        assert!(
            started.elapsed() < TIMEOUT,
            "{acknowledged} votes were acknowledged, {} are counted",
            total(&owner, &poll).await
        );
        sleep(Duration::from_millis(50)).await;
    }
    let verify = ["verify", &poll.id, "--store", &queue.store];
    let verified = run_with_secret(queue.directory.path(), &verify).await;
    assert_eq!(verified.code(), 0, "{verified:?}");
    eprintln!("{kills} kills, {acknowledged} votes");
    aggregator.stop().await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_aggregators_lose_no_vote() {
    aggregators_are_killed(3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn endurance_of_50_killed_aggregators() {
    aggregators_are_killed(50).await;
}
