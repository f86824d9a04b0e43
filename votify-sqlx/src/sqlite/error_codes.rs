use sqlx::error::DatabaseError;
use sqlx::sqlite::SqliteError;

use crate::error_kind::ErrorKind;

/// Returns the kind of a SQLite error, by its primary code
/// (<https://sqlite.org/rescode.html>).
pub(crate) fn classify(error: &dyn DatabaseError) -> Option<ErrorKind> {
    // IOERR_SHORT_READ: the file ends within a page, so that it was truncated.
    if code(error)? == 522 {
        return Some(ErrorKind::Corrupt);
    }
    match primary_code(error)? {
        // ERROR, for most faults of a statement. Only the text says which one it is.
        1 => is_schema_mismatch(error.message()).then_some(ErrorKind::SchemaMismatch),
        // BUSY, LOCKED, PROTOCOL
        5 | 6 | 15 => Some(ErrorKind::Conflict),
        // NOMEM, INTERRUPT, CANTOPEN
        7 | 9 | 14 => Some(ErrorKind::Unavailable),
        // READONLY, IOERR (also for a quota of a file system), FULL
        8 | 10 | 13 => Some(ErrorKind::Unwritable),
        // CORRUPT, NOTADB
        11 | 26 => Some(ErrorKind::Corrupt),
        _ => None,
    }
}

pub(super) fn primary_code(error: &dyn DatabaseError) -> Option<u32> {
    code(error).map(|code| code & 0xff)
}

/// Returns the extended code. `None` if the error is of another database.
fn code(error: &dyn DatabaseError) -> Option<u32> {
    let extended = error.try_downcast_ref::<SqliteError>()?.code()?;
    extended.parse().ok()
}

fn is_schema_mismatch(message: &str) -> bool {
    message.starts_with("no such table")
        || message.starts_with("no such column")
        || message.contains("has no column named")
        || message.starts_with("ON CONFLICT clause does not match")
}
