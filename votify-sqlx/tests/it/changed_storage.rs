//! Tables and unique keys that are removed, on each database.

mod changed_tables;
mod missing_keys;

use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::Mutex;
use votify_core::{AccountStore, Store, StoreError};
use votify_sqlx::sqlx::sqlite::{SqlitePool, SqlitePoolOptions};
use votify_sqlx::sqlx::{self, AssertSqlSafe};
use votify_sqlx::{MySqlStore, PostgresStore, SqliteStore};
use votify_test_support::ballots::error_chain;
use votify_test_support::sql::{Connection, ScratchDatabase, ServerKind};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Sqlite,
    Postgres,
    MySql,
}

/// Defines a module with one test for each database.
macro_rules! on_each_database {
    ($scenario:ident) => {
        mod $scenario {
            use crate::changed_storage::{Database, Kind};

            #[tokio::test(flavor = "multi_thread")]
            async fn on_sqlite() {
                super::$scenario(Database::new(Kind::Sqlite).await.unwrap()).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn on_postgres() {
                if let Some(database) = Database::new(Kind::Postgres).await {
                    super::$scenario(database).await;
                }
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn on_mysql() {
                if let Some(database) = Database::new(Kind::MySql).await {
                    super::$scenario(database).await;
                }
            }
        }
    };
}
use on_each_database;

/// A store with all its traits.
trait SqlStore: Store + AccountStore {}
impl<T: Store + AccountStore> SqlStore for T {}

/// A scratch database, with a connection that bypasses the store.
struct Database {
    kind: Kind,
    url: String,
    admin: Admin,
    _scratch: Scratch,
}

enum Admin {
    Sqlite(SqlitePool),
    Server(Mutex<Connection>),
}

#[expect(dead_code, reason = "removed when dropped")]
enum Scratch {
    Folder(TempDir),
    Server(ScratchDatabase),
}

impl Database {
    /// Creates a database. Returns `None`, and reports the skip, without a server.
    async fn new(kind: Kind) -> Option<Self> {
        let server = match kind {
            Kind::Sqlite => {
                let folder = tempfile::tempdir().unwrap();
                let file = folder.path().join("votify.db");
                let url = format!("sqlite://{}?mode=rwc", file.display());
                // One connection, so that pragmas apply to every statement.
                let pool = SqlitePoolOptions::new().max_connections(1);
                return Some(Self {
                    kind,
                    admin: Admin::Sqlite(pool.connect(&url).await.unwrap()),
                    url,
                    _scratch: Scratch::Folder(folder),
                });
            }
            Kind::Postgres => ServerKind::Postgres,
            Kind::MySql => ServerKind::MySql,
        };
        let database = ScratchDatabase::new(server).await?;
        Some(Self {
            kind,
            url: database.url().to_owned(),
            admin: Admin::Server(Mutex::new(database.connection().await)),
            _scratch: Scratch::Server(database),
        })
    }

    /// Opens a migrated store with its own pool.
    async fn store(&self) -> Arc<dyn SqlStore> {
        self.try_store().await.unwrap()
    }

    async fn try_store(&self) -> Result<Arc<dyn SqlStore>, StoreError> {
        let url = &self.url;
        Ok(match self.kind {
            Kind::Sqlite => {
                let store = SqliteStore::connect(url).await?;
                store.migrate().await?;
                Arc::new(store)
            }
            Kind::Postgres => {
                let store = PostgresStore::connect(url).await?;
                store.migrate().await?;
                Arc::new(store)
            }
            Kind::MySql => {
                let store = MySqlStore::connect(url).await?;
                store.migrate().await?;
                Arc::new(store)
            }
        })
    }

    /// Runs statements beside the store.
    async fn run(&self, sql: &str) {
        match &self.admin {
            Admin::Sqlite(pool) => {
                let statement = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
                statement.execute(pool).await.unwrap();
            }
            Admin::Server(connection) => {
                connection.lock().await.run(sql.to_owned()).await.unwrap();
            }
        }
    }
}

/// Fails unless the store was unavailable because of `problem`.
fn assert_unavailable<T: std::fmt::Debug>(result: Result<T, StoreError>, problem: &str) {
    let error = result.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    let error = error_chain(&error);
    assert!(error.contains(problem), "{error}");
}

/// Waits until the store is ready, at most 10 s.
async fn ready(store: &dyn Store) {
    let ready = async {
        while store.check_ready().await.is_err() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(10), ready).await;
    in_time.expect("the store is ready again");
}
