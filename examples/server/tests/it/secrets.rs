use std::os::unix::fs::PermissionsExt;

use crate::api::Api;
use crate::program::{Server, run, votify};

#[tokio::test]
async fn public_addresses_require_a_secret() {
    let directory = tempfile::tempdir().unwrap();
    for listen in ["0.0.0.0:0", "[::]:0"] {
        let exit = run(&mut votify(
            directory.path(),
            &["serve", "--listen", listen],
        ))
        .await;
        let line = exit.error_line(2);
        assert!(
            line.contains("VOTIFY_SECRET") && line.contains("openssl rand -hex 32"),
            "{line}"
        );
    }
    assert_eq!(
        std::fs::read_dir(directory.path()).unwrap().count(),
        0,
        "no file is created"
    );
    let mut command = votify(
        directory.path(),
        &[
            "serve",
            "--listen",
            "0.0.0.0:0",
            "--store",
            "memory:",
            "--allowed-hosts",
            "polls.example",
        ],
    );
    command.env("VOTIFY_SECRET", "0123456789abcdef0123456789abcdef");
    Server::spawn(command).await.stop().await;
}

#[tokio::test]
async fn a_secret_is_created_beside_the_database() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("votify.db.secret");
    let server = Server::start(directory.path(), &[]).await;
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let secret = std::fs::read_to_string(&path).unwrap();
    let api = Api::new(&server);
    let poll = api.create_poll().await;
    assert_eq!(api.vote(&poll, 0).await.0, 201);
    server.signal(rustix::process::Signal::TERM);
    let exit = server.wait().await;
    assert!(
        !exit.stderr.contains(secret.trim()) && !exit.stdout.contains(secret.trim()),
        "{exit:?}"
    );

    // The session is valid after a restart.
    let server = Server::start(directory.path(), &[]).await;
    assert_eq!(std::fs::read_to_string(&path).unwrap(), secret);
    let (status, body) = api.at(&server).vote(&poll, 0).await;
    assert_eq!(
        (status, body["code"].as_str()),
        (409, Some("already_voted")),
        "{body}"
    );
    server.stop().await;

    // A corrupt secret file is not replaced.
    std::fs::write(&path, "").unwrap();
    let exit = run(&mut votify(
        directory.path(),
        &["serve", "--listen", "127.0.0.1:0"],
    ))
    .await;
    assert!(exit.error_line(1).contains("votify.db.secret"), "{exit:?}");
}

#[tokio::test]
async fn a_memory_store_creates_no_files() {
    let directory = tempfile::tempdir().unwrap();
    Server::start(directory.path(), &["--store", "memory:"])
        .await
        .stop()
        .await;
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn voters_are_recognized_after_a_secret_rotation() {
    let directory = tempfile::tempdir().unwrap();
    let start = async |secrets: &str| {
        let mut command = votify(directory.path(), &["serve", "--listen", "127.0.0.1:0"]);
        Server::spawn({
            command.env("VOTIFY_SECRET", secrets);
            command
        })
        .await
    };
    let (old, new) = (
        "an old secret of at least 32 bytes",
        "a new secret of at least 32 bytes",
    );
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
