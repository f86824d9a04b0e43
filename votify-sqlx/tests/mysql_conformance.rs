//! Every law of stores and of account stores, on MySQL or MariaDB: with connections of the store's own, and on a host's pool.
#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot open its store fails its test"
)]

use std::sync::Arc;

use async_trait::async_trait;
use votify_core::conformance::{
    AccountStoreFixture, FreshAccountStore, FreshInvites, FreshStore, InviteFixture, InviteHandle,
    StoreFixture,
};
use votify_core::{AccountStore, Store};
use votify_sqlx::MySqlStore;
use votify_sqlx::sqlx::Executor;
use votify_sqlx::sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions};

use crate::servers::{Database, Kind};

#[path = "servers/mod.rs"]
mod servers;

async fn migrated(store: MySqlStore) -> MySqlStore {
    store.migrate().await.unwrap();
    store
}

fn unavailable() -> Option<String> {
    let variable = Kind::MySql.variable();
    let skipped = Kind::MySql.shared().is_none();
    skipped.then(|| format!("{variable} is not set"))
}

struct Own;

async fn own(url: &str) -> MySqlStore {
    migrated(MySqlStore::connect(url).await.unwrap()).await
}

#[async_trait]
impl StoreFixture for Own {
    async fn fresh(&self) -> FreshStore {
        let database = Database::mysql().await.unwrap();
        let url = database.url().to_owned();
        let open = move || {
            let url = url.clone();
            async move { Arc::new(own(&url).await) as Arc<dyn Store> }
        };
        FreshStore::open(open).await.guarded_by(database)
    }

    fn unavailable(&self) -> Option<String> {
        unavailable()
    }
}

#[async_trait]
impl AccountStoreFixture for Own {
    async fn fresh(&self) -> FreshAccountStore {
        let database = Database::mysql().await.unwrap();
        let url = database.url().to_owned();
        let open = move || {
            let url = url.clone();
            async move { Arc::new(own(&url).await) as Arc<dyn AccountStore> }
        };
        FreshAccountStore::open(open).await.guarded_by(database)
    }

    fn unavailable(&self) -> Option<String> {
        unavailable()
    }
}

#[async_trait]
impl InviteFixture for Own {
    async fn fresh(&self) -> FreshInvites {
        let database = Database::mysql().await.unwrap();
        let url = database.url().to_owned();
        let open = move || {
            let url = url.clone();
            async move {
                let store = MySqlStore::connect(&url).await.unwrap();
                store.migrate().await.unwrap();
                InviteHandle::new(Arc::new(store))
            }
        };
        FreshInvites::open(open).await.guarded_by(database)
    }

    fn unavailable(&self) -> Option<String> {
        unavailable()
    }
}

struct Host;

/// As a host may have it that never heard of strictness, and lives five hours ahead.
async fn host(url: &str) -> MySqlStore {
    let options: MySqlConnectOptions = url.parse().unwrap();
    let options = options
        .pipes_as_concat(false)
        .no_engine_substitution(false)
        .timezone(None);
    let pool = MySqlPoolOptions::new()
        .max_connections(5)
        .after_connect(|connection, _| {
            Box::pin(async move {
                let session = "SET SESSION sql_mode = '', time_zone = '+05:00'; \
                               SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ";
                connection.execute(session).await.map(drop)
            })
        })
        .connect_with(options)
        .await
        .unwrap();
    migrated(MySqlStore::from_pool(pool).await.unwrap()).await
}

#[async_trait]
impl StoreFixture for Host {
    async fn fresh(&self) -> FreshStore {
        let database = Database::mysql().await.unwrap();
        let url = database.url().to_owned();
        let open = move || {
            let url = url.clone();
            async move { Arc::new(host(&url).await) as Arc<dyn Store> }
        };
        FreshStore::open(open).await.guarded_by(database)
    }

    fn unavailable(&self) -> Option<String> {
        unavailable()
    }
}

#[async_trait]
impl AccountStoreFixture for Host {
    async fn fresh(&self) -> FreshAccountStore {
        let database = Database::mysql().await.unwrap();
        let url = database.url().to_owned();
        let open = move || {
            let url = url.clone();
            async move { Arc::new(host(&url).await) as Arc<dyn AccountStore> }
        };
        FreshAccountStore::open(open).await.guarded_by(database)
    }

    fn unavailable(&self) -> Option<String> {
        unavailable()
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
