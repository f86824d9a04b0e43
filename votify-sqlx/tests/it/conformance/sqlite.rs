use std::sync::Arc;

use async_trait::async_trait;
use tempfile::TempDir;
use votify_core::conformance::{AccountStoreFixture, Fixture, StoreFixture};
use votify_core::{AccountStore, Store};
use votify_sqlx::SqliteStore;
use votify_sqlx::sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

use super::impl_fixtures;

async fn scratch() -> (String, TempDir) {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("votify.db");
    (format!("sqlite://{}?mode=rwc", file.display()), folder)
}

async fn connect(url: &str) -> SqliteStore {
    let store = SqliteStore::connect(url).await.unwrap();
    store.migrate().await.unwrap();
    store
}

struct OwnPool;

impl OwnPool {
    async fn scratch() -> (String, TempDir) {
        scratch().await
    }

    async fn open(url: &str) -> SqliteStore {
        connect(url).await
    }
}

impl_fixtures!(OwnPool, unavailable: None);

struct HostPool;

impl HostPool {
    async fn scratch() -> (String, TempDir) {
        scratch().await
    }

    /// Opens a store on a host's pool without a write-ahead log.
    async fn open(url: &str) -> SqliteStore {
        let options: SqliteConnectOptions = url.parse().unwrap();
        let pool = SqlitePoolOptions::new()
            .max_connections(5)
            .connect_with(options)
            .await
            .unwrap();
        let store = SqliteStore::from_pool(pool).await.unwrap();
        store.migrate().await.unwrap();
        store
    }
}

impl_fixtures!(HostPool, unavailable: None);

/// A database in memory ends with its store, so it cannot be opened twice.
struct InMemory;

#[async_trait]
impl StoreFixture for InMemory {
    async fn fresh(&self) -> Fixture<dyn Store> {
        Fixture::new(Arc::new(connect("sqlite::memory:").await))
    }
}

#[async_trait]
impl AccountStoreFixture for InMemory {
    async fn fresh(&self) -> Fixture<dyn AccountStore> {
        Fixture::new(Arc::new(connect("sqlite::memory:").await))
    }
}

mod own_pool {
    votify_core::store_conformance!(super::OwnPool);
}

mod own_pool_accounts {
    votify_core::account_store_conformance!(super::OwnPool);
}

mod own_pool_invites {
    votify_core::invite_conformance!(super::OwnPool);
}

mod host_pool {
    votify_core::store_conformance!(super::HostPool);
}

mod host_pool_accounts {
    votify_core::account_store_conformance!(super::HostPool);
}

mod in_memory {
    votify_core::store_conformance!(super::InMemory);
}

mod in_memory_accounts {
    votify_core::account_store_conformance!(super::InMemory);
}
