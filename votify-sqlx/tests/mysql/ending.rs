//! Writing and committing in one way to the server: all of it happens or nothing, and what nobody knows is settled by sending
//! the same ballots again.

use votify_core::{Ballot, Outcome, StoreError};
use votify_sqlx::MySqlStore;

use crate::ballots::{ballot, cast, poll, votes};
use crate::scene::{Scene, literal, number, run};
use crate::severing::{Severing, When};

#[tokio::test]
async fn a_write_that_meets_too_few_rows_leaves_no_trace() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let (store, pool) = (scene.store().await, scene.pool().await);
    let poll = poll(&store).await;
    let ballots: Vec<Ballot> = (0..4).map(|n| ballot(&poll, n)).collect();
    for (ballot, revision) in ballots[..2].iter().zip(1..) {
        let outcome = cast(&store, std::slice::from_ref(ballot)).await.remove(0);
        assert_eq!(outcome.unwrap(), Outcome::Counted { revision });
    }
    // Behind the store's back: what it remembers of the poll has the option still.
    let id = literal(&poll);
    let hide =
        |from, to| format!("UPDATE votify_poll_options SET poll_id = {to} WHERE poll_id = {from}");
    let elsewhere = "x'00112233445566778899aabbccddeeff'";
    run(&pool, hide(id.as_str(), elsewhere)).await;
    for outcome in cast(&store, &ballots[2..]).await {
        assert!(
            matches!(outcome, Err(StoreError::Failed { .. })),
            "{outcome:?}"
        );
    }
    let kept = number(&pool, "SELECT count(*) FROM votify_votes").await;
    assert_eq!(kept, 2);
    let revision = number(&pool, "SELECT revision FROM votify_polls").await;
    assert_eq!(revision, 2);
    run(&pool, hide(elsewhere, id.as_str())).await;
    for (outcome, revision) in cast(&store, &ballots[2..]).await.into_iter().zip(3..) {
        assert_eq!(outcome.unwrap(), Outcome::Counted { revision });
    }
    assert_eq!(votes(&store, &poll).await, 4);
}

#[tokio::test]
async fn a_connection_lost_with_the_commit_is_settled_by_the_same_ballots() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    for (when, settled) in [
        (When::Before, Outcome::Counted { revision: 1 }),
        (When::After, Outcome::Replayed { revision: 1 }),
    ] {
        let severing = Severing::new(scene.url(), ";COMMIT").await;
        let store = MySqlStore::connect(severing.url()).await.unwrap();
        store.migrate().await.unwrap();
        let poll = poll(&store).await;
        severing.sever_next(when);
        let ballots = [ballot(&poll, 1)];
        let outcome = cast(&store, &ballots).await.remove(0);
        assert!(
            matches!(outcome, Err(StoreError::Unavailable { .. })),
            "{when:?}: {outcome:?}"
        );
        assert!(severing.has_severed());
        let again = cast(&store, &ballots).await.remove(0);
        assert_eq!(again.unwrap(), settled, "{when:?}");
        assert_eq!(votes(&store, &poll).await, 1);
        let another = cast(&store, &[ballot(&poll, 2)]).await.remove(0);
        assert_eq!(another.unwrap(), Outcome::Counted { revision: 2 });
    }
}

#[tokio::test]
async fn a_connection_lost_before_is_replaced_unnoticed() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let severing = Severing::new(scene.url(), ";START TRANSACTION").await;
    let store = MySqlStore::connect(severing.url()).await.unwrap();
    store.migrate().await.unwrap();
    let poll = poll(&store).await;
    severing.sever_next(When::Before);
    let outcome = cast(&store, &[ballot(&poll, 1)]).await.remove(0);
    assert_eq!(outcome.unwrap(), Outcome::Counted { revision: 1 });
    assert!(severing.has_severed());
    assert_eq!(votes(&store, &poll).await, 1);
}
