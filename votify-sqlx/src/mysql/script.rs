//! Several statements in one text, which takes one round trip.

use futures_util::TryStreamExt;
use sqlx::mysql::{MySqlConnection, MySqlRow};
use sqlx::{AssertSqlSafe, Either, raw_sql};

use super::error_codes::number;
use super::rows::chunks;
use super::sql;
use crate::backend::Reply;
use crate::batch_writes::{BatchWrites, script_error};
use crate::error::Error;
use crate::row_set::{Column, RowSet};
use crate::statement::Statement;

/// The maximum length of a text of several statements. Servers accept at least 1 MiB.
const MAX_BYTES: usize = 640 * 1024;
/// Fails unless the statement before it matched the given number of rows: this number is
/// the largest one.
const CHECK: &str = "SET @votify_matched = 9223372036854775807 + (ROW_COUNT() <> ";
/// DATA_OUT_OF_RANGE, the error of a failed check.
const OUT_OF_RANGE: u16 = 1690;

/// Statements that are sent as one text. The text consists of constants and of rows in
/// digits. The first statement that fails ends the text.
#[derive(Debug, Default)]
pub(super) struct Script {
    statements: Vec<String>,
    /// The number of statements before the first call.
    skipped: usize,
    /// The number of statements of each call.
    parts: Vec<usize>,
}

impl Script {
    /// Starts with statements whose replies are not returned.
    pub(super) fn starting_with(statements: &[&str]) -> Self {
        Self {
            statements: statements.iter().map(|text| (*text).to_owned()).collect(),
            skipped: statements.len(),
            parts: Vec::new(),
        }
    }

    /// Adds a statement over rows: no text if there are none.
    pub(super) fn add(&mut self, statement: Statement, rows: &RowSet) -> Result<(), Error> {
        let before = self.statements.len();
        for (text, _) in with_rows(statement, rows)? {
            self.statements.push(text);
        }
        self.parts.push(self.statements.len() - before);
        Ok(())
    }

    /// Runs the statements. Returns the replies of the calls.
    pub(super) async fn run(
        self,
        connection: &mut MySqlConnection,
    ) -> Result<Vec<Reply<MySqlRow>>, Error> {
        let mut replies = Vec::with_capacity(self.statements.len());
        for text in join(self.statements) {
            run_text(connection, text, &mut replies).await?;
        }
        let mut replies = replies.into_iter().skip(self.skipped);
        let part = |statements| {
            let mut part = Reply::default();
            for reply in replies.by_ref().take(statements) {
                part.rows.extend(reply.rows);
                part.affected += reply.affected;
            }
            part
        };
        Ok(self.parts.into_iter().map(part).collect())
    }
}

/// Returns the texts of a statement over rows, each with its number of rows.
fn with_rows(statement: Statement, rows: &RowSet) -> Result<Vec<(String, usize)>, Error> {
    let first_id = match rows.columns().first() {
        Some(Column::Id(ids)) => ids.first().map(|id| format!("X'{}'", id.simple())),
        _ => None,
    };
    let first_id = first_id.unwrap_or_default();
    let mut texts = Vec::new();
    for template in sql::templates(statement) {
        for chunk in chunks(template.format(), rows)? {
            texts.push((template.with_rows(&chunk.text, &first_id), chunk.rows));
        }
    }
    Ok(texts)
}

/// Joins statements into texts of bounded length.
fn join(statements: Vec<String>) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    for statement in statements {
        match texts.last_mut() {
            Some(text) if text.len() + statement.len() < MAX_BYTES => {
                text.push(';');
                text.push_str(&statement);
            }
            _ => texts.push(statement),
        }
    }
    texts
}

/// Runs a text, and adds the reply of each statement. After an error, `replies` has those
/// of the statements before the failed one.
async fn run_text(
    connection: &mut MySqlConnection,
    text: String,
    replies: &mut Vec<Reply<MySqlRow>>,
) -> Result<(), sqlx::Error> {
    let mut rows = Vec::new();
    let mut results = raw_sql(AssertSqlSafe(text)).fetch_many(connection);
    while let Some(result) = results.try_next().await? {
        match result {
            Either::Right(row) => rows.push(row),
            Either::Left(done) => replies.push(Reply {
                rows: std::mem::take(&mut rows),
                affected: done.rows_affected(),
            }),
        }
    }
    Ok(())
}

/// The writes of a batch, each with a check of its row count, and the commit: one round
/// trip. A statement that fails ends the text before its `COMMIT`.
#[derive(Debug)]
pub(super) struct CommitScript {
    statements: Vec<String>,
    /// Each write with its number of rows.
    writes: Vec<(Statement, usize)>,
}

impl CommitScript {
    pub(super) fn new(batch: BatchWrites, row_version: i64) -> Result<Self, Error> {
        let (mut statements, mut writes) = (Vec::new(), Vec::new());
        for (statement, rows) in batch.into_writes() {
            for (mut text, rows) in with_rows(statement, &rows)? {
                if statement == Statement::UpdateTallies {
                    text.push_str(&format!(", p.row_version = {row_version}"));
                }
                statements.push(text);
                statements.push(format!("{CHECK}{rows})"));
                writes.push((statement, rows));
            }
        }
        statements.push("COMMIT".to_owned());
        Ok(Self { statements, writes })
    }

    /// Runs the script. After an error the transaction is still open, except perhaps
    /// after [`Error::Unavailable`]: then it may be committed.
    pub(super) async fn run(self, connection: &mut MySqlConnection) -> Result<(), Error> {
        let Self { statements, writes } = self;
        let mut replies = Vec::with_capacity(statements.len());
        let mut texts = join(statements).into_iter().peekable();
        while let Some(text) = texts.next() {
            let has_commit = texts.peek().is_none();
            let run = run_text(connection, text, &mut replies).await;
            run.map_err(|error| {
                // The server reports an error of the first statement that fails. The
                // commit was not reached unless that statement is the commit.
                let is_reported = matches!(error, sqlx::Error::Database(_));
                let is_open = !has_commit || (is_reported && replies.len() < 2 * writes.len());
                let may_be_check = matches!(
                    &error,
                    sqlx::Error::Database(error) if number(error.as_ref()) == Some(OUT_OF_RANGE)
                );
                let error = script_error(error.into(), may_be_check, &writes, &replies);
                if is_open {
                    error
                } else {
                    error.into_commit_error()
                }
            })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_bounded_and_complete() {
        let statement = "x".repeat(MAX_BYTES / 3);
        let statements: Vec<String> = (0..7).map(|n| format!("{n}{statement}")).collect();
        let texts = join(statements.clone());
        assert_eq!(texts.len(), 4);
        assert!(texts.iter().all(|text| text.len() < MAX_BYTES));
        assert_eq!(texts.join(";"), statements.join(";"));
    }
}
