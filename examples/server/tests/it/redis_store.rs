//! The program with all of its polls in a Redis.

use uuid::Uuid;

use crate::api::Api;
use crate::program::{SERVE, ended, run, start, start_with, votify};
use votify_test_support::redis::{Server, ServerConfig};

#[tokio::test(flavor = "multi_thread")]
async fn votes_outlive_the_program_and_can_be_verified() {
    let durable = ServerConfig::new()
        .append_only("always")
        .password("hunter2");
    let Some(redis) = Server::with_config(durable) else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let url = redis.url();
    let store = ["--store", &url, "--require-durable"];

    let without_secret = run(&mut votify(
        directory.path(),
        &["serve", store[0], store[1]],
    ))
    .await;
    let line = without_secret.failure(2);
    assert!(line.contains("VOTIFY_SECRET"), "{line}");
    let migrated = ended(directory.path(), &["migrate", "--store", &url]).await;
    assert_eq!(migrated.code(), 0, "{migrated:?}");
    assert!(
        migrated.output.contains("nothing to migrate"),
        "{migrated:?}"
    );

    let server = start(directory.path(), &store).await;
    let api = Api::new(&server);
    let poll = api.create_poll().await;
    let ballot = Uuid::new_v4().to_string();
    assert_eq!(api.cast(&poll, &ballot, 0).await.unwrap().0, 201);
    assert_eq!(api.cast(&poll, &ballot, 0).await.unwrap().0, 200);
    assert_eq!(api.vote(&poll, 1).await.0, 409);
    server.send(rustix::process::Signal::TERM);
    let stopped = server.end().await;
    assert_eq!(stopped.code(), 0, "{stopped:?}");
    assert!(
        !stopped
            .errors
            .contains("what an acknowledged vote is worth")
    );
    for told in [&without_secret, &migrated, &stopped] {
        assert!(!format!("{told:?}").contains("hunter2"), "{told:?}");
    }

    let server = start(directory.path(), &store).await;
    let api = api.at(&server);
    assert_eq!(api.cast(&poll, &ballot, 0).await.unwrap().0, 200);
    assert_eq!(Api::new(&server).vote(&poll, 1).await.0, 201);
    assert_eq!(api.counts(&poll).await, [1, 1]);
    let verified = ended(directory.path(), &["verify", &poll.id, "--store", &url]).await;
    assert!(verified.output.contains("exact, 2 votes"), "{verified:?}");
    server.stop().await;
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_forgets_is_told_of_and_refused_where_votes_must_last() {
    let directory = tempfile::tempdir().unwrap();
    for (setup, says) in [
        (ServerConfig::new(), "lost if the server's process"),
        (
            ServerConfig::new().append_only("everysec"),
            "the last seconds",
        ),
    ] {
        let Some(redis) = Server::with_config(setup) else {
            return;
        };
        let url = redis.url();
        let serve = ["serve", "--listen", "127.0.0.1:0", "--store", &url];
        let refused = ended(
            directory.path(),
            &[&serve[..], &["--require-durable"]].concat(),
        )
        .await;
        let line = refused.failure(1);
        assert!(
            line.contains("--require-durable")
                && line.contains(says)
                && line.contains("appendfsync"),
            "{line}"
        );
        let server = start(
            directory.path(),
            &["--store", &url, "--require-durable=false"],
        )
        .await;
        server.send(rustix::process::Signal::TERM);
        let stopped = server.end().await;
        let told = stopped.errors.lines();
        let told = told.filter(|line| line.contains("WARN") && line.contains(says));
        assert_eq!(told.count(), 1, "{stopped:?}");
    }
}

#[tokio::test]
async fn other_stores_are_asked_too_whether_votes_last() {
    let directory = tempfile::tempdir().unwrap();
    for store in ["memory:", "sqlite::memory:"] {
        let refused = ended(
            directory.path(),
            &[
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--store",
                store,
                "--require-durable",
            ],
        )
        .await;
        let line = refused.failure(1);
        assert!(
            line.contains("--require-durable") && line.contains("lost if"),
            "{line}"
        );
    }
    let durable = [("VOTIFY_REQUIRE_DURABLE", "true")];
    start_with(directory.path(), &SERVE, &durable)
        .await
        .stop()
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_is_spoken_to_servers_that_the_system_trusts() {
    let Some(redis) = Server::with_config(ServerConfig::new().tls().password("hunter2")) else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let url = redis.url();
    let mut arguments = SERVE.to_vec();
    arguments.extend(["--store", &url, "--broadcast", &url, "--limits", &url]);
    let distrusted = ended(directory.path(), &arguments).await;
    let line = distrusted.failure(1);
    assert!(
        line.contains("--store") && !line.contains("hunter2"),
        "{line}"
    );

    let root = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&root, redis.root_certificate()).unwrap();
    let root = root.path().to_str().unwrap();
    let server = start_with(directory.path(), &arguments, &[("SSL_CERT_FILE", root)]).await;
    let api = Api::new(&server);
    let poll = api.create_poll().await;
    assert_eq!(api.vote(&poll, 0).await.0, 201);
    server.stop().await;
}

mod on_a_cluster_of_private_servers {
    use std::time::Duration;

    use tokio::time::timeout;

    use crate::api::{Api, Events};
    use crate::program::start;
    use votify_test_support::redis::Cluster;

    #[tokio::test(flavor = "multi_thread")]
    async fn two_instances_share_voters_counts_and_news() {
        let Some(cluster) = Cluster::new() else {
            return;
        };
        let directory = tempfile::tempdir().unwrap();
        let url = cluster.url();
        let arguments = ["--store", &url, "--broadcast", &url, "--limits", &url];
        let one = start(directory.path(), &arguments).await;
        let other = start(directory.path(), &arguments).await;
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
        other.stop().await;
    }
}
