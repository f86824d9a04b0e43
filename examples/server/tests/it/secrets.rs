use std::os::unix::fs::PermissionsExt;

use crate::api::Api;
use crate::program::{Server, run, votify};

#[tokio::test]
async fn without_a_secret_only_a_loopback_address_is_listened_on() {
    let directory = tempfile::tempdir().unwrap();
    for listen in ["0.0.0.0:0", "[::]:0"] {
        let ended = run(&mut votify(directory.path(), &["serve", "--listen", listen])).await;
        let line = ended.failure(2);
        assert!(line.contains("VOTIFY_SECRET") && line.contains("openssl rand -hex 32"), "{line}");
    }
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0, "nothing is made");
    let mut command = votify(directory.path(), &["serve", "--listen", "0.0.0.0:0", "--store", "memory:"]);
    command.env("VOTIFY_SECRET", "0123456789abcdef0123456789abcdef");
    Server::spawn(command).await.stop().await;
}

#[tokio::test]
async fn one_is_made_and_kept_beside_the_database() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("votify.db.secret");
    let server = Server::start(directory.path(), &[]).await;
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let kept = std::fs::read_to_string(&path).unwrap();
    let api = Api::new(&server);
    let poll = api.create_poll().await;
    assert_eq!(api.vote(&poll, 0).await.0, 201);
    server.send(rustix::process::Signal::TERM);
    let ended = server.end().await;
    assert!(!ended.errors.contains(kept.trim()) && !ended.output.contains(kept.trim()), "{ended:?}");

    // The same browser is the same voter after a restart.
    let server = Server::start(directory.path(), &[]).await;
    assert_eq!(std::fs::read_to_string(&path).unwrap(), kept);
    let (status, body) = api.at(&server).vote(&poll, 0).await;
    assert_eq!((status, body["code"].as_str()), (409, Some("already_voted")), "{body}");
    server.stop().await;

    // A damaged one is not replaced behind the operator's back.
    std::fs::write(&path, "").unwrap();
    let ended = run(&mut votify(directory.path(), &["serve", "--listen", "127.0.0.1:0"])).await;
    assert!(ended.failure(1).contains("votify.db.secret"), "{ended:?}");
}

#[tokio::test]
async fn a_store_in_memory_leaves_nothing_behind() {
    let directory = tempfile::tempdir().unwrap();
    Server::start(directory.path(), &["--store", "memory:"]).await.stop().await;
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_rotated_secret_keeps_voters_known() {
    let directory = tempfile::tempdir().unwrap();
    let start = async |secrets: &str| {
        let mut command = votify(directory.path(), &["serve", "--listen", "127.0.0.1:0"]);
        Server::spawn({
            command.env("VOTIFY_SECRET", secrets);
            command
        })
        .await
    };
    let (old, new) = ("an old secret of at least 32 bytes", "a new secret of at least 32 bytes");
    let server = start(old).await;
    let api = Api::new(&server);
    let poll = api.create_poll().await;
    assert_eq!(api.vote(&poll, 0).await.0, 201);
    server.stop().await;
    let server = start(&format!("{new},{old}")).await;
    let api = api.at(&server);
    assert_eq!(api.vote(&poll, 0).await.0, 409);
    let newer = api.create_poll().await;
    assert_eq!(api.vote(&newer, 1).await.0, 201);
    server.stop().await;
}
