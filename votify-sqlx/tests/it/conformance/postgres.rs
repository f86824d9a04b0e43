use std::str::FromStr;

use votify_sqlx::PostgresStore;
use votify_sqlx::sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use votify_test_support::sql::{ScratchDatabase, ServerKind};

use super::impl_fixtures;

async fn scratch() -> (String, ScratchDatabase) {
    let database = ScratchDatabase::postgres().await.unwrap();
    (database.url().to_owned(), database)
}

struct OwnPool;

impl OwnPool {
    async fn scratch() -> (String, ScratchDatabase) {
        scratch().await
    }

    async fn open(url: &str) -> PostgresStore {
        let store = PostgresStore::connect(url).await.unwrap();
        store.migrate().await.unwrap();
        store
    }
}

impl_fixtures!(OwnPool, unavailable: ServerKind::Postgres.unavailable());

struct HostPool;

impl HostPool {
    async fn scratch() -> (String, ScratchDatabase) {
        scratch().await
    }

    /// Opens a store on a host's pool whose transactions are serializable and read-only
    /// by default, with another time zone.
    async fn open(url: &str) -> PostgresStore {
        let options = PgConnectOptions::from_str(url).unwrap();
        let options = options.options([
            ("default_transaction_isolation", "serializable"),
            ("default_transaction_read_only", "on"),
            ("timezone", "Asia/Kathmandu"),
        ]);
        let pool = PgPoolOptions::new().max_connections(5);
        let pool = pool.connect_with(options).await.unwrap();
        OwnPool::open(url).await.close().await;
        PostgresStore::from_pool(pool).await.unwrap()
    }
}

impl_fixtures!(HostPool, unavailable: ServerKind::Postgres.unavailable());

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
