use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use super::settings::Settings;
use crate::error::Error;
use votify_core::store::Durability;

/// How long SQLite itself waits for a lock before it reports a conflict, which is then tried again.
const BUSY_TIMEOUT: Duration = Duration::from_millis(500);
/// How long to wait for a connection: less than engines wait for their store.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
const READERS: u32 = 4;
/// How many prepared scripts a connection keeps: those of batches of every size into a few polls.
const STATEMENTS: usize = 256;
/// The writer's page cache, in KiB as SQLite wants it: negative.
const CACHE_KIB: &str = "-32768";
/// Of a file that is made here. Voters come in no order, so each vote touches a page of the index of its own, and a page
/// that was touched is written as a whole: half of SQLite's usual size writes half as much.
const PAGE_BYTES: u32 = 2048;
/// After how many pages the log is copied back. Pages that several batches wrote are copied once, and no vote waits
/// meanwhile but those of one batch.
const CHECKPOINT_PAGES: &str = "16000";
/// What is left of the log's file after that.
const JOURNAL_BYTES: &str = "67108864";

/// How many rows SQLite's thread may be ahead of who reads them, so that the two need not take turns row by row.
const ROWS_AHEAD: usize = 1024;

/// The connections of a [`SqliteStore`](super::SqliteStore).
#[derive(Clone)]
pub struct SqliteDatabase {
    pub(super) writer: SqlitePool,
    pub(super) readers: SqlitePool,
    pub(super) durability: Durability,
    /// Whether the pools were made here, and may be closed here.
    pub(super) own: bool,
}

impl fmt::Debug for SqliteDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("durability", &self.durability)
            .finish_non_exhaustive()
    }
}

impl SqliteDatabase {
    /// Opens a database: one connection to write, some to read; in memory, one for everything.
    pub(super) async fn open(url: &str) -> Result<Self, Error> {
        let options = options(url)?;
        let path = options.get_filename().to_owned();
        let wrong = |error: sqlx::Error| explained(error, &path);
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .min_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .test_before_acquire(false)
            .connect_with(options.clone())
            .await
            .map_err(wrong)?;
        let mut connection = writer.acquire().await?;
        let settings = Settings::read(&mut connection).await?;
        drop(connection);
        settings.warn_if_weak();
        let readers = if settings.in_memory {
            // Another connection would see another database.
            writer.clone()
        } else {
            SqlitePoolOptions::new()
                .max_connections(READERS)
                .acquire_timeout(ACQUIRE_TIMEOUT)
                .test_before_acquire(false)
                .connect_with(options.create_if_missing(false).pragma("query_only", "ON"))
                .await
                .map_err(wrong)?
        };
        Ok(Self {
            writer,
            readers,
            durability: settings.durability,
            own: true,
        })
    }

    /// Uses a host's pool as it is, and warns where it makes votes less durable than they should be.
    pub(super) async fn of_host(pool: SqlitePool) -> Result<Self, Error> {
        let mut connection = pool.acquire().await?;
        let settings = Settings::read(&mut connection).await?;
        drop(connection);
        if settings.in_memory && pool.options().get_max_connections() > 1 {
            return Err(Error::CannotOpen(
                "a database in memory needs a pool with max_connections(1); otherwise every connection has its own database"
                    .into(),
            ));
        }
        settings.warn_if_weak();
        Ok(Self {
            readers: pool.clone(),
            writer: pool,
            durability: settings.durability,
            own: false,
        })
    }
}

fn options(url: &str) -> Result<SqliteConnectOptions, Error> {
    if !url.starts_with("sqlite:") {
        return Err(Error::WrongUrl(format!(
            "{url} is not a SQLite URL; use a URL such as sqlite://votify.db?mode=rwc"
        )));
    }
    let options =
        SqliteConnectOptions::from_str(url).map_err(|error| Error::WrongUrl(error.to_string()))?;
    Ok(options
        .page_size(PAGE_BYTES)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .row_buffer_size(ROWS_AHEAD)
        .statement_cache_capacity(STATEMENTS)
        // The given rows of a bulk statement.
        .pragma("temp_store", "MEMORY")
        .pragma("cache_size", CACHE_KIB)
        .pragma("fullfsync", "ON")
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
        .pragma("journal_size_limit", JOURNAL_BYTES))
}

/// Adds to SQLite's short words which file it is about, and what is wrong with it.
fn explained(error: sqlx::Error, path: &Path) -> Error {
    let file = path.display();
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    match Error::from(error) {
        Error::Unavailable(_) if path.is_dir() => {
            Error::CannotOpen(format!("{file} is a folder, not a database"))
        }
        Error::Unavailable(_) if folder.is_some_and(|folder| !folder.exists()) => {
            Error::CannotOpen(format!("the folder of {file} does not exist"))
        }
        Error::Unavailable(_) if !path.exists() => Error::CannotOpen(format!(
            "{file} does not exist or cannot be created; add ?mode=rwc to the URL to create it"
        )),
        Error::Unavailable(error) => Error::CannotOpen(format!("cannot open {file}: {error}")),
        Error::Damaged(error) => {
            Error::NoDatabase(format!("{file} is not a SQLite database: {error}"))
        }
        other => other,
    }
}
