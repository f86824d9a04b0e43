//! Aggregators that come and go while votes arrive.

use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::{sleep, timeout};
use votify_core::engine::Aggregator;
use votify_core::{MemoryStore, Store};
use votify_sqlx::SqliteStore;

use crate::cluster::Cluster;
use crate::election::Election;

/// Runs three members of a group, two of which end and start again at random.
async fn aggregators_come_and_go(store: Arc<dyn Store>, voters: u32, restarts: u32) {
    let cluster = Cluster::start();
    let election = Election::on(&cluster, store).await;
    let polls = election.create_polls(24, false).await;
    let (_, steady) = election.aggregate().await;
    let come_and_go = async |delay: u64| {
        for _ in 0..restarts {
            sleep(Duration::from_millis(delay)).await;
            let consumer = election.consumer().await;
            let aggregator = Aggregator::new(&election.engine, consumer);
            let life = Duration::from_millis(fastrand::u64(1_000..9_000));
            // Dropped at some await, often with a batch that is not committed.
            let _: Result<(), _> = timeout(life, aggregator.run()).await;
        }
    };
    let pause = Duration::from_millis(500);
    let (acknowledged, (), ()) = tokio::join!(
        election.vote(&polls, voters, pause),
        come_and_go(100),
        come_and_go(1_900),
    );
    election.assert_counted_once(&polls, &acknowledged).await;
    election.wait_for(async || steady.read().lag == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rebalances_on_the_memory_store_lose_and_double_nothing() {
    aggregators_come_and_go(Arc::new(MemoryStore::new()), 640, 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rebalances_on_sqlite_lose_and_double_nothing() {
    let (store, _folder) = sqlite().await;
    aggregators_come_and_go(store, 640, 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn endurance_of_rebalances_on_sqlite() {
    let (store, _folder) = sqlite().await;
    aggregators_come_and_go(store, 3_200, 25).await;
}

async fn sqlite() -> (Arc<dyn Store>, TempDir) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("votes.db");
    let url = format!("sqlite://{}?mode=rwc", path.display());
    let store = SqliteStore::connect(&url).await.unwrap();
    store.migrate().await.unwrap();
    (Arc::new(store), folder)
}
