//! Every law of stores and of account stores, on SQLite: with connections of the store's own, on a host's pool, and in memory.
#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot open its store fails its test"
)]

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use tempfile::TempDir;
use votify_core::conformance::{
    AccountStoreFixture, FreshAccountStore, FreshInvites, FreshStore, InviteFixture, InviteHandle,
    StoreFixture,
};
use votify_core::{AccountStore, Store};
use votify_sqlx::SqliteStore;
use votify_sqlx::sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

async fn migrated(store: SqliteStore) -> SqliteStore {
    store.migrate().await.unwrap();
    store
}

struct Own;

async fn own(file: &Path) -> SqliteStore {
    let url = format!("sqlite://{}?mode=rwc", file.display());
    migrated(SqliteStore::connect(&url).await.unwrap()).await
}

#[async_trait]
impl StoreFixture for Own {
    async fn fresh(&self) -> FreshStore {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("votify.db");
        let open = move || {
            let file = file.clone();
            async move { Arc::new(own(&file).await) as Arc<dyn Store> }
        };
        FreshStore::open(open).await.guarded_by(folder)
    }
}

#[async_trait]
impl AccountStoreFixture for Own {
    async fn fresh(&self) -> FreshAccountStore {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("votify.db");
        let open = move || {
            let file = file.clone();
            async move { Arc::new(own(&file).await) as Arc<dyn AccountStore> }
        };
        FreshAccountStore::open(open).await.guarded_by(folder)
    }
}

#[async_trait]
impl InviteFixture for Own {
    async fn fresh(&self) -> FreshInvites {
        let folder = TempDir::new().unwrap();
        let url = format!(
            "sqlite://{}?mode=rwc",
            folder.path().join("votify.db").display()
        );
        let open = move || {
            let url = url.clone();
            async move {
                let store = SqliteStore::connect(&url).await.unwrap();
                store.migrate().await.unwrap();
                InviteHandle::new(Arc::new(store))
            }
        };
        FreshInvites::open(open).await.guarded_by(folder)
    }
}

struct Host;

/// As a host may have it that never heard of write-ahead logs.
async fn host(file: &Path) -> SqliteStore {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true);
    let pool = SqlitePoolOptions::new()
        .max_connections(5)
        .connect_with(options)
        .await
        .unwrap();
    migrated(SqliteStore::from_pool(pool).await.unwrap()).await
}

#[async_trait]
impl StoreFixture for Host {
    async fn fresh(&self) -> FreshStore {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("host.db");
        let open = move || {
            let file = file.clone();
            async move { Arc::new(host(&file).await) as Arc<dyn Store> }
        };
        FreshStore::open(open).await.guarded_by(folder)
    }
}

#[async_trait]
impl AccountStoreFixture for Host {
    async fn fresh(&self) -> FreshAccountStore {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("host.db");
        let open = move || {
            let file = file.clone();
            async move { Arc::new(host(&file).await) as Arc<dyn AccountStore> }
        };
        FreshAccountStore::open(open).await.guarded_by(folder)
    }
}

struct InMemory;

#[async_trait]
impl StoreFixture for InMemory {
    async fn fresh(&self) -> FreshStore {
        let store = SqliteStore::connect("sqlite::memory:").await.unwrap();
        FreshStore::new(Arc::new(migrated(store).await))
    }
}

#[async_trait]
impl AccountStoreFixture for InMemory {
    async fn fresh(&self) -> FreshAccountStore {
        let store = SqliteStore::connect("sqlite::memory:").await.unwrap();
        FreshAccountStore::new(Arc::new(migrated(store).await))
    }
}

mod own_pools {
    votify_core::store_conformance!(crate::Own);
}

mod own_pools_accounts {
    votify_core::account_store_conformance!(crate::Own);
}

mod invites {
    votify_core::invite_conformance!(crate::Own);
}

mod host_pool {
    votify_core::store_conformance!(crate::Host);
}

mod host_pool_accounts {
    votify_core::account_store_conformance!(crate::Host);
}

mod in_memory {
    votify_core::store_conformance!(crate::InMemory);
}

mod in_memory_accounts {
    votify_core::account_store_conformance!(crate::InMemory);
}
