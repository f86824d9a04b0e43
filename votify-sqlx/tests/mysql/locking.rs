//! Locks that sessions hold which are not this library's.

use std::time::Duration;

use tokio::time::{sleep, timeout};
use votify_core::{Outcome, Poll, Store};
use votify_sqlx::MySqlStore;

use crate::ballots::{NOW, ballot, cast, poll, votes};
use crate::scene::{Scene, literal};
use crate::servers::Connection;

async fn lock(foreign: &mut Connection, poll: &Poll) {
    let id = literal(poll);
    let select = format!("SELECT 1 FROM votify_polls WHERE id = {id} FOR UPDATE");
    foreign.run(select).await.unwrap();
}

#[tokio::test]
async fn a_batch_waits_for_its_own_polls_only() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let store = scene.store().await;
    let mut polls = Vec::new();
    for _ in 0..5 {
        polls.push(poll(&store).await);
    }
    let mut foreign = scene.foreign().await;
    foreign.run("BEGIN").await.unwrap();
    lock(&mut foreign, &polls[2]).await;
    for n in [0, 1, 3, 4] {
        let ballots = [ballot(&polls[n], 1)];
        let free = timeout(Duration::from_secs(1), cast(&store, &ballots)).await;
        free.unwrap().remove(0).unwrap();
    }
    let ballots = [ballot(&polls[2], 1)];
    let waiting = timeout(Duration::from_millis(300), cast(&store, &ballots)).await;
    assert!(waiting.is_err(), "{waiting:?}");
    // Reading waits for nobody.
    let reading = timeout(Duration::from_secs(1), votes(&store, &polls[2])).await;
    assert_eq!(reading.unwrap(), 0);
    foreign.run("ROLLBACK").await.unwrap();
    cast(&store, &ballots).await.remove(0).unwrap();
    assert_eq!(votes(&store, &polls[2]).await, 1);
}

#[tokio::test]
async fn a_lock_that_was_waited_for_in_vain_is_tried_again() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let poll = poll(&scene.store().await).await;
    let pool = scene
        .pool_with("SET SESSION innodb_lock_wait_timeout = 1")
        .await;
    let store = MySqlStore::from_pool(pool).await.unwrap();
    let mut foreign = scene.foreign().await;
    foreign.run("BEGIN").await.unwrap();
    lock(&mut foreign, &poll).await;
    let casting = {
        let (store, ballot) = (store.clone(), ballot(&poll, 1));
        tokio::spawn(async move { cast(&store, &[ballot]).await.remove(0) })
    };
    // Longer than one wait.
    sleep(Duration::from_millis(1800)).await;
    assert!(!casting.is_finished());
    foreign.run("ROLLBACK").await.unwrap();
    let outcome = casting.await.unwrap().unwrap();
    assert_eq!(outcome, Outcome::Counted { revision: 1 });
    assert_eq!(votes(&store, &poll).await, 1);
}

#[tokio::test]
async fn a_deadlock_is_tried_again() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let store = scene.store().await;
    let mut polls = [poll(&store).await, poll(&store).await];
    polls.sort_by_key(|poll| poll.id);
    let mut foreign = scene.foreign().await;
    // Who has written less is the one to be rolled back.
    for statement in [
        "CREATE TABLE heavy (n INT PRIMARY KEY) ENGINE = InnoDB",
        "BEGIN",
        "INSERT INTO heavy VALUES (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (11), (12), (13), (14), (15), (16)",
        "UPDATE heavy SET n = n + 1000",
    ] {
        foreign.run(statement).await.unwrap();
    }
    lock(&mut foreign, &polls[1]).await;
    let casting = {
        let store = store.clone();
        let ballots = [ballot(&polls[0], 1), ballot(&polls[1], 1)];
        tokio::spawn(async move { cast(&store, &ballots).await })
    };
    sleep(Duration::from_millis(500)).await;
    assert!(!casting.is_finished());
    // It waits for one and holds the other: now each waits for the other one.
    lock(&mut foreign, &polls[0]).await;
    sleep(Duration::from_millis(200)).await;
    assert!(!casting.is_finished());
    foreign.run("COMMIT").await.unwrap();
    for outcome in casting.await.unwrap() {
        assert_eq!(outcome.unwrap(), Outcome::Counted { revision: 1 });
    }
    for poll in &polls {
        assert_eq!(votes(&store, poll).await, 1);
    }
}

#[tokio::test]
async fn what_another_one_wrote_meanwhile_is_seen_under_the_lock() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let store = scene.store().await;
    let poll = poll(&store).await;
    cast(&store, &[ballot(&poll, 1)]).await.remove(0).unwrap();
    let mut foreign = scene.foreign().await;
    foreign.run("BEGIN").await.unwrap();
    lock(&mut foreign, &poll).await;
    let casting = {
        let (store, ballot) = (store.clone(), ballot(&poll, 2));
        tokio::spawn(async move { cast(&store, &[ballot]).await.remove(0) })
    };
    sleep(Duration::from_millis(300)).await;
    // As another process would have counted a ballot.
    let (id, voter) = (literal(&poll), "x'00112233445566778899aabbccddeeff'");
    for statement in [
        format!(
            "INSERT INTO votify_votes SELECT poll_id, 2, {voter}, {voter}, choice, cast_at FROM votify_votes WHERE poll_id = {id}"
        ),
        format!(
            "UPDATE votify_poll_options SET vote_count = 2 WHERE poll_id = {id} AND vote_count = 1"
        ),
        format!("UPDATE votify_polls SET revision = 2, total_votes = 2 WHERE id = {id}"),
        "COMMIT".into(),
    ] {
        foreign.run(statement).await.unwrap();
    }
    let outcome = casting.await.unwrap().unwrap();
    assert_eq!(outcome, Outcome::Counted { revision: 3 });
    let tallies = store.tallies(&[poll.id]).await.unwrap();
    assert_eq!(tallies[0].as_ref().unwrap().total_votes, 3);
    assert_eq!(votes(&store, &poll).await, 3);
}

#[tokio::test]
async fn a_poll_deleted_while_a_batch_waits_for_it_is_unknown_to_it() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let (store, other) = (scene.store().await, scene.store().await);
    let poll = poll(&store).await;
    let mut foreign = scene.foreign().await;
    foreign.run("BEGIN").await.unwrap();
    lock(&mut foreign, &poll).await;
    let id = poll.id;
    let deleting = tokio::spawn(async move { store.delete_poll(id).await });
    sleep(Duration::from_millis(200)).await;
    let casting = {
        let (other, ballot) = (other.clone(), ballot(&poll, 1));
        tokio::spawn(async move { other.cast_ballots(&[ballot], NOW).await })
    };
    sleep(Duration::from_millis(200)).await;
    foreign.run("COMMIT").await.unwrap();
    deleting.await.unwrap().unwrap();
    casting.await.unwrap().outcomes.remove(0).unwrap();
    let left = foreign
        .texts("SELECT CAST(count(*) AS CHAR) FROM votify_votes")
        .await;
    assert_eq!(left.unwrap(), ["0"]);
}
