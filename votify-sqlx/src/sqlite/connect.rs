use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, ready};
use sqlx::Executor;
use sqlx::sqlite::{
    Sqlite, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};

use votify_core::store::Durability;

use super::error_codes::primary_code;
use super::file_check::FileCheck;
use super::quick_check;
use super::settings::Settings;
use crate::error::Error;
use crate::long_reads::{self, LongReads};

/// The time that SQLite waits for a lock before it reports a conflict, which is retried.
const BUSY_TIMEOUT: Duration = Duration::from_millis(500);
/// The timeout for a connection of the pool, shorter than an engine's timeout for its store.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
const MAX_READERS: u32 = 4;
/// The number of prepared scripts per connection: batches of every size for a few polls.
const STATEMENT_CACHE: usize = 256;
/// The size of the page cache. SQLite expects a negative number of KiB.
const CACHE_KIB: &str = "-32768";
/// The page cache of connections for long reads, which read most pages once.
const LONG_READ_CACHE_KIB: &str = "-8192";
/// The page size of a new file. Voters are random, so each vote changes another page of
/// the index, and a changed page is written whole: half of SQLite's default size writes
/// half as much.
const PAGE_BYTES: u32 = 2048;
/// The number of pages in the log before a checkpoint. A page that several batches changed
/// is copied once, and only the votes of one batch wait for it.
const CHECKPOINT_PAGES: &str = "16000";
/// The size to which a checkpoint truncates the log.
const JOURNAL_BYTES: &str = "67108864";
/// `SQLITE_CORRUPT`: the file is a database, and damaged.
const CORRUPT: u32 = 11;
/// `SQLITE_READONLY`.
const READ_ONLY: u32 = 8;
/// The number of rows that the connection's thread reads ahead, so that the two threads
/// need not switch for each row.
const ROW_BUFFER: usize = 1024;

/// The connections of a [`SqliteStore`](super::SqliteStore).
#[derive(Clone)]
pub struct SqliteDatabase {
    pub(super) writer: SqlitePool,
    pub(super) readers: SqlitePool,
    pub(super) long_reads: LongReads<Sqlite>,
    pub(super) durability: Durability,
    /// `None` for a database in memory.
    pub(super) files: Option<Arc<FileCheck>>,
    /// True if the pools belong to this store, which closes them.
    pub(super) owns_pools: bool,
}

impl fmt::Debug for SqliteDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("durability", &self.durability)
            .finish_non_exhaustive()
    }
}

impl SqliteDatabase {
    /// Opens a database with one connection that writes, some that read, and some for long
    /// reads. A database in memory has one connection for everything.
    pub(super) async fn open(url: &str) -> Result<Self, Error> {
        let options = options(url)?;
        let path = options.get_filename().to_owned();
        let describe = |error: Error| describe(error, &path);
        let files = Arc::new(FileCheck::new(&path, true));
        let of_writer = Arc::clone(&files);
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .min_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .test_before_acquire(false)
            .after_connect(move |_, _| {
                of_writer.forget_log();
                check_new_connection(&of_writer)
            })
            .connect_with(options.clone())
            .await
            .map_err(|error| describe(error.into()))?;
        let mut connection = writer.acquire().await?;
        let settings = Settings::read(&mut connection).await.map_err(describe)?;
        drop(connection);
        settings.warn_if_not_durable();
        if !is_read_only(url) {
            check_writable(&writer, &path).await?;
        }
        let (readers, long_reads) = if settings.in_memory {
            // Another connection would see another database.
            (writer.clone(), LongReads::share_of(writer.clone()))
        } else {
            let options = options.create_if_missing(false).pragma("query_only", "ON");
            let pool = || {
                let files = Arc::clone(&files);
                SqlitePoolOptions::new()
                    .acquire_timeout(ACQUIRE_TIMEOUT)
                    .test_before_acquire(false)
                    .after_connect(move |_, _| check_new_connection(&files))
            };
            let long_reads = pool()
                .max_connections(long_reads::MAX_CONNECTIONS)
                .connect_lazy_with(options.clone().pragma("cache_size", LONG_READ_CACHE_KIB));
            let readers = pool().max_connections(MAX_READERS).connect_with(options);
            let readers = readers.await.map_err(|error| describe(error.into()))?;
            let long_reads = LongReads::own(long_reads);
            quick_check::run(&long_reads, quick_check::LIMIT, &path).await?;
            (readers, long_reads)
        };
        if settings.has_log() {
            files.watch_log(&settings.file);
        }
        Ok(Self {
            writer,
            readers,
            long_reads,
            durability: settings.durability,
            files: (!settings.in_memory).then_some(files),
            owns_pools: true,
        })
    }

