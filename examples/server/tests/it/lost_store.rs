use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;
use uuid::Uuid;
use votify_sqlx::sqlx::{self, Connection};

use crate::api::{Api, Poll, ready};
use crate::program::{SERVE, Server, prepared, run, votify};

#[tokio::test]
async fn a_removed_database_file_is_answered_503_until_it_is_back() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &[]).await;
    let api = Api::without_cookies(&server);
    let poll = api.create_poll().await;
    let ballot = || Uuid::new_v4().to_string();
    assert_eq!(api.cast(&poll, &ballot(), 0).await.unwrap().0, 201);
    let (path, moved) = (
        directory.path().join("votify.db"),
        directory.path().join("moved.db"),
    );
    fs::rename(&path, &moved).unwrap();
    for _ in 0..20 {
        let (status, problem) = api.cast(&poll, &ballot(), 0).await.unwrap();
        assert_eq!(
            (status, &problem["code"]),
            (503, &json!("store_unavailable"))
        );
    }
    let (status, body) = ready(&server).await;
    assert_eq!(status, 503, "{body}");
    assert_eq!(body["parts"][0]["part"], "store", "{body}");
    assert_eq!(body["parts"][0]["ready"], false, "{body}");
    fs::rename(&moved, &path).unwrap();
    assert_eq!(api.cast(&poll, &ballot(), 0).await.unwrap().0, 201);
    assert_eq!(ready(&server).await.0, 200);
    assert_eq!(api.counts(&poll).await, [2, 0]);
    server.signal(rustix::process::Signal::INT);
    let exit = server.wait().await;
    let lines = exit.stderr.lines();
    let lines = lines.filter(|line| line.contains("votify.db was removed"));
    // One each of the store, the writer of batches and the HTTP server, however many
    // requests failed.
    assert!((1..=3).contains(&lines.count()), "{exit:?}");
}

#[tokio::test]
async fn a_changed_database_stops_the_start_with_one_line() {
    let directory = tempfile::tempdir().unwrap();
    Server::start(directory.path(), &[]).await.stop().await;
    let path = directory.path().join("votify.db");
    let bytes = fs::read(&path).unwrap();
    let mut damaged = bytes.clone();
    // Every page from the third on: the first two hold the beginning of the schema.
    for page in damaged.chunks_mut(2048).skip(2) {
        page[..16].fill(0x55);
    }
    fs::write(&path, damaged).unwrap();
    let exit = run(&mut votify(directory.path(), &SERVE)).await;
    let line = exit.error_line(1);
    assert!(line.contains("damaged"), "{line}");
}

/// Stops the server, and returns its lines of this level.
async fn lines(server: Server, level: &str) -> Vec<String> {
    server.signal(rustix::process::Signal::TERM);
    let exit = server.wait().await;
    let lines = exit.stderr.lines().filter(|line| line.contains(level));
    lines.map(str::to_owned).collect()
}

async fn assert_unavailable(api: &Api, server: &Server, poll: &Poll) {
    for _ in 0..20 {
        let since = Instant::now();
        let ballot = Uuid::new_v4().to_string();
        let (status, problem) = api.cast(poll, &ballot, 0).await.unwrap();
        assert_eq!(
            (status, &problem["code"]),
            (503, &json!("store_unavailable"))
        );
        assert!(
            since.elapsed() < Duration::from_secs(2),
            "{:?}",
            since.elapsed()
        );
    }
    let (status, body) = ready(server).await;
    assert_eq!(status, 503, "{body}");
    assert_eq!(body["parts"][0]["ready"], false, "{body}");
}

#[tokio::test]
async fn a_truncated_database_file_stops_the_votes() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &[]).await;
    let api = Api::without_cookies(&server);
    for _ in 0..30 {
        api.create_poll().await;
    }
    server.stop().await;
    let server = Server::start(directory.path(), &[]).await;
    let api = Api::without_cookies(&server);
    let poll = api.create_poll().await;
    assert_eq!(api.vote(&poll, 0).await.0, 201);
    let file = fs::File::options()
        .write(true)
        .open(directory.path().join("votify.db"))
        .unwrap();
    file.set_len(8_192).unwrap();
    assert_unavailable(&api, &server, &poll).await;
    let errors = lines(server, "ERROR").await;
    // One each of the check of the file, the store, the writer of batches and the HTTP
    // server, however many requests failed.
    assert!((1..=5).contains(&errors.len()), "{errors:#?}");
    let advice = "remove";
    assert!(
        errors
            .iter()
            .any(|line| line.contains("votify.db was truncated") && line.contains(advice)),
        "{errors:#?}"
    );
}

