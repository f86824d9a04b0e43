use votify_core::Poll;
use votify_sqlx::MySqlStore;
use votify_sqlx::sqlx::mysql::{MySqlPool, MySqlPoolOptions};
use votify_sqlx::sqlx::{self, AssertSqlSafe, Executor};
use votify_test_support::sql::{Connection, ScratchDatabase};

/// A scratch database, and the stores and pools on it.
pub(super) struct Harness {
    database: ScratchDatabase,
}

impl Harness {
    /// Creates the database. Returns `None`, and reports the skip, without a server.
    pub(super) async fn new() -> Option<Self> {
        let database = ScratchDatabase::mysql().await?;
        Some(Self { database })
    }

    pub(super) fn url(&self) -> &str {
        self.database.url()
    }

    pub(super) fn name(&self) -> &str {
        self.database.name()
    }

    /// Opens a migrated store with its own pool.
    pub(super) async fn store(&self) -> MySqlStore {
        let store = MySqlStore::connect(self.url()).await.unwrap();
        store.migrate().await.unwrap();
        store
    }

    /// Opens a session that bypasses the store.
    pub(super) async fn connection(&self) -> Connection {
        self.database.connection().await
    }

    pub(super) async fn pool(&self) -> MySqlPool {
        self.pool_with("DO 0").await
    }

    /// Opens a host's pool. Each of its sessions starts with this SQL.
    pub(super) async fn pool_with(&self, session_sql: &'static str) -> MySqlPool {
        MySqlPoolOptions::new()
            .max_connections(3)
            .after_connect(move |connection, _| {
                Box::pin(async move { connection.execute(session_sql).await.map(drop) })
            })
            .connect(self.url())
            .await
            .unwrap()
    }

    /// Opens a migrated store on a host's pool.
    pub(super) async fn host_store(&self) -> (MySqlPool, MySqlStore) {
        let pool = self.pool().await;
        let store = MySqlStore::from_pool(pool.clone()).await.unwrap();
        store.migrate().await.unwrap();
        (pool, store)
    }
}

pub(super) async fn run(pool: &MySqlPool, sql: impl Into<String>) {
    let sql = AssertSqlSafe(sql.into());
    sqlx::raw_sql(sql).execute(pool).await.unwrap();
}

pub(super) async fn query_integer(pool: &MySqlPool, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(pool).await.unwrap()
}

/// Returns the poll's id as a SQL literal.
pub(super) fn id_literal(poll: &Poll) -> String {
    let bytes = poll.id.as_bytes();
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("x'{digits}'")
}
