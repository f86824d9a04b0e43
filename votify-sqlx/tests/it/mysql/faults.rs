//! Databases with corrupt data, lost connections, and rejected writes.

use std::time::Duration;

use votify_core::store::PollFilter;
use votify_core::{Ballot, BallotId, Choice, Outcome, PageRequest, Store, StoreError};
use votify_test_support::ballots::{
    NOW, ballot, cast, draft, poll, repeat_voters_are_recognized, voter, votes,
};

use super::harness::{Harness, id_literal, query_integer, run};
use crate::storage_faults;

#[tokio::test]
async fn killed_connections_are_replaced() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let store = harness.store().await;
    let poll = poll(&store).await;
    let mut admin = harness.connection().await;
    let connections = format!(
        "SELECT CAST(id AS CHAR) FROM information_schema.processlist \
         WHERE db = '{}' AND id <> connection_id()",
        harness.name()
    );
    for n in 0..5 {
        let connections = admin.texts(connections.as_str()).await.unwrap();
        assert!(!connections.is_empty());
        for id in connections {
            // The list may contain a connection that has just been closed.
            let _ = admin.run(format!("KILL CONNECTION {id}")).await;
        }
        let outcome = cast(&store, &[ballot(&poll, n)]).await.remove(0);
        assert!(
            matches!(outcome, Ok(Outcome::Counted { .. })),
            "{outcome:?}"
        );
    }
    assert_eq!(votes(&store, &poll).await, 5);
}

#[tokio::test]
async fn cancelled_calls_leave_no_open_transaction() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let (pool, store) = harness.host_store().await;
    let poll = poll(&store).await;
    let ballots: Vec<Ballot> = (0..500).map(|n| ballot(&poll, n)).collect();
    for milliseconds in 0..30 {
        let limit = Duration::from_millis(milliseconds);
        let _ = tokio::time::timeout(limit, store.cast_ballots(&ballots, NOW)).await;
    }
    for outcome in cast(&store, &ballots).await {
        outcome.unwrap();
    }
    assert_eq!(votes(&store, &poll).await, 500);
    // The host can use the pool's connections for its own transactions.
    for _ in 0..5 {
        pool.begin().await.unwrap().rollback().await.unwrap();
    }
}

#[tokio::test]
async fn a_corrupt_poll_does_not_affect_other_polls() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let (pool, store) = harness.host_store().await;
    let intact = poll(&store).await;
    let (corrupt, corrupt_vote) = (poll(&store).await, poll(&store).await);
    cast(&store, &[ballot(&corrupt_vote, 1)])
        .await
        .remove(0)
        .unwrap();
    let id = id_literal(&corrupt);
    run(
        &pool,
        format!("UPDATE votify_polls SET voter_policy = 'martians' WHERE id = {id}"),
    )
    .await;
    let id = id_literal(&corrupt_vote);
    run(
        &pool,
        format!("UPDATE votify_votes SET choice = x'ff' WHERE poll_id = {id}"),
    )
    .await;
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
    let read = store.polls(&[corrupt.id]).await;
    assert!(matches!(read, Err(StoreError::Corrupt { .. })), "{read:?}");
    let audited = store.audit_poll(corrupt_vote.id).await;
    assert!(
        matches!(audited, Err(StoreError::Corrupt { .. })),
        "{audited:?}"
    );
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
    let (pool, store) = harness.host_store().await;
    let polls = [
        poll(&store).await,
        poll(&store).await,
        poll(&store).await,
        poll(&store).await,
    ];
    let rejected = &polls[2];
    // A trigger of the host forbids votes in one poll.
    let id = id_literal(rejected);
    run(
        &pool,
        format!(
            "CREATE TRIGGER forbid BEFORE INSERT ON votify_votes FOR EACH ROW BEGIN \
             IF NEW.poll_id = {id} THEN \
             SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'forbidden'; END IF; END"
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
    let Some(harness) = Harness::new().await else {
        return;
    };
    let (pool, store) = harness.host_store().await;
    let poll = poll(&store).await;
    // Writes the same voter's vote within the store's transaction, at another revision.
    run(
        &pool,
        "CREATE TRIGGER add_vote BEFORE UPDATE ON votify_polls FOR EACH ROW BEGIN \
         IF NEW.revision = 1 THEN INSERT INTO votify_votes \
         SELECT poll_id, 99, voter_id, ballot_id, choice, cast_at FROM votify_votes; END IF; END",
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
async fn large_batches_are_split_and_fully_counted() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let store = harness.store().await;
    let mut poll = draft("Lunch?");
    poll.rules.revote = true;
    store.create_poll(&poll).await.unwrap();
    for (round, option) in [(0, 0), (1, 1), (2, 0)] {
        let ballots: Vec<Ballot> = (0..2_500)
            .map(|n| Ballot {
                id: BallotId::generate(NOW),
                poll: poll.id,
                voter: voter(n),
                choice: Choice::one(poll.options[option].id),
                address: None,
                accepted: None,
            })
            .collect();
        for outcome in cast(&store, &ballots).await {
            assert!(
                matches!(
                    outcome,
                    Ok(Outcome::Counted { .. } | Outcome::Replaced { .. })
                ),
                "{round}: {outcome:?}"
            );
        }
        assert_eq!(votes(&store, &poll).await, 2_500);
    }
    let superseded = "SELECT count(*) FROM votify_superseded_votes";
    let superseded = query_integer(&harness.pool().await, superseded).await;
    assert_eq!(superseded, 5_000);
}

#[tokio::test]
async fn repeat_voters_are_recognized_among_new_ones() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    repeat_voters_are_recognized(&harness.store().await).await;
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_unavailable() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let pool = harness.pool().await;
    let store = harness.store().await;
    let is_mariadb = "SELECT CAST(version() LIKE '%MariaDB%' AS SIGNED)";
    if query_integer(&pool, is_mariadb).await == 0 {
        eprintln!("SKIPPED a_statement_that_takes_too_long_is_unavailable: MySQL limits no writes");
        return;
    }
    let poll = poll(&store).await;
    run(
        &pool,
        "CREATE TRIGGER wait BEFORE INSERT ON votify_votes FOR EACH ROW DO SLEEP(30)",
    )
    .await;
    let ballots = [ballot(&poll, 1)];
    let casts = tokio::time::timeout(Duration::from_secs(20), cast(&store, &ballots));
    let outcome = casts.await.unwrap().remove(0);
    assert!(
        matches!(outcome, Err(StoreError::Unavailable { .. })),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn every_write_that_fails_shows_in_readiness() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let (store, pool) = (harness.store().await, harness.pool().await);
    let all = async |sql: fn(&str, &str) -> String| {
        for table in storage_faults::TABLES {
            for event in ["INSERT", "UPDATE"] {
                run(&pool, sql(table, event)).await;
            }
        }
    };
    let fill = async || {
        all(|table, event| {
            format!(
                "CREATE TRIGGER full_{event}_{table} BEFORE {event} ON {table} FOR EACH ROW \
                 SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1114, MESSAGE_TEXT = 'the table is full'"
            )
        })
        .await;
    };
    let free = async || all(|table, event| format!("DROP TRIGGER full_{event}_{table}")).await;
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
