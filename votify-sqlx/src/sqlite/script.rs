use futures_util::TryStreamExt;
use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteRow};
use sqlx::{Arguments, AssertSqlSafe, Either, Executor, query_with};

use super::bulk::{Bulk, Piece};
use crate::error::Error;

/// Several statements in one text, with their parameters: one way to the connection's thread and back for all of them.
///
/// The texts are made of constants. A statement that fails ends the script; what came before it has happened.
#[derive(Default)]
pub(super) struct Script {
    text: String,
    values: SqliteArguments,
    /// How many statements each part is made of.
    parts: Vec<usize>,
}

/// What one part of a script did.
#[derive(Default)]
pub(super) struct Done {
    pub(super) rows: Vec<SqliteRow>,
    pub(super) changed: u64,
}

impl Script {
    /// Adds a part of one statement without parameters.
    pub(super) fn plain(mut self, statement: &str) -> Self {
        self.add(statement);
        self.parts.push(1);
        self
    }

    /// Adds a part of one statement.
    pub(super) fn one(
        mut self,
        statement: &str,
        bind: impl FnOnce(&mut SqliteArguments) -> Result<(), Error>,
    ) -> Result<Self, Error> {
        bind(&mut self.values)?;
        Ok(self.plain(statement))
    }

    /// Adds a part: a bulk statement over all these rows, nothing if there are none.
    pub(super) fn bulk<T: Sync>(
        mut self,
        bulk: &Bulk,
        given: &[T],
        bind: impl Fn(&mut SqliteArguments, &T) -> Result<(), Error>,
    ) -> Result<Self, Error> {
        let mut statements = 0;
        for piece in bulk.pieces(given) {
            self.add_piece(&piece, &bind)?;
            statements += 1;
        }
        self.parts.push(statements);
        Ok(self)
    }

    /// Adds a part: a bulk statement over as many rows as it takes at once.
    pub(super) fn piece<T>(
        mut self,
        piece: &Piece<'_, T>,
        bind: impl Fn(&mut SqliteArguments, &T) -> Result<(), Error>,
    ) -> Result<Self, Error> {
        self.add_piece(piece, &bind)?;
        self.parts.push(1);
        Ok(self)
    }

    fn add_piece<T>(
        &mut self,
        piece: &Piece<'_, T>,
        bind: &impl Fn(&mut SqliteArguments, &T) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.add(piece.text);
        for row in piece.rows {
            bind(&mut self.values, row)?;
        }
        for _ in 0..piece.padding {
            let padded = self.values.add(None::<i64>);
            padded.map_err(sqlx::Error::Encode)?;
        }
        Ok(())
    }

    fn add(&mut self, statement: &str) {
        self.text.push_str(statement);
        self.text.push(';');
    }

    /// Runs a script of one part.
    pub(super) async fn run_alone(self, connection: &mut SqliteConnection) -> Result<Done, Error> {
        let done = self.run(connection).await?;
        done.into_iter().next().ok_or(Error::Ended)
    }

    /// Runs it all; what each part did, in their order.
    pub(super) async fn run(self, connection: &mut SqliteConnection) -> Result<Vec<Done>, Error> {
        let mut done = Vec::with_capacity(self.parts.len());
        self.run_into(connection, &mut done).await?;
        Ok(done)
    }

    /// Runs it all, and adds what each part did, also where a statement fails: those before its part.
    pub(super) async fn run_into(
        self,
        connection: &mut SqliteConnection,
        done: &mut Vec<Done>,
    ) -> Result<(), sqlx::Error> {
        let mut parts = self.parts.into_iter();
        // Of the part that is under way.
        let (mut part, mut statements) = (Done::default(), 0);
        if !self.text.is_empty() {
            let script = query_with(AssertSqlSafe(self.text), self.values);
            let mut results = connection.fetch_many(script);
            while let Some(result) = results.try_next().await? {
                while statements == 0
                    && let Some(next) = parts.next()
                {
                    statements = next;
                    if next == 0 {
                        done.push(Done::default());
                    }
                }
                match result {
                    Either::Right(row) => part.rows.push(row),
                    Either::Left(statement) => {
                        part.changed += statement.rows_affected();
                        statements = statements.saturating_sub(1);
                        if statements == 0 {
                            done.push(std::mem::take(&mut part));
                        }
                    }
                }
            }
        }
        // Parts of no statements at the end.
        done.extend(parts.map(|_| Done::default()));
        Ok(())
    }
}
