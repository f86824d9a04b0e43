use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sqlx::Error;

use super::{Connection, Kind, mysql, postgres};

/// What the names of all databases of tests begin with.
pub(super) const PREFIX: &str = "votify_test_";

/// No run of the tests takes that long.
pub(crate) const OLD: Duration = Duration::from_secs(2 * 60 * 60);

/// A name that nobody else has, and that tells when it was given: `votify_test_<seconds since 1970>_<random>`.
pub(super) fn new_name() -> String {
    name_given(SystemTime::now())
}

pub(crate) fn name_given(at: SystemTime) -> String {
    let seconds = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    // From the system's own source: two programs that start at once must not draw the same.
    let random = uuid::Uuid::new_v4().simple().to_string();
    format!("{PREFIX}{seconds}_{}", &random[..8])
}

/// Whether a test made it so long ago that it must have been killed before it could clear away.
pub(crate) fn is_left(name: &str, now: SystemTime) -> bool {
    let seconds = name.strip_prefix(PREFIX).and_then(|rest| {
        let (seconds, random) = rest.split_once('_')?;
        let is_random = random.len() == 8 && random.bytes().all(|byte| byte.is_ascii_hexdigit());
        seconds.parse().ok().filter(|_| is_random)
    });
    let given = seconds.and_then(|seconds| UNIX_EPOCH.checked_add(Duration::from_secs(seconds)));
    given.is_some_and(|given| now.duration_since(given).is_ok_and(|age| age > OLD))
}

/// As [`sweep`], in the first call of this process. What cannot be removed is named and stays.
pub(super) async fn sweep_once(kind: Kind, connection: &mut Connection) {
    static SWEPT: [AtomicBool; 2] = [AtomicBool::new(false), AtomicBool::new(false)];
    let [postgres, mysql] = &SWEPT;
    let swept = match kind {
        Kind::Postgres => postgres,
        Kind::MySql => mysql,
    };
    if !swept.swap(true, Ordering::Relaxed)
        && let Err(error) = sweep(kind, connection).await
    {
        // Another test program may be sweeping too.
        eprintln!("{kind:?}: not all that an earlier run left behind could be removed: {error}");
    }
}

/// Removes what tests that were killed hours ago left behind on a shared server.
///
/// # Errors
/// If something cannot be removed now.
pub(crate) async fn sweep(kind: Kind, connection: &mut Connection) -> Result<(), Error> {
    let names = match kind {
        Kind::Postgres => postgres::names(connection).await?,
        Kind::MySql => mysql::names(connection).await?,
    };
    let now = SystemTime::now();
    for name in names.iter().filter(|name| is_left(name, now)) {
        remove(kind, connection, name).await?;
    }
    Ok(())
}

/// Ends whoever still uses it, and removes it if they are gone within a second.
///
/// # Errors
/// If they are not, or the server refuses.
pub(super) async fn remove(
    kind: Kind,
    connection: &mut Connection,
    name: &str,
) -> Result<(), Error> {
    match kind {
        Kind::Postgres => postgres::remove(connection, name).await,
        Kind::MySql => mysql::remove(connection, name).await,
    }
}
