//! A database that cannot be written to, or holds nonsense.

use votify_core::{Ballot, Outcome, Store, StoreError};
use votify_sqlx::SqliteStore;
use votify_sqlx::sqlx::{self, AssertSqlSafe, SqlitePool};

use crate::ballots::{NOW, ballot, cast, draft, known_among_new, poll, votes};
use crate::scene::Scene;

async fn hosted(scene: &Scene) -> (SqlitePool, SqliteStore) {
    let pool = scene.pool().await;
    let store = SqliteStore::from_pool(pool.clone()).await.unwrap();
    store.migrate().await.unwrap();
    (pool, store)
}

async fn run(pool: &SqlitePool, statement: &str) {
    sqlx::query(AssertSqlSafe(statement))
        .execute(pool)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_full_disk_writes_nothing_by_halves_and_passes() {
    let scene = Scene::new();
    let (pool, store) = hosted(&scene).await;
    let poll = poll(&store).await;
    let (before, ballots): (Vec<Ballot>, Vec<Ballot>) = (
        (0..10).map(|n| ballot(&poll, n)).collect(),
        (10..5_000).map(|n| ballot(&poll, n)).collect(),
    );
    cast(&store, &before).await.into_iter().for_each(|outcome| {
        outcome.unwrap();
    });
    let pages: i64 = sqlx::query_scalar("PRAGMA page_count")
        .fetch_one(&pool)
        .await
        .unwrap();
    run(&pool, &format!("PRAGMA max_page_count = {}", pages + 2)).await;

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
    let refused = store.create_poll(&long).await;
    assert!(
        matches!(refused, Err(StoreError::Unavailable { .. })),
        "{refused:?}"
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
async fn a_call_dropped_while_the_disk_is_full_leaves_the_connection_usable() {
    let scene = Scene::new();
    let (pool, store) = hosted(&scene).await;
    let poll = poll(&store).await;
    let ballots: Vec<Ballot> = (0..5_000).map(|n| ballot(&poll, n)).collect();
    let pages: i64 = sqlx::query_scalar("PRAGMA page_count")
        .fetch_one(&pool)
        .await
        .unwrap();
    run(&pool, &format!("PRAGMA max_page_count = {}", pages + 2)).await;
    for milliseconds in 0..20 {
        let patience = std::time::Duration::from_millis(milliseconds);
        let _ = tokio::time::timeout(patience, store.cast_ballots(&ballots, NOW)).await;
    }
    run(&pool, "PRAGMA max_page_count = 1000000").await;
    assert_eq!(votes(&store, &poll).await, 0);
    for outcome in cast(&store, &ballots).await {
        assert!(
            matches!(outcome, Ok(Outcome::Counted { .. })),
            "{outcome:?}"
        );
    }
    // The host's own transactions work on that connection too.
    let transaction = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
    transaction.rollback().await.unwrap();
    assert_eq!(votes(&store, &poll).await, 5_000);
}

#[tokio::test]
async fn a_read_only_database_is_unavailable_until_it_is_not() {
    let scene = Scene::new();
    let (pool, store) = hosted(&scene).await;
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
async fn a_poll_that_cannot_be_read_takes_no_other_with_it() {
    let scene = Scene::new();
    let (pool, store) = hosted(&scene).await;
    let (good, bad, worse) = (poll(&store).await, poll(&store).await, poll(&store).await);
    cast(&store, &[ballot(&worse, 1)]).await.remove(0).unwrap();
    sqlx::query("UPDATE votify_polls SET voters = 'martians' WHERE id = ?")
        .bind(bad.id.as_bytes().to_vec())
        .execute(&pool)
        .await
        .unwrap();
    sqlx::query("UPDATE votify_votes SET choice = x'ff' WHERE poll_id = ?")
        .bind(worse.id.as_bytes().to_vec())
        .execute(&pool)
        .await
        .unwrap();
    let outcomes = cast(
        &store,
        &[ballot(&bad, 1), ballot(&worse, 1), ballot(&good, 1)],
    )
    .await;
    assert!(
        matches!(outcomes[0], Err(StoreError::Corrupt { .. })),
        "{outcomes:?}"
    );
    assert!(
        matches!(outcomes[1], Err(StoreError::Corrupt { .. })),
        "{outcomes:?}"
    );
    assert!(
        matches!(outcomes[2], Ok(Outcome::Counted { revision: 1 })),
        "{outcomes:?}"
    );
    assert!(matches!(
        store.polls(&[bad.id]).await,
        Err(StoreError::Corrupt { .. })
    ));
    assert!(matches!(
        store.audit_poll(worse.id).await,
        Err(StoreError::Corrupt { .. })
    ));
    let filter = votify_core::store::PollFilter::default();
    let page = votify_core::PageRequest::FIRST;
    let listed = store
        .list_polls(&filter, &page, votify_core::Timestamp::EPOCH)
        .await
        .unwrap();
    let listed: Vec<_> = listed.items.iter().map(|poll| poll.id).collect();
    assert!(
        listed.contains(&good.id) && !listed.contains(&bad.id),
        "{listed:?}"
    );
}

#[tokio::test]
async fn a_part_that_cannot_be_written_takes_no_other_with_it() {
    let scene = Scene::new();
    let (pool, store) = hosted(&scene).await;
    let polls = [
        poll(&store).await,
        poll(&store).await,
        poll(&store).await,
        poll(&store).await,
    ];
    let broken = &polls[2];
    // A trigger of somebody else's forbids votes for one poll.
    let id: String = broken
        .id
        .as_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    run(
        &pool,
        &format!(
            "CREATE TRIGGER forbid BEFORE INSERT ON votify_votes WHEN new.poll_id = x'{id}' \
             BEGIN SELECT raise(ABORT, 'forbidden'); END"
        ),
    )
    .await;
    let ballots: Vec<Ballot> = (0..40).map(|n| ballot(&polls[n as usize % 4], n)).collect();
    for (ballot, outcome) in ballots.iter().zip(cast(&store, &ballots).await) {
        if ballot.poll == broken.id {
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
        let expected = if poll.id == broken.id { 0 } else { 10 };
        assert_eq!(votes(&store, poll).await, expected);
    }
}

#[tokio::test]
async fn the_unique_index_judges_what_slipped_past_the_lock() {
    let scene = Scene::new();
    let (pool, store) = hosted(&scene).await;
    let poll = poll(&store).await;
    // Counted behind the store's back, at a revision that the poll does not know of.
    run(
        &pool,
        "CREATE TRIGGER slip BEFORE UPDATE OF revision ON votify_polls WHEN new.revision = 1 BEGIN \
         INSERT INTO votify_votes SELECT poll_id, 99, voter_id, ballot_id, choice, cast_at FROM votify_votes; END",
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
async fn who_voted_before_is_known_among_new_voters() {
    known_among_new(&Scene::new().store().await).await;
}

#[tokio::test]
async fn a_write_that_changes_too_few_rows_leaves_no_trace() {
    let scene = Scene::new();
    let (pool, store) = hosted(&scene).await;
    let poll = poll(&store).await;
    cast(&store, &[ballot(&poll, 0)]).await.remove(0).unwrap();
    // A trigger of somebody else's has some changes left out, without an error.
    for table in ["votify_poll_options", "votify_polls"] {
        run(
            &pool,
            &format!(
                "CREATE TRIGGER leave_out BEFORE UPDATE ON {table} BEGIN SELECT RAISE(IGNORE); END"
            ),
        )
        .await;
        let outcome = cast(&store, &[ballot(&poll, 1)]).await.remove(0);
        assert!(
            matches!(outcome, Err(StoreError::Failed { .. })),
            "{outcome:?}"
        );
        run(&pool, "DROP TRIGGER leave_out").await;
        assert_eq!(votes(&store, &poll).await, 1);
    }
    let outcome = cast(&store, &[ballot(&poll, 1)]).await.remove(0);
    assert_eq!(outcome.unwrap(), Outcome::Counted { revision: 2 });
    assert_eq!(votes(&store, &poll).await, 2);
}
