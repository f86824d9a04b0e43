use std::env;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tokio::time::{sleep, timeout};
use votify_test_support::process::processes_in;
use votify_test_support::sql::{Connection, Server, ServerKind};

/// How long any reply of a running server may take.
const LIMIT: Duration = Duration::from_secs(20);

async fn read_things(server: &Server) -> Vec<String> {
    let mut connection = server.connection().await;
    connection.texts("SELECT name FROM things").await.unwrap()
}

async fn assert_data_survives_stop_and_kill(kind: ServerKind) {
    let Some(mut server) = Server::new(kind, &[]).await else {
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
    assert_eq!(read_things(&server).await, ["one", "two"]);
}

#[tokio::test]
async fn data_survives_stop_and_kill_on_postgres() {
    assert_data_survives_stop_and_kill(ServerKind::Postgres).await;
}

#[tokio::test]
async fn data_survives_stop_and_kill_on_mariadb() {
    assert_data_survives_stop_and_kill(ServerKind::MySql).await;
}

async fn assert_no_reply_while_paused(kind: ServerKind) {
    let Some(mut server) = Server::new(kind, &[]).await else {
        return;
    };
    let mut open = server.connection().await;
    server.pause();
    {
        let mut reply = Box::pin(open.run("SELECT 1"));
        let replied = timeout(Duration::from_secs(1), &mut reply).await;
        assert!(replied.is_err(), "{replied:?}");
        let connecting = Connection::open(kind, server.url());
        assert!(timeout(Duration::from_secs(1), connecting).await.is_err());
        server.resume();
        timeout(LIMIT, reply).await.unwrap().unwrap();
    }
    server.connection().await.run("SELECT 1").await.unwrap();

    // A paused server can be killed too.
    server.pause();
    server.kill();
    server.start().await;
}

#[tokio::test]
async fn a_paused_server_does_not_reply_on_postgres() {
    assert_no_reply_while_paused(ServerKind::Postgres).await;
}

#[tokio::test]
async fn a_paused_server_does_not_reply_on_mariadb() {
    assert_no_reply_while_paused(ServerKind::MySql).await;
}

#[tokio::test]
async fn a_killed_backend_ends_all_connections_and_postgres_recovers() {
    let Some(mut server) = Server::postgres(&[]).await else {
        return;
    };
    let mut one = server.connection().await;
    let mut other = server.connection().await;
    one.run("CREATE TABLE things (name TEXT)").await.unwrap();
    one.run("INSERT INTO things VALUES ('one')").await.unwrap();
    let start_time = "SELECT pg_postmaster_start_time()::text";
    let before = one.texts(start_time).await.unwrap();

    server.kill_backend().await;
    for connection in [&mut one, &mut other] {
        timeout(LIMIT, wait_for_error(connection)).await.unwrap();
    }
    server.wait_until_ready().await.unwrap();
    assert_eq!(read_things(&server).await, ["one"]);
    let mut connection = server.connection().await;
    let after = connection.texts(start_time).await.unwrap();
    assert_eq!(before, after, "the server itself was restarted");
}

async fn wait_for_error(connection: &mut Connection) {
    while connection.run("SELECT 1").await.is_ok() {
        sleep(Duration::from_millis(10)).await;
    }
}

async fn assert_one_connection_is_terminated(kind: ServerKind) {
    let Some(server) = Server::new(kind, &[]).await else {
        return;
    };
    let mut one = server.connection().await;
    let mut other = server.connection().await;
    server.terminate_connection().await;
    let terminated = async {
        loop {
            let (one, other) = (one.run("SELECT 1").await, other.run("SELECT 1").await);
            if one.is_err() || other.is_err() {
                return (one, other);
            }
        }
    };
    let (first, second) = timeout(LIMIT, terminated).await.unwrap();
    assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
}

#[tokio::test]
async fn one_connection_is_terminated_on_postgres() {
    assert_one_connection_is_terminated(ServerKind::Postgres).await;
}

#[tokio::test]
async fn one_connection_is_terminated_on_mariadb() {
    assert_one_connection_is_terminated(ServerKind::MySql).await;
}

#[tokio::test]
async fn settings_override_the_defaults() {
    let Some(server) = Server::postgres(&["shared_buffers=8MB"]).await else {
        return;
    };
    let mut connection = server.connection().await;
    let value = connection.texts("SHOW shared_buffers").await.unwrap();
    assert_eq!(value, ["8MB"]);
}

/// Returns true if the server has neither processes nor files.
fn is_removed(folder: &Path) -> bool {
    !folder.exists() && processes_in(folder).is_empty()
}

async fn assert_removed_after_a_panic(kind: ServerKind) {
    let Some(server) = Server::new(kind, &[]).await else {
        return;
    };
    let folder = server.folder().to_owned();
    assert!(!is_removed(&folder));
    let panicking = thread::spawn(move || {
        let _server = server;
        panic!("as in a failing test");
    });
    panicking.join().unwrap_err();
    assert!(is_removed(&folder));
}

#[tokio::test]
async fn a_server_is_removed_after_a_panic_on_postgres() {
    assert_removed_after_a_panic(ServerKind::Postgres).await;
}

#[tokio::test]
async fn a_server_is_removed_after_a_panic_on_mariadb() {
    assert_removed_after_a_panic(ServerKind::MySql).await;
}

/// Set for the copy of this program that the test below kills.
const VICTIM: &str = "VOTIFY_TEST_IS_TO_BE_KILLED";
/// Path of the test below.
const VICTIM_TEST: &str =
    "server_harness::private_servers::a_server_is_removed_after_its_test_process_is_killed";

#[tokio::test]
async fn a_server_is_removed_after_its_test_process_is_killed() {
    if env::var_os(VICTIM).is_some() {
        let server = Server::postgres(&[]).await;
        let folder = server.as_ref().map(|server| server.folder().display());
        println!("\nfolder={}", folder.unwrap());
        sleep(LIMIT).await;
        panic!("this process was not killed");
    }
    // Checked here: the victim's report of a skip would not be seen.
    if Server::postgres(&[]).await.is_none() {
        return;
    }
    let mut victim = Command::new(env::current_exe().unwrap())
        .args(["--exact", "--nocapture", VICTIM_TEST])
        .env(VICTIM, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(victim.stdout.take().unwrap()).lines();
    let folder = lines.find_map(|line| line.unwrap().strip_prefix("folder=").map(str::to_owned));
    let folder = folder.unwrap();
    let folder = Path::new(&folder);
    assert!(!processes_in(folder).is_empty());
    victim.kill().unwrap();
    victim.wait().unwrap();
    let deadline = Instant::now() + LIMIT;
    while !is_removed(folder) {
        assert!(Instant::now() < deadline, "{:?}", processes_in(folder));
        sleep(Duration::from_millis(20)).await;
    }
}
