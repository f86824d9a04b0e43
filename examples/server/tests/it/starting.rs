use std::net::TcpListener;

use votify_sqlx::sqlx::{self, Connection, Executor};

use crate::program::{Server, run, votify};

#[tokio::test]
async fn port_0_is_a_free_one_and_standard_output_says_which() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &[]).await;
    assert!(!server.address().ends_with(":0"), "{}", server.address());
    let healthy = reqwest::get(server.url("/healthz")).await.unwrap();
    assert_eq!(healthy.status(), 200);
    let ready = reqwest::get(server.url("/readyz")).await.unwrap();
    assert_eq!(ready.status(), 200);
    server.send(rustix::process::Signal::INT);
    let ended = server.end().await;
    assert_eq!(
        (ended.code(), ended.output.as_str()),
        (0, ""),
        "logs go to standard error: {ended:?}"
    );
}

#[tokio::test]
async fn pages_and_documents_are_served() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &[]).await;
    for (path, holds) in [
        ("/", "<html"),
        ("/api/docs", "<html"),
        ("/api/openapi.json", "\"openapi\":\"3.1"),
        ("/metrics", "votify_viewers 0"),
    ] {
        let answer = reqwest::get(server.url(path)).await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        let body = answer.text().await.unwrap();
        assert!(body.contains(holds), "{path}: {body}");
    }
}

#[tokio::test]
async fn a_taken_port_is_said_and_nothing_is_made() {
    let directory = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ended = run(&mut votify(
        directory.path(),
        &["serve", "--listen", &address],
    ))
    .await;
    let line = ended.failure(1);
    assert!(
        line.contains(&format!("cannot listen on {address}: address in use")),
        "{line}"
    );
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_database_that_cannot_be_used_is_one_line_that_names_the_setting() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    std::fs::write(
        path.join("letter.db"),
        "Dear database, this is a letter and no database. ".repeat(100),
    )
    .unwrap();
    let mut foreign = sqlx::SqliteConnection::connect(&format!(
        "sqlite://{}/foreign.db?mode=rwc",
        path.display()
    ))
    .await
    .unwrap();
    foreign
        .execute("CREATE TABLE votify_polls (question TEXT)")
        .await
        .unwrap();
    foreign.close().await.unwrap();
    for (url, says) in [
        ("sqlite://missing.db", "missing.db"),
        (
            "sqlite://no/such/folder/votify.db?mode=rwc",
            "no/such/folder",
        ),
        ("sqlite:///proc/votify.db?mode=rwc", "/proc/votify.db"),
        ("sqlite://letter.db", "letter.db"),
        ("sqlite://foreign.db", "votify_polls"),
    ] {
        let before = names(path);
        for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["migrate"]] {
            let mut arguments = command.to_vec();
            arguments.extend(["--store", url]);
            let ended = run(&mut votify(path, &arguments)).await;
            let line = ended.failure(1);
            assert!(line.contains("--store") && line.contains(says), "{line}");
        }
        assert_eq!(names(path), before, "{url}");
    }
}

fn names(path: &std::path::Path) -> Vec<std::ffi::OsString> {
    let mut names: Vec<_> = std::fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.retain(|name| {
        !name.to_string_lossy().ends_with("-shm") && !name.to_string_lossy().ends_with("-wal")
    });
    names.sort();
    names
}

#[tokio::test]
async fn migrating_makes_the_database_and_may_be_repeated() {
    let directory = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let ended = run(&mut votify(directory.path(), &["migrate"])).await;
        assert_eq!(ended.code(), 0, "{ended:?}");
    }
    assert!(directory.path().join("votify.db").exists());
    Server::start(directory.path(), &["--store", "sqlite://votify.db"])
        .await
        .stop()
        .await;
}
