//! Scratch databases that killed tests left behind.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sqlx::Error;

use super::{Connection, ServerKind, mysql, postgres};

/// Prefix of the names of all scratch databases.
pub(super) const PREFIX: &str = "votify_test_";

/// Age from which a scratch database is a leftover. No run of the tests takes that long.
pub const MAX_AGE: Duration = Duration::from_secs(2 * 60 * 60);

/// Returns a unique name that contains the current time.
pub(super) fn new_name() -> String {
    name_created_at(SystemTime::now())
}

/// Returns a unique name of the form `votify_test_<seconds since 1970>_<random>`.
#[must_use]
pub fn name_created_at(time: SystemTime) -> String {
    let seconds = time
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    // From the system's random source: two programs that start at once must not draw the
    // same name.
    let random = uuid::Uuid::new_v4().simple().to_string();
    format!("{PREFIX}{seconds}_{}", &random[..8])
}

/// Returns true if a test created this name more than [`MAX_AGE`] ago.
#[must_use]
pub fn is_leftover(name: &str, now: SystemTime) -> bool {
    let seconds = name.strip_prefix(PREFIX).and_then(|rest| {
        let (seconds, random) = rest.split_once('_')?;
        let is_random = random.len() == 8 && random.bytes().all(|byte| byte.is_ascii_hexdigit());
        seconds.parse().ok().filter(|_| is_random)
    });
    let created = seconds.and_then(|seconds| UNIX_EPOCH.checked_add(Duration::from_secs(seconds)));
    created.is_some_and(|created| now.duration_since(created).is_ok_and(|age| age > MAX_AGE))
}

/// Calls [`sweep`] once in this process. Reports leftovers that cannot be removed.
pub(super) async fn sweep_once(kind: ServerKind, connection: &mut Connection) {
    static SWEPT: [AtomicBool; 2] = [AtomicBool::new(false), AtomicBool::new(false)];
    let [postgres, mysql] = &SWEPT;
    let swept = match kind {
        ServerKind::Postgres => postgres,
        ServerKind::MySql => mysql,
    };
    if !swept.swap(true, Ordering::Relaxed)
        && let Err(error) = sweep(kind, connection).await
    {
        // Another test program may be sweeping too.
        eprintln!("{kind:?}: failed to remove leftovers of an earlier run: {error}");
    }
}

/// Removes the leftovers on a shared server.
///
/// # Errors
/// Returns an error if a leftover cannot be removed.
pub async fn sweep(kind: ServerKind, connection: &mut Connection) -> Result<(), Error> {
    let names = match kind {
        ServerKind::Postgres => postgres::scratch_schemas(connection).await?,
        ServerKind::MySql => mysql::scratch_databases(connection).await?,
    };
    let now = SystemTime::now();
    for name in names.iter().filter(|name| is_leftover(name, now)) {
        remove(kind, connection, name).await?;
    }
    Ok(())
}

/// Terminates the connections to a scratch database and drops it.
///
/// # Errors
/// Returns an error if locks on the database are held for more than 1 s, or the server
/// rejects the statement.
pub(super) async fn remove(
    kind: ServerKind,
    connection: &mut Connection,
    name: &str,
) -> Result<(), Error> {
    match kind {
        ServerKind::Postgres => postgres::remove(connection, name).await,
        ServerKind::MySql => mysql::remove(connection, name).await,
    }
}
