//! Temporary PostgreSQL schemas.

use url::Url;
use votify_sqlx::sqlx::postgres::PgConnection;
use votify_sqlx::sqlx::{AssertSqlSafe, Connection, Error, query_scalar, raw_sql};

const DESCRIBE: &str = "SELECT format('PostgreSQL %s with fsync=%s, full_page_writes=%s, synchronous_commit=%s, \
    shared_buffers=%s, autovacuum=%s', current_setting('server_version'), current_setting('fsync'), \
    current_setting('full_page_writes'), current_setting('synchronous_commit'), current_setting('shared_buffers'), \
    current_setting('autovacuum'))";

pub(super) async fn describe(url: &str) -> Result<String, Error> {
    let mut connection = PgConnection::connect(url).await?;
    query_scalar(DESCRIBE).fetch_one(&mut connection).await
}

pub(super) async fn create(server: &str, schema: &str) -> Result<(), Error> {
    run(server, format!("CREATE SCHEMA {schema}")).await
}

/// Vacuums and analyzes the tables of a schema.
pub(super) async fn analyze(url: &str, schema: &str) -> Result<(), Error> {
    let mut connection = PgConnection::connect(url).await?;
    let tables: Vec<String> = query_scalar(
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = $1",
    )
    .bind(schema)
    .fetch_all(&mut connection)
    .await?;
    connection.close().await?;
    run(url, format!("VACUUM (ANALYZE) {}", tables.join(", "))).await
}

/// Makes all connections of this URL use the schema.
pub(super) fn set_search_path(url: &mut Url, schema: &str) {
    url.query_pairs_mut()
        .append_pair("options", &format!("-csearch_path={schema}"));
}

/// Waits up to 30 s for locks: the transaction of a killed server may hold them for a
/// moment.
pub(super) async fn drop_schema(server: &str, schema: &str) -> Result<(), Error> {
    run(
        server,
        format!("SET lock_timeout = '30s'; DROP SCHEMA {schema} CASCADE"),
    )
    .await
}

async fn run(server: &str, statements: String) -> Result<(), Error> {
    let mut connection = PgConnection::connect(server).await?;
    raw_sql(AssertSqlSafe(statements))
        .execute(&mut connection)
        .await?;
    connection.close().await
}
