use url::Url;
use votify_sqlx::sqlx::postgres::PgConnection;
use votify_sqlx::sqlx::{AssertSqlSafe, Connection, Error, query_scalar, raw_sql};

const SETTINGS: &str = "SELECT format('PostgreSQL %s with fsync=%s, full_page_writes=%s, synchronous_commit=%s, \
    shared_buffers=%s, autovacuum=%s', current_setting('server_version'), current_setting('fsync'), \
    current_setting('full_page_writes'), current_setting('synchronous_commit'), current_setting('shared_buffers'), \
    current_setting('autovacuum'))";

pub(super) async fn settings(url: &str) -> Result<String, Error> {
    let mut connection = PgConnection::connect(url).await?;
    query_scalar(SETTINGS).fetch_one(&mut connection).await
}

pub(super) async fn make(server: &str, schema: &str) -> Result<(), Error> {
    run(server, format!("CREATE SCHEMA {schema}")).await
}

/// Lets all connections of this URL work in a schema.
pub(super) fn enter(url: &mut Url, schema: &str) {
    url.query_pairs_mut()
        .append_pair("options", &format!("-csearch_path={schema}"));
}

/// Whoever was killed in the middle of a transaction may hold on to it for a moment.
pub(super) async fn remove(server: &str, schema: &str) -> Result<(), Error> {
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
