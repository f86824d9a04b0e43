//! A database that cannot be written to, or holds nonsense.

use votify_core::store::PollFilter;
use votify_core::{Ballot, Outcome, PageRequest, Store, StoreError};
use votify_sqlx::PostgresStore;

use crate::ballots::{NOW, ballot, cast, known_among_new, poll, votes};
use crate::scene::{Scene, run};

#[tokio::test]
async fn a_read_only_database_is_unavailable_until_it_is_not() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let store = scene.store().await;
    let poll = poll(&store).await;
    let pool = scene.pool().await;
    // As on a standby, no transaction may write, whatever it asks for.
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
async fn a_poll_that_cannot_be_read_takes_no_other_with_it() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let store = scene.store().await;
    let (good, bad, worse) = (poll(&store).await, poll(&store).await, poll(&store).await);
    cast(&store, &[ballot(&worse, 1)]).await.remove(0).unwrap();
    let pool = scene.pool().await;
    run(
        &pool,
        &format!(
            "UPDATE votify_polls SET voters = 'martians' WHERE id = '{}'",
            bad.id
        ),
    )
    .await;
    run(
        &pool,
        &format!(
            "UPDATE votify_votes SET choice = '\\xff' WHERE poll_id = '{}'",
            worse.id
        ),
    )
    .await;
    let ballots = [ballot(&bad, 1), ballot(&worse, 1), ballot(&good, 1)];
    let outcomes = cast(&store, &ballots).await;
    run(
        &pool,
        "UPDATE votify_polls SET opens_at = 'infinity' WHERE voters = 'martians'",
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
        store.polls(&[bad.id]).await,
        Err(StoreError::Corrupt { .. })
    ));
    assert!(matches!(
        store.audit_poll(worse.id).await,
        Err(StoreError::Corrupt { .. })
    ));
    let listed = store
        .list_polls(&PollFilter::default(), &PageRequest::FIRST, NOW)
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
    let Some(scene) = Scene::new().await else {
        return;
    };
    let store = scene.store().await;
    let polls = [
        poll(&store).await,
        poll(&store).await,
        poll(&store).await,
        poll(&store).await,
    ];
    let broken = &polls[2];
    // A constraint of somebody else's forbids votes for one poll.
    run(
        &scene.pool().await,
        &format!(
            "ALTER TABLE votify_votes ADD CHECK (poll_id <> '{}')",
            broken.id
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
    assert_eq!(votes(&store, broken).await, 0);
    assert_eq!(votes(&store, &polls[0]).await, 10);
}

#[tokio::test]
async fn a_vote_that_somebody_else_wrote_is_never_doubled() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let store = scene.store().await;
    let poll = poll(&store).await;
    cast(&store, &[ballot(&poll, 1)]).await.remove(0).unwrap();
    // The histories do not show the vote any more, and the primary key still does.
    run(
        &scene.pool().await,
        "ALTER TABLE votify_votes RENAME TO real_votes; \
         CREATE VIEW votify_votes AS SELECT * FROM real_votes WHERE false",
    )
    .await;
    let again = Ballot {
        id: votify_core::BallotId::generate(NOW),
        ..ballot(&poll, 1)
    };
    let outcome = cast(&store, &[again]).await.remove(0);
    assert!(
        matches!(outcome, Err(StoreError::Failed { .. })),
        "{outcome:?}"
    );
    run(
        &scene.pool().await,
        "DROP VIEW votify_votes; ALTER TABLE real_votes RENAME TO votify_votes",
    )
    .await;
    assert_eq!(votes(&store, &poll).await, 1);
}

#[tokio::test]
async fn a_call_that_is_dropped_leaves_no_lock_behind() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let store = scene.store().await;
    let poll = poll(&store).await;
    for milliseconds in 0..30 {
        let ballots: Vec<Ballot> = (0..500)
            .map(|n| ballot(&poll, milliseconds * 500 + n))
            .collect();
        let patience = std::time::Duration::from_millis(u64::from(milliseconds) / 2);
        // Whether it was in time is open; that it happened entirely or not at all is not.
        let _ = tokio::time::timeout(patience, store.cast_ballots(&ballots, NOW)).await;
    }
    let other = PostgresStore::connect(scene.url()).await.unwrap();
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
async fn who_voted_before_is_known_among_new_voters() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    known_among_new(&scene.store().await).await;
}
