//! MySQL and MariaDB: one dialect of what both know.

mod accounts;
mod connect;
mod database;
mod ending;
mod given;
mod invites;
mod open;
mod places;
#[cfg(test)]
mod plans;
mod refusal;
mod rows;
mod run;
mod schema;
mod script;
mod settings;
mod statements;
mod store;
mod work;

pub use connect::MySqlDatabase;
pub use store::MySqlStore;

use sqlx::error::DatabaseError;
use sqlx::mysql::MySqlDatabaseError;

use crate::error::Error;

/// The name for errors and logs.
const NAME: &str = "mysql";

/// What an error means, by the numbers that MySQL (<https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html>)
/// and MariaDB (<https://mariadb.com/kb/en/mariadb-error-code-reference/>) give it. Where something passing is told of a
/// transaction, the whole of it has to be rolled back: a lock that was waited for in vain ends one statement only.
pub(crate) fn meaning(error: &dyn DatabaseError) -> Option<fn(sqlx::Error) -> Error> {
    match number(error)? {
        // CHECKREAD, LOCK_WAIT_TIMEOUT, LOCK_DEADLOCK, XA_RBTIMEOUT, XA_RBDEADLOCK, TRANSACTION_ROLLBACK_DURING_COMMIT; a table
        // that is being altered: TABLE_DEF_CHANGED, NEED_REPREPARE
        1020 | 1205 | 1213 | 1613 | 1614 | 3101 | 1412 | 1615 => Some(Error::Conflict),
        // The server ends, or somebody ended the connection or statement: SERVER_SHUTDOWN, ABORTING_CONNECTION,
        // NET_READ_ERROR and its like, NEW_ABORTING_CONNECTION, QUERY_INTERRUPTED, CONNECTION_KILLED,
        // CLIENT_INTERACTION_TIMEOUT
        1053 | 1152 | 1158..=1161 | 1184 | 1317 | 1927 | 4031 => Some(Error::Lost),
        // Too much at once: CON_COUNT, TOO_MANY_USER_CONNECTIONS, LOCK_TABLE_FULL, USER_LIMIT_REACHED, STATEMENT_TIMEOUT,
        // QUERY_TIMEOUT, CANT_CREATE_THREAD, HOST_IS_BLOCKED, MAX_PREPARED_STMT_COUNT_REACHED
        1040 | 1203 | 1206 | 1226 | 1969 | 3024 | 1135 | 1129 | 1461
        // Nowhere to write to: ERROR_ON_WRITE, DISK_FULL, GET_ERRNO, OUTOFMEMORY, OUT_OF_SORTMEMORY, OUT_OF_RESOURCES,
        // RECORD_FILE_FULL; or nobody knows whether it was written: ERROR_DURING_COMMIT
        | 1026 | 1021 | 1030 | 1037 | 1038 | 1041 | 1114 | 1180
        // Only to be read just now: OPEN_AS_READONLY, CANT_UPDATE_WITH_READLOCK, OPTION_PREVENTS_STATEMENT,
        // CANT_EXECUTE_IN_READ_ONLY_TRANSACTION, READ_ONLY_MODE; a node without its cluster: UNKNOWN_COM_ERROR
        | 1036 | 1223 | 1290 | 1792 | 1836 | 1047 => Some(Error::Unavailable),
        // NOT_FORM_FILE, NOT_KEYFILE, CRASHED_ON_USAGE, CRASHED_ON_REPAIR, INDEX_CORRUPT, TABLESPACE_MISSING,
        // TABLE_CORRUPT, NO_SUCH_TABLE_IN_ENGINE
        1033 | 1034 | 1194 | 1195 | 1712 | 1812 | 1877 | 1932 => Some(Error::Damaged),
        _ => None,
    }
}

fn number(error: &dyn DatabaseError) -> Option<u16> {
    Some(error.try_downcast_ref::<MySqlDatabaseError>()?.number())
}
