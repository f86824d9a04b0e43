use futures_util::TryStreamExt;
use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteRow};
use sqlx::{Arguments, AssertSqlSafe, Either, Executor, query_with};

use crate::bulk::Bulk;
use crate::error::Error;

/// Several statements in one text, with their parameters: one way to the connection's thread and back for all of them.
///
/// The texts are made of constants. A statement that fails ends the script; what came before it has happened.
#[derive(Default)]
pub(super) struct Script {
    text: String,
    values: Values,
    /// How many statements each part is made of.
    parts: Vec<usize>,
}

/// What one part of a script did.
#[derive(Default)]
pub(super) struct Done {
    pub(super) rows: Vec<SqliteRow>,
    pub(super) changed: u64,
}

/// The parameters of a script, in their order.
#[derive(Default)]
pub(super) struct Values(SqliteArguments);

impl Script {
    /// Adds a part of one statement without parameters.
    pub(super) fn plain(mut self, statement: &'static str) -> Self {
        self.text.push_str(statement);
        self.text.push(';');
        self.parts.push(1);
        self
    }

    /// Adds a part: a bulk statement over all these rows, nothing if there are none.
    pub(super) fn bulk<T: Sync>(
        mut self,
        bulk: &Bulk,
        given: &[T],
        bind: impl Fn(&mut Values, &T) -> Result<(), Error>,
    ) -> Result<Self, Error> {
        let mut statements = 0;
        for piece in bulk.pieces(given) {
            self.text.push_str(piece.text);
            self.text.push(';');
            statements += 1;
            for row in piece.rows {
                bind(&mut self.values, row)?;
            }
            for _ in 0..piece.padding {
                self.values.add(None::<i64>)?;
            }
        }
        self.parts.push(statements);
        Ok(self)
    }

    /// Runs it all; what each part did, in their order.
    pub(super) async fn run(self, connection: &mut SqliteConnection) -> Result<Vec<Done>, Error> {
        let mut done: Vec<Done> = self.parts.iter().map(|_| Done::default()).collect();
        if self.text.is_empty() {
            return Ok(done);
        }
        // To which part the next statement belongs.
        let mut of_statement = self
            .parts
            .iter()
            .enumerate()
            .flat_map(|(part, statements)| std::iter::repeat_n(part, *statements));
        let mut part = of_statement.next();
        let script = query_with(AssertSqlSafe(self.text), self.values.0);
        let mut results = connection.fetch_many(script);
        while let Some(result) = results.try_next().await? {
            let Some(done) = part.and_then(|part| done.get_mut(part)) else {
                continue;
            };
            match result {
                Either::Right(row) => done.rows.push(row),
                Either::Left(statement) => {
                    done.changed += statement.rows_affected();
                    part = of_statement.next();
                }
            }
        }
        drop(results);
        Ok(done)
    }
}

impl Values {
    pub(super) fn bytes(&mut self, value: &[u8]) -> Result<(), Error> {
        self.add(value.to_vec())
    }

    pub(super) fn integer(&mut self, value: i64) -> Result<(), Error> {
        self.add(value)
    }

    pub(super) fn real(&mut self, value: f64) -> Result<(), Error> {
        self.add(value)
    }

    pub(super) fn text(&mut self, value: &str) -> Result<(), Error> {
        self.add(value.to_owned())
    }

    fn add<T>(&mut self, value: T) -> Result<(), Error>
    where
        T: for<'q> sqlx::Encode<'q, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
    {
        self.0
            .add(value)
            .map_err(|error| sqlx::Error::Encode(error).into())
    }
}
