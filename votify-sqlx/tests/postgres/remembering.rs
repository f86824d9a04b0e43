//! What a store remembers of polls is never believed where the database has something else.

use votify_core::{Ballot, BallotId, Choice, Outcome, Poll, Refusal, Store, StoreError};
use votify_sqlx::PostgresStore;

use crate::ballots::{NOW, ballot, cast, draft, poll, votes};
use crate::scene::{Scene, run};

/// The ballot of that voter, for the other option.
fn other_way(poll: &Poll, number: u32) -> Ballot {
    Ballot {
        choice: Choice::one(poll.options[1].id),
        ..ballot(poll, number)
    }
}

async fn counted(store: &PostgresStore, ballots: &[Ballot]) {
    for outcome in cast(store, ballots).await {
        assert!(
            matches!(outcome, Ok(Outcome::Counted { .. })),
            "{outcome:?}"
        );
    }
}

/// The counts that a vote's receipt tells.
async fn told(store: &PostgresStore, ballot: Ballot) -> Vec<u64> {
    let receipt = store.cast_ballots(&[ballot], NOW).await;
    assert!(
        matches!(receipt.outcomes.as_slice(), [Ok(Outcome::Counted { .. })]),
        "{receipt:?}"
    );
    let counts = receipt.tallies[0].counts.iter();
    counts.map(|entry| entry.count).collect()
}

/// Ends all connections to the schema but the one that asks.
async fn end_connections(scene: &Scene) {
    let end = format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE application_name = '{}' AND pid <> pg_backend_pid()",
        scene.name()
    );
    run(&scene.pool().await, &end).await;
}

const KEEP: &str = "CREATE TABLE kept_tallies AS SELECT * FROM votify_tallies; \
    CREATE TABLE kept_options AS SELECT * FROM votify_poll_options; \
    CREATE TABLE kept_votes AS SELECT * FROM votify_votes";
const GO_BACK: &str = "UPDATE votify_tallies t SET revision = k.revision, total_votes = k.total_votes, heat = k.heat \
        FROM kept_tallies k WHERE k.poll_id = t.poll_id; \
    UPDATE votify_poll_options o SET vote_count = k.vote_count FROM kept_options k WHERE k.poll_id = o.poll_id AND k.id = o.id; \
    DELETE FROM votify_votes; INSERT INTO votify_votes SELECT * FROM kept_votes";

/// As after a failover to a standby that lacked the last votes: the same positions are reached another way.
async fn history_is_rewritten(loses_connections: bool) {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let store = scene.store().await;
    let poll = poll(&store).await;
    let pool = scene.pool().await;
    counted(&store, &[ballot(&poll, 1)]).await;
    run(&pool, KEEP).await;
    counted(&store, &[ballot(&poll, 2)]).await;
    counted(&store, &[ballot(&poll, 3)]).await;
    run(&pool, GO_BACK).await;
    if loses_connections {
        drop(pool);
        end_connections(&scene).await;
    }
    let other = PostgresStore::connect(scene.url()).await.unwrap();
    counted(&other, &[other_way(&poll, 2)]).await;
    counted(&other, &[other_way(&poll, 4)]).await;
    let again = cast(&store, &[ballot(&poll, 2), ballot(&poll, 5)]).await;
    // Voter 2 has another ballot standing now, under the same id.
    assert!(
        matches!(
            again.as_slice(),
            [
                Ok(Outcome::Refused(Refusal::BallotIdReused)),
                Ok(Outcome::Counted { revision: 4 })
            ]
        ),
        "{again:?}"
    );
    assert_eq!(votes(&store, &poll).await, 4);
    assert_eq!(votes(&other, &poll).await, 4);
}

#[tokio::test]
async fn a_database_that_went_back_in_time_is_read_anew() {
    history_is_rewritten(true).await;
}

#[tokio::test]
async fn a_database_that_went_back_in_time_under_open_connections_is_read_anew() {
    history_is_rewritten(false).await;
}

/// Counts that were changed by hand tell what was read and what was remembered.
#[tokio::test]
async fn with_a_new_connection_everything_is_forgotten() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let store = scene.store().await;
    let poll = poll(&store).await;
    let by_hand =
        "UPDATE votify_poll_options SET vote_count = vote_count + 10 WHERE vote_count > 0";
    assert_eq!(told(&store, ballot(&poll, 1)).await, [1, 0]);
    run(&scene.pool().await, by_hand).await;
    // Where the poll is where it was, it is remembered; else the rest of this test would show nothing.
    assert_eq!(told(&store, ballot(&poll, 2)).await, [2, 0]);
    run(&scene.pool().await, by_hand).await;
    end_connections(&scene).await;
    assert_eq!(told(&store, ballot(&poll, 3)).await, [13, 0]);
}

