use std::future::Future;

use uuid::Uuid;
use votify_sqlx::sqlx::Error;

/// The naive flow on one kind of database.
pub(super) trait Flow: Clone + Send + Sync + 'static {
    /// Makes what it keeps votes in, where that is missing.
    fn make_tables(&self) -> impl Future<Output = Result<(), Error>> + Send;

    /// Keeps a new poll with these options.
    fn create(
        &self,
        poll: Uuid,
        title: &str,
        options: &[(Uuid, &str)],
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Counts a vote in a transaction of its own, and reads the counts after that.
    fn vote(&self, vote: Vote) -> impl Future<Output = Result<Counts, Error>> + Send;

    /// What is kept of a poll.
    fn kept(&self, poll: Uuid) -> impl Future<Output = Result<Kept, Error>> + Send;
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
    /// From rows of an option, its count, and the poll's total.
    pub(super) fn of(rows: &[(Uuid, i64, i64)]) -> Result<Self, Error> {
        let (.., total) = rows.first().ok_or(Error::RowNotFound)?;
        Ok(Self {
            options: rows.iter().map(|(id, count, _)| (*id, *count)).collect(),
            total: *total,
        })
    }
}

/// Three times the same number, if all is well.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) rows: i64,
    pub(super) of_options: i64,
    pub(super) total: i64,
}

/// Whether the transaction lost against another, and may be tried again: `serialization_failure`, as MySQL calls deadlocks
/// too, and PostgreSQL's `deadlock_detected`.
pub(super) fn is_a_deadlock(error: &Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    matches!(code.as_deref(), Some("40001" | "40P01"))
}
