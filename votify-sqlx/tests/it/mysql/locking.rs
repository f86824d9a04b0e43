//! Locks held by other sessions.

use std::time::Duration;

use tokio::time::{sleep, timeout};
use votify_core::poll::SealCause;
use votify_core::store::SealOutcome;
use votify_core::{Outcome, Poll, Store, StoreExt};
use votify_sqlx::MySqlStore;
use votify_test_support::ballots::{NOW, ballot, cast, poll, votes};
use votify_test_support::sql::Connection;

use super::harness::{Harness, id_literal};

async fn lock(connection: &mut Connection, poll: &Poll) {
    let id = id_literal(poll);
    let select = format!("SELECT 1 FROM votify_polls WHERE id = {id} FOR UPDATE");
    connection.run(select).await.unwrap();
}

#[tokio::test]
async fn a_batch_waits_for_locks_of_its_own_polls_only() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let store = harness.store().await;
    let mut polls = Vec::new();
    for _ in 0..5 {
        polls.push(poll(&store).await);
    }
    let mut other = harness.connection().await;
    other.run("BEGIN").await.unwrap();
    lock(&mut other, &polls[2]).await;
    for n in [0, 1, 3, 4] {
        let ballots = [ballot(&polls[n], 1)];
        let unlocked = timeout(Duration::from_secs(1), cast(&store, &ballots)).await;
        unlocked.unwrap().remove(0).unwrap();
    }
    let ballots = [ballot(&polls[2], 1)];
    let locked = timeout(Duration::from_millis(300), cast(&store, &ballots)).await;
    assert!(locked.is_err(), "{locked:?}");
    // Reads need no lock.
    let read = timeout(Duration::from_secs(1), votes(&store, &polls[2])).await;
    assert_eq!(read.unwrap(), 0);
    other.run("ROLLBACK").await.unwrap();
    cast(&store, &ballots).await.remove(0).unwrap();
    assert_eq!(votes(&store, &polls[2]).await, 1);
}

#[tokio::test]
async fn a_lock_wait_timeout_is_retried() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let poll = poll(&harness.store().await).await;
    let pool = harness
        .pool_with("SET SESSION innodb_lock_wait_timeout = 1")
        .await;
    let store = MySqlStore::from_pool(pool).await.unwrap();
    let mut other = harness.connection().await;
    other.run("BEGIN").await.unwrap();
    lock(&mut other, &poll).await;
    let casting = {
        let (store, ballot) = (store.clone(), ballot(&poll, 1));
        tokio::spawn(async move { cast(&store, &[ballot]).await.remove(0) })
    };
    // Longer than one lock wait.
    sleep(Duration::from_millis(1800)).await;
    assert!(!casting.is_finished());
    other.run("ROLLBACK").await.unwrap();
    let outcome = casting.await.unwrap().unwrap();
    assert_eq!(outcome, Outcome::Counted { revision: 1 });
    assert_eq!(votes(&store, &poll).await, 1);
}

#[tokio::test]
async fn a_deadlock_is_retried() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let store = harness.store().await;
    let mut polls = [poll(&store).await, poll(&store).await];
    polls.sort_by_key(|poll| poll.id);
    let mut other = harness.connection().await;
    // The server rolls back the transaction that has written less, which is the store's.
    for statement in [
        "CREATE TABLE heavy (n INT PRIMARY KEY) ENGINE = InnoDB",
        "BEGIN",
        "INSERT INTO heavy VALUES (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (11), (12), \
         (13), (14), (15), (16)",
        "UPDATE heavy SET n = n + 1000",
    ] {
        other.run(statement).await.unwrap();
    }
    lock(&mut other, &polls[1]).await;
    let casting = {
        let store = store.clone();
        let ballots = [ballot(&polls[0], 1), ballot(&polls[1], 1)];
        tokio::spawn(async move { cast(&store, &ballots).await })
    };
    sleep(Duration::from_millis(500)).await;
    assert!(!casting.is_finished());
    // The batch holds the first poll and waits for the second: this closes the cycle.
    lock(&mut other, &polls[0]).await;
    sleep(Duration::from_millis(200)).await;
    assert!(!casting.is_finished());
    other.run("COMMIT").await.unwrap();
    for outcome in casting.await.unwrap() {
        assert_eq!(outcome.unwrap(), Outcome::Counted { revision: 1 });
    }
    for poll in &polls {
        assert_eq!(votes(&store, poll).await, 1);
    }
}

