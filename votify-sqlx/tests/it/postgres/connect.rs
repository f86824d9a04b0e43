use std::net::TcpListener;

use url::Url;
use votify_core::store::Durability;
use votify_core::{Outcome, Store, StoreError};
use votify_sqlx::{PostgresStore, sqlx};
use votify_test_support::ballots::{ballot, cast, error_chain, poll, votes};

use super::harness::{Harness, run};

/// Returns the error of `connect`, which must be one line without the password.
async fn connect_error(url: &str) -> String {
    let error = PostgresStore::connect(url).await.unwrap_err();
    let error = error_chain(&error);
    assert!(
        !error.contains('\n') && !error.contains("hunter2"),
        "{error}"
    );
    error
}

#[tokio::test]
async fn invalid_urls_are_rejected_without_the_password() {
    for url in [
        "sqlite://votify.db",
        "hunter2",
        "postgres://ann:hunter2@host:port/polls",
        "postgres://ann:hunter2@host/polls?sslmode=sideways",
    ] {
        let error = PostgresStore::connect(url).await.unwrap_err();
        assert!(matches!(error, StoreError::Failed { .. }), "{error:?}");
        connect_error(url).await;
    }
}

#[tokio::test]
async fn an_unreachable_server_is_named() {
    // No process listens on a port that was just released.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = connect_error(&format!("postgres://ann:hunter2@{address}/polls")).await;
    assert!(
        error.contains(&format!("PostgreSQL at {address} refused the connection")),
        "{error}"
    );
}

#[tokio::test]
async fn a_rejected_connection_names_the_remedy() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let mut url = Url::parse(harness.url()).unwrap();
    url.set_query(None);
    url.set_password(Some("hunter2")).unwrap();
    url.set_path("no_such_polls");
    let error = connect_error(url.as_str()).await;
    assert!(
        error.contains("has no database \"no_such_polls\"; create it with CREATE DATABASE"),
        "{error}"
    );
    url.set_username("nobody_of_that_name").unwrap();
    let error = connect_error(url.as_str()).await;
    assert!(
        error.contains("rejected user nobody_of_that_name"),
        "{error}"
    );
}

#[tokio::test]
async fn a_server_with_default_settings_survives_power_loss() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let store = harness.store().await;
    assert_eq!(store.durability(), Durability::PowerLoss);
    assert_eq!(store.backend(), "postgres");
    assert!(!format!("{store:?}").contains("postgres@"), "{store:?}");
}

#[tokio::test]
async fn durability_follows_the_host_pools_settings() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let pool = harness.pool().await;
    for (setting, expected) in [
        ("SET synchronous_commit = off", Durability::Nothing),
        ("SET synchronous_commit = local", Durability::PowerLoss),
    ] {
        run(&pool, setting).await;
        let store = PostgresStore::from_pool(pool.clone()).await.unwrap();
        assert_eq!(store.durability(), expected, "{setting}");
    }
}

#[tokio::test]
async fn calls_restore_the_host_pools_settings() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    harness.store().await.close().await;
    let pool = harness.pool().await;
    let settings = async || -> Vec<(String, String)> {
        let all = sqlx::query_as("SELECT name, setting FROM pg_settings ORDER BY name");
        all.fetch_all(&pool).await.unwrap()
    };
    let before = settings().await;
    let store = PostgresStore::from_pool(pool.clone()).await.unwrap();
    let poll = poll(&store).await;
    cast(&store, &[ballot(&poll, 1)]).await.remove(0).unwrap();
    assert_eq!(votes(&store, &poll).await, 1);
    assert_eq!(settings().await, before);
    store.close().await;
    assert!(!pool.is_closed());
}

#[tokio::test]
async fn a_closed_store_is_unavailable() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let store = harness.store().await;
    let poll = poll(&store).await;
    store.close().await;
    let outcome: Result<Outcome, _> = cast(&store, &[ballot(&poll, 1)]).await.remove(0);
    assert!(
        matches!(outcome, Err(StoreError::Unavailable { .. })),
        "{outcome:?}"
    );
}