    /// Uses a host's pool, and logs a warning if its settings make votes less durable.
    pub(super) async fn from_pool(pool: SqlitePool) -> Result<Self, Error> {
        let mut connection = pool.acquire().await.map_err(Error::of_acquire)?;
        let settings = Settings::read(&mut connection).await?;
        drop(connection);
        if settings.in_memory && pool.options().get_max_connections() > 1 {
            return Err(Error::Connect(
                "a database in memory needs a pool with max_connections(1); otherwise every connection has its own database"
                    .into(),
            ));
        }
        settings.warn_if_not_durable();
        let long_reads = LongReads::share_of(pool.clone());
        let mut files = None;
        if !settings.in_memory {
            quick_check::run(&long_reads, quick_check::LIMIT, &settings.file).await?;
            let check = FileCheck::new(&settings.file, false);
            check.check()?;
            if settings.has_log() {
                check.watch_log(&settings.file);
            }
            files = Some(Arc::new(check));
        }
        Ok(Self {
            long_reads,
            readers: pool.clone(),
            writer: pool,
            durability: settings.durability,
            files,
            owns_pools: false,
        })
    }
}

/// Returns true if the URL asks for a database that is only read.
fn is_read_only(url: &str) -> bool {
    let parameters = url.split_once('?').map_or("", |(_, query)| query);
    let mut parameters = parameters.split('&');
    parameters.any(|parameter| matches!(parameter, "mode=ro" | "immutable=true" | "immutable=1"))
}

/// Fails if SQLite has opened the file to read only, because this process may not write it.
/// Writes nothing.
async fn check_writable(writer: &SqlitePool, path: &Path) -> Result<(), Error> {
    let mut connection = writer.acquire().await.map_err(Error::of_acquire)?;
    let probe = "BEGIN IMMEDIATE; CREATE TABLE votify_write_probe (id INTEGER)";
    let probed = connection.execute(probe).await.map_err(Error::from);
    // Fails without a transaction, which ends the probe too.
    let _ = connection.execute("ROLLBACK").await;
    match probed {
        Err(Error::Unavailable(error))
            if error.as_database_error().and_then(primary_code) == Some(READ_ONLY) =>
        {
            let file = path.display();
            Err(Error::Connect(format!(
                "{file} is read-only for this process: {error}; give its user the right to write {file}, \
                 {file}-wal, {file}-shm and their folder; commands that only read accept ?mode=ro in the URL"
            )))
        }
        // Other failures show when a vote is written. Another process may be writing.
        _ => Ok(()),
    }
}

/// Rejects a new connection of a pool if the path leads to another file by now.
fn check_new_connection(files: &FileCheck) -> BoxFuture<'static, Result<(), sqlx::Error>> {
    let checked = files.check();
    Box::pin(ready(
        checked.map_err(|error| sqlx::Error::Configuration(Box::new(error))),
    ))
}

fn options(url: &str) -> Result<SqliteConnectOptions, Error> {
    if !url.starts_with("sqlite:") {
        // Without the URL, which may contain the password of another database.
        return Err(Error::InvalidUrl(
            "the URL is not a SQLite URL; use a URL such as sqlite://votify.db?mode=rwc".into(),
        ));
    }
    let options = SqliteConnectOptions::from_str(url)
        .map_err(|error| Error::InvalidUrl(error.to_string()))?;
    Ok(options
        .page_size(PAGE_BYTES)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .row_buffer_size(ROW_BUFFER)
        .statement_cache_capacity(STATEMENT_CACHE)
        // For the given rows of a statement.
        .pragma("temp_store", "MEMORY")
        .pragma("cache_size", CACHE_KIB)
        .pragma("fullfsync", "ON")
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
        .pragma("journal_size_limit", JOURNAL_BYTES))
}

/// Adds the file and its problem to an error of SQLite.
fn describe(error: Error, path: &Path) -> Error {
    let file = path.display();
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    match error {
        Error::Unavailable(_) if path.is_dir() => {
            Error::Connect(format!("{file} is a folder, not a database"))
        }
        Error::Unavailable(_) if folder.is_some_and(|folder| !folder.exists()) => {
            Error::Connect(format!("the folder of {file} does not exist"))
        }
        Error::Unavailable(_) if !path.exists() => Error::Connect(format!(
            "{file} does not exist or cannot be created; add ?mode=rwc to the URL to create it"
        )),
        error if error.is_unwritable() => Error::Connect(format!(
            "cannot open {file}: {error}; check the free space and the permissions of its disk"
        )),
        Error::Unavailable(error) => Error::Connect(format!("cannot open {file}: {error}")),
        Error::Corrupt(sqlx::Error::Database(error))
            if primary_code(error.as_ref()) == Some(CORRUPT) =>
        {
            quick_check::damaged(path, &error.to_string())
        }
        Error::Corrupt(error) => {
            Error::NotADatabase(format!("{file} is not a SQLite database: {error}"))
        }
        other => other,
    }
}
