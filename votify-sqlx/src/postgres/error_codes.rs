use sqlx::error::DatabaseError;
use sqlx::postgres::PgDatabaseError;

use crate::error_kind::ErrorKind;

/// Returns the kind of a PostgreSQL error; `None` for other databases and other codes.
///
/// Source: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
pub(crate) fn classify(error: &dyn DatabaseError) -> Option<ErrorKind> {
    match error.try_downcast_ref::<PgDatabaseError>()?.code() {
        // serialization_failure, deadlock_detected, lock_not_available
        "40001" | "40P01" | "55P03" => Some(ErrorKind::Conflict),
        // The server ended the connection, and the transaction with it: admin_shutdown,
        // crash_shutdown, cannot_connect_now, database_dropped, idle_session_timeout,
        // idle_in_transaction_session_timeout, transaction_timeout.
        "57P01" | "57P02" | "57P03" | "57P04" | "57P05" | "25P03" | "25P04" => {
            Some(ErrorKind::ConnectionLost)
        }
        // read_only_sql_transaction, query_canceled, feature_not_supported. Among the
        // statements here, only BEGIN of a write transaction on a standby is not
        // supported.
        "25006" | "57014" | "0A000" => Some(ErrorKind::Unavailable),
        // data_corrupted, index_corrupted
        "XX001" | "XX002" => Some(ErrorKind::Corrupt),
        // Class 08: connection exceptions.
        code if code.starts_with("08") => Some(ErrorKind::ConnectionLost),
        // Class 53: insufficient resources. Class 58: system errors.
        code if code.starts_with("53") || code.starts_with("58") => Some(ErrorKind::Unavailable),
        _ => None,
    }
}
