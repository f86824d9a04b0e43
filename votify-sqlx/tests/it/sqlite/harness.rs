use std::path::PathBuf;

use tempfile::TempDir;
use votify_sqlx::SqliteStore;
use votify_sqlx::sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use votify_sqlx::sqlx::{self, AssertSqlSafe};

/// A temporary folder, and the stores and pools on the database in it.
pub(super) struct Harness {
    folder: TempDir,
}

impl Harness {
    pub(super) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        Self { folder }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn url(&self, name: &str, mode: &str) -> String {
        format!("sqlite://{}?mode={mode}", self.path(name).display())
    }

    /// Opens a migrated store with its own pool.
    pub(super) async fn store(&self) -> SqliteStore {
        let store = SqliteStore::connect(&self.url("votify.db", "rwc"))
            .await
            .unwrap();
        store.migrate().await.unwrap();
        store
    }

    /// Opens a host's pool on the same file. It has one connection, so that pragmas apply
    /// to every statement.
    pub(super) async fn pool(&self) -> SqlitePool {
        let options = SqliteConnectOptions::new()
            .filename(self.path("votify.db"))
            .create_if_missing(true);
        let pool = SqlitePoolOptions::new().max_connections(1);
        pool.connect_with(options).await.unwrap()
    }

    /// Opens a migrated store on a host's pool.
    pub(super) async fn host_store(&self) -> (SqlitePool, SqliteStore) {
        let pool = self.pool().await;
        let store = SqliteStore::from_pool(pool.clone()).await.unwrap();
        store.migrate().await.unwrap();
        (pool, store)
    }
}

pub(super) async fn run(pool: &SqlitePool, sql: impl Into<String>) {
    let query = sqlx::query(AssertSqlSafe(sql.into()));
    query.execute(pool).await.unwrap();
}

pub(super) async fn query_integer(pool: &SqlitePool, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(pool).await.unwrap()
}
