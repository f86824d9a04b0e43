//! A database that holds nonsense, or refuses some of what it is given.

use votify_core::{Ballot, BallotId, Choice, Outcome, Store, StoreError, VoterId, VoterPolicy};
use votify_sqlx::sqlx;

use crate::ballots::{NOW, ballot, cast, known_among_new, poll, votes};
use crate::scene::{Scene, literal, run};

#[tokio::test]
async fn connections_that_the_server_ended_are_replaced() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let store = scene.store().await;
    let poll = poll(&store).await;
    let mut foreign = scene.foreign().await;
    let others = format!(
        "SELECT CAST(id AS CHAR) FROM information_schema.processlist WHERE db = '{}' AND id <> connection_id()",
        scene.name()
    );
    for n in 0..5 {
        let others = foreign.texts(others.as_str()).await.unwrap();
        assert!(!others.is_empty());
        for id in others {
            // One that was closed just now may be listed still.
            let _ = foreign.run(format!("KILL CONNECTION {id}")).await;
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
async fn calls_that_are_dropped_leave_nothing_open() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let (pool, store) = scene.hosted().await;
    let poll = poll(&store).await;
    let ballots: Vec<Ballot> = (0..500).map(|n| ballot(&poll, n)).collect();
    for milliseconds in 0..30 {
        let patience = std::time::Duration::from_millis(milliseconds);
        let _ = tokio::time::timeout(patience, store.cast_ballots(&ballots, NOW)).await;
    }
    for outcome in cast(&store, &ballots).await {
        outcome.unwrap();
    }
    assert_eq!(votes(&store, &poll).await, 500);
    // The host's own transactions work on what is left.
    for _ in 0..5 {
        pool.begin().await.unwrap().rollback().await.unwrap();
    }
}

#[tokio::test]
async fn a_poll_that_cannot_be_read_takes_no_other_with_it() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let (pool, store) = scene.hosted().await;
    let (good, bad, worse) = (poll(&store).await, poll(&store).await, poll(&store).await);
    cast(&store, &[ballot(&worse, 1)]).await.remove(0).unwrap();
    let (bad_id, worse_id) = (literal(&bad), literal(&worse));
    run(
        &pool,
        format!("UPDATE votify_polls SET voters = 'martians' WHERE id = {bad_id}"),
    )
    .await;
    run(
        &pool,
        format!("UPDATE votify_votes SET choice = x'ff' WHERE poll_id = {worse_id}"),
    )
    .await;
    let ballots = [ballot(&bad, 1), ballot(&worse, 1), ballot(&good, 1)];
    let outcomes = cast(&store, &ballots).await;
    for corrupt in &outcomes[..2] {
        assert!(
            matches!(corrupt, Err(StoreError::Corrupt { .. })),
            "{outcomes:?}"
        );
    }
    assert!(
        matches!(outcomes[2], Ok(Outcome::Counted { revision: 1 })),
        "{outcomes:?}"
    );
    let read = store.polls(&[bad.id]).await;
    assert!(matches!(read, Err(StoreError::Corrupt { .. })), "{read:?}");
    let audited = store.audit_poll(worse.id).await;
    assert!(
        matches!(audited, Err(StoreError::Corrupt { .. })),
        "{audited:?}"
    );
    let filter = votify_core::store::PollFilter::default();
    let page = votify_core::PageRequest::FIRST;
    let listed = store.list_polls(&filter, &page, NOW).await.unwrap();
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
    let (pool, store) = scene.hosted().await;
    let polls = [
        poll(&store).await,
        poll(&store).await,
        poll(&store).await,
        poll(&store).await,
    ];
    let broken = &polls[2];
    // A trigger of somebody else's forbids votes for one poll.
    let id = literal(broken);
    run(
        &pool,
        format!(
            "CREATE TRIGGER forbid BEFORE INSERT ON votify_votes FOR EACH ROW BEGIN IF NEW.poll_id = {id} THEN \
             SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'forbidden'; END IF; END"
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
    let Some(scene) = Scene::new().await else {
        return;
    };
    let (pool, store) = scene.hosted().await;
    let poll = poll(&store).await;
    // Counted behind the store's back, at a revision that the poll does not know of.
    run(
        &pool,
        "CREATE TRIGGER slip BEFORE UPDATE ON votify_polls FOR EACH ROW BEGIN IF NEW.revision = 1 THEN \
         INSERT INTO votify_votes SELECT poll_id, 99, voter_id, ballot_id, choice, cast_at FROM votify_votes; END IF; END",
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
async fn large_batches_are_taken_apart_and_counted_whole() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let store = scene.store().await;
    let mut poll = votify_core::PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"])
        .into_poll(
            votify_core::PollId::generate(NOW),
            NOW,
            &votify_core::Keyring::ephemeral(),
        )
        .unwrap();
    poll.rules.revote = true;
    store.create_poll(&poll).await.unwrap();
    let voter = |n: u32| {
        let mut value = [0; 15];
        value[..4].copy_from_slice(&n.to_be_bytes());
        VoterId::new(VoterPolicy::Browser, value)
    };
    for (round, option) in [(0, 0), (1, 1), (2, 0)] {
        let ballots: Vec<Ballot> = (0..2_500)
            .map(|n| Ballot {
                id: BallotId::generate(NOW),
                poll: poll.id,
                voter: voter(n),
                choice: Choice::one(poll.options[option].id),
                address: None,
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
    let rows: Vec<i64> = {
        let pool = sqlx::MySqlPool::connect(scene.url()).await.unwrap();
        sqlx::query_scalar("SELECT count(*) FROM votify_superseded_votes")
            .fetch_all(&pool)
            .await
            .unwrap()
    };
    assert_eq!(rows, [5_000]);
}

#[tokio::test]
async fn who_voted_before_is_known_among_new_voters() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    known_among_new(&scene.store().await).await;
}
