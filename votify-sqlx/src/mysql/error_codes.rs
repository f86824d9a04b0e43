use sqlx::error::DatabaseError;
use sqlx::mysql::MySqlDatabaseError;

use crate::error_kind::ErrorKind;

/// Returns the kind of an error by its number in
/// [MySQL](https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html) and
/// [MariaDB](https://mariadb.com/kb/en/mariadb-error-code-reference/). `None` if it is of
/// another database or of no special kind.
///
/// After a conflict the whole transaction must be rolled back: a lock wait timeout ends
/// only one statement.
pub(crate) fn classify(error: &dyn DatabaseError) -> Option<ErrorKind> {
    match number(error)? {
        // CHECKREAD, LOCK_WAIT_TIMEOUT, LOCK_DEADLOCK, XA_RBTIMEOUT, XA_RBDEADLOCK,
        // TRANSACTION_ROLLBACK_DURING_COMMIT. KILL QUERY, which leaves the connection
        // usable: QUERY_INTERRUPTED
        1020 | 1205 | 1213 | 1613 | 1614 | 3101 | 1317
        // A table is being altered: TABLE_DEF_CHANGED, NEED_REPREPARE
        | 1412 | 1615 => Some(ErrorKind::Conflict),
        // The server is stopping, or the connection was killed: SERVER_SHUTDOWN,
        // ABORTING_CONNECTION, NET_READ_ERROR and related, NEW_ABORTING_CONNECTION,
        // CONNECTION_KILLED, CLIENT_INTERACTION_TIMEOUT
        1053 | 1152 | 1158..=1161 | 1184 | 1927 | 4031 => Some(ErrorKind::ConnectionLost),
        // Overloaded: CON_COUNT, TOO_MANY_USER_CONNECTIONS, LOCK_TABLE_FULL,
        // USER_LIMIT_REACHED, STATEMENT_TIMEOUT, QUERY_TIMEOUT, CANT_CREATE_THREAD,
        // HOST_IS_BLOCKED, MAX_PREPARED_STMT_COUNT_REACHED
        1040 | 1203 | 1206 | 1226 | 1969 | 3024 | 1135 | 1129 | 1461
        // Out of memory: OUTOFMEMORY, OUT_OF_SORTMEMORY, OUT_OF_RESOURCES. Or unknown whether
        // it was committed: ERROR_DURING_COMMIT. Or a node that has lost its cluster:
        // UNKNOWN_COM_ERROR
        | 1037 | 1038 | 1041 | 1180 | 1047 => Some(ErrorKind::Unavailable),
        // Out of disk: DISK_FULL, ERROR_ON_WRITE, GET_ERRNO, RECORD_FILE_FULL
        1021 | 1026 | 1030 | 1114
        // Read-only: OPEN_AS_READONLY, CANT_UPDATE_WITH_READLOCK,
        // OPTION_PREVENTS_STATEMENT, CANT_EXECUTE_IN_READ_ONLY_TRANSACTION, READ_ONLY_MODE
        | 1036 | 1223 | 1290 | 1792 | 1836 => Some(ErrorKind::Unwritable),
        // NOT_FORM_FILE, NOT_KEYFILE, CRASHED_ON_USAGE, CRASHED_ON_REPAIR, INDEX_CORRUPT,
        // TABLESPACE_MISSING, TABLE_CORRUPT, NO_SUCH_TABLE_IN_ENGINE
        1033 | 1034 | 1194 | 1195 | 1712 | 1812 | 1877 | 1932 => Some(ErrorKind::Corrupt),
        // The database, a table or a column does not exist: NO_DB, BAD_DB, BAD_FIELD,
        // NO_SUCH_TABLE
        1046 | 1049 | 1054 | 1146 => Some(ErrorKind::SchemaMismatch),
        // The login, a grant or the statement is wrong: DBACCESS_DENIED, ACCESS_DENIED,
        // PARSE_ERROR, TABLEACCESS_DENIED, COLUMNACCESS_DENIED, SPECIFIC_ACCESS_DENIED,
        // ACCESS_DENIED_NO_PASSWORD, MUST_CHANGE_PASSWORD
        1044 | 1045 | 1064 | 1142 | 1143 | 1227 | 1698 | 1820 => Some(ErrorKind::Rejected),
        _ => None,
    }
}

/// Returns the number of an error. `None` if it is of another database.
pub(super) fn number(error: &dyn DatabaseError) -> Option<u16> {
    Some(error.try_downcast_ref::<MySqlDatabaseError>()?.number())
}
