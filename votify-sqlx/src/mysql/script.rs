use futures_util::TryStreamExt;
use sqlx::mysql::{MySqlConnection, MySqlRow};
use sqlx::{AssertSqlSafe, Either, raw_sql};

use super::rows::{Row, pieces};
use super::statements::Statement;
use crate::error::Error;

/// How long one text gets at most, if it is made of several statements: servers take 1 MiB and more.
const BYTES: usize = 640 * 1024;

/// Several statements in one text: one way to the server and back for all of them.
///
/// The texts are made of constants and of rows that are written as [`Row`] writes them, in digits: nothing that anybody
/// says comes into a text in its own letters. A statement that fails ends the script; what came before it has happened.
#[derive(Debug, Default)]
pub(super) struct Script {
    statements: Vec<String>,
    /// How many statements each part is made of.
    parts: Vec<usize>,
}

/// What one part of a script did.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) rows: Vec<MySqlRow>,
    /// How many rows it met, also those that were as it wants them already.
    pub(super) met: u64,
}

impl Script {
    /// Adds a part of statements without rows.
    pub(super) fn plain(mut self, statements: &[&str]) -> Self {
        self.parts.push(statements.len());
        let texts = statements.iter().map(|text| (*text).to_owned());
        self.statements.extend(texts);
        self
    }

    /// Adds a part: a statement over all these rows, nothing if there are none.
    pub(super) fn over<T>(
        mut self,
        statement: &'static Statement,
        given: &[T],
        write: impl Fn(&mut Row, &T) -> Result<(), Error>,
    ) -> Result<Self, Error> {
        let pieces = pieces(statement.style(), given, write)?;
        self.parts.push(pieces.len());
        let texts = pieces.iter().map(|piece| statement.with(&piece.text));
        self.statements.extend(texts);
        Ok(self)
    }

    /// Runs it all; what each part did, in their order.
    pub(super) async fn run(self, connection: &mut MySqlConnection) -> Result<Vec<Done>, Error> {
        let mut results = Vec::with_capacity(self.statements.len());
        for text in texts(self.statements) {
            run_text(connection, text, &mut results).await?;
        }
        let mut results = results.into_iter();
        let part = |statements| {
            results.by_ref().take(statements).fold(
                Done::default(),
                |mut part, Done { rows, met }| {
                    part.rows.extend(rows);
                    part.met += met;
                    part
                },
            )
        };
        Ok(self.parts.into_iter().map(part).collect())
    }

    /// Runs a script of one part.
    pub(super) async fn run_alone(self, connection: &mut MySqlConnection) -> Result<Done, Error> {
        let done = self.run(connection).await?;
        done.into_iter().next().ok_or(Error::Ended)
    }
}

/// Joins statements into texts of bounded length.
pub(super) fn texts(statements: Vec<String>) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    for statement in statements {
        match texts.last_mut() {
            Some(text) if text.len() + statement.len() < BYTES => {
                text.push(';');
                text.push_str(&statement);
            }
            _ => texts.push(statement),
        }
    }
    texts
}

/// Adds what each statement of a text did, also where one of them fails: those before it.
pub(super) async fn run_text(
    connection: &mut MySqlConnection,
    text: String,
    done: &mut Vec<Done>,
) -> Result<(), sqlx::Error> {
    let mut rows = Vec::new();
    let mut results = raw_sql(AssertSqlSafe(text)).fetch_many(connection);
    while let Some(result) = results.try_next().await? {
        match result {
            Either::Right(row) => rows.push(row),
            Either::Left(statement) => done.push(Done {
                rows: std::mem::take(&mut rows),
                met: statement.rows_affected(),
            }),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_bounded_and_lose_nothing() {
        let statement = "x".repeat(BYTES / 3);
        let given: Vec<String> = (0..7).map(|n| format!("{n}{statement}")).collect();
        let texts = texts(given.clone());
        assert_eq!(texts.len(), 4);
        assert!(texts.iter().all(|text| text.len() < BYTES));
        assert_eq!(texts.join(";"), given.join(";"));
    }
}
