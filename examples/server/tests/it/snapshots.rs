//! Snapshots of the help texts and of the printed settings.
//!
//! A difference fails the test and writes nothing (`INSTA_UPDATE` in
//! `.cargo/config.toml`). After an intended change: `INSTA_UPDATE=always cargo nextest
//! run -p votify-server snapshots`.

use crate::program::{run, votify};

async fn stdout(arguments: &[&str]) -> String {
    let directory = tempfile::tempdir().unwrap();
    let exit = run(&mut votify(directory.path(), arguments)).await;
    assert_eq!(exit.code(), 0, "{exit:?}");
    assert_eq!(exit.stderr, "");
    exit.stdout
}

#[tokio::test]
async fn help() {
    insta::assert_snapshot!(stdout(&["--help"]).await);
}

#[tokio::test]
async fn serve_help() {
    insta::assert_snapshot!(stdout(&["serve", "--help"]).await);
}

#[tokio::test]
async fn default_settings() {
    insta::assert_snapshot!(stdout(&["serve", "--print-config"]).await);
}
