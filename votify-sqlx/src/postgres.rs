//! PostgreSQL, from version 12 on.

mod accounts;
mod broadcaster;
mod connect;
mod database;
mod invites;
mod places;
#[cfg(test)]
mod plans;
mod refusal;
mod schema;
mod settings;
mod statements;
mod store;
mod work;

pub use broadcaster::PostgresBroadcaster;
pub use connect::PostgresDatabase;
pub use store::PostgresStore;

use sqlx::error::DatabaseError;
use sqlx::postgres::PgDatabaseError;

use crate::error::Error;

/// The name for errors and logs.
const NAME: &str = "postgres";

/// What a PostgreSQL error means, by its code (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
pub(crate) fn meaning(error: &dyn DatabaseError) -> Option<fn(sqlx::Error) -> Error> {
    match error.try_downcast_ref::<PgDatabaseError>()?.code() {
        // serialization_failure, deadlock_detected, lock_not_available
        "40001" | "40P01" | "55P03" => Some(Error::Conflict),
        // admin_shutdown, crash_shutdown, cannot_connect_now, database_dropped, and connections and transactions that stood idle: the server
        // has ended the connection, and what was open on it.
        "57P01" | "57P02" | "57P03" | "57P04" | "57P05" | "25P03" | "25P04" => Some(Error::Lost),
        // read_only_sql_transaction; query_canceled; feature_not_supported, which of all that is said here a standby alone
        // answers, to the beginning of a transaction that writes
        "25006" | "57014" | "0A000" => Some(Error::Unavailable),
        // data_corrupted, index_corrupted
        "XX001" | "XX002" => Some(Error::Damaged),
        // connection exceptions
        code if code.starts_with("08") => Some(Error::Lost),
        // insufficient resources, system errors
        code if code.starts_with("53") || code.starts_with("58") => Some(Error::Unavailable),
        _ => None,
    }
}
