//! Writing and committing in one round trip: a failed batch writes nothing, and casting
//! the same ballots again settles an unknown outcome.

use std::slice;

use votify_core::{Ballot, Outcome, StoreError};
use votify_sqlx::MySqlStore;
use votify_test_support::ballots::{ballot, cast, poll, votes};

use super::connection_loss::{CutPoint, CuttingProxy};
use super::harness::{Harness, id_literal, query_integer, run};

#[tokio::test]
async fn a_write_that_changes_too_few_rows_is_rolled_back() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let (store, pool) = (harness.store().await, harness.pool().await);
    let poll = poll(&store).await;
    let ballots: Vec<Ballot> = (0..4).map(|n| ballot(&poll, n)).collect();
    for (ballot, revision) in ballots[..2].iter().zip(1..) {
        let outcome = cast(&store, slice::from_ref(ballot)).await.remove(0);
        assert_eq!(outcome.unwrap(), Outcome::Counted { revision });
    }
    // Moves the poll away within the store's transaction, so that its tally is not found.
    let id = id_literal(&poll);
    run(
        &pool,
        format!(
            "CREATE TRIGGER move_poll AFTER INSERT ON votify_votes FOR EACH ROW \
             UPDATE votify_polls SET id = x'00112233445566778899aabbccddeeff' WHERE id = {id}"
        ),
    )
    .await;
    for outcome in cast(&store, &ballots[2..]).await {
        assert!(
            matches!(outcome, Err(StoreError::Failed { .. })),
            "{outcome:?}"
        );
    }
    let stored = query_integer(&pool, "SELECT count(*) FROM votify_votes").await;
    assert_eq!(stored, 2);
    let revision = query_integer(&pool, "SELECT revision FROM votify_polls").await;
    assert_eq!(revision, 2);
    run(&pool, "DROP TRIGGER move_poll").await;
    for (outcome, revision) in cast(&store, &ballots[2..]).await.into_iter().zip(3..) {
        assert_eq!(outcome.unwrap(), Outcome::Counted { revision });
    }
    assert_eq!(votes(&store, &poll).await, 4);
}

#[tokio::test]
async fn ballots_cast_again_settle_a_commit_cut_by_a_lost_connection() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    for (cut_point, settled) in [
        (CutPoint::BeforeRequest, Outcome::Counted { revision: 1 }),
        (CutPoint::AfterReply, Outcome::Replayed { revision: 1 }),
    ] {
        let proxy = CuttingProxy::new(harness.url(), ";COMMIT").await;
        let store = MySqlStore::connect(proxy.url()).await.unwrap();
        store.migrate().await.unwrap();
        let poll = poll(&store).await;
        proxy.cut_next(cut_point);
        let ballots = [ballot(&poll, 1)];
        let outcome = cast(&store, &ballots).await.remove(0);
        assert!(
            matches!(outcome, Err(StoreError::Unavailable { .. })),
            "{cut_point:?}: {outcome:?}"
        );
        assert!(proxy.has_cut());
        let again = cast(&store, &ballots).await.remove(0);
        assert_eq!(again.unwrap(), settled, "{cut_point:?}");
        assert_eq!(votes(&store, &poll).await, 1);
        let next = cast(&store, &[ballot(&poll, 2)]).await.remove(0);
        assert_eq!(next.unwrap(), Outcome::Counted { revision: 2 });
    }
}

#[tokio::test]
async fn a_connection_lost_before_the_transaction_is_replaced() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let proxy = CuttingProxy::new(harness.url(), ";START TRANSACTION").await;
    let store = MySqlStore::connect(proxy.url()).await.unwrap();
    store.migrate().await.unwrap();
    let poll = poll(&store).await;
    proxy.cut_next(CutPoint::BeforeRequest);
    let outcome = cast(&store, &[ballot(&poll, 1)]).await.remove(0);
    assert_eq!(outcome.unwrap(), Outcome::Counted { revision: 1 });
    assert!(proxy.has_cut());
    assert_eq!(votes(&store, &poll).await, 1);
}
