//! SQLite: the file that is the whole database.

mod accounts;
mod bulk;
mod connect;
mod database;
mod ending;
mod invites;
mod open;
mod places;
#[cfg(test)]
mod plans;
mod schema;
mod script;
mod settings;
mod statements;
mod store;
mod work;

pub use connect::SqliteDatabase;
pub use store::SqliteStore;

use sqlx::error::DatabaseError;
use sqlx::sqlite::SqliteError;

use crate::error::Error;

/// The name for errors and logs.
const NAME: &str = "sqlite";

/// What a SQLite error means, by its primary code (<https://sqlite.org/rescode.html>).
pub(crate) fn meaning(error: &dyn DatabaseError) -> Option<fn(sqlx::Error) -> Error> {
    match primary_code(error)? {
        // BUSY, LOCKED, PROTOCOL
        5 | 6 | 15 => Some(Error::Conflict),
        // NOMEM, READONLY, INTERRUPT, IOERR, FULL, CANTOPEN
        7..=10 | 13 | 14 => Some(Error::Unavailable),
        // CORRUPT, NOTADB
        11 | 26 => Some(Error::Damaged),
        _ => None,
    }
}

fn primary_code(error: &dyn DatabaseError) -> Option<u32> {
    let extended = error.try_downcast_ref::<SqliteError>()?.code()?;
    extended.parse::<u32>().ok().map(|code| code & 0xff)
}
