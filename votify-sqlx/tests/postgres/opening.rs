use votify_core::store::Durability;
use votify_core::{Outcome, Store, StoreError};
use votify_sqlx::{PostgresStore, sqlx};

use crate::ballots::{ballot, cast, line, poll, votes};
use crate::scene::{Scene, run};

async fn refusal(url: &str) -> String {
    let error = PostgresStore::connect(url).await.unwrap_err();
    let line = line(&error);
    assert!(!line.contains('\n') && !line.contains("hunter2"), "{line}");
    line
}

#[tokio::test]
async fn what_is_no_url_of_a_server_is_said_without_its_password() {
    for url in [
        "sqlite://votify.db",
        "hunter2",
        "postgres://ann:hunter2@host:port/polls",
        "postgres://ann:hunter2@host/polls?sslmode=sideways",
    ] {
        let error = PostgresStore::connect(url).await.unwrap_err();
        assert!(matches!(error, StoreError::Failed { .. }), "{error:?}");
        refusal(url).await;
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    let refused = refusal(&format!("postgres://ann:hunter2@{address}/polls")).await;
    assert!(
        refused.contains(&format!("nothing listens at {address}")),
        "{refused}"
    );
}

#[tokio::test]
async fn what_the_server_refuses_is_told_with_what_to_do() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let mut url = url::Url::parse(scene.url()).unwrap();
    url.set_query(None);
    url.set_password(Some("hunter2")).unwrap();
    url.set_path("no_such_polls");
    let missing = refusal(url.as_str()).await;
    assert!(
        missing.contains("has no database \"no_such_polls\": CREATE DATABASE makes it"),
        "{missing}"
    );
    url.set_username("nobody_of_that_name").unwrap();
    let unknown = refusal(url.as_str()).await;
    assert!(
        unknown.contains("does not let nobody_of_that_name in"),
        "{unknown}"
    );
}

#[tokio::test]
async fn a_server_of_today_writes_through() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let store = scene.store().await;
    assert_eq!(store.durability(), Durability::PowerLoss);
    assert_eq!(store.backend(), "postgres");
    assert!(!format!("{store:?}").contains("postgres@"), "{store:?}");
}

#[tokio::test]
async fn a_hosts_pool_is_judged_by_its_settings() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let pool = scene.pool().await;
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
async fn a_hosts_settings_are_as_before_after_every_call() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    scene.store().await.close().await;
    let pool = scene.pool().await;
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
    let Some(scene) = Scene::new().await else {
        return;
    };
    let store = scene.store().await;
    let poll = poll(&store).await;
    store.close().await;
    let outcome: Result<Outcome, _> = cast(&store, &[ballot(&poll, 1)]).await.remove(0);
    assert!(
        matches!(outcome, Err(StoreError::Unavailable { .. })),
        "{outcome:?}"
    );
}
