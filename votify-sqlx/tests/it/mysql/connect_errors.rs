//! Errors of `connect` are one line that names the server and what to do, and contain no
//! password.

use std::net::TcpListener;

use votify_core::StoreError;
use votify_sqlx::MySqlStore;
use votify_test_support::ballots::error_chain;

use super::harness::Harness;

const PASSWORD: &str = "hunter2horse";

async fn connect_error(url: &str) -> (StoreError, String) {
    let error = MySqlStore::connect(url).await.unwrap_err();
    let line = error_chain(&error);
    assert!(!line.contains('\n'), "{line}");
    assert!(!line.contains(PASSWORD), "{line}");
    assert!(!format!("{error:?}").contains(PASSWORD), "{error:?}");
    (error, line)
}

async fn assert_unavailable(url: &str, expected: &[&str]) {
    let (error, line) = connect_error(url).await;
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    for expected in expected {
        assert!(line.contains(expected), "{line}");
    }
}

#[tokio::test]
async fn a_rejected_connection_names_the_server_and_the_remedy() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let url: url::Url = harness.url().parse().unwrap();
    let host = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(3306));
    let mut wrong_user = url.clone();
    wrong_user.set_username("votify_nobody").unwrap();
    wrong_user.set_password(Some(PASSWORD)).unwrap();
    let expected = ["check the password of user votify_nobody", &host];
    assert_unavailable(wrong_user.as_str(), &expected).await;

    let mut missing_database = url.clone();
    missing_database.set_path("votify_test_missing");
    let expected = ["CREATE DATABASE votify_test_missing", &host];
    assert_unavailable(missing_database.as_str(), &expected).await;

    let mut encrypted = url.clone();
    encrypted.set_query(Some("ssl-mode=REQUIRED"));
    assert_unavailable(encrypted.as_str(), &["ssl-mode", "TLS", &host]).await;
}

#[tokio::test]
async fn an_unreachable_server_is_named() {
    // No process listens on a port that was just released.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let url = format!("mysql://root:{PASSWORD}@{address}/votify");
    assert_unavailable(&url, &["check that a server is running there", &address]).await;
}

#[tokio::test]
async fn connecting_to_a_silent_server_times_out() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let url = format!("mysql://root:{PASSWORD}@{address}/votify");
    let expected = ["did not answer within 3 seconds", &address];
    assert_unavailable(&url, &expected).await;
}

#[tokio::test]
async fn invalid_urls_are_rejected_without_repeating_them() {
    for (url, expected) in [
        (
            format!("postgres://root:{PASSWORD}@localhost/votify"),
            "mysql://",
        ),
        (
            format!("mysql://root:{PASSWORD}@localhost"),
            "names no database",
        ),
        (
            format!("mysql://root:{PASSWORD}@localhost/"),
            "names no database",
        ),
        (
            format!("mysql://root:{PASSWORD}@localhost:99999/votify"),
            "port",
        ),
        (
            format!("mysql://root:{PASSWORD}@localhost/votify?ssl-mode=sideways"),
            "sideways",
        ),
    ] {
        let (error, line) = connect_error(&url).await;
        assert!(matches!(error, StoreError::Failed { .. }), "{error:?}");
        assert!(line.contains(expected), "{line}");
    }
}
