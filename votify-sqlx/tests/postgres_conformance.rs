//! Every law of stores and of account stores, on PostgreSQL: with connections of the store's own, and on a host's pool.
#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot open its store fails its test"
)]

#[path = "servers/mod.rs"]
mod servers;

use std::str::FromStr;
use std::sync::Arc;

use async_trait::async_trait;
use votify_core::conformance::{
    AccountStoreFixture, FreshAccountStore, FreshInvites, FreshStore, InviteFixture, InviteHandle,
    StoreFixture,
};
use votify_core::{AccountStore, Store};
use votify_sqlx::PostgresStore;
use votify_sqlx::sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use servers::{Database, Kind};

fn unavailable() -> Option<String> {
    let variable = Kind::Postgres.variable();
    std::env::var(variable)
        .is_err()
        .then(|| format!("{variable} names no PostgreSQL"))
}

async fn migrated(store: PostgresStore) -> PostgresStore {
    store.migrate().await.unwrap();
    store
}

struct Own;

async fn own(url: &str) -> PostgresStore {
    migrated(PostgresStore::connect(url).await.unwrap()).await
}

#[async_trait]
impl StoreFixture for Own {
    async fn fresh(&self) -> FreshStore {
        let database = Database::postgres().await.unwrap();
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
        let database = Database::postgres().await.unwrap();
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
        let database = Database::postgres().await.unwrap();
        let url = database.url().to_owned();
        let open = move || {
            let url = url.clone();
            async move {
                let store = PostgresStore::connect(&url).await.unwrap();
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

/// As a host may have it that wants everything to stand still while it looks.
async fn host(url: &str) -> PostgresStore {
    let options = PgConnectOptions::from_str(url).unwrap();
    let options = options.options([
        ("default_transaction_isolation", "serializable"),
        ("default_transaction_read_only", "on"),
        ("timezone", "Asia/Kathmandu"),
    ]);
    let pool = PgPoolOptions::new().max_connections(5);
    let pool = pool.connect_with(options).await.unwrap();
    let migrating = PostgresStore::connect(url).await.unwrap();
    migrating.migrate().await.unwrap();
    migrating.close().await;
    PostgresStore::from_pool(pool).await.unwrap()
}

#[async_trait]
impl StoreFixture for Host {
    async fn fresh(&self) -> FreshStore {
        let database = Database::postgres().await.unwrap();
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
        let database = Database::postgres().await.unwrap();
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

mod own_pool {
    votify_core::store_conformance!(crate::Own);
}

mod own_pool_accounts {
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
