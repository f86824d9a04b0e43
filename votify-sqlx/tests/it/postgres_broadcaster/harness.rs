use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use votify_core::broadcast::Update;
use votify_core::tally::OptionCount;
use votify_core::{OptionId, Poll, Tally};
use votify_sqlx::PostgresBroadcaster;
use votify_sqlx::sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use votify_sqlx::sqlx::{self, AssertSqlSafe, ConnectOptions, Executor};
use votify_test_support::broadcaster::WAIT_LIMIT;
use votify_test_support::sql::ServerKind;

/// Returns the shared server. Returns `None`, and reports the skip, if there is none.
pub(super) fn server() -> Option<PgConnectOptions> {
    let url = ServerKind::Postgres.shared_url()?;
    Some(url.as_str().parse().unwrap())
}

/// Returns the server's options with a unique application name, and the name.
pub(super) fn named(server: &PgConnectOptions) -> (PgConnectOptions, String) {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("votify-test-{}-{count}", std::process::id());
    (server.clone().application_name(&name), name)
}

/// Opens a broadcaster with its own connections.
pub(super) async fn node(server: &PgConnectOptions) -> PostgresBroadcaster {
    let mut url = server.to_url_lossy();
    if let Some(name) = server.get_application_name() {
        url.query_pairs_mut().append_pair("application_name", name);
    }
    PostgresBroadcaster::connect(url.as_str()).await.unwrap()
}

pub(super) async fn host_pool(server: &PgConnectOptions) -> PgPool {
    let pool = PgPoolOptions::new().max_connections(2);
    pool.connect_with(server.clone()).await.unwrap()
}

pub(super) async fn connection(server: &PgConnectOptions) -> PgConnection {
    server.connect().await.unwrap()
}

/// Creates a database without notifications of other tests. The test passes it to
/// [`drop_database`] at its end.
pub(super) async fn create_database(server: &PgConnectOptions) -> PgConnectOptions {
    create_database_with(server, "ENCODING 'UTF8'").await
}

/// Creates a database that accepts any bytes as text.
pub(super) async fn create_database_without_encoding(
    server: &PgConnectOptions,
) -> PgConnectOptions {
    create_database_with(server, "ENCODING 'SQL_ASCII' LOCALE 'C'").await
}

async fn create_database_with(server: &PgConnectOptions, options: &str) -> PgConnectOptions {
    let (_, name) = named(server);
    // Not from `template1`: a template cannot be copied while another session uses it.
    let create = format!("CREATE DATABASE \"{name}\" TEMPLATE template0 {options}");
    let mut admin = connection(server).await;
    admin.execute(AssertSqlSafe(create)).await.unwrap();
    server.clone().database(&name)
}

pub(super) async fn drop_database(server: &PgConnectOptions, database: &PgConnectOptions) {
    let name = database.get_database().unwrap();
    let drop = format!("DROP DATABASE \"{name}\" WITH (FORCE)");
    let mut admin = connection(server).await;
    admin.execute(AssertSqlSafe(drop)).await.unwrap();
}

/// Counts the connections with an application name.
pub(super) async fn count_connections(admin: &mut PgConnection, name: &str) -> usize {
    let query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1";
    let count: i64 = sqlx::query_scalar(query)
        .bind(name)
        .fetch_one(admin)
        .await
        .unwrap();
    usize::try_from(count).unwrap()
}

/// Terminates the connections with an application name whose last statement matches a
/// pattern. Returns when they are gone.
pub(super) async fn terminate(admin: &mut PgConnection, name: &str, last_statement: &str) {
    let ids: Vec<i32> = sqlx::query_scalar(
        "SELECT pid FROM pg_stat_activity WHERE application_name = $1 AND query ILIKE $2",
    )
    .bind(name)
    .bind(last_statement)
    .fetch_all(&mut *admin)
    .await
    .unwrap();
    assert!(!ids.is_empty(), "no connection matches");
    // A separate statement: the one above could terminate connections before it checks
    // their names.
    sqlx::query("SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) AS pid")
        .bind(&ids)
        .execute(&mut *admin)
        .await
        .unwrap();
    let gone = async {
        while sqlx::query_scalar("SELECT count(*) FROM pg_stat_activity WHERE pid = ANY($1)")
            .bind(&ids)
            .fetch_one(&mut *admin)
            .await
            .is_ok_and(|left: i64| left > 0)
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(WAIT_LIMIT, gone).await.unwrap();
}

/// Sends a payload to the broadcaster's channel.
pub(super) async fn notify(connection: &mut PgConnection, payload: &str) {
    sqlx::query("SELECT pg_notify('votify_updates', $1)")
        .bind(payload)
        .execute(connection)
        .await
        .unwrap();
}

/// Returns a tally update with so many options, each with the same count.
pub(super) fn large_tally_update(poll: &Poll, options: usize, count: u64) -> Update {
    let mut tally = Tally::new(poll);
    let option = || OptionCount {
        option: OptionId::generate(poll.created_at),
        count,
    };
    tally.counts = std::iter::repeat_with(option).take(options).collect();
    Update::TallyChanged {
        tally,
        vote_sample: Vec::new(),
    }
}
