//! Tables and columns that are removed while the store runs.

use std::time::{Duration, Instant};

use votify_core::Outcome;
use votify_core::account::UserName;
use votify_test_support::ballots::{ballot, cast, draft, poll, votes};

use super::{Database, Kind, assert_unavailable, on_each_database, ready};

async fn a_missing_table_refuses_calls_until_it_is_back(database: Database) {
    let store = database.store().await;
    let lunch = poll(&*store).await;
    let mut counted = 0;
    for table in ["votes", "polls", "options", "title_words", "users"] {
        // The prepared statements of every kind of call are cached.
        counted += 1;
        cast(&*store, &[ballot(&lunch, counted)])
            .await
            .remove(0)
            .unwrap();
        store.create_poll(&draft("Dinner?")).await.unwrap();
        let name = UserName::new("ada").unwrap();
        store.user_named(&name).await.unwrap();
        let hidden = format!("hidden_{table}");
        let table = format!("votify_{table}");
        database
            .run(&format!("ALTER TABLE {table} RENAME TO {hidden}"))
            .await;
        let problem = format!("table {table} is missing");
        match table.as_str() {
            "votify_votes" => {
                assert_unavailable(
                    cast(&*store, &[ballot(&lunch, 100)]).await.remove(0),
                    &problem,
                );
            }
            "votify_title_words" => {
                assert_unavailable(store.create_poll(&draft("Dinner?")).await, &problem);
            }
            "votify_users" => {
                let found = store.user_named(&name).await;
                assert!(found.is_err_and(|error| error.is_transient()), "{table}");
            }
            _ => assert_unavailable(store.polls(&[lunch.id]).await, &problem),
        }
        let since = Instant::now();
        for _ in 0..3 {
            // Also the calls that do not use the table: an acknowledged vote must be of a
            // poll that can be read.
            assert_unavailable(
                cast(&*store, &[ballot(&lunch, 100)]).await.remove(0),
                &problem,
            );
            assert_unavailable(store.polls(&[lunch.id]).await, "restore it from a backup");
            assert_unavailable(store.create_poll(&draft("Dinner?")).await, &problem);
            assert_unavailable(store.check_ready().await, &problem);
        }
        assert!(since.elapsed() < Duration::from_secs(3), "{table}");
        database
            .run(&format!("ALTER TABLE {hidden} RENAME TO {table}"))
            .await;
        ready(&*store).await;
        assert_eq!(votes(&*store, &lunch).await, u64::from(counted), "{table}");
    }
    let outcome = cast(&*store, &[ballot(&lunch, 100)]).await.remove(0);
    assert!(
        matches!(outcome, Ok(Outcome::Counted { .. })),
        "{outcome:?}"
    );
}

on_each_database!(a_missing_table_refuses_calls_until_it_is_back);

async fn a_missing_column_refuses_calls_until_it_is_back(database: Database) {
    let store = database.store().await;
    let lunch = poll(&*store).await;
    cast(&*store, &[ballot(&lunch, 1)]).await.remove(0).unwrap();
    database
        .run("ALTER TABLE votify_votes RENAME COLUMN ballot_id TO hidden")
        .await;
    let problem = "column ballot_id of table votify_votes is missing";
    for _ in 0..3 {
        let outcome = cast(&*store, &[ballot(&lunch, 2)]).await.remove(0);
        assert_unavailable(outcome, problem);
        assert_unavailable(store.check_ready().await, problem);
    }
    database
        .run("ALTER TABLE votify_votes RENAME COLUMN hidden TO ballot_id")
        .await;
    ready(&*store).await;
    cast(&*store, &[ballot(&lunch, 2)]).await.remove(0).unwrap();
    assert_eq!(votes(&*store, &lunch).await, 2);
}

on_each_database!(a_missing_column_refuses_calls_until_it_is_back);

/// A readiness probe finds what no call uses.
async fn an_unused_table_that_is_missing_is_not_ready(database: Database) {
    for table in ["votify_superseded_votes", "votify_migrations"] {
        let store = database.store().await;
        database
            .run(&format!("ALTER TABLE {table} RENAME TO hidden"))
            .await;
        let problem = format!("table {table} is missing");
        assert_unavailable(store.check_ready().await, &problem);
        let opened = database.try_store().await.unwrap_err();
        let error = votify_test_support::ballots::error_chain(&opened);
        assert!(error.contains(&problem), "{error}");
        database
            .run(&format!("ALTER TABLE hidden RENAME TO {table}"))
            .await;
        ready(&*store).await;
    }
}

on_each_database!(an_unused_table_that_is_missing_is_not_ready);

/// A newer release may remove what this one does not use.
async fn a_newer_version_that_removed_a_column_is_ready(database: Database) {
    let store = database.store().await;
    let lunch = poll(&*store).await;
    let checksum = match database.kind {
        Kind::Postgres => "'\\x00'",
        Kind::Sqlite | Kind::MySql => "x'00'",
    };
    database
        .run(&format!(
            "INSERT INTO votify_migrations (version, description, success, checksum, execution_time) \
             VALUES (2, 'newer', true, {checksum}, 0)"
        ))
        .await;
    database
        .run("ALTER TABLE votify_votes RENAME COLUMN cast_at TO removed")
        .await;
    store.check_ready().await.unwrap();
    database
        .run("ALTER TABLE votify_votes RENAME COLUMN removed TO cast_at")
        .await;
    cast(&*store, &[ballot(&lunch, 1)]).await.remove(0).unwrap();
}

on_each_database!(a_newer_version_that_removed_a_column_is_ready);
