//! Every law, with different stores behind and different Redis in between.

use std::env;
use std::sync::Arc;

use async_trait::async_trait;
use tempfile::TempDir;
use votify_core::conformance::{FreshStore, STORE_CASES, StoreFixture, check_store};
use votify_core::{MemoryStore, Store};
use votify_redis::Redis;
use votify_sqlx::{PostgresStore, SqliteStore};

use crate::rotation::Rotation;
use crate::scene::{Behind, apart, brief, cached};
use crate::servers::{Cluster, Server, new_prefix, shared_url};
use crate::sql_servers::{Database, Kind};

fn shared_is_missing() -> Option<String> {
    shared_url()
        .is_none()
        .then(|| "VOTIFY_TEST_REDIS_URL names no Redis".to_owned())
}

/// Two instances in turns, on one memory; Redis is told of everything before the next call.
struct InTurns {
    url: String,
}

impl InTurns {
    fn shared() -> Self {
        Self {
            url: shared_url().unwrap_or_default(),
        }
    }
}

#[async_trait]
impl StoreFixture for InTurns {
    async fn fresh(&self) -> FreshStore {
        let redis = apart(&self.url).await;
        let memory: Behind = Arc::new(MemoryStore::new());
        let instances = vec![cached(&memory, &redis), cached(&memory, &redis)];
        FreshStore::new(Arc::new(Rotation::of(instances)))
    }

    fn unavailable(&self) -> Option<String> {
        self.url.is_empty().then(shared_is_missing).flatten()
    }
}

/// As processes of their own would open it, on one file; Redis is told whenever it is.
struct OnSqlite {
    url: String,
}

async fn open_cached(store: Behind, url: &str, prefix: &str) -> Arc<dyn Store> {
    let redis = Redis::connect(url).await.unwrap();
    let redis = redis.with_prefix(prefix).unwrap();
    Arc::new(cached(&store, &redis))
}

#[async_trait]
impl StoreFixture for OnSqlite {
    async fn fresh(&self) -> FreshStore {
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
        FreshStore::open(open).await.guarded_by(folder)
    }

    fn unavailable(&self) -> Option<String> {
        self.url.is_empty().then(shared_is_missing).flatten()
    }
}

struct OnPostgres;

#[async_trait]
impl StoreFixture for OnPostgres {
    async fn fresh(&self) -> FreshStore {
        let database = Database::postgres().await.unwrap();
        let (database_url, prefix) = (database.url().to_owned(), new_prefix());
        let open = move || {
            let (database_url, prefix) = (database_url.clone(), prefix.clone());
            async move {
                let store = PostgresStore::connect(&database_url).await.unwrap();
                store.migrate().await.unwrap();
                open_cached(Arc::new(store), &shared_url().unwrap(), &prefix).await
            }
        };
        FreshStore::open(open).await.guarded_by(database)
    }

    fn unavailable(&self) -> Option<String> {
        let variable = Kind::Postgres.variable();
        let missing = env::var(variable).is_err();
        let postgres = missing.then(|| format!("{variable} names no PostgreSQL"));
        postgres.or_else(shared_is_missing)
    }
}

/// Redis answered when the instance was made, and never again.
struct Away {
    redis: Redis,
}

#[async_trait]
impl StoreFixture for Away {
    async fn fresh(&self) -> FreshStore {
        let memory: Behind = Arc::new(MemoryStore::new());
        let redis = self.redis.clone();
        let open = move || {
            let (memory, redis) = (Arc::clone(&memory), redis.clone());
            async move {
                let mut config = brief();
                config.lease = std::time::Duration::from_millis(1);
                let cached = votify_redis::CachedStore::with_config(memory, redis, config);
                Arc::new(cached) as Arc<dyn Store>
            }
        };
        FreshStore::open(open).await
    }
}

mod in_turns {
    votify_core::store_conformance!(super::InTurns::shared());
}

mod on_sqlite {
    votify_core::store_conformance!(super::OnSqlite {
        url: super::shared_url().unwrap_or_default()
    });
}

mod on_postgres {
    votify_core::store_conformance!(super::OnPostgres);
}

fn check_all(fixture: &(dyn StoreFixture + 'static)) {
    for case in STORE_CASES {
        eprintln!("{case:?}");
        check_store(fixture, case.name);
    }
}

/// One test for all, because a cluster takes long to start.
#[test]
fn every_law_on_a_private_server_cluster_in_turns() {
    let Some(cluster) = Cluster::plain() else {
        return;
    };
    check_all(&InTurns { url: cluster.url() });
}

#[test]
fn every_law_on_a_private_server_cluster_with_sqlite() {
    let Some(cluster) = Cluster::plain() else {
        return;
    };
    check_all(&OnSqlite { url: cluster.url() });
}

#[test]
fn every_law_while_redis_is_away() {
    let Some(mut server) = Server::plain() else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let redis = runtime.block_on(Redis::connect(&server.url())).unwrap();
    server.kill();
    check_all(&Away { redis });
}

/// Whoever is there and does not answer is worse than whoever is away.
#[test]
fn every_law_while_redis_is_paused() {
    let Some(server) = Server::plain() else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let redis = runtime.block_on(Redis::connect(&server.url())).unwrap();
    server.pause();
    check_all(&Away { redis });
}
