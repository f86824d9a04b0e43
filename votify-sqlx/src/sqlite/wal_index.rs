//! The index of a write-ahead log, the file `-shm`
//! (<https://sqlite.org/walformat.html#the_wal_index_file_format>). It has the lengths that
//! the files of the database must have.

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
    /// Never closed: closing any descriptor of a file removes all locks of the process on
    /// it, also those of SQLite (<https://sqlite.org/howtocorrupt.html>, section 2.2).
    file: Mutex<Option<((u64, u64), ManuallyDrop<File>)>>,
}

#[derive(Debug, Clone, Copy)]
struct Header {
    page_size: u64,
    /// The number of pages of the database after the last commit.
    pages: u64,
    /// The number of frames in the log, and of those that are in the database too.
    frames: u64,
    copied: u64,
}

impl WalIndex {
    /// The length of an index in use, or more.
    pub(super) const MIN_BYTES: u64 = 32_768;

    pub(super) const fn new(path: PathBuf) -> Self {
        Self {
            path,
            file: Mutex::new(None),
        }
    }

    /// Returns the least length of the log: its frames up to the last commit. `None` if the
    /// index cannot be read.
    pub(super) fn min_log_bytes(&self) -> Option<u64> {
        self.header().map(|header| match header.frames {
            0 => 0,
            frames => LOG_HEADER + frames * (FRAME_HEADER + header.page_size),
        })
    }

    /// Returns the least length of the database. New pages may be only in the log, at most
    /// one in each frame. `None` if the index cannot be read.
    pub(super) fn min_database_bytes(&self) -> Option<u64> {
        self.header().map(|header| {
            let only_in_log = header.frames.saturating_sub(header.copied);
            header.pages.saturating_sub(only_in_log).max(1) * header.page_size
        })
    }

    #[cfg(unix)]
    fn header(&self) -> Option<Header> {
        use std::os::unix::fs::FileExt;

        let id = file_id(&std::fs::metadata(&self.path).ok()?);
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if file.as_ref().is_none_or(|(of, _)| *of != id) {
            *file = Some((id, ManuallyDrop::new(File::open(&self.path).ok()?)));
        }
        let (_, file) = file.as_ref()?;
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
        let index = WalIndex::new(folder.path().join("x.db-shm"));
        let len = |name: &str| std::fs::metadata(folder.path().join(name)).unwrap().len();
        run("CREATE TABLE x (value BLOB)").await;
        run("INSERT INTO x VALUES (randomblob(50000))").await;
        assert_eq!(index.min_log_bytes(), Some(len("x.db-wal")));
        assert!(index.min_database_bytes().unwrap() <= len("x.db"));
        run("PRAGMA wal_checkpoint(TRUNCATE)").await;
        assert_eq!(index.min_log_bytes(), Some(0));
        assert_eq!(index.min_database_bytes(), Some(len("x.db")));
        let before = len("x.db");
        run("DELETE FROM x").await;
        run("VACUUM").await;
        run("PRAGMA wal_checkpoint(TRUNCATE)").await;
        assert!(len("x.db") < before);
        assert_eq!(index.min_database_bytes(), Some(len("x.db")));
    }
}
