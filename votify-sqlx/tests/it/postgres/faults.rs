//! Databases with corrupt data, rejected writes, and cancelled calls.

use std::time::Duration;

use votify_core::store::PollFilter;
use votify_core::{Ballot, BallotId, Outcome, PageRequest, Store, StoreError};
use votify_sqlx::{PostgresStore, sqlx};
use votify_test_support::ballots::{NOW, ballot, cast, poll, repeat_voters_are_recognized, votes};

use super::harness::{Harness, run};
use crate::storage_faults;

#[tokio::test]
async fn a_read_only_database_is_unavailable_for_writes() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let store = harness.store().await;
    let poll = poll(&store).await;
    let pool = harness.pool().await;
    // On a standby too, no transaction may write, whatever its access mode.
    run(
        &pool,
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS \
        $$ BEGIN RAISE EXCEPTION 'standby' USING ERRCODE = 'read_only_sql_transaction'; END $$",
    )
    .await;
    run(
        &pool,
        "CREATE TRIGGER refuse BEFORE INSERT ON votify_votes EXECUTE FUNCTION refuse()",
    )
    .await;
    let outcome = cast(&store, &[ballot(&poll, 1)]).await.remove(0);
    assert!(
        matches!(outcome, Err(StoreError::Unavailable { .. })),
        "{outcome:?}"
    );
    assert_eq!(votes(&store, &poll).await, 0);
    run(&pool, "DROP TRIGGER refuse ON votify_votes").await;
    let outcome = cast(&store, &[ballot(&poll, 1)]).await.remove(0);
    assert!(
        matches!(outcome, Ok(Outcome::Counted { .. })),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn a_corrupt_poll_does_not_affect_other_polls() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let store = harness.store().await;
    let intact = poll(&store).await;
    let (corrupt, corrupt_vote) = (poll(&store).await, poll(&store).await);
    cast(&store, &[ballot(&corrupt_vote, 1)])
        .await
        .remove(0)
        .unwrap();
    let pool = harness.pool().await;
    run(
        &pool,
        format!(
            "UPDATE votify_polls SET voter_policy = 'martians' WHERE id = '{}'",
            corrupt.id
        ),
    )
    .await;
    run(
        &pool,
        format!(
            "UPDATE votify_votes SET choice = '\\xff' WHERE poll_id = '{}'",
            corrupt_vote.id
        ),
    )
    .await;
    let ballots = [
        ballot(&corrupt, 1),
        ballot(&corrupt_vote, 1),
        ballot(&intact, 1),
    ];
    let outcomes = cast(&store, &ballots).await;
    run(
        &pool,
        "UPDATE votify_polls SET opens_at = 'infinity' WHERE voter_policy = 'martians'",
    )
    .await;
    assert!(
        matches!(
            outcomes.as_slice(),
            [
                Err(StoreError::Corrupt { .. }),
                Err(StoreError::Corrupt { .. }),
                Ok(Outcome::Counted { revision: 1 })
            ]
        ),
        "{outcomes:?}"
    );
    assert!(matches!(
        store.polls(&[corrupt.id]).await,
        Err(StoreError::Corrupt { .. })
    ));
    assert!(matches!(
        store.audit_poll(corrupt_vote.id).await,
        Err(StoreError::Corrupt { .. })
    ));
    let listed = store
        .list_polls(&PollFilter::all(), &PageRequest::FIRST, NOW)
        .await
        .unwrap();
    let listed: Vec<_> = listed.items.iter().map(|state| state.poll.id).collect();
    assert!(
        listed.contains(&intact.id) && !listed.contains(&corrupt.id),
        "{listed:?}"
    );
}

#[tokio::test]
async fn a_rejected_write_does_not_affect_other_polls() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let store = harness.store().await;
    let polls = [
        poll(&store).await,
        poll(&store).await,
        poll(&store).await,
        poll(&store).await,
    ];
    let rejected = &polls[2];
    // A constraint of the host forbids votes in one poll.
    run(
        &harness.pool().await,
        format!(
            "ALTER TABLE votify_votes ADD CHECK (poll_id <> '{}')",
            rejected.id
        ),
    )
    .await;
    let ballots: Vec<Ballot> = (0..40).map(|n| ballot(&polls[n as usize % 4], n)).collect();
    for (ballot, outcome) in ballots.iter().zip(cast(&store, &ballots).await) {
        if ballot.poll == rejected.id {
            assert!(
                matches!(outcome, Err(StoreError::Failed { .. })),
                "{outcome:?}"
            );
        } else {
            assert!(
                matches!(outcome, Ok(Outcome::Counted { .. })),
                "{outcome:?}"
            );
        }
    }
    assert_eq!(votes(&store, rejected).await, 0);
    assert_eq!(votes(&store, &polls[0]).await, 10);
}

