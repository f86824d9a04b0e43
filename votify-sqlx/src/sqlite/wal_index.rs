//! The index of a write-ahead log, the file `-shm`
//! (<https://sqlite.org/walformat.html>). It has the lengths that the files of the database
//! must have.

use std::collections::HashSet;
use std::fs::File;
use std::mem::ManuallyDrop;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use super::watched_file::file_id;

/// The bytes of the header of the log, and of each frame before its page.
const LOG_HEADER: u64 = 32;
const FRAME_HEADER: u64 = 24;
/// The header, its copy, and the number of frames that are in the database too.
const HEADER_BYTES: usize = 48;
const READ_BYTES: usize = 2 * HEADER_BYTES + 4;
/// SQLite writes the header and its copy one after the other.
const MAX_READS: usize = 3;

/// Reads the header of the index. Only after a file became shorter, which is rare.
#[derive(Debug)]
pub(super) struct WalIndex {
    path: PathBuf,
    log: PathBuf,
    /// Never closed: closing any descriptor of a file removes all locks of the process on
    /// it, also those of SQLite (<https://sqlite.org/howtocorrupt.html>, section 2.2).
    file: Mutex<Option<OpenIndex>>,
}

#[derive(Debug)]
struct OpenIndex {
    id: (u64, u64),
    file: ManuallyDrop<File>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Header {
    page_size: u64,
    /// The number of pages of the database after the last commit.
    pages: u64,
    /// The number of frames in the log, and of those that are in the database too.
    frames: u64,
    copied: u64,
}

impl WalIndex {
    /// Minimum length of an index in use.
    pub(super) const MIN_BYTES: u64 = 32_768;

    pub(super) const fn new(path: PathBuf, log: PathBuf) -> Self {
        Self {
            path,
            log,
            file: Mutex::new(None),
        }
    }

    /// Returns the minimum length of the log: its frames up to the last commit. `None` if the
    /// index cannot be read.
    pub(super) fn min_log_bytes(&self) -> Option<u64> {
        self.header().map(|header| match header.frames {
            0 => 0,
            frames => LOG_HEADER + frames * (FRAME_HEADER + header.page_size),
        })
    }

    /// Returns the minimum length of the database: up to the last page that is not only in
    /// the log. `None` if the index or the log cannot be read.
    pub(super) fn min_database_bytes(&self) -> Option<u64> {
        (0..MAX_READS).find_map(|_| {
            let header = self.header()?;
            let in_log = self.pages_in_log(header)?;
            // Another connection may have written the log meanwhile.
            (self.header() == Some(header)).then_some(())?;
            let last = (1..=header.pages).rev().find(|page| !in_log.contains(page));
            Some(last.unwrap_or(1) * header.page_size)
        })
    }

    /// Returns the pages in the log that are not copied into the database yet. SQLite holds
    /// no lock on the log, so that it may be opened and closed.
    #[cfg(unix)]
    fn pages_in_log(&self, header: Header) -> Option<HashSet<u64>> {
        use std::os::unix::fs::FileExt;

        if header.copied >= header.frames {
            return Some(HashSet::new());
        }
        let log = File::open(&self.log).ok()?;
        let frames = header.copied..header.frames;
        frames
            .map(|frame| {
                let mut page = [0; 4];
                let offset = LOG_HEADER + frame * (FRAME_HEADER + header.page_size);
                log.read_exact_at(&mut page, offset).ok()?;
                Some(u64::from(u32::from_be_bytes(page)))
            })
            .collect()
    }

    #[cfg(not(unix))]
    fn pages_in_log(&self, _: Header) -> Option<HashSet<u64>> {
        None
    }

    #[cfg(unix)]
    fn header(&self) -> Option<Header> {
        use std::os::unix::fs::FileExt;

        let id = file_id(&std::fs::metadata(&self.path).ok()?);
        let mut open = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if open.as_ref().is_none_or(|open| open.id != id) {
            let file = ManuallyDrop::new(File::open(&self.path).ok()?);
            *open = Some(OpenIndex { id, file });
        }
        let file = &open.as_ref()?.file;
        (0..MAX_READS).find_map(|_| {
            let mut bytes = [0; READ_BYTES];
            file.read_exact_at(&mut bytes, 0).ok()?;
            Header::decode(&bytes)
        })
    }

    #[cfg(not(unix))]
    fn header(&self) -> Option<Header> {
        None
    }
}

impl Header {
    /// Returns `None` if SQLite is writing the header, or has not written it yet.
    fn decode(bytes: &[u8; READ_BYTES]) -> Option<Self> {
        let (header, rest) = bytes.split_at(HEADER_BYTES);
        let (copy, copied) = rest.split_at(HEADER_BYTES);
        let number = |at: usize| Some(u32::from_ne_bytes(*header[at..].first_chunk()?));
        let page_size = u16::from_ne_bytes(*header[14..].first_chunk()?);
        let is_initialized = header[12] != 0;
        (header == copy && is_initialized).then_some(())?;
        Some(Self {
            // 1 stands for 65 536, which exceeds the field.
            page_size: match page_size {
                1 => 65_536,
                size => size.into(),
            },
            frames: number(16)?.into(),
            pages: number(20)?.into(),
            copied: u32::from_ne_bytes(*copied.first_chunk()?).into(),
        })
    }
}

#[cfg(all(test, unix))]
mod tests {
    use sqlx::raw_sql;
    use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};

    use super::*;

    #[tokio::test]
    async fn lengths_are_those_of_the_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .create_if_missing(true)
            .page_size(2048)
            .journal_mode(SqliteJournalMode::Wal);
        let pool = SqlitePoolOptions::new().max_connections(1);
        let pool = pool.connect_with(options).await.unwrap();
        let run = async |sql: &'static str| {
            raw_sql(sql).execute(&pool).await.unwrap();
        };
        let path = |name: &str| folder.path().join(name);
        let index = WalIndex::new(path("x.db-shm"), path("x.db-wal"));
        let len = |name: &str| std::fs::metadata(folder.path().join(name)).unwrap().len();
        run("CREATE TABLE x (value BLOB)").await;
        run("INSERT INTO x VALUES (randomblob(50000))").await;
        assert_eq!(index.min_log_bytes(), Some(len("x.db-wal")));
        // Every page is in the log.
        assert_eq!(index.min_database_bytes(), Some(2048));
        run("PRAGMA wal_checkpoint(TRUNCATE)").await;
        assert_eq!(index.min_log_bytes(), Some(0));
        assert_eq!(index.min_database_bytes(), Some(len("x.db")));
        // Pages that were there before are not in the log.
        run("INSERT INTO x VALUES (1)").await;
        let least = index.min_database_bytes().unwrap();
        assert!((40_000..=len("x.db")).contains(&least), "{least}");
        run("PRAGMA wal_checkpoint(TRUNCATE)").await;
        let before = len("x.db");
        run("DELETE FROM x").await;
        run("VACUUM").await;
        run("PRAGMA wal_checkpoint(TRUNCATE)").await;
        assert!(len("x.db") < before);
        assert_eq!(index.min_database_bytes(), Some(len("x.db")));
    }
}
