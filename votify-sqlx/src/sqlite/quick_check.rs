use std::path::Path;
use std::time::Duration;

use sqlx::query_scalar;
use sqlx::sqlite::{Sqlite, SqliteConnection};

use super::error_codes::primary_code;
use super::transaction::SqliteTransaction;
use crate::backend::Transaction;
use crate::error::Error;
use crate::long_reads::LongReads;

/// The time that a start waits for the check of a large file.
pub(super) const LIMIT: Duration = Duration::from_secs(5);
/// `SQLITE_INTERRUPT`: the limit has passed.
const INTERRUPTED: u32 = 9;

/// Fails if pages of the file are damaged, or an index differs from its table. Checks a
/// large file as far as it gets within `limit`, and logs that.
pub(super) async fn run(
    reads: &LongReads<Sqlite>,
    limit: Duration,
    file: &Path,
) -> Result<(), Error> {
    let mut transaction = SqliteTransaction::for_long_read(reads, limit).await?;
    let connection = transaction.connection()?;
    let found = first_problem(connection).await;
    transaction.rollback().await;
    let damage = match found {
        Ok(found) if found == "ok" => return Ok(()),
        Ok(found) => found.replace('\n', " "),
        Err(sqlx::Error::Database(error)) if primary_code(error.as_ref()) == Some(INTERRUPTED) => {
            tracing::info!(
                file = %file.display(),
                ?limit,
                "the database file is large and was not checked to its end; PRAGMA integrity_check does so"
            );
            return Ok(());
        }
        Err(error) => match Error::from(error) {
            Error::Corrupt(error) => error.to_string(),
            other => return Err(other),
        },
    };
    Err(damaged(file, &damage))
}

/// Returns "ok", or the first problem. The pages are checked first; the entries of indexes
/// take longer. A ballot that is missing in its index could be cast again.
async fn first_problem(connection: &mut SqliteConnection) -> Result<String, sqlx::Error> {
    let pages = query_scalar("PRAGMA quick_check(1)");
    let problem: String = pages.fetch_one(&mut *connection).await?;
    if problem != "ok" {
        return Ok(problem);
    }
    let indexes = query_scalar("PRAGMA integrity_check(1)");
    indexes.fetch_one(connection).await
}

pub(super) fn damaged(file: &Path, damage: &str) -> Error {
    Error::DamagedFile(describe_damage(file, damage))
}

/// Returns what is damaged and what to do. A process that has a removed log open copies it
/// into the database when it stops, so the first advice is to stop every process.
pub(super) fn describe_damage(file: &Path, damage: &str) -> String {
    let file = file.display();
    format!(
        "{file} is damaged: {damage}; stop every process that uses it and start again; if it is still damaged, \
         remove {file}-wal and {file}-shm and put a backup in its place, or save what can be read with the \
         command .recover of sqlite3"
    )
}

#[cfg(test)]
mod tests {
    use std::io::{Seek, SeekFrom, Write};

    use sqlx::raw_sql;
    use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

    use super::*;

    #[tokio::test]
    async fn a_large_file_is_checked_as_far_as_the_time_goes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large.db");
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .create_if_missing(true);
        let pool = || SqlitePoolOptions::new().connect_lazy_with(options.clone());
        let first = pool();
        raw_sql(
            "CREATE TABLE large (value BLOB); \
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) \
             INSERT INTO large SELECT randomblob(500) FROM n",
        )
        .execute(&first)
        .await
        .unwrap();
        first.close().await;
        let check = |limit: Duration| {
            let (reads, path) = (LongReads::share_of(pool()), path.clone());
            async move { run(&reads, limit, &path).await }
        };
        check(LIMIT).await.unwrap();
        let mut file = std::fs::File::options().write(true).open(&path).unwrap();
        // The first leaf of the table, which SQLite checks last.
        file.seek(SeekFrom::Start(2 * 4096)).unwrap();
        file.write_all(&[0x55; 4096]).unwrap();
        let error = check(LIMIT).await.unwrap_err();
        assert!(matches!(error, Error::DamagedFile(_)), "{error:?}");
        // Without time, the check does not get there.
        check(Duration::ZERO).await.unwrap();
    }
}
