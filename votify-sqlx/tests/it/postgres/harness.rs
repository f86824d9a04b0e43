use votify_sqlx::PostgresStore;
use votify_sqlx::sqlx::postgres::{PgPool, PgPoolOptions};
use votify_sqlx::sqlx::{self, AssertSqlSafe};
use votify_test_support::sql::ScratchDatabase;

/// A scratch schema, and the stores and pools on it.
pub(super) struct Harness {
    database: ScratchDatabase,
}

impl Harness {
    /// Creates the schema. Returns `None`, and reports the skip, without a server.
    pub(super) async fn new() -> Option<Self> {
        let database = ScratchDatabase::postgres().await?;
        Some(Self { database })
    }

    pub(super) fn url(&self) -> &str {
        self.database.url()
    }

    pub(super) fn name(&self) -> &str {
        self.database.name()
    }

    /// Opens a migrated store with its own pool.
    pub(super) async fn store(&self) -> PostgresStore {
        let store = PostgresStore::connect(self.url()).await.unwrap();
        store.migrate().await.unwrap();
        store
    }

    /// Opens a host's pool in the same schema. It has one connection, so that settings
    /// apply to every statement.
    pub(super) async fn pool(&self) -> PgPool {
        let pool = PgPoolOptions::new().max_connections(1);
        pool.connect(self.url()).await.unwrap()
    }
}

pub(super) async fn run(pool: &PgPool, sql: impl Into<String>) {
    let statement = sqlx::raw_sql(AssertSqlSafe(sql.into()));
    statement.execute(pool).await.unwrap();
}
