//! The program with Redis as its store.

use uuid::Uuid;

use crate::api::Api;
use crate::program::{SERVE, run, run_with_secret, start, start_with, votify};
use votify_test_support::redis::{Server, ServerConfig};

#[tokio::test(flavor = "multi_thread")]
async fn votes_survive_a_restart_and_can_be_verified() {
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
    let line = without_secret.error_line(2);
    assert!(line.contains("VOTIFY_SECRET"), "{line}");
    let migrated = run_with_secret(directory.path(), &["migrate", "--store", &url]).await;
    assert_eq!(migrated.code(), 0, "{migrated:?}");
    assert!(
        migrated.stdout.contains("nothing to migrate"),
        "{migrated:?}"
    );

    let server = start(directory.path(), &store).await;
    let api = Api::new(&server);
    let poll = api.create_poll().await;
    let ballot = Uuid::new_v4().to_string();
    assert_eq!(api.cast(&poll, &ballot, 0).await.unwrap().0, 201);
    assert_eq!(api.cast(&poll, &ballot, 0).await.unwrap().0, 200);
    assert_eq!(api.vote(&poll, 1).await.0, 409);
    server.signal(rustix::process::Signal::TERM);
    let stopped = server.wait().await;
    assert_eq!(stopped.code(), 0, "{stopped:?}");
    assert!(
        !stopped
            .stderr
            .contains("what an acknowledged vote is worth")
    );
    for exit in [&without_secret, &migrated, &stopped] {
        assert!(!format!("{exit:?}").contains("hunter2"), "{exit:?}");
    }

    let server = start(directory.path(), &store).await;
    let api = api.at(&server);
    assert_eq!(api.cast(&poll, &ballot, 0).await.unwrap().0, 200);
    assert_eq!(Api::new(&server).vote(&poll, 1).await.0, 201);
    assert_eq!(api.counts(&poll).await, [1, 1]);
    let verified = run_with_secret(directory.path(), &["verify", &poll.id, "--store", &url]).await;
    assert!(verified.stdout.contains("exact, 2 votes"), "{verified:?}");
    server.stop().await;
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_volatile_redis_is_logged_and_rejected_by_require_durable() {
    let directory = tempfile::tempdir().unwrap();
    for (setup, expected) in [
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
        let rejected = run_with_secret(
            directory.path(),
            &[&serve[..], &["--require-durable"]].concat(),
        )
        .await;
        let line = rejected.error_line(1);
        assert!(
            line.contains("--require-durable")
                && line.contains(expected)
                && line.contains("appendfsync"),
            "{line}"
        );
        let server = start(
            directory.path(),
            &["--store", &url, "--require-durable=false"],
        )
        .await;
        server.signal(rustix::process::Signal::TERM);
        let stopped = server.wait().await;
        let lines = stopped.stderr.lines();
        let lines = lines.filter(|line| line.contains("WARN") && line.contains(expected));
        assert_eq!(lines.count(), 1, "{stopped:?}");
    }
}

#[tokio::test]
async fn require_durable_applies_to_all_stores() {
    let directory = tempfile::tempdir().unwrap();
    for store in ["memory:", "sqlite::memory:"] {
        let rejected = run_with_secret(
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
        let line = rejected.error_line(1);
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
async fn tls_accepts_servers_with_trusted_certificates() {
    let Some(redis) = Server::with_config(ServerConfig::new().tls().password("hunter2")) else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let url = redis.url();
    let mut arguments = SERVE.to_vec();
    arguments.extend(["--store", &url, "--broadcast", &url, "--limits", &url]);
    let distrusted = run_with_secret(directory.path(), &arguments).await;
    let line = distrusted.error_line(1);
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
    async fn two_instances_share_voters_counts_and_updates() {
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