#[tokio::test]
async fn a_poll_that_was_made_again_is_another() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let store = scene.store().await;
    let old = poll(&store).await;
    counted(&store, &[ballot(&old, 1)]).await;
    let other = PostgresStore::connect(scene.url()).await.unwrap();
    other.delete_poll(old.id).await.unwrap();
    let new = Poll {
        id: old.id,
        ..draft("Dinner?")
    };
    other.create_poll(&new).await.unwrap();
    counted(&other, &[other_way(&new, 2)]).await;
    // At the same position now, with other options.
    let outcomes = cast(&store, &[ballot(&old, 3), ballot(&new, 4)]).await;
    assert!(
        matches!(
            outcomes.as_slice(),
            [
                Ok(Outcome::Refused(Refusal::Invalid(_))),
                Ok(Outcome::Counted { revision: 2 })
            ]
        ),
        "{outcomes:?}"
    );
    assert_eq!(votes(&store, &new).await, 2);
}

/// Who writes without the lock is found out before anything is committed.
#[tokio::test]
async fn what_misses_a_row_is_not_committed() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let store = scene.store().await;
    let (good, bad) = (poll(&store).await, poll(&store).await);
    // Connections enough: one that is made anew makes the store forget, and read again.
    let ids = [good.id];
    let asked = tokio::join!(store.polls(&ids), store.polls(&ids), store.polls(&ids));
    assert!(asked.0.is_ok() && asked.1.is_ok() && asked.2.is_ok());
    counted(&store, &[ballot(&good, 1), ballot(&bad, 1)]).await;
    let robbed = format!(
        "DELETE FROM votify_poll_options WHERE id = '{}'",
        bad.options[0].id
    );
    run(&scene.pool().await, &robbed).await;
    for _ in 0..2 {
        let outcomes = cast(&store, &[ballot(&bad, 2), other_way(&bad, 3)]).await;
        assert!(
            matches!(
                outcomes.as_slice(),
                [
                    Err(StoreError::Failed { .. }),
                    Err(StoreError::Failed { .. })
                ]
            ),
            "{outcomes:?}"
        );
    }
    let outcomes = cast(&store, &[ballot(&bad, 2), ballot(&good, 2)]).await;
    assert!(
        matches!(
            outcomes.as_slice(),
            [Err(StoreError::Failed { .. }), Ok(Outcome::Counted { .. })]
        ),
        "{outcomes:?}"
    );
    let voters = [
        ballot(&bad, 1).voter,
        ballot(&bad, 2).voter,
        ballot(&bad, 3).voter,
    ];
    let standing = store.ballots_of(bad.id, &voters).await.unwrap();
    let standing: Vec<bool> = standing.iter().map(Option::is_some).collect();
    assert_eq!(standing, [true, false, false]);
}

/// A ballot is decided on the definition and the ballots that are there, however warm the memory.
#[tokio::test]
async fn what_another_instance_did_is_gone_by() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let store = scene.store().await;
    let other = PostgresStore::connect(scene.url()).await.unwrap();
    let poll = poll(&store).await;
    counted(&store, &[ballot(&poll, 1)]).await;
    counted(&other, &[ballot(&poll, 2)]).await;
    let twice = Ballot {
        id: BallotId::generate(NOW),
        ..ballot(&poll, 2)
    };
    let outcomes = cast(&store, &[twice, ballot(&poll, 2), ballot(&poll, 3)]).await;
    assert!(
        matches!(
            outcomes.as_slice(),
            [
                Ok(Outcome::Refused(Refusal::AlreadyVoted)),
                Ok(Outcome::Replayed { revision: 2 }),
                Ok(Outcome::Counted { revision: 3 })
            ]
        ),
        "{outcomes:?}"
    );
    let cause = votify_core::poll::SealCause::Owner;
    other.seal_poll(poll.id, cause, NOW).await.unwrap();
    let outcomes = cast(&store, &[ballot(&poll, 3), ballot(&poll, 4)]).await;
    assert!(
        matches!(
            outcomes.as_slice(),
            [
                Ok(Outcome::Replayed { revision: 3 }),
                Ok(Outcome::Refused(Refusal::Closed))
            ]
        ),
        "{outcomes:?}"
    );
    assert_eq!(votes(&store, &poll).await, 3);
}
