//! Several instances of the program on one PostgreSQL or MariaDB.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use crate::api::{Api, Events};
use crate::program::{ended, run, start, votify};
use votify_test_support::sql::{ScratchDatabase, Server, ServerKind};

/// The same URL with a password in it, which these servers do not ask for.
fn with_password(url: &str) -> String {
    let mut url = url::Url::parse(url).unwrap();
    url.set_password(Some("hunter2")).unwrap();
    url.into()
}

async fn a_schema_is_made_when_asked_for(kind: ServerKind) {
    let Some(database) = ScratchDatabase::new(kind).await else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    // MariaDB asks for no password of root, and minds one that is wrong.
    let url = match kind {
        ServerKind::Postgres => with_password(database.url()),
        ServerKind::MySql => database.url().to_owned(),
    };
    let serve = ["serve", "--listen", "127.0.0.1:0", "--store", &url];

    let without_secret = run(&mut votify(directory.path(), &serve)).await;
    let line = without_secret.failure(2);
    assert!(
        line.contains("VOTIFY_SECRET") && line.contains("openssl rand"),
        "{line}"
    );
    let unmigrated = ended(directory.path(), &serve).await;
    let line = unmigrated.failure(1);
    assert!(
        line.contains("votify migrate") && line.contains("--migrate"),
        "{line}"
    );
    for _ in 0..2 {
        let migrated = ended(directory.path(), &["migrate", "--store", &url]).await;
        assert_eq!(migrated.code(), 0, "{migrated:?}");
        assert!(migrated.output.contains("up to date"), "{migrated:?}");
        assert!(!format!("{migrated:?}").contains("hunter2"), "{migrated:?}");
    }
    let server = start(directory.path(), &["--store", &url]).await;
    let api = Api::new(&server);
    let poll = api.create_poll().await;
    assert_eq!(api.vote(&poll, 0).await.0, 201);
    let verified = ended(directory.path(), &["verify", &poll.id, "--store", &url]).await;
    assert!(verified.output.contains("exact, 1 votes"), "{verified:?}");
    server.send(rustix::process::Signal::TERM);
    let stopped = server.end().await;
    assert_eq!(stopped.code(), 0, "{stopped:?}");
    assert!(!format!("{stopped:?}").contains("hunter2"), "{stopped:?}");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

async fn instances_share_voters_and_counts(kind: ServerKind) {
    let (Some(database), Some(news)) = (
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
        news.url(),
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

async fn votes_get_503_while_the_server_hangs(kind: ServerKind) {
    let Some(database) = Server::new(kind, &[]).await else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let server = start(directory.path(), &["--store", database.url(), "--migrate"]).await;
    let api = Api::new(&server);
    let poll = api.create_poll().await;
    assert_eq!(api.vote(&poll, 0).await.0, 201);

    database.pause();
    let votes = (0..40).map(|number: u64| {
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
    ($name:ident, $scenario:ident) => {
        mod $name {
            use votify_test_support::sql::ServerKind;

            #[tokio::test]
            async fn on_postgres() {
                super::$scenario(ServerKind::Postgres).await;
            }

            #[tokio::test]
            async fn on_mysql() {
                super::$scenario(ServerKind::MySql).await;
            }
        }
    };
}

on_each_server!(making_the_schema, a_schema_is_made_when_asked_for);
on_each_server!(two_instances, instances_share_voters_and_counts);
on_each_server!(
    hanging_of_a_private_server,
    votes_get_503_while_the_server_hangs
);
