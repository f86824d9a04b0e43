use std::path::PathBuf;

use tempfile::TempDir;
use votify_sqlx::SqliteStore;
use votify_sqlx::sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};

/// A folder that goes away at the end, and the file of a database in it.
pub(crate) struct Scene {
    folder: TempDir,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn url(&self, name: &str, mode: &str) -> String {
        format!("sqlite://{}?mode={mode}", self.path(name).display())
    }

    pub(crate) async fn store(&self) -> SqliteStore {
        let store = SqliteStore::connect(&self.url("votify.db", "rwc"))
            .await
            .unwrap();
        store.migrate().await.unwrap();
        store
    }

    /// A host's pool on the same file, of one connection so that its pragmas hold for every statement.
    pub(crate) async fn pool(&self) -> SqlitePool {
        let options = SqliteConnectOptions::new()
            .filename(self.path("votify.db"))
            .create_if_missing(true);
        let pool = SqlitePoolOptions::new().max_connections(1);
        pool.connect_with(options).await.unwrap()
    }
}
