use votify_core::Poll;
use votify_sqlx::MySqlStore;
use votify_sqlx::sqlx::mysql::{MySqlPool, MySqlPoolOptions};
use votify_sqlx::sqlx::{self, AssertSqlSafe, Executor};

use crate::servers::{Connection, Database};

/// A database that goes away at the end.
pub(crate) struct Scene {
    database: Database,
}

impl Scene {
    /// None, after telling so, only if there is no server to test with.
    pub(crate) async fn new() -> Option<Self> {
        let database = Database::mysql().await?;
        Some(Self { database })
    }

    pub(crate) fn url(&self) -> &str {
        self.database.url()
    }

    pub(crate) fn name(&self) -> &str {
        self.database.name()
    }

    pub(crate) async fn store(&self) -> MySqlStore {
        let store = MySqlStore::connect(self.url()).await.unwrap();
        store.migrate().await.unwrap();
        store
    }

    /// Somebody else's session.
    pub(crate) async fn foreign(&self) -> Connection {
        self.database.connection().await
    }

    pub(crate) async fn pool(&self) -> MySqlPool {
        self.pool_with("DO 0").await
    }

    /// A host's pool, each of whose sessions begins with these words.
    pub(crate) async fn pool_with(&self, session: &'static str) -> MySqlPool {
        MySqlPoolOptions::new()
            .max_connections(3)
            .after_connect(move |connection, _| {
                Box::pin(async move { connection.execute(session).await.map(drop) })
            })
            .connect(self.url())
            .await
            .unwrap()
    }

    pub(crate) async fn hosted(&self) -> (MySqlPool, MySqlStore) {
        let pool = self.pool().await;
        let store = MySqlStore::from_pool(pool.clone()).await.unwrap();
        store.migrate().await.unwrap();
        (pool, store)
    }
}

pub(crate) async fn run(pool: &MySqlPool, statement: impl Into<String>) {
    let statement = AssertSqlSafe(statement.into());
    sqlx::raw_sql(statement).execute(pool).await.unwrap();
}

pub(crate) async fn number(pool: &MySqlPool, query: &'static str) -> i64 {
    sqlx::query_scalar(query).fetch_one(pool).await.unwrap()
}

/// An id as SQL writes it.
pub(crate) fn literal(poll: &Poll) -> String {
    let bytes = poll.id.as_bytes();
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("x'{digits}'")
}
