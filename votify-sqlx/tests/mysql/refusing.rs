//! What cannot be opened is told in one line that says what to do, and never tells a password.

use std::net::TcpListener;

use votify_core::StoreError;
use votify_sqlx::MySqlStore;

use crate::ballots::line;
use crate::scene::Scene;

const SECRET: &str = "hunter2horse";

async fn refusal(url: &str) -> (StoreError, String) {
    let error = MySqlStore::connect(url).await.unwrap_err();
    let line = line(&error);
    assert!(!line.contains('\n'), "{line}");
    assert!(!line.contains(SECRET), "{line}");
    assert!(!format!("{error:?}").contains(SECRET), "{error:?}");
    (error, line)
}

async fn cannot_open(url: &str, expected: &[&str]) {
    let (error, line) = refusal(url).await;
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    for expected in expected {
        assert!(line.contains(expected), "{line}");
    }
}

#[tokio::test]
async fn servers_that_refuse_are_named_with_what_to_do() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let url: url::Url = scene.url().parse().unwrap();
    let host = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(3306));
    let mut wrong = url.clone();
    wrong.set_username("votify_nobody").unwrap();
    wrong.set_password(Some(SECRET)).unwrap();
    let expected = ["is the password of user votify_nobody right?", &host];
    cannot_open(wrong.as_str(), &expected).await;

    let mut nowhere = url.clone();
    nowhere.set_path("votify_test_missing");
    let expected = ["CREATE DATABASE votify_test_missing", &host];
    cannot_open(nowhere.as_str(), &expected).await;

    let mut encrypted = url.clone();
    encrypted.set_query(Some("ssl-mode=REQUIRED"));
    cannot_open(encrypted.as_str(), &["ssl-mode", "TLS", &host]).await;
}

#[tokio::test]
async fn servers_that_are_not_there_are_named() {
    // Nobody listens on a port that was just given back.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = listener.local_addr().unwrap().to_string();
    drop(listener);
    let url = format!("mysql://root:{SECRET}@{place}/votify");
    cannot_open(&url, &["is a server running there", &place]).await;
}

#[tokio::test]
async fn servers_that_say_nothing_are_not_waited_for_without_end() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = listener.local_addr().unwrap().to_string();
    let url = format!("mysql://root:{SECRET}@{place}/votify");
    let expected = ["does not answer within 3 seconds", &place];
    cannot_open(&url, &expected).await;
}

#[tokio::test]
async fn urls_that_make_no_sense_are_not_repeated() {
    for (url, expected) in [
        (
            format!("postgres://root:{SECRET}@localhost/votify"),
            "mysql://",
        ),
        (
            format!("mysql://root:{SECRET}@localhost"),
            "names no database",
        ),
        (
            format!("mysql://root:{SECRET}@localhost/"),
            "names no database",
        ),
        (
            format!("mysql://root:{SECRET}@localhost:99999/votify"),
            "port",
        ),
        (
            format!("mysql://root:{SECRET}@localhost/votify?ssl-mode=sideways"),
            "sideways",
        ),
    ] {
        let (error, line) = refusal(&url).await;
        assert!(matches!(error, StoreError::Failed { .. }), "{error:?}");
        assert!(line.contains(expected), "{line}");
    }
}
