//! The database access of the naive server.

use std::future::Future;

use uuid::Uuid;
use votify_sqlx::sqlx::Error;

/// The naive store on one kind of database.
pub(super) trait NaiveStore: Clone + Send + Sync + 'static {
    /// Creates missing tables.
    fn create_tables(&self) -> impl Future<Output = Result<(), Error>> + Send;

    /// Stores a new poll with these options.
    fn create(
        &self,
        poll: Uuid,
        title: &str,
        options: &[(Uuid, &str)],
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Stores a vote in one transaction, then reads the counts.
    fn vote(&self, vote: Vote) -> impl Future<Output = Result<Counts, Error>> + Send;

    /// Reads the stored votes of a poll.
    fn stored(&self, poll: Uuid) -> impl Future<Output = Result<StoredVotes, Error>> + Send;
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Vote {
    pub(super) poll: Uuid,
    pub(super) option: Uuid,
    pub(super) voter: Uuid,
}

#[derive(Debug)]
pub(super) struct Counts {
    pub(super) options: Vec<(Uuid, i64)>,
    pub(super) total: i64,
}

impl Counts {
    /// Takes rows of option id, option count and poll total.
    pub(super) fn from_rows(rows: &[(Uuid, i64, i64)]) -> Result<Self, Error> {
        let (.., total) = rows.first().ok_or(Error::RowNotFound)?;
        Ok(Self {
            options: rows.iter().map(|(id, count, _)| (*id, *count)).collect(),
            total: *total,
        })
    }
}

/// Three counts of the same votes, which must be equal.
#[derive(Debug)]
pub(super) struct StoredVotes {
    pub(super) rows: i64,
    pub(super) of_options: i64,
    pub(super) total: i64,
}

/// Returns true if the transaction lost a deadlock and may be retried: `40001` on MySQL,
/// and `40P01` (deadlock) or `40001` (serialization failure) on PostgreSQL.
pub(super) fn is_deadlock(error: &Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    matches!(code.as_deref(), Some("40001" | "40P01"))
}
