//! How a transaction ends well: with its writes.

use sqlx::mysql::MySqlConnection;

use super::number;
use super::rows::{Row, pieces};
use super::script::{Done, run_text, texts};
use super::statements::Statement;
use crate::error::Error;

/// An error, and with it the end of the text, unless the statement before met so many rows: no number is larger than this one.
const CHECK: &str = "SET @votify_met = 9223372036854775807 + (ROW_COUNT() <> ";
/// The server's word for that: DATA_OUT_OF_RANGE.
const OUT_OF_RANGE: u16 = 1690;

/// Writes, each with what it has to meet, and the commit behind them: one text, of which all happens or nothing.
///
/// A statement that fails ends the text before its `COMMIT`, and the server looks at the numbers itself. So writing and
/// committing are one way to the server and back.
#[derive(Debug, Default)]
pub(super) struct Ending(Vec<Write>);

#[derive(Debug)]
struct Write {
    text: String,
    table: &'static str,
    rows: usize,
}

impl Ending {
    /// Adds a statement over all these rows, of which each must meet one row of `table`; nothing if there are none.
    pub(super) fn over<T>(
        self,
        table: &'static str,
        statement: &'static Statement,
        given: &[T],
        write: impl Fn(&mut Row, &T) -> Result<(), Error>,
    ) -> Result<Self, Error> {
        self.over_with(table, statement, given, "", write)
    }

    /// The same with a statement that ends with these words, which are digits.
    pub(super) fn over_with<T>(
        mut self,
        table: &'static str,
        statement: &'static Statement,
        given: &[T],
        end: &str,
        write: impl Fn(&mut Row, &T) -> Result<(), Error>,
    ) -> Result<Self, Error> {
        for piece in pieces(statement.style(), given, write)? {
            self.0.push(Write {
                text: statement.with(&piece.text) + end,
                table,
                rows: piece.rows,
            });
        }
        Ok(self)
    }

    /// Does all of it. After an error the transaction is still open, except perhaps after [`Error::Unavailable`], which is
    /// the answer where nobody knows whether it was committed.
    pub(super) async fn run(mut self, connection: &mut MySqlConnection) -> Result<(), Error> {
        let mut statements = Vec::with_capacity(2 * self.0.len() + 1);
        for write in &mut self.0 {
            statements.push(std::mem::take(&mut write.text));
            statements.push(format!("{CHECK}{})", write.rows));
        }
        statements.push("COMMIT".to_owned());
        let mut texts = texts(statements);
        let last = texts.pop();
        let mut done = Vec::new();
        for text in texts {
            let run = run_text(connection, text, &mut done).await;
            run.map_err(|error| self.meaning(error, &done))?;
        }
        let Some(last) = last else {
            return Err(Error::Ended);
        };
        let run = run_text(connection, last, &mut done).await;
        run.map_err(|error| {
            // Where a statement failed the text was at its end, unless that was the commit.
            let is_told = matches!(error, sqlx::Error::Database(_));
            let is_open = is_told && done.len() < 2 * self.0.len();
            let meaning = self.meaning(error, &done);
            if is_open {
                meaning
            } else {
                meaning.of_commit()
            }
        })
    }

    /// What an error means that came after these.
    fn meaning(&self, error: sqlx::Error, done: &[Done]) -> Error {
        let is_check = matches!(
            &error,
            sqlx::Error::Database(error) if number(error.as_ref()) == Some(OUT_OF_RANGE)
        ) && done.len() % 2 == 1;
        match (self.0.get(done.len() / 2), done.last()) {
            (Some(write), Some(before)) if is_check => Error::Missed {
                table: write.table,
                expected: write.rows,
                changed: before.met,
            },
            _ => error.into(),
        }
    }
}
