//! Databases with a full disk, corrupt data, or rejected writes.

use std::time::Duration;

use votify_core::store::PollFilter;
use votify_core::{Ballot, Outcome, PageRequest, Store, StoreError};
use votify_sqlx::sqlx;
use votify_test_support::ballots::{
    NOW, ballot, cast, draft, error_chain, poll, repeat_voters_are_recognized, votes,
};

use super::harness::{Harness, query_integer, run};
use crate::storage_faults;

#[tokio::test]
async fn a_full_disk_makes_writes_unavailable_until_there_is_space() {
    let harness = Harness::new();
    let (pool, store) = harness.host_store().await;
    let poll = poll(&store).await;
    let (before, ballots): (Vec<Ballot>, Vec<Ballot>) = (
        (0..10).map(|n| ballot(&poll, n)).collect(),
        (10..5_000).map(|n| ballot(&poll, n)).collect(),
    );
    cast(&store, &before).await.into_iter().for_each(|outcome| {
        outcome.unwrap();
    });
    let pages = query_integer(&pool, "PRAGMA page_count").await;
    run(&pool, format!("PRAGMA max_page_count = {}", pages + 2)).await;

    for _ in 0..3 {
        for outcome in cast(&store, &ballots).await {
            assert!(
                matches!(outcome, Err(StoreError::Unavailable { .. })),
                "{outcome:?}"
            );
        }
        assert_eq!(votes(&store, &poll).await, 10);
    }
    let mut long = draft("Dinner?");
    long.description = "x".repeat(50_000);
    let created = store.create_poll(&long).await;
    assert!(
        matches!(created, Err(StoreError::Unavailable { .. })),
        "{created:?}"
    );

    run(&pool, "PRAGMA max_page_count = 1000000").await;
    for outcome in cast(&store, &ballots).await {
        assert!(
            matches!(outcome, Ok(Outcome::Counted { .. })),
            "{outcome:?}"
        );
    }
    assert_eq!(votes(&store, &poll).await, 5_000);
    store.create_poll(&long).await.unwrap();
}

#[tokio::test]
async fn a_full_disk_is_not_ready_until_there_is_space() {
    let harness = Harness::new();
    let (pool, store) = harness.host_store().await;
    let poll = poll(&store).await;
    let ballots: Vec<Ballot> = (0..5_000).map(|n| ballot(&poll, n)).collect();
    let pages = query_integer(&pool, "PRAGMA page_count").await;
    run(&pool, format!("PRAGMA max_page_count = {}", pages + 2)).await;
    store.check_ready().await.unwrap();
    cast(&store, &ballots).await.remove(0).unwrap_err();
    // Several checks: most of them write no probe.
    for _ in 0..5 {
        let ready = store.check_ready().await;
        assert!(
            matches!(ready, Err(StoreError::Unavailable { .. })),
            "{ready:?}"
        );
    }
    assert!(store.polls(&[poll.id]).await.is_ok());
    run(&pool, "PRAGMA max_page_count = 1000000").await;
    let ready = async {
        while store.check_ready().await.is_err() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), ready)
        .await
        .expect("the disk has free space again");
    assert_eq!(
        query_integer(&pool, "SELECT count(*) FROM votify_polls").await,
        1
    );
}

#[tokio::test]
async fn calls_cancelled_on_a_full_disk_leave_the_connection_usable() {
    let harness = Harness::new();
    let (pool, store) = harness.host_store().await;
    let poll = poll(&store).await;
    let ballots: Vec<Ballot> = (0..5_000).map(|n| ballot(&poll, n)).collect();
    let pages = query_integer(&pool, "PRAGMA page_count").await;
    run(&pool, format!("PRAGMA max_page_count = {}", pages + 2)).await;
    for milliseconds in 0..20 {
        let limit = Duration::from_millis(milliseconds);
        let _ = tokio::time::timeout(limit, store.cast_ballots(&ballots, NOW)).await;
    }
    run(&pool, "PRAGMA max_page_count = 1000000").await;
    assert_eq!(votes(&store, &poll).await, 0);
    for outcome in cast(&store, &ballots).await {
        assert!(
            matches!(outcome, Ok(Outcome::Counted { .. })),
            "{outcome:?}"
        );
    }
    // The host can use the connection for its own transactions.
    let transaction = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
    transaction.rollback().await.unwrap();
    assert_eq!(votes(&store, &poll).await, 5_000);
}

