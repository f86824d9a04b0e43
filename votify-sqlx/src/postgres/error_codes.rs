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
        // query_canceled
        "57014" => Some(ErrorKind::Unavailable),
        // read_only_sql_transaction, disk_full, io_error, feature_not_supported. Among the
        // statements here, only BEGIN of a write transaction on a standby is not
        // supported.
        "25006" | "53100" | "58030" | "0A000" => Some(ErrorKind::Unwritable),
        // data_corrupted, index_corrupted
        "XX001" | "XX002" => Some(ErrorKind::Corrupt),
        // Class 08: connection exceptions.
        code if code.starts_with("08") => Some(ErrorKind::ConnectionLost),
        // Class 53: insufficient resources. Class 58: system errors.
        code if code.starts_with("53") || code.starts_with("58") => Some(ErrorKind::Unavailable),
        // undefined_table, undefined_column, invalid_schema_name, and for ON CONFLICT
        // without the unique key: invalid_column_reference
        "42P01" | "42703" | "3F000" | "42P10" => Some(ErrorKind::SchemaMismatch),
        // Class 28: invalid authorization. Class 3D: no such database. Class 42: no
        // privilege for a table or column, or an invalid statement.
        code if ["28", "3D", "42"]
            .iter()
            .any(|class| code.starts_with(class)) =>
        {
            Some(ErrorKind::Rejected)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::env;

    use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};

    use crate::error::Error;
    use crate::pooled_connection::PooledConnection;

    async fn query(pool: &PgPool, text: &'static str) -> Error {
        sqlx::raw_sql(text).execute(pool).await.unwrap_err().into()
    }

    #[tokio::test]
    async fn errors_of_every_poll_concern_no_single_one() {
        let Ok(url) = env::var("VOTIFY_TEST_POSTGRES_URL") else {
            eprintln!(
                "SKIPPED errors_of_every_poll_concern_no_single_one: needs VOTIFY_TEST_POSTGRES_URL"
            );
            return;
        };
        let options: PgConnectOptions = url.parse().unwrap();
        let pool = PgPool::connect_lazy_with(options.clone());
        let missing_table = query(&pool, "SELECT FROM votify_no_such_table").await;
        assert!(missing_table.is_schema_mismatch());
        assert!(!missing_table.may_concern_one_poll());
        let invalid_value = query(&pool, "SELECT 1 / 0").await;
        assert!(invalid_value.may_concern_one_poll());
        let options = options.database("votify_no_such_database");
        let pool = PgPoolOptions::new().connect_lazy_with(options);
        let no_database = PooledConnection::acquire(&pool).await.unwrap_err();
        assert!(matches!(no_database, Error::Unavailable(_)));
        assert!(!no_database.may_concern_one_poll());
    }
}
