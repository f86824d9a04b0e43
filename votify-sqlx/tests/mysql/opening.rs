use votify_core::store::Durability;
use votify_core::{Store, StoreError};
use votify_sqlx::MySqlStore;
use votify_sqlx::sqlx::query_scalar;

use crate::ballots::{ballot, cast, draft, line, poll, votes};
use crate::scene::Scene;

#[tokio::test]
async fn a_durable_server_is_known_as_one() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let store = scene.store().await;
    assert_eq!(store.durability(), Durability::PowerLoss);
    assert_eq!(store.backend(), "mysql");
}

#[tokio::test]
async fn sessions_are_what_they_should_be_whatever_the_url_says() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let url = format!(
        "{}?charset=latin1&collation=latin1_german1_ci&timezone=%2B05:00",
        scene.url()
    );
    let store = MySqlStore::connect(&url).await.unwrap();
    store.migrate().await.unwrap();
    let poll = draft("Pizza 🍕 à l'été \\ \" % ?");
    store.create_poll(&poll).await.unwrap();
    assert_eq!(
        scene.store().await.polls(&[poll.id]).await.unwrap(),
        [Some(poll)]
    );
}

#[tokio::test]
async fn a_host_may_read_sql_in_its_own_way() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    for session in [
        "SET SESSION sql_mode = 'ANSI,NO_BACKSLASH_ESCAPES,PAD_CHAR_TO_FULL_LENGTH'",
        "SET SESSION sql_mode = 'HIGH_NOT_PRECEDENCE,PIPES_AS_CONCAT,NO_UNSIGNED_SUBTRACTION'",
        "SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE",
        "SET NAMES utf8mb4 COLLATE utf8mb4_unicode_ci",
    ] {
        let pool = scene.pool_with(session).await;
        let store = MySqlStore::from_pool(pool).await.unwrap();
        store.migrate().await.unwrap();
        let poll = draft("A \\ \" ' ` %?");
        store.create_poll(&poll).await.unwrap();
        cast(&store, &[ballot(&poll, 1)]).await.remove(0).unwrap();
        assert_eq!(votes(&store, &poll).await, 1, "{session}");
        let read = store.polls(&[poll.id]).await.unwrap();
        assert_eq!(read, [Some(poll)], "{session}");
    }
}

#[tokio::test]
async fn sessions_of_a_host_that_cannot_do_are_refused_with_what_to_set() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    for (session, expected) in [
        ("SET SESSION autocommit = 0", "autocommit = 1"),
        (
            "SET SESSION group_concat_max_len = 1024",
            "group_concat_max_len",
        ),
        ("SET NAMES latin1", "utf8mb4"),
        (
            "SET SESSION TRANSACTION ISOLATION LEVEL READ UNCOMMITTED",
            "READ COMMITTED",
        ),
    ] {
        let pool = scene.pool_with(session).await;
        let version: String = query_scalar("SELECT CONVERT(@@version USING utf8mb4)")
            .fetch_one(&pool)
            .await
            .unwrap();
        if expected.starts_with("group_concat") && !version.contains("MariaDB") {
            continue;
        }
        let error = MySqlStore::from_pool(pool).await.unwrap_err();
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
        assert!(line(&error).contains(expected), "{}", line(&error));
    }
}

#[tokio::test]
async fn tables_without_transactions_are_refused() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    scene.store().await.close().await;
    let mut foreign = scene.foreign().await;
    foreign
        .run("ALTER TABLE votify_superseded_votes ENGINE = MyISAM")
        .await
        .unwrap();
    let error = MySqlStore::connect(scene.url()).await.unwrap_err();
    let line = line(&error);
    assert!(
        line.contains("votify_superseded_votes ENGINE = InnoDB"),
        "{line}"
    );
}

#[tokio::test]
async fn a_closed_store_is_unavailable() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let store = scene.store().await;
    let poll = poll(&store).await;
    store.close().await;
    let outcome = cast(&store, &[ballot(&poll, 1)]).await.remove(0);
    assert!(
        matches!(outcome, Err(StoreError::Unavailable { .. })),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn sessions_that_only_read_can_be_read_from() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let store = scene.store().await;
    let poll = poll(&store).await;
    cast(&store, &[ballot(&poll, 1)]).await.remove(0).unwrap();
    let pool = scene.pool_with("SET SESSION TRANSACTION READ ONLY").await;
    let reader = MySqlStore::from_pool(pool).await.unwrap();
    reader.migrate().await.unwrap();
    assert_eq!(votes(&reader, &poll).await, 1);
    let outcome = cast(&reader, &[ballot(&poll, 2)]).await.remove(0);
    assert!(
        matches!(outcome, Err(StoreError::Unavailable { .. })),
        "{outcome:?}"
    );
    let deleted = reader.delete_poll(poll.id).await;
    assert!(
        matches!(deleted, Err(StoreError::Unavailable { .. })),
        "{deleted:?}"
    );
    assert_eq!(votes(&store, &poll).await, 1);
}