#[tokio::test]
async fn the_primary_key_rejects_a_second_vote_that_the_history_hides() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let store = harness.store().await;
    let poll = poll(&store).await;
    cast(&store, &[ballot(&poll, 1)]).await.remove(0).unwrap();
    // Queries no longer return the vote, but the primary key still contains it.
    run(
        &harness.pool().await,
        "ALTER TABLE votify_votes RENAME TO real_votes; \
         CREATE VIEW votify_votes AS SELECT *, ctid FROM real_votes WHERE false",
    )
    .await;
    let second = Ballot {
        id: BallotId::generate(NOW),
        ..ballot(&poll, 1)
    };
    let outcome = cast(&store, &[second]).await.remove(0);
    assert!(
        matches!(
            outcome,
            Err(StoreError::Failed { .. } | StoreError::Unavailable { .. })
        ),
        "{outcome:?}"
    );
    run(
        &harness.pool().await,
        "DROP VIEW votify_votes; ALTER TABLE real_votes RENAME TO votify_votes",
    )
    .await;
    assert_eq!(votes(&store, &poll).await, 1);
}

#[tokio::test]
async fn cancelled_calls_leave_no_locks() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let store = harness.store().await;
    let poll = poll(&store).await;
    for milliseconds in 0..30 {
        let ballots: Vec<Ballot> = (0..500)
            .map(|n| ballot(&poll, milliseconds * 500 + n))
            .collect();
        let limit = Duration::from_millis(u64::from(milliseconds) / 2);
        // A cancelled batch is either committed or not; both are allowed.
        let _ = tokio::time::timeout(limit, store.cast_ballots(&ballots, NOW)).await;
    }
    let other = PostgresStore::connect(harness.url()).await.unwrap();
    let ballots: Vec<Ballot> = (0..30 * 500).map(|n| ballot(&poll, n)).collect();
    for outcome in cast(&other, &ballots).await {
        assert!(
            matches!(
                outcome,
                Ok(Outcome::Counted { .. } | Outcome::Replayed { .. })
            ),
            "{outcome:?}"
        );
    }
    assert_eq!(votes(&other, &poll).await, 30 * 500);
}

#[tokio::test]
async fn repeat_voters_are_recognized_among_new_ones() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    repeat_voters_are_recognized(&harness.store().await).await;
}

/// Makes each statement that inserts votes wait for 30 seconds.
const SLOW_INSERTS: &str = "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS \
    $$ BEGIN PERFORM pg_sleep(30); RETURN NULL; END $$; \
    CREATE TRIGGER wait BEFORE INSERT ON votify_votes EXECUTE FUNCTION wait()";

#[tokio::test]
async fn a_cancelled_statement_ends_on_the_server() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let store = harness.store().await;
    let host_store = PostgresStore::from_pool(harness.pool().await)
        .await
        .unwrap();
    let (poll, host_poll) = (poll(&store).await, poll(&store).await);
    let pool = harness.pool().await;
    run(&pool, SLOW_INSERTS).await;
    let (ballots, host_ballots) = ([ballot(&poll, 1)], [ballot(&host_poll, 1)]);
    let casts = async {
        tokio::join!(
            store.cast_ballots(&ballots, NOW),
            host_store.cast_ballots(&host_ballots, NOW)
        )
    };
    let cancelled = tokio::time::timeout(Duration::from_secs(1), casts).await;
    assert!(cancelled.is_err(), "{cancelled:?}");
    let active = async || -> i64 {
        let active = sqlx::query_scalar(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 \
             AND state = 'active' AND pid <> pg_backend_pid()",
        );
        active.bind(harness.name()).fetch_one(&pool).await.unwrap()
    };
    assert_eq!(active().await, 2);
    let ended = async {
        while active().await > 0 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), ended)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_unavailable() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let store = harness.store().await;
    let poll = poll(&store).await;
    run(&harness.pool().await, SLOW_INSERTS).await;
    let ballots = [ballot(&poll, 1), ballot(&poll, 2)];
    let casts = cast(&store, &ballots);
    let outcomes = tokio::time::timeout(Duration::from_secs(20), casts).await;
    for outcome in outcomes.unwrap() {
        assert!(
            matches!(outcome, Err(StoreError::Unavailable { .. })),
            "{outcome:?}"
        );
    }
}

#[tokio::test]
async fn every_write_that_fails_shows_in_readiness() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let (store, pool) = (harness.store().await, harness.pool().await);
    run(
        &pool,
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = 'disk_full'; END $$",
    )
    .await;
    let all = async |sql: fn(&str) -> String| {
        for table in storage_faults::TABLES {
            run(&pool, sql(table)).await;
        }
    };
    let fill = async || {
        all(|table| {
            format!(
                "CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON {table} EXECUTE FUNCTION full_disk()"
            )
        })
        .await;
    };
    let free = async || all(|table| format!("DROP TRIGGER full_disk ON {table}")).await;
    storage_faults::every_write_that_fails_shows_in_readiness(store, fill, free).await;
}

#[tokio::test]
async fn a_missing_table_is_unavailable_until_it_is_back() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let (store, pool) = (harness.store().await, harness.pool().await);
    let beside = async |sql: &str| run(&pool, sql).await;
    storage_faults::a_missing_table_is_unavailable_until_it_is_back(store, beside).await;
}