#[tokio::test]
async fn a_batch_sees_writes_committed_while_it_waited() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    // A host's pool has no cache: its polls are locked and read in one round trip.
    let (_pool, host_store) = harness.host_store().await;
    for store in [harness.store().await, host_store] {
        assert_sees_writes_committed_while_waiting(&harness, store).await;
    }
}

async fn assert_sees_writes_committed_while_waiting(harness: &Harness, store: MySqlStore) {
    let poll = poll(&store).await;
    cast(&store, &[ballot(&poll, 1)]).await.remove(0).unwrap();
    let mut other = harness.connection().await;
    other.run("BEGIN").await.unwrap();
    lock(&mut other, &poll).await;
    let casting = {
        let (store, ballot) = (store.clone(), ballot(&poll, 2));
        tokio::spawn(async move { cast(&store, &[ballot]).await.remove(0) })
    };
    sleep(Duration::from_millis(300)).await;
    // Counts a ballot as another process would.
    let (id, voter) = (id_literal(&poll), "x'00112233445566778899aabbccddeeff'");
    for statement in [
        format!(
            "INSERT INTO votify_votes SELECT poll_id, 2, {voter}, {voter}, choice, cast_at \
             FROM votify_votes WHERE poll_id = {id}"
        ),
        format!(
            "UPDATE votify_polls SET revision = 2, total_votes = 2, \
             vote_counts = replace(vote_counts, '1', '2') WHERE id = {id}"
        ),
        "COMMIT".into(),
    ] {
        other.run(statement).await.unwrap();
    }
    let outcome = casting.await.unwrap().unwrap();
    assert_eq!(outcome, Outcome::Counted { revision: 3 });
    let tallies = store.tallies(&[poll.id]).await.unwrap();
    assert_eq!(tallies[0].as_ref().unwrap().total_votes, 3);
    assert_eq!(votes(&store, &poll).await, 3);
}

/// Sealing locks and reads the poll in one round trip, and writes the tally that it read.
/// No unique index would detect a read of an older snapshot, as one does for votes.
#[tokio::test]
async fn sealing_keeps_votes_committed_while_it_waited() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let store = harness.store().await;
    let poll = poll(&store).await;
    cast(&store, &[ballot(&poll, 1)]).await.remove(0).unwrap();
    let mut other = harness.connection().await;
    other.run("BEGIN").await.unwrap();
    lock(&mut other, &poll).await;
    let sealing = {
        let (store, id) = (store.clone(), poll.id);
        tokio::spawn(async move { store.seal_poll(id, SealCause::Owner, NOW).await })
    };
    sleep(Duration::from_millis(300)).await;
    assert!(!sealing.is_finished());
    let id = id_literal(&poll);
    let count = format!(
        "UPDATE votify_polls SET revision = 2, total_votes = 2, \
         vote_counts = replace(vote_counts, '1', '2') WHERE id = {id}"
    );
    other.run(count).await.unwrap();
    other.run("COMMIT").await.unwrap();
    let sealed = sealing.await.unwrap().unwrap();
    assert!(
        matches!(&sealed, SealOutcome::Sealed(tally) if tally.total_votes == 2),
        "{sealed:?}"
    );
    let tallies = store.tallies(&[poll.id]).await.unwrap();
    assert_eq!(tallies[0].as_ref().unwrap().total_votes, 2);
}

#[tokio::test]
async fn a_poll_deleted_while_a_batch_waits_gets_no_votes() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let (store, other_store) = (harness.store().await, harness.store().await);
    let poll = poll(&store).await;
    let mut connection = harness.connection().await;
    connection.run("BEGIN").await.unwrap();
    lock(&mut connection, &poll).await;
    let id = poll.id;
    let deleting = tokio::spawn(async move { store.delete_poll(id).await });
    sleep(Duration::from_millis(200)).await;
    let casting = {
        let ballot = ballot(&poll, 1);
        tokio::spawn(async move { other_store.cast_ballots(&[ballot], NOW).await })
    };
    sleep(Duration::from_millis(200)).await;
    connection.run("COMMIT").await.unwrap();
    deleting.await.unwrap().unwrap();
    casting.await.unwrap().outcomes.remove(0).unwrap();
    let count = connection
        .texts("SELECT CAST(count(*) AS CHAR) FROM votify_votes")
        .await;
    assert_eq!(count.unwrap(), ["0"]);
}
