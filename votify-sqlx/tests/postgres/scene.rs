use votify_sqlx::PostgresStore;
use votify_sqlx::sqlx::postgres::{PgPool, PgPoolOptions};
use votify_sqlx::sqlx::{self, AssertSqlSafe};

use crate::servers::Database;

/// A schema that goes away at the end.
pub(crate) struct Scene {
    database: Database,
}

impl Scene {
    /// `None` if there is no server.
    pub(crate) async fn new() -> Option<Self> {
        let database = Database::postgres().await?;
        Some(Self { database })
    }

    pub(crate) fn url(&self) -> &str {
        self.database.url()
    }

    pub(crate) fn name(&self) -> &str {
        self.database.name()
    }

    pub(crate) async fn store(&self) -> PostgresStore {
        let store = PostgresStore::connect(self.url()).await.unwrap();
        store.migrate().await.unwrap();
        store
    }

    /// A host's pool in the same schema, of one connection so that its settings hold for every statement.
    pub(crate) async fn pool(&self) -> PgPool {
        let pool = PgPoolOptions::new().max_connections(1);
        pool.connect(self.url()).await.unwrap()
    }
}

pub(crate) async fn run(pool: &PgPool, statement: &str) {
    let statement = sqlx::raw_sql(AssertSqlSafe(statement.to_owned()));
    statement.execute(pool).await.unwrap();
}
