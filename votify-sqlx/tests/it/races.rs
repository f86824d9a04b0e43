//! Invariants with several instances, and while the server is killed or paused.

mod kills;
mod pauses;

use std::sync::Arc;
use std::time::Duration;

use votify_core::Store;
use votify_sqlx::{MySqlStore, PostgresStore};
use votify_test_support::races::{self, Instances};
use votify_test_support::sql::{ScratchDatabase, ServerKind};

/// Defines a module with one test for each kind of server: `scenario(kind, arguments)`.
macro_rules! on_each_server {
    ($module:ident: $scenario:ident($($argument:expr),*)) => {
        mod $module {
            use super::*;

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn on_postgres() {
                $scenario(ServerKind::Postgres $(, $argument)*).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn on_mysql() {
                $scenario(ServerKind::MySql $(, $argument)*).await;
            }
        }
    };
}
use on_each_server;

/// Opens a migrated store, as each process opens its own.
async fn open(kind: ServerKind, url: &str) -> Arc<dyn Store> {
    match kind {
        ServerKind::Postgres => {
            let store = PostgresStore::connect(url).await.unwrap();
            store.migrate().await.unwrap();
            Arc::new(store)
        }
        ServerKind::MySql => {
            let store = MySqlStore::connect(url).await.unwrap();
            store.migrate().await.unwrap();
            Arc::new(store)
        }
    }
}

/// Opens two instances on a scratch database. Returns `None`, and reports the skip,
/// without a server.
async fn instances(kind: ServerKind, clock_offset: Duration) -> Option<Instances> {
    let database = ScratchDatabase::new(kind).await?;
    let stores = [
        open(kind, database.url()).await,
        open(kind, database.url()).await,
    ];
    Some(Instances::new(stores, clock_offset, database))
}

async fn close_polls(kind: ServerKind, rounds: u64) {
    if let Some(instances) = instances(kind, races::closing::CLOCK_OFFSET).await {
        races::closing::final_tallies_contain_acknowledged_votes(&instances, rounds).await;
    }
}

on_each_server!(final_tallies_contain_acknowledged_votes: close_polls(10));
on_each_server!(final_tallies_contain_acknowledged_votes_endurance: close_polls(100));

async fn cast_in_opposite_orders(kind: ServerKind, duration: Duration, min_batches: usize) {
    if let Some(instances) = instances(kind, Duration::ZERO).await {
        races::opposite_orders::batches_never_deadlock(&instances, duration, min_batches).await;
    }
}

on_each_server!(
    batches_in_opposite_orders_never_deadlock:
        cast_in_opposite_orders(Duration::from_secs(3), 2)
);
on_each_server!(
    batches_in_opposite_orders_never_deadlock_endurance:
        cast_in_opposite_orders(Duration::from_secs(60), 11)
);

async fn cast_two_ballots(kind: ServerKind) {
    if let Some(instances) = instances(kind, Duration::ZERO).await {
        races::two_ballots::one_of_two_ballots_counts(&instances).await;
    }
}

on_each_server!(one_of_two_concurrent_ballots_counts: cast_two_ballots());
