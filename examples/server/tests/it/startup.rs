use std::net::TcpListener;

use votify_sqlx::sqlx::{self, Connection, Executor};

use crate::program::{Server, run, votify};

#[tokio::test]
async fn port_0_selects_a_free_port_and_prints_it() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &[]).await;
    assert!(!server.address().ends_with(":0"), "{}", server.address());
    let healthy = reqwest::get(server.url("/healthz")).await.unwrap();
    assert_eq!(healthy.status(), 200);
    let ready = reqwest::get(server.url("/readyz")).await.unwrap();
    assert_eq!(ready.status(), 200);
    server.signal(rustix::process::Signal::INT);
    let exit = server.wait().await;
    assert_eq!(
        (exit.code(), exit.stdout.as_str()),
        (0, ""),
        "logs go to standard error: {exit:?}"
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
        let response = reqwest::get(server.url(path)).await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        let body = response.text().await.unwrap();
        assert!(body.contains(holds), "{path}: {body}");
    }
}

#[tokio::test]
async fn a_used_port_is_reported_and_no_file_is_created() {
    let directory = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let exit = run(&mut votify(
        directory.path(),
        &["serve", "--listen", &address],
    ))
    .await;
    let line = exit.error_line(1);
    assert!(
        line.contains(&format!("cannot listen on {address}: address in use")),
        "{line}"
    );
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn an_unusable_database_is_reported_in_one_line_with_the_setting() {
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
    for (url, expected) in [
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
            let exit = run(&mut votify(path, &arguments)).await;
            let line = exit.error_line(1);
            assert!(
                line.contains("--store") && line.contains(expected),
                "{line}"
            );
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
async fn migrate_creates_the_database_and_is_idempotent() {
    let directory = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let exit = run(&mut votify(directory.path(), &["migrate"])).await;
        assert_eq!(exit.code(), 0, "{exit:?}");
    }
    assert!(directory.path().join("votify.db").exists());
    Server::start(directory.path(), &["--store", "sqlite://votify.db"])
        .await
        .stop()
        .await;
}

#[tokio::test]
async fn settings_by_which_nobody_could_create_or_vote_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    for arguments in [
        &["--create", "accounts", "--accounts=false"][..],
        &["--create", "accounts", "--store", "redis://127.0.0.1:1"],
    ] {
        let arguments = [&["serve", "--listen", "127.0.0.1:0"], arguments].concat();
        let exit = run(&mut votify(directory.path(), &arguments)).await;
        assert!(exit.error_line(2).contains("--create"), "{exit:?}");
    }
    // Only the query of the URL decides.
    let folder = directory.path().join("mode=ro");
    std::fs::create_dir(&folder).unwrap();
    let store = format!("sqlite://{}/votify.db?mode=rwc", folder.display());
    let server = Server::start(directory.path(), &["--store", &store]).await;
    server.stop().await;
}
