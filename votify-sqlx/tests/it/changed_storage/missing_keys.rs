//! Unique keys that a failed import has not created.

use votify_core::{Store, StoreError};
use votify_test_support::ballots::error_chain;

use super::{Database, Kind, assert_unavailable, on_each_database};

async fn a_missing_unique_key_is_rejected(database: Database) {
    let store = database.store().await;
    let (drop_votes, drop_users) = match database.kind {
        Kind::Sqlite => (
            "DROP INDEX votify_votes_one_per_voter",
            "DROP INDEX votify_users_one_per_name",
        ),
        Kind::Postgres => (
            "ALTER TABLE votify_votes DROP CONSTRAINT votify_votes_pkey",
            "DROP INDEX votify_users_one_per_name",
        ),
        Kind::MySql => (
            "ALTER TABLE votify_votes DROP INDEX votify_votes_one_per_voter",
            "ALTER TABLE votify_users DROP INDEX votify_users_one_per_name",
        ),
    };
    database.run(drop_votes).await;
    let poll = match database.kind {
        Kind::Sqlite => "poll_key",
        Kind::Postgres | Kind::MySql => "poll_id",
    };
    let problem = format!("the unique key ({poll}, voter_id) of table votify_votes is missing");
    assert_unavailable(store.check_ready().await, &problem);
    assert_rejected(&database, &problem).await;

    let table = format!("CREATE UNIQUE INDEX one_per_voter ON votify_votes (voter_id, {poll})");
    database.run(&table).await;
    // Another name and order of the columns is as good.
    database.try_store().await.unwrap();
    database.run(drop_users).await;
    let problem = "the unique key (name_key) of table votify_users is missing";
    assert_rejected(&database, problem).await;
}

async fn assert_rejected(database: &Database, problem: &str) {
    let error = database.try_store().await.map(drop).unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    let error = error_chain(&error);
    assert!(error.contains(problem), "{error}");
}

on_each_database!(a_missing_unique_key_is_rejected);
