/// The consequence of a database error, which each database derives from its error codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorKind {
    /// Another transaction is in the way. The transaction must be rolled back, and may be
    /// retried at once.
    Conflict,
    /// The connection is lost, and with it the transaction, unless it was committing.
    ConnectionLost,
    /// The server cannot do its work: unreachable or overloaded.
    Unavailable,
    /// As `Unavailable`, because the storage takes no writes: full, read-only or broken.
    /// Reads may succeed.
    Unwritable,
    /// The database reports damaged files.
    Corrupt,
    /// The database rejects the login or the statement, whatever the values are: a wrong
    /// password or a missing grant.
    Rejected,
    /// A table, column or unique key that a statement uses does not exist.
    SchemaMismatch,
}
