use votify_core::store::Durability;
use votify_core::{Store, StoreError};
use votify_sqlx::MySqlStore;
use votify_sqlx::sqlx::query_scalar;
use votify_test_support::ballots::{ballot, cast, draft, error_chain, poll, votes};

use super::harness::Harness;

#[tokio::test]
async fn a_server_with_default_settings_survives_power_loss() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let store = harness.store().await;
    assert_eq!(store.durability(), Durability::PowerLoss);
    assert_eq!(store.backend(), "mysql");
}

#[tokio::test]
async fn sessions_ignore_charset_and_time_zone_of_the_url() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let url = format!(
        "{}?charset=latin1&collation=latin1_german1_ci&timezone=%2B05:00",
        harness.url()
    );
    let store = MySqlStore::connect(&url).await.unwrap();
    store.migrate().await.unwrap();
    let poll = draft("Pizza 🍕 à l'été \\ \" % ?");
    store.create_poll(&poll).await.unwrap();
    assert_eq!(
        harness.store().await.polls(&[poll.id]).await.unwrap(),
        [Some(poll)]
    );
}

#[tokio::test]
async fn a_host_pool_may_have_its_own_sql_mode() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    for session_sql in [
        "SET SESSION sql_mode = 'ANSI,NO_BACKSLASH_ESCAPES,PAD_CHAR_TO_FULL_LENGTH'",
        "SET SESSION sql_mode = 'HIGH_NOT_PRECEDENCE,PIPES_AS_CONCAT,NO_UNSIGNED_SUBTRACTION'",
        "SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE",
        "SET NAMES utf8mb4 COLLATE utf8mb4_unicode_ci",
    ] {
        let pool = harness.pool_with(session_sql).await;
        let store = MySqlStore::from_pool(pool).await.unwrap();
        store.migrate().await.unwrap();
        let poll = draft("A \\ \" ' ` %?");
        store.create_poll(&poll).await.unwrap();
        cast(&store, &[ballot(&poll, 1)]).await.remove(0).unwrap();
        assert_eq!(votes(&store, &poll).await, 1, "{session_sql}");
        let read = store.polls(&[poll.id]).await.unwrap();
        assert_eq!(read, [Some(poll)], "{session_sql}");
    }
}

#[tokio::test]
async fn unsuitable_host_sessions_are_rejected_with_the_remedy() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    for (session_sql, expected) in [
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
        let pool = harness.pool_with(session_sql).await;
        let version: String = query_scalar("SELECT CONVERT(@@version USING utf8mb4)")
            .fetch_one(&pool)
            .await
            .unwrap();
        if expected.starts_with("group_concat") && !version.contains("MariaDB") {
            continue;
        }
        let error = MySqlStore::from_pool(pool).await.unwrap_err();
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
        let error = error_chain(&error);
        assert!(error.contains(expected), "{error}");
    }
}

#[tokio::test]
async fn tables_without_transactions_are_rejected() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    harness.store().await.close().await;
    let mut connection = harness.connection().await;
    connection
        .run("ALTER TABLE votify_superseded_votes ENGINE = MyISAM")
        .await
        .unwrap();
    let error = MySqlStore::connect(harness.url()).await.unwrap_err();
    let error = error_chain(&error);
    assert!(
        error.contains("votify_superseded_votes ENGINE = InnoDB"),
        "{error}"
    );
}

#[tokio::test]
async fn a_closed_store_is_unavailable() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let store = harness.store().await;
    let poll = poll(&store).await;
    store.close().await;
    let outcome = cast(&store, &[ballot(&poll, 1)]).await.remove(0);
    assert!(
        matches!(outcome, Err(StoreError::Unavailable { .. })),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn read_only_sessions_can_read() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let store = harness.store().await;
    let poll = poll(&store).await;
    cast(&store, &[ballot(&poll, 1)]).await.remove(0).unwrap();
    let pool = harness.pool_with("SET SESSION TRANSACTION READ ONLY").await;
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
