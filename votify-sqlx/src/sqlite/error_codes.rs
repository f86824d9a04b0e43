use sqlx::error::DatabaseError;
use sqlx::sqlite::SqliteError;

use crate::error_kind::ErrorKind;

/// Returns the kind of a SQLite error, by its primary code
/// (<https://sqlite.org/rescode.html>).
pub(crate) fn classify(error: &dyn DatabaseError) -> Option<ErrorKind> {
    match primary_code(error)? {
        // BUSY, LOCKED, PROTOCOL
        5 | 6 | 15 => Some(ErrorKind::Conflict),
        // NOMEM, INTERRUPT, CANTOPEN
        7 | 9 | 14 => Some(ErrorKind::Unavailable),
        // READONLY, IOERR (also for a quota of a file system), FULL
        8 | 10 | 13 => Some(ErrorKind::Unwritable),
        // CORRUPT, NOTADB
        11 | 26 => Some(ErrorKind::Corrupt),
        // ERROR, which has no code for a missing table.
        1 if names_missing_table(error.message()) => Some(ErrorKind::TableMissing),
        _ => None,
    }
}

fn names_missing_table(message: &str) -> bool {
    let is_missing = |prefix| message.starts_with(prefix);
    ["no such table: ", "no such column: "]
        .into_iter()
        .any(is_missing)
        || (message.starts_with("table ") && message.contains(" has no column named "))
}

pub(super) fn primary_code(error: &dyn DatabaseError) -> Option<u32> {
    let extended = error.try_downcast_ref::<SqliteError>()?.code()?;
    extended.parse::<u32>().ok().map(|code| code & 0xff)
}