#[tokio::test]
async fn a_read_only_database_is_unavailable_for_writes() {
    let harness = Harness::new();
    let (pool, store) = harness.host_store().await;
    let poll = poll(&store).await;
    run(&pool, "PRAGMA query_only = ON").await;
    let outcome = cast(&store, &[ballot(&poll, 1)]).await.remove(0);
    assert!(
        matches!(outcome, Err(StoreError::Unavailable { .. })),
        "{outcome:?}"
    );
    let deleted = store.delete_poll(poll.id).await;
    assert!(
        matches!(deleted, Err(StoreError::Unavailable { .. })),
        "{deleted:?}"
    );
    assert_eq!(votes(&store, &poll).await, 0);
    run(&pool, "PRAGMA query_only = OFF").await;
    let outcome = cast(&store, &[ballot(&poll, 1)]).await.remove(0);
    assert!(
        matches!(outcome, Ok(Outcome::Counted { .. })),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn a_corrupt_poll_does_not_affect_other_polls() {
    let harness = Harness::new();
    let (pool, store) = harness.host_store().await;
    let intact = poll(&store).await;
    let (corrupt, corrupt_vote) = (poll(&store).await, poll(&store).await);
    cast(&store, &[ballot(&corrupt_vote, 1)])
        .await
        .remove(0)
        .unwrap();
    sqlx::query("UPDATE votify_polls SET voter_policy = 'martians' WHERE id = ?")
        .bind(corrupt.id.as_bytes().to_vec())
        .execute(&pool)
        .await
        .unwrap();
    sqlx::query(
        "UPDATE votify_votes SET choice = x'ff' WHERE poll_key = \
         (SELECT poll_key FROM votify_polls WHERE id = ?)",
    )
    .bind(corrupt_vote.id.as_bytes().to_vec())
    .execute(&pool)
    .await
    .unwrap();
    let ballots = [
        ballot(&corrupt, 1),
        ballot(&corrupt_vote, 1),
        ballot(&intact, 1),
    ];
    let outcomes = cast(&store, &ballots).await;
    for outcome in &outcomes[..2] {
        assert!(
            matches!(outcome, Err(StoreError::Corrupt { .. })),
            "{outcomes:?}"
        );
    }
    assert!(
        matches!(outcomes[2], Ok(Outcome::Counted { revision: 1 })),
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
    let harness = Harness::new();
    let (pool, store) = harness.host_store().await;
    let polls = [
        poll(&store).await,
        poll(&store).await,
        poll(&store).await,
        poll(&store).await,
    ];
    let rejected = &polls[2];
    // A trigger of the host forbids votes in one poll.
    let bytes = rejected.id.as_bytes();
    let id: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    run(
        &pool,
        format!(
            "CREATE TRIGGER forbid BEFORE INSERT ON votify_votes WHEN new.poll_key = \
             (SELECT poll_key FROM votify_polls WHERE id = x'{id}') BEGIN SELECT raise(ABORT, 'forbidden'); END"
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
    for poll in &polls {
        let expected = if poll.id == rejected.id { 0 } else { 10 };
        assert_eq!(votes(&store, poll).await, expected);
    }
}

#[tokio::test]
async fn the_unique_index_rejects_a_vote_written_without_the_lock() {
    let harness = Harness::new();
    let (pool, store) = harness.host_store().await;
    let poll = poll(&store).await;
    // Writes the same voter's vote within the store's transaction, at another revision.
    run(
        &pool,
        "CREATE TRIGGER add_vote BEFORE UPDATE OF revision ON votify_polls \
         WHEN new.revision = 1 BEGIN INSERT INTO votify_votes \
         SELECT poll_key, 99, voter_id, ballot_id, choice, cast_at FROM votify_votes; END",
    )
    .await;
    let outcome = cast(&store, &[ballot(&poll, 1)]).await.remove(0);
    assert!(
        matches!(outcome, Err(StoreError::Failed { .. })),
        "{outcome:?}"
    );
    assert_eq!(votes(&store, &poll).await, 0);
}

#[tokio::test]
async fn repeat_voters_are_recognized_among_new_ones() {
    repeat_voters_are_recognized(&Harness::new().store().await).await;
}

#[tokio::test]
async fn a_write_that_changes_too_few_rows_is_rolled_back() {
    let harness = Harness::new();
    let (pool, store) = harness.host_store().await;
    let poll = poll(&store).await;
    cast(&store, &[ballot(&poll, 0)]).await.remove(0).unwrap();
    // A trigger of the host skips updates without an error.
    for write in ["INSERT ON votify_votes", "UPDATE ON votify_polls"] {
        run(
            &pool,
            format!("CREATE TRIGGER skip BEFORE {write} BEGIN SELECT RAISE(IGNORE); END"),
        )
        .await;
        let outcome = cast(&store, &[ballot(&poll, 1)]).await.remove(0);
        assert!(
            matches!(outcome, Err(StoreError::Failed { .. })),
            "{outcome:?}"
        );
        run(&pool, "DROP TRIGGER skip").await;
        assert_eq!(votes(&store, &poll).await, 1);
    }
    let outcome = cast(&store, &[ballot(&poll, 1)]).await.remove(0);
    assert_eq!(outcome.unwrap(), Outcome::Counted { revision: 2 });
    assert_eq!(votes(&store, &poll).await, 2);
}

#[tokio::test]
async fn an_undecodable_column_names_its_poll() {
    let harness = Harness::new();
    let (pool, store) = harness.host_store().await;
    let poll = poll(&store).await;
    run(&pool, "UPDATE votify_polls SET title = CAST(x'ff' AS TEXT)").await;
    let error = store.polls(&[poll.id]).await.unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    let error = error_chain(&error);
    assert!(error.contains(&poll.id.to_string()), "{error}");
    // A tally needs no title.
    assert!(store.tallies(&[poll.id]).await.unwrap()[0].is_some());
}

#[tokio::test]
async fn calls_without_ids_need_no_connection() {
    let harness = Harness::new();
    let (pool, store) = harness.host_store().await;
    let poll = poll(&store).await;
    let _only_connection = pool.acquire().await.unwrap();
    let calls = async {
        assert!(store.polls(&[]).await.unwrap().is_empty());
        assert!(store.tallies(&[]).await.unwrap().is_empty());
        assert!(store.ballots_of(poll.id, &[]).await.unwrap().is_empty());
    };
    let limit = Duration::from_secs(2);
    tokio::time::timeout(limit, calls).await.unwrap();
}

#[tokio::test]
async fn repeated_ids_are_answered_repeatedly() {
    let harness = Harness::new();
    let store = harness.store().await;
    let (first, second) = (poll(&store).await, poll(&store).await);
    let ids = [first.id, second.id, first.id, first.id];
    let polls = store.polls(&ids).await.unwrap();
    let tallies = store.tallies(&ids).await.unwrap();
    for ((id, poll), tally) in ids.iter().zip(polls).zip(tallies) {
        assert_eq!(poll.unwrap().id, *id);
        assert_eq!(tally.unwrap().poll, *id);
    }
}

#[tokio::test]
async fn every_write_that_fails_shows_in_readiness() {
    let harness = Harness::new();
    let (pool, store) = harness.host_store().await;
    let fill = async || run(&pool, "PRAGMA query_only = ON").await;
    let free = async || run(&pool, "PRAGMA query_only = OFF").await;
    storage_faults::every_write_that_fails_shows_in_readiness(store, fill, free).await;
}

#[tokio::test]
async fn a_missing_table_is_unavailable_until_it_is_back() {
    let harness = Harness::new();
    let (store, pool) = (harness.store().await, harness.pool().await);
    let beside = async |sql: &str| run(&pool, sql).await;
    storage_faults::a_missing_table_is_unavailable_until_it_is_back(store, beside).await;
}

/// A transaction of another program that does not end.
#[tokio::test]
async fn a_lock_that_lasts_is_not_ready_until_it_is_released() {
    let harness = Harness::new();
    let store = harness.store().await;
    let poll = poll(&store).await;
    let pool = harness.pool().await;
    run(&pool, "BEGIN IMMEDIATE").await;
    let outcome = cast(&store, &[ballot(&poll, 1)]).await.remove(0);
    assert!(
        matches!(outcome, Err(StoreError::Unavailable { .. })),
        "{outcome:?}"
    );
    assert!(store.check_ready().await.is_err());
    run(&pool, "ROLLBACK").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    store.check_ready().await.unwrap();
    cast(&store, &[ballot(&poll, 1)]).await.remove(0).unwrap();
}
