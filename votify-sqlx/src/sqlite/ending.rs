//! How a transaction ends well: with its writes.

use sqlx::sqlite::{SqliteArguments, SqliteConnection};

use super::bulk::Bulk;
use super::script::{Done, Script};
use crate::error::Error;
use crate::parameters::Parameters;

/// No row; an error, and with it the end of the script, unless the statement before changed so many rows: there is no such
/// number.
const CHECK: &str = "SELECT 1 WHERE abs(-9223372036854775807 - (changes() <> ?)) < 0";
const COMMIT: &str = "COMMIT";

/// Writes, each with what it has to change, and the commit behind them: one script, of which all happens or nothing.
///
/// A statement that fails ends the script before its `COMMIT`. So writing and committing are one way to the connection's
/// thread and back.
#[derive(Default)]
pub(super) struct Ending {
    script: Script,
    /// The table of each write, and how many of its rows are to change.
    writes: Vec<(&'static str, usize)>,
}

impl Ending {
    /// Adds a bulk statement over all these rows, of which each must change one row of `table`; nothing if there are none.
    pub(super) fn bulk<T: Sync>(
        mut self,
        table: &'static str,
        bulk: &Bulk,
        given: &[T],
        bind: impl Fn(&mut SqliteArguments, &T) -> Result<(), Error>,
    ) -> Result<Self, Error> {
        for piece in bulk.pieces(given) {
            let rows = piece.rows.len();
            let number = i64::try_from(rows).unwrap_or(i64::MAX);
            self.script = self
                .script
                .piece(&piece, &bind)?
                .one(CHECK, |values| values.integer(number))?;
            self.writes.push((table, rows));
        }
        Ok(self)
    }

    /// Does all of it. After an error nothing happened, except perhaps after [`Error::Unavailable`], but the transaction may
    /// be open still.
    pub(super) async fn run(self, connection: &mut SqliteConnection) -> Result<(), Error> {
        let mut done = Vec::with_capacity(2 * self.writes.len() + 1);
        let run = self.script.plain(COMMIT).run_into(connection, &mut done);
        run.await
            .map_err(|error| meaning(error, &self.writes, &done))
    }
}

/// What an error means that came after these.
fn meaning(error: sqlx::Error, writes: &[(&'static str, usize)], done: &[Done]) -> Error {
    let error = Error::from(error);
    match (writes.get(done.len() / 2), done.last()) {
        // The commit.
        (None, _) => error.of_commit(),
        // A check, which fails for no other reason.
        (Some((table, expected)), Some(before))
            if done.len() % 2 == 1 && matches!(error, Error::Driver(_)) =>
        {
            Error::Missed {
                table,
                expected: *expected,
                changed: before.changed,
            }
        }
        _ => error,
    }
}
