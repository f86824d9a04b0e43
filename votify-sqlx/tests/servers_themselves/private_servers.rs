use std::env;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tokio::time::{sleep, timeout};

use crate::servers::processes::living_in;
use crate::servers::{Connection, Kind, Server};

/// Enough for any answer of a server that runs.
const LONG: Duration = Duration::from_secs(20);

async fn things(server: &Server) -> Vec<String> {
    let mut connection = server.connection().await;
    connection.texts("SELECT name FROM things").await.unwrap()
}

async fn it_keeps_its_data_when_stopped_or_killed(kind: Kind) {
    let Some(mut server) = Server::of(kind, &[]).await else {
        return;
    };
    let mut open = server.connection().await;
    open.run("CREATE TABLE things (name TEXT)").await.unwrap();
    open.run("INSERT INTO things VALUES ('one')").await.unwrap();
    let url = server.url().to_owned();

    server.stop();
    assert!(server.processes().is_empty());
    Connection::open(kind, &url).await.err().unwrap();
    server.start().await;
    assert_eq!(server.url(), url);
    let mut open = server.connection().await;
    open.run("INSERT INTO things VALUES ('two')").await.unwrap();

    server.kill();
    assert!(server.processes().is_empty());
    open.run("SELECT 1").await.unwrap_err();
    Connection::open(kind, &url).await.err().unwrap();
    server.start().await;
    assert_eq!(things(&server).await, ["one", "two"]);
}

#[tokio::test]
async fn postgres_keeps_its_data_when_stopped_or_killed() {
    it_keeps_its_data_when_stopped_or_killed(Kind::Postgres).await;
}

#[tokio::test]
async fn mariadb_keeps_its_data_when_stopped_or_killed() {
    it_keeps_its_data_when_stopped_or_killed(Kind::MySql).await;
}

async fn it_does_not_answer_while_paused(kind: Kind) {
    let Some(mut server) = Server::of(kind, &[]).await else {
        return;
    };
    let mut open = server.connection().await;
    server.pause();
    {
        let mut answer = Box::pin(open.run("SELECT 1"));
        let waited = timeout(Duration::from_secs(1), &mut answer).await;
        assert!(waited.is_err(), "{waited:?}");
        let newcomer = Connection::open(kind, server.url());
        assert!(timeout(Duration::from_secs(1), newcomer).await.is_err());
        server.resume();
        timeout(LONG, answer).await.unwrap().unwrap();
    }
    server.connection().await.run("SELECT 1").await.unwrap();

    // What a test stops and forgets is still killed.
    server.pause();
    server.kill();
    server.start().await;
}

#[tokio::test]
async fn postgres_does_not_answer_while_paused() {
    it_does_not_answer_while_paused(Kind::Postgres).await;
}

#[tokio::test]
async fn mariadb_does_not_answer_while_paused() {
    it_does_not_answer_while_paused(Kind::MySql).await;
}

#[tokio::test]
async fn postgres_ends_all_connections_when_one_backend_is_killed_and_goes_on() {
    let Some(mut server) = Server::postgres(&[]).await else {
        return;
    };
    let mut one = server.connection().await;
    let mut other = server.connection().await;
    one.run("CREATE TABLE things (name TEXT)").await.unwrap();
    one.run("INSERT INTO things VALUES ('one')").await.unwrap();
    let started = "SELECT pg_postmaster_start_time()::text";
    let before = one.texts(started).await.unwrap();

    server.kill_a_backend().await;
    for connection in [&mut one, &mut other] {
        let answer = timeout(LONG, until_refused(connection)).await;
        answer.unwrap();
    }
    server.ready().await.unwrap();
    assert_eq!(things(&server).await, ["one"]);
    let after = server.connection().await.texts(started).await.unwrap();
    assert_eq!(before, after, "the same server");
}

async fn until_refused(connection: &mut Connection) {
    while connection.run("SELECT 1").await.is_ok() {
        sleep(Duration::from_millis(10)).await;
    }
}

async fn it_ends_one_connection(kind: Kind) {
    let Some(server) = Server::of(kind, &[]).await else {
        return;
    };
    let mut one = server.connection().await;
    let mut other = server.connection().await;
    server.end_a_connection().await;
    let ended = async {
        loop {
            let (one, other) = (one.run("SELECT 1").await, other.run("SELECT 1").await);
            if one.is_err() || other.is_err() {
                return (one, other);
            }
        }
    };
    let (first, second) = timeout(LONG, ended).await.unwrap();
    assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
}

#[tokio::test]
async fn postgres_ends_one_connection() {
    it_ends_one_connection(Kind::Postgres).await;
}

#[tokio::test]
async fn mariadb_ends_one_connection() {
    it_ends_one_connection(Kind::MySql).await;
}

#[tokio::test]
async fn settings_are_taken_over() {
    let Some(server) = Server::postgres(&["shared_buffers=8MB"]).await else {
        return;
    };
    let mut connection = server.connection().await;
    let value = connection.texts("SHOW shared_buffers").await.unwrap();
    assert_eq!(value, ["8MB"]);
}

/// Nothing of it lives, and nothing is left of its files.
fn is_gone(folder: &Path) -> bool {
    !folder.exists() && living_in(folder).is_empty()
}

async fn it_is_gone_after_a_panic(kind: Kind) {
    let Some(server) = Server::of(kind, &[]).await else {
        return;
    };
    let folder = server.folder().to_owned();
    assert!(!is_gone(&folder));
    let panicking = thread::spawn(move || {
        let _server = server;
        panic!("as a test does that fails");
    });
    panicking.join().unwrap_err();
    assert!(is_gone(&folder));
}

#[tokio::test]
async fn postgres_is_gone_after_a_panic() {
    it_is_gone_after_a_panic(Kind::Postgres).await;
}

#[tokio::test]
async fn mariadb_is_gone_after_a_panic() {
    it_is_gone_after_a_panic(Kind::MySql).await;
}

/// Set for the copy of this program that the test below kills.
const VICTIM: &str = "VOTIFY_TEST_IS_TO_BE_KILLED";
const VICTIMS_NAME: &str = "private_servers::a_server_is_gone_after_its_tests_process_was_killed";

#[tokio::test]
async fn a_server_is_gone_after_its_tests_process_was_killed() {
    if env::var_os(VICTIM).is_some() {
        let server = Server::postgres(&[]).await;
        let folder = server.as_ref().map(|one| one.folder().display());
        println!("\nfolder={}", folder.unwrap());
        sleep(LONG).await;
        panic!("nobody killed this");
    }
    // Told here whether it can be had at all.
    if Server::postgres(&[]).await.is_none() {
        return;
    }
    let mut victim = Command::new(env::current_exe().unwrap())
        .args(["--exact", "--nocapture", VICTIMS_NAME])
        .env(VICTIM, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(victim.stdout.take().unwrap()).lines();
    let folder = lines.find_map(|line| line.unwrap().strip_prefix("folder=").map(str::to_owned));
    let folder = folder.unwrap();
    let folder = Path::new(&folder);
    assert!(!living_in(folder).is_empty());
    victim.kill().unwrap();
    victim.wait().unwrap();
    let end = Instant::now() + LONG;
    while !is_gone(folder) {
        assert!(Instant::now() < end, "{:?}", living_in(folder));
        sleep(Duration::from_millis(20)).await;
    }
}
