//! The laws of stores, with different stores and different states of Redis.
//!
//! The ordinary suite checks every 13th law on clusters and without an answering Redis.
//! The endurance suite checks all of them.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use votify_core::conformance::{Fixture, STORE_CASES, StoreFixture, check_store};
use votify_core::{MemoryStore, Store};
use votify_redis::{CachedStore, Redis};
use votify_sqlx::{PostgresStore, SqliteStore};
use votify_test_support::redis::{Cluster, Server, new_prefix, shared_url};
use votify_test_support::sql::{ScratchDatabase, ServerKind};

use crate::harness::{InnerStore, cached, connect, short_lease};
use crate::round_robin::RoundRobin;

fn shared_server_is_missing() -> Option<String> {
    shared_url()
        .is_none()
        .then(|| "VOTIFY_TEST_REDIS_URL is not set".to_owned())
}

/// Two instances on one memory store. Calls alternate between them, after all writes to
/// Redis are done.
struct TwoInstances {
    url: String,
}

impl TwoInstances {
    fn on_shared_server() -> Self {
        Self {
            url: shared_url().unwrap_or_default(),
        }
    }
}

#[async_trait]
impl StoreFixture for TwoInstances {
    async fn fresh(&self) -> Fixture<dyn Store> {
        let redis = connect(&self.url).await;
        let memory: InnerStore = Arc::new(MemoryStore::new());
        let instances = vec![cached(&memory, &redis), cached(&memory, &redis)];
        Fixture::new(Arc::new(RoundRobin::new(instances)))
    }

    fn unavailable(&self) -> Option<String> {
        self.url.is_empty().then(shared_server_is_missing).flatten()
    }
}

async fn open_cached(store: InnerStore, url: &str, prefix: &str) -> Arc<dyn Store> {
    let redis = Redis::connect(url).await.unwrap();
    let redis = redis.with_prefix(prefix).unwrap();
    Arc::new(cached(&store, &redis))
}

/// Each handle opens the same SQLite file, like a process of its own. Calls do not wait
/// for writes to Redis.
struct OnSqlite {
    url: String,
}

#[async_trait]
impl StoreFixture for OnSqlite {
    async fn fresh(&self) -> Fixture<dyn Store> {
        let folder = TempDir::new().unwrap();
        let file = format!("sqlite://{}/votify.db?mode=rwc", folder.path().display());
        let (url, prefix) = (self.url.clone(), new_prefix());
        let open = move || {
            let (file, url, prefix) = (file.clone(), url.clone(), prefix.clone());
            async move {
                let store = SqliteStore::connect(&file).await.unwrap();
                store.migrate().await.unwrap();
                open_cached(Arc::new(store), &url, &prefix).await
            }
        };
        Fixture::open(open).await.keeping_alive(folder)
    }

    fn unavailable(&self) -> Option<String> {
        self.url.is_empty().then(shared_server_is_missing).flatten()
    }
}

struct OnPostgres;

#[async_trait]
impl StoreFixture for OnPostgres {
    async fn fresh(&self) -> Fixture<dyn Store> {
        let database = ScratchDatabase::postgres().await.unwrap();
        let (database_url, prefix) = (database.url().to_owned(), new_prefix());
        let open = move || {
            let (database_url, prefix) = (database_url.clone(), prefix.clone());
            async move {
                let store = PostgresStore::connect(&database_url).await.unwrap();
                store.migrate().await.unwrap();
                open_cached(Arc::new(store), &shared_url().unwrap(), &prefix).await
            }
        };
        Fixture::open(open).await.keeping_alive(database)
    }

    fn unavailable(&self) -> Option<String> {
        let postgres = ServerKind::Postgres.unavailable();
        postgres.or_else(shared_server_is_missing)
    }
}

/// Redis answered when the client connected, and never again.
struct Unreachable {
    redis: Redis,
}

#[async_trait]
impl StoreFixture for Unreachable {
    async fn fresh(&self) -> Fixture<dyn Store> {
        let memory: InnerStore = Arc::new(MemoryStore::new());
        let redis = self.redis.clone();
        let open = move || {
            let (memory, redis) = (Arc::clone(&memory), redis.clone());
            async move {
                let mut config = short_lease();
                config.lease = Duration::from_millis(1);
                let store = CachedStore::with_config(memory, redis, config);
                Arc::new(store) as Arc<dyn Store>
            }
        };
        Fixture::open(open).await
    }
}

mod two_instances {
    votify_core::store_conformance!(super::TwoInstances::on_shared_server());
}

mod on_sqlite {
    votify_core::store_conformance!(super::OnSqlite {
        url: super::shared_url().unwrap_or_default()
    });
}

mod on_postgres {
    votify_core::store_conformance!(super::OnPostgres);
}

/// Checks all laws in one test, because a cluster takes seconds to start.
pub(crate) fn check_all(fixture: &(dyn StoreFixture + 'static)) {
    for case in STORE_CASES {
        eprintln!("{case:?}");
        check_store(fixture, case.name);
    }
}

/// Checks every 13th law.
fn check_selected(fixture: &(dyn StoreFixture + 'static)) {
    for case in STORE_CASES.iter().step_by(13) {
        eprintln!("{case:?}");
        check_store(fixture, case.name);
    }
}

type Check = fn(&(dyn StoreFixture + 'static));

fn on_a_cluster_with_two_instances(check: Check) {
    let Some(cluster) = Cluster::new() else {
        return;
    };
    check(&TwoInstances { url: cluster.url() });
}

fn on_a_cluster_with_sqlite(check: Check) {
    let Some(cluster) = Cluster::new() else {
        return;
    };
    check(&OnSqlite { url: cluster.url() });
}

fn with_a_killed_redis(check: Check) {
    let Some(mut server) = Server::new() else {
        return;
    };
    let runtime = Runtime::new().unwrap();
    let redis = runtime.block_on(Redis::connect(&server.url())).unwrap();
    server.kill();
    check(&Unreachable { redis });
}

/// A paused Redis keeps its connections open, so calls end only by their timeout.
fn with_a_paused_redis(check: Check) {
    let Some(server) = Server::new() else {
        return;
    };
    let runtime = Runtime::new().unwrap();
    let redis = runtime.block_on(Redis::connect(&server.url())).unwrap();
    server.pause();
    check(&Unreachable { redis });
}

#[test]
fn selected_laws_hold_on_a_private_server_cluster_with_two_instances() {
    on_a_cluster_with_two_instances(check_selected);
}

#[test]
fn selected_laws_hold_on_a_private_server_cluster_with_sqlite() {
    on_a_cluster_with_sqlite(check_selected);
}

#[test]
fn selected_laws_hold_with_a_killed_redis() {
    with_a_killed_redis(check_selected);
}

#[test]
fn selected_laws_hold_with_a_paused_redis() {
    with_a_paused_redis(check_selected);
}

mod endurance {
    use super::*;

    #[test]
    fn all_laws_hold_on_a_private_server_cluster_with_two_instances() {
        on_a_cluster_with_two_instances(check_all);
    }

    #[test]
    fn all_laws_hold_on_a_private_server_cluster_with_sqlite() {
        on_a_cluster_with_sqlite(check_all);
    }

    #[test]
    fn all_laws_hold_with_a_killed_redis() {
        with_a_killed_redis(check_all);
    }

    #[test]
    fn all_laws_hold_with_a_paused_redis() {
        with_a_paused_redis(check_all);
    }
}
