use votify_sqlx::MySqlStore;
use votify_sqlx::sqlx::Executor;
use votify_sqlx::sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions};
use votify_test_support::sql::{ScratchDatabase, ServerKind};

use super::impl_fixtures;

async fn scratch() -> (String, ScratchDatabase) {
    let database = ScratchDatabase::mysql().await.unwrap();
    (database.url().to_owned(), database)
}

struct OwnPool;

impl OwnPool {
    async fn scratch() -> (String, ScratchDatabase) {
        scratch().await
    }

    async fn open(url: &str) -> MySqlStore {
        let store = MySqlStore::connect(url).await.unwrap();
        store.migrate().await.unwrap();
        store
    }
}

impl_fixtures!(OwnPool, unavailable: ServerKind::MySql.unavailable());

struct HostPool;

impl HostPool {
    async fn scratch() -> (String, ScratchDatabase) {
        scratch().await
    }

    /// Opens a store on a host's pool without strict mode, with another time zone and
    /// another isolation level.
    async fn open(url: &str) -> MySqlStore {
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
        let store = MySqlStore::from_pool(pool).await.unwrap();
        store.migrate().await.unwrap();
        store
    }
}

impl_fixtures!(HostPool, unavailable: ServerKind::MySql.unavailable());

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
