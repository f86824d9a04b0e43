use futures_util::TryStreamExt;
use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Either, Executor, query_with};

use super::sql::{self, Text};
use crate::backend::{Call, Reply};
use crate::batch_writes::script_error;
use crate::bind::Bind;
use crate::error::Error;
use crate::row_set::{RowSet, Value};
use crate::statement::Statement;

/// Fails unless the statement before it changed this number of rows, because there is no
/// absolute value of the smallest integer. Returns no row otherwise.
const CHECK: &str = "SELECT 1 WHERE abs(-9223372036854775807 - (changes() <> ?)) < 0";

/// Several statements in one text, with their parameters: one round trip to the
/// connection's thread for all of them.
///
/// The texts are constants. A statement that fails ends the script; the statements before
/// it were executed.
#[derive(Default)]
pub(super) struct Script {
    text: String,
    arguments: SqliteArguments,
    /// The number of statements of each part.
    parts: Vec<usize>,
}

impl Script {
    /// Adds a part of one statement without parameters.
    pub(super) fn statement(mut self, text: &str) -> Self {
        self.push(text);
        self.parts.push(1);
        self
    }

    /// Adds a call as a part.
    pub(super) fn call(mut self, call: Call) -> Result<Self, Error> {
        let statements = match call {
            Call::Listing(text, params) => self.push_params(&text, params)?,
            Call::Params(statement, params) => match sql::text(statement) {
                Text::Params(text) => self.push_params(text, params)?,
                Text::Rows(_) => return Err(Error::WrongInput(statement)),
            },
            Call::Rows(statement, rows) => {
                let Text::Rows(text) = sql::text(statement) else {
                    return Err(Error::WrongInput(statement));
                };
                let mut chunks = 0;
                for chunk in text.chunks(rows.len()) {
                    self.push(chunk.text);
                    chunk.bind(&mut self.arguments, &rows)?;
                    chunks += 1;
                }
                chunks
            }
        };
        self.parts.push(statements);
        Ok(self)
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push(';');
    }

    fn push_params(&mut self, text: &str, params: Vec<Value>) -> Result<usize, Error> {
        self.push(text);
        for param in params {
            self.arguments.bind(param)?;
        }
        Ok(1)
    }

    /// Executes the script, and returns the reply of each part.
    pub(super) async fn run(
        self,
        connection: &mut SqliteConnection,
    ) -> Result<Vec<Reply<SqliteRow>>, Error> {
        let mut replies = Vec::with_capacity(self.parts.len());
        self.run_into(connection, &mut replies).await?;
        Ok(replies)
    }

    /// Executes the script, and adds the reply of each part. After an error, `replies`
    /// holds the parts before the one that failed.
    async fn run_into(
        self,
        connection: &mut SqliteConnection,
        replies: &mut Vec<Reply<SqliteRow>>,
    ) -> Result<(), sqlx::Error> {
        let mut parts = self.parts.into_iter();
        // The current part, and the number of its statements that are not finished.
        let (mut part, mut statements) = (Reply::default(), 0);
        if !self.text.is_empty() {
            let script = query_with(AssertSqlSafe(self.text), self.arguments);
            let mut results = connection.fetch_many(script);
            while let Some(result) = results.try_next().await? {
                while statements == 0
                    && let Some(next) = parts.next()
                {
                    statements = next;
                    if next == 0 {
                        replies.push(Reply::default());
                    }
                }
                match result {
                    Either::Right(row) => part.rows.push(row),
                    Either::Left(statement) => {
                        part.affected += statement.rows_affected();
                        statements = statements.saturating_sub(1);
                        if statements == 0 {
                            replies.push(std::mem::take(&mut part));
                        }
                    }
                }
            }
        }
        // Parts without statements at the end.
        replies.extend(parts.map(|_| Reply::default()));
        Ok(())
    }
}

/// Writes, each with a check of its row count, and a `COMMIT` at the end: one script that
/// commits everything or nothing.
#[derive(Default)]
pub(super) struct CommitScript {
    script: Script,
    /// The statement of each write, and its number of rows.
    writes: Vec<(Statement, usize)>,
}

impl CommitScript {
    /// Adds a write that must change as many rows as it has.
    pub(super) fn write(mut self, statement: Statement, rows: &RowSet) -> Result<Self, Error> {
        let Text::Rows(text) = sql::text(statement) else {
            return Err(Error::WrongInput(statement));
        };
        for chunk in text.chunks(rows.len()) {
            self.script.push(chunk.text);
            chunk.bind(&mut self.script.arguments, rows)?;
            self.script.parts.push(1);
            let expected = i64::try_from(chunk.len).unwrap_or(i64::MAX);
            let check = self
                .script
                .push_params(CHECK, vec![Value::Integer(Some(expected))])?;
            self.script.parts.push(check);
            self.writes.push((statement, chunk.len));
        }
        Ok(self)
    }

    /// Executes the script. After an error nothing is committed, except perhaps after
    /// [`Error::Unavailable`], but the transaction may still be open.
    pub(super) async fn run(self, connection: &mut SqliteConnection) -> Result<(), Error> {
        let mut replies = Vec::with_capacity(2 * self.writes.len() + 1);
        let script = self.script.statement("COMMIT");
        let run = script.run_into(connection, &mut replies).await;
        run.map_err(|error| {
            let error = Error::from(error);
            // A check has no other reason for such an error.
            let may_be_check = matches!(error, Error::Driver(_));
            if replies.len() < 2 * self.writes.len() {
                script_error(error, may_be_check, &self.writes, &replies)
            } else {
                error.into_commit_error()
            }
        })
    }
}