#[tokio::test]
async fn a_dropped_table_is_answered_503_until_it_is_back() {
    for table in ["votify_votes", "votify_polls", "votify_options"] {
        let directory = tempfile::tempdir().unwrap();
        let server = Server::start(directory.path(), &[]).await;
        let api = Api::without_cookies(&server);
        let poll = api.create_poll().await;
        for _ in 0..5 {
            assert_eq!(api.vote(&poll, 0).await.0, 201);
        }
        let url = format!("sqlite://{}/votify.db", directory.path().display());
        let mut database = sqlx::SqliteConnection::connect(&url).await.unwrap();
        let run = async |database: &mut sqlx::SqliteConnection, sql: String| {
            let sql = sqlx::raw_sql(sqlx::AssertSqlSafe(sql));
            sql.execute(database).await.unwrap();
        };
        run(
            &mut database,
            format!("ALTER TABLE {table} RENAME TO hidden"),
        )
        .await;
        assert_unavailable(&api, &server, &poll).await;
        run(
            &mut database,
            format!("ALTER TABLE hidden RENAME TO {table}"),
        )
        .await;
        let is_ready = async {
            while ready(&server).await.0 != 200 {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        let in_time = tokio::time::timeout(Duration::from_secs(10), is_ready).await;
        in_time.expect("the server is ready again");
        assert_eq!(api.vote(&poll, 0).await.0, 201);
        assert_eq!(api.counts(&poll).await, [6, 0]);
        let errors = lines(server, "ERROR").await;
        assert!((1..=4).contains(&errors.len()), "{errors:#?}");
        let advice = format!("table {table} is missing");
        assert!(
            errors
                .iter()
                .any(|line| line.contains(&advice) && line.contains("restore")),
            "{errors:#?}"
        );
        assert!(!errors.iter().any(|line| line.contains("panicked")));
    }
}

/// As root, the rights of a file do not matter, so the program runs as another user.
#[tokio::test]
async fn a_read_only_database_file_stops_the_start_with_one_line() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("NOT RUN: only root can start the program as another user");
        return;
    }
    let directory = tempfile::tempdir_in("/tmp").unwrap();
    Server::start(directory.path(), &[]).await.stop().await;
    let set_mode = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    set_mode(directory.path(), 0o777);
    for file in fs::read_dir(directory.path()).unwrap() {
        set_mode(&file.unwrap().path(), 0o666);
    }
    set_mode(&directory.path().join("votify.db"), 0o444);
    let program = directory.path().join("votify");
    fs::copy(env!("CARGO_BIN_EXE_votify"), &program).unwrap();
    let mut command = tokio::process::Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
    command.arg(&program);
    let exit = run(&mut prepared(command, directory.path(), &SERVE)).await;
    let line = exit.error_line(1);
    assert!(line.contains("votify.db is read-only"), "{line}");
}

#[tokio::test]
async fn a_store_url_that_only_reads_stops_the_start() {
    let directory = tempfile::tempdir().unwrap();
    Server::start(directory.path(), &[]).await.stop().await;
    for parameter in ["mode=ro", "mode=rwc&immutable=true"] {
        let store = format!("sqlite://votify.db?{parameter}");
        let arguments = [&SERVE[..], &["--store", &store]].concat();
        let exit = run(&mut votify(directory.path(), &arguments)).await;
        let line = exit.error_line(2);
        assert!(line.contains("mode=rwc"), "{line}");
    }
}

/// The log has the votes of both processes, and the first one must not remove it.
#[tokio::test]
async fn a_lost_index_of_the_log_loses_no_vote_of_another_process() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &[]).await;
    let api = Api::without_cookies(&server);
    let poll = api.create_poll().await;
    for _ in 0..20 {
        assert_eq!(api.vote(&poll, 0).await.0, 201);
    }
    fs::remove_file(directory.path().join("votify.db-shm")).unwrap();
    let other = Server::start(directory.path(), &[]).await;
    let other_api = Api::without_cookies(&other);
    for _ in 0..20 {
        assert_eq!(api.vote(&poll, 0).await.0, 503);
        assert_eq!(other_api.vote(&poll, 0).await.0, 201);
    }
    assert_eq!(ready(&server).await.0, 503);
    other.stop().await;
    server.stop().await;
    let server = Server::start(directory.path(), &[]).await;
    let api = Api::without_cookies(&server);
    assert_eq!(api.counts(&poll).await, [40, 0]);
    server.stop().await;
}

/// Closing the connections would end the process with SIGBUS.
#[tokio::test]
async fn a_truncated_index_of_the_log_ends_no_process() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &[]).await;
    let api = Api::without_cookies(&server);
    let poll = api.create_poll().await;
    assert_eq!(api.vote(&poll, 0).await.0, 201);
    let file = fs::File::options()
        .write(true)
        .open(directory.path().join("votify.db-shm"))
        .unwrap();
    file.set_len(0).unwrap();
    assert_unavailable(&api, &server, &poll).await;
    server.stop().await;
    let server = Server::start(directory.path(), &[]).await;
    assert_eq!(Api::without_cookies(&server).counts(&poll).await, [1, 0]);
    server.stop().await;
}
