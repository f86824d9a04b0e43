//! The tests of the npm package, in `votify-axum/ui/tests`, which run in Node.js. Those in
//! `client` use the client library `votify.js` against the built binary. The others test
//! modules of the element and of the pages, and need no server.

use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;

use crate::fleet::nginx::Nginx;
use crate::program::Server;
use tokio::process::Command;
use tokio::time::timeout;

/// The folder of the tests.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../votify-axum/ui/tests");

/// Maximum time of one file of tests.
const TIMEOUT: Duration = Duration::from_secs(240);

/// Runs a file of tests.
///
/// # Panics
/// If Node.js is missing, or if a test fails.
async fn run_tests(file: &str, variables: &[(&str, &str)]) {
    let file = format!("client/{file}");
    assert!(Path::new(FOLDER).join(&file).is_file(), "{file}");
    run_node(&[file], variables).await;
}

/// Runs files of tests.
///
/// # Panics
/// If Node.js is missing, or if a test fails.
async fn run_node(files: &[impl AsRef<OsStr> + Sync], variables: &[(&str, &str)]) {
    let mut node = Command::new("node");
    node.current_dir(FOLDER).kill_on_drop(true);
    // Node.js 20 has a WebSocket only with this option; later versions accept it.
    node.args(["--experimental-websocket", "--no-warnings"]);
    node.args(["--test", "--test-reporter=spec"]).args(files);
    node.env("VOTIFY_PROGRAM", env!("CARGO_BIN_EXE_votify"));
    node.envs(variables.iter().copied());
    let output = timeout(TIMEOUT, node.output())
        .await
        .expect("the tests of the client library do not end");
    let output = output.unwrap_or_else(|error| {
        panic!("cannot start node: {error}; install Node.js 20 or newer (Debian package nodejs)")
    });
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{errors}");
    // A file without tests would pass too.
    let passed = text.lines().find_map(|line| line.strip_prefix("ℹ pass "));
    assert!(passed.is_some_and(|count| count != "0"), "{text}\n{errors}");
    for none in ["ℹ fail 0", "ℹ cancelled 0", "ℹ skipped 0", "ℹ todo 0"] {
        assert!(text.lines().any(|line| line == none), "{none}: {text}");
    }
}

/// Each file `*.test.mjs` of the folder.
#[tokio::test]
async fn modules_of_the_element_and_of_the_pages_work() {
    let entries = std::fs::read_dir(FOLDER).expect("the folder of the tests is readable");
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let files: Vec<_> = names.filter(|name| name.ends_with(".test.mjs")).collect();
    assert!(files.contains(&"model.test.mjs".to_owned()), "{files:?}");
    run_node(&files, &[]).await;
}

#[tokio::test]
async fn clients_see_votes_live_and_resume_after_a_restart() {
    run_tests("live.test.js", &[]).await;
}

#[tokio::test]
async fn streams_survive_cut_and_frozen_connections() {
    run_tests("connections.test.js", &[]).await;
}

#[tokio::test]
async fn votes_are_sent_until_they_are_settled() {
    run_tests("votes.test.js", &[]).await;
}

#[tokio::test]
async fn streams_work_through_nginx_without_upgrades() {
    let directory = tempfile::tempdir().unwrap();
    let trusted = ["--trusted-proxies", "127.0.0.1/32"];
    let server = Server::start(directory.path(), &trusted).await;
    let nginx = Nginx::without_upgrades(server.address()).await;
    run_tests("no-upgrades.test.js", &[("VOTIFY_PROXY_URL", &nginx.url())]).await;
}
