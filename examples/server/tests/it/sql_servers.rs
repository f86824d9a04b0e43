//! Several instances of the program on one PostgreSQL or MariaDB server.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use crate::api::{Api, Events};
use crate::program::{run, run_with_secret, start, votify};
use votify_test_support::sql::{ScratchDatabase, Server, ServerKind};

/// Adds a password to a URL. These servers ignore it.
fn with_password(url: &str) -> String {
    let mut url = url::Url::parse(url).unwrap();
    url.set_password(Some("hunter2")).unwrap();
    url.into()
}

async fn migrations_run_only_on_request(kind: ServerKind) {
    let Some(database) = ScratchDatabase::new(kind).await else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    // MariaDB needs no password for root, but rejects a wrong one.
    let url = match kind {
        ServerKind::Postgres => with_password(database.url()),
        ServerKind::MySql => database.url().to_owned(),
    };
    let serve = ["serve", "--listen", "127.0.0.1:0", "--store", &url];

    let without_secret = run(&mut votify(directory.path(), &serve)).await;
    let line = without_secret.error_line(2);
    assert!(
        line.contains("VOTIFY_SECRET") && line.contains("openssl rand"),
        "{line}"
    );
    let unmigrated = run_with_secret(directory.path(), &serve).await;
    let line = unmigrated.error_line(1);
    assert!(
        line.contains("votify migrate") && line.contains("--migrate"),
        "{line}"
    );
    for _ in 0..2 {
        let migrated = run_with_secret(directory.path(), &["migrate", "--store", &url]).await;
        assert_eq!(migrated.code(), 0, "{migrated:?}");
        assert!(migrated.stdout.contains("up to date"), "{migrated:?}");
        assert!(!format!("{migrated:?}").contains("hunter2"), "{migrated:?}");
    }
    let server = start(directory.path(), &["--store", &url]).await;
    let api = Api::new(&server);
    let poll = api.create_poll().await;
    assert_eq!(api.vote(&poll, 0).await.0, 201);
    let verified = run_with_secret(directory.path(), &["verify", &poll.id, "--store", &url]).await;
    assert!(verified.stdout.contains("exact, 1 votes"), "{verified:?}");
    server.signal(rustix::process::Signal::TERM);
    let stopped = server.wait().await;
    assert_eq!(stopped.code(), 0, "{stopped:?}");
    assert!(!format!("{stopped:?}").contains("hunter2"), "{stopped:?}");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

async fn instances_share_voters_and_counts(kind: ServerKind) {
    let (Some(database), Some(broadcast)) = (
        ScratchDatabase::new(kind).await,
        ScratchDatabase::postgres().await,
    ) else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let arguments = [
        "--store",
        database.url(),
        "--migrate",
        "--broadcast",
        broadcast.url(),
    ];
    let (one, other) = tokio::join!(
        start(directory.path(), &arguments),
        start(directory.path(), &arguments)
    );
    let (alice, bob) = (Api::new(&one), Api::new(&other));
    let poll = alice.create_poll().await;
    let mut events = Events::open(&bob, &poll).await;
    assert_eq!(alice.vote(&poll, 0).await.0, 201);
    assert_eq!(alice.at(&other).vote(&poll, 1).await.0, 409);
    assert_eq!(bob.vote(&poll, 1).await.0, 201);
    let seen = async { while events.next().await.unwrap()["total_votes"] != 2 {} };
    timeout(Duration::from_secs(10), seen).await.unwrap();
    assert_eq!(alice.counts(&poll).await, [1, 1]);
    one.stop().await;
    let carol = Api::new(&other);
    assert_eq!(carol.vote(&poll, 0).await.0, 201);
    other.stop().await;
}

async fn votes_get_503_while_the_server_hangs_briefly(kind: ServerKind) {
    votes_get_503_while_the_server_hangs(kind, 10).await;
}

async fn votes_get_503_while_the_server_hangs_long(kind: ServerKind) {
    votes_get_503_while_the_server_hangs(kind, 40).await;
}

/// Sends one vote every 200 ms to a paused database server. Each gets a 503 within 5 s.
async fn votes_get_503_while_the_server_hangs(kind: ServerKind, votes: u64) {
    let Some(database) = Server::new(kind, &[]).await else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let server = start(directory.path(), &["--store", database.url(), "--migrate"]).await;
    let api = Api::new(&server);
    let poll = api.create_poll().await;
    assert_eq!(api.vote(&poll, 0).await.0, 201);

    database.pause();
    let votes = (0..votes).map(|number| {
        let (voter, poll) = (Api::new(&server), poll.clone());
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(number * 200)).await;
            let since = Instant::now();
            let (status, body) = voter.vote(&poll, 1).await;
            (status, body, since.elapsed())
        })
    });
    for vote in votes.collect::<Vec<_>>() {
        let (status, body, time) = vote.await.unwrap();
        assert_eq!(
            (status, &body["code"]),
            (503, &json!("store_unavailable")),
            "{body}"
        );
        assert!(time < Duration::from_secs(5), "{time:?}");
    }
    database.resume();

    let since = Instant::now();
    let late = Api::new(&server);
    loop {
        let (status, body): (_, Value) = late.vote(&poll, 0).await;
        if status == 201 || body["code"] == "already_voted" {
            break;
        }
        assert!(since.elapsed() < Duration::from_secs(5), "{body}");
    }
    server.stop().await;
}

macro_rules! on_each_server {
    ($name:ident, $test:ident) => {
        mod $name {
            use votify_test_support::sql::ServerKind;

            #[tokio::test]
            async fn on_postgres() {
                super::$test(ServerKind::Postgres).await;
            }

            #[tokio::test]
            async fn on_mysql() {
                super::$test(ServerKind::MySql).await;
            }
        }
    };
}

on_each_server!(migrations, migrations_run_only_on_request);
on_each_server!(two_instances, instances_share_voters_and_counts);
on_each_server!(
    hanging_private_server,
    votes_get_503_while_the_server_hangs_briefly
);
on_each_server!(
    endurance_hanging_private_server,
    votes_get_503_while_the_server_hangs_long
);
