use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use votify_core::broadcast::{Delivery, DeliveryStream, Topic, Update};
use votify_core::tally::OptionCount;
use votify_core::{
    Broadcaster, Clock, Keyring, OptionId, Poll, PollDraft, PollId, Position, SystemClock, Tally,
};
use votify_sqlx::PostgresBroadcaster;
use votify_sqlx::sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use votify_sqlx::sqlx::{self, AssertSqlSafe, ConnectOptions, Executor};

/// Which server to test with; where it is set, the server must be there.
const URL: &str = "VOTIFY_TEST_POSTGRES_URL";

/// How long something may take before it is taken for lost. Far above what it needs.
pub(crate) const LOST: Duration = Duration::from_secs(30);

/// Why there is nothing to test with, if so.
pub(crate) fn unavailable() -> Option<String> {
    std::env::var_os(URL)
        .is_none()
        .then(|| format!("{URL} is not set"))
}

/// The server to test with; says so if there is none.
pub(crate) fn server() -> Option<PgConnectOptions> {
    if let Some(reason) = unavailable() {
        eprintln!("skipped: {reason}");
        return None;
    }
    Some(std::env::var(URL).unwrap().parse().unwrap())
}

/// The same server for connections that can be told from all others.
pub(crate) fn named(server: &PgConnectOptions) -> (PgConnectOptions, String) {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("votify-test-{}-{count}", std::process::id());
    (server.clone().application_name(&name), name)
}

pub(crate) async fn node(server: &PgConnectOptions) -> PostgresBroadcaster {
    let mut url = server.to_url_lossy();
    if let Some(name) = server.get_application_name() {
        url.query_pairs_mut().append_pair("application_name", name);
    }
    PostgresBroadcaster::connect(url.as_str()).await.unwrap()
}

pub(crate) async fn host_pool(server: &PgConnectOptions) -> PgPool {
    let pool = PgPoolOptions::new().max_connections(2);
    pool.connect_with(server.clone()).await.unwrap()
}

pub(crate) async fn connection(server: &PgConnectOptions) -> PgConnection {
    server.connect().await.unwrap()
}

/// A database of its own, without any traffic of others; given to `drop_database` at the end.
pub(crate) async fn quiet_database(server: &PgConnectOptions) -> PgConnectOptions {
    database(server, "ENCODING 'UTF8'").await
}

/// The same, in which texts are whatever bytes a client says.
pub(crate) async fn database_without_encoding(server: &PgConnectOptions) -> PgConnectOptions {
    database(server, "ENCODING 'SQL_ASCII' LOCALE 'C'").await
}

async fn database(server: &PgConnectOptions, like: &str) -> PgConnectOptions {
    let (_, name) = named(server);
    // The other template is everybody's, and may be in use.
    let create = format!("CREATE DATABASE \"{name}\" TEMPLATE template0 {like}");
    let mut admin = connection(server).await;
    admin.execute(AssertSqlSafe(create)).await.unwrap();
    server.clone().database(&name)
}

pub(crate) async fn drop_database(server: &PgConnectOptions, database: &PgConnectOptions) {
    let name = database.get_database().unwrap();
    let drop = format!("DROP DATABASE \"{name}\" WITH (FORCE)");
    let mut admin = connection(server).await;
    admin.execute(AssertSqlSafe(drop)).await.unwrap();
}

/// How many connections of that name there are.
pub(crate) async fn connections(admin: &mut PgConnection, name: &str) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM pg_stat_activity WHERE application_name = $1")
        .bind(name)
        .fetch_one(admin)
        .await
        .unwrap()
}

/// Ends those connections of that name whose last statement is like `last`; done when they are gone.
pub(crate) async fn kill(admin: &mut PgConnection, name: &str, last: &str) {
    let killed: Vec<i32> = sqlx::query_scalar(
        "SELECT pid FROM pg_stat_activity WHERE application_name = $1 AND query ILIKE $2",
    )
    .bind(name)
    .bind(last)
    .fetch_all(&mut *admin)
    .await
    .unwrap();
    assert!(!killed.is_empty(), "there is a connection to end");
    // In a statement of its own: in the one above a server may end a connection before it looks at the name.
    sqlx::query("SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) AS pid")
        .bind(&killed)
        .execute(&mut *admin)
        .await
        .unwrap();
    let gone = async {
        while sqlx::query_scalar("SELECT count(*) FROM pg_stat_activity WHERE pid = ANY($1)")
            .bind(&killed)
            .fetch_one(&mut *admin)
            .await
            .is_ok_and(|left: i64| left > 0)
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(LOST, gone).await.unwrap();
}

/// Says something on the channel, as anybody may.
pub(crate) async fn say(admin: &mut PgConnection, payload: &str) {
    sqlx::query("SELECT pg_notify('votify_updates', $1)")
        .bind(payload)
        .execute(admin)
        .await
        .unwrap();
}

pub(crate) fn poll() -> Poll {
    let now = SystemClock.now();
    PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"])
        .into_poll(PollId::generate(now), now, &Keyring::ephemeral())
        .unwrap()
}

/// The counts of a poll at that revision.
pub(crate) fn tallied(poll: &Poll, revision: u64) -> Update {
    let mut tally = Tally::new(poll);
    tally.position = Position {
        revision,
        ..Position::START
    };
    Update::TallyChanged {
        tally,
        votes: Vec::new(),
    }
}

/// The same with so many options, each chosen so often.
pub(crate) fn wide(poll: &Poll, options: usize, count: u64) -> Update {
    let mut tally = Tally::new(poll);
    let option = || OptionCount {
        option: OptionId::generate(poll.created_at),
        count,
    };
    tally.counts = std::iter::repeat_with(option).take(options).collect();
    Update::TallyChanged {
        tally,
        votes: Vec::new(),
    }
}

pub(crate) fn revision(update: &Update) -> u64 {
    match update {
        Update::TallyChanged { tally, .. } => tally.position.revision,
        other => panic!("only tallies were sent: {other:?}"),
    }
}

pub(crate) async fn listen(node: &impl Broadcaster, poll: &Poll) -> DeliveryStream {
    let topic = Topic::Poll(poll.id);
    let subscribed = node.subscribe(&topic);
    let subscribed = tokio::time::timeout(LOST, subscribed).await;
    subscribed.unwrap().unwrap()
}

pub(crate) async fn next(deliveries: &mut DeliveryStream) -> Delivery {
    let next = tokio::time::timeout(LOST, deliveries.next()).await;
    next.unwrap().unwrap()
}

/// The next delivery, which must be an update.
pub(crate) async fn update(deliveries: &mut DeliveryStream) -> Update {
    match next(deliveries).await {
        Delivery::Update(update) => Update::clone(&update),
        Delivery::Lagged => panic!("nothing was missed"),
    }
}
