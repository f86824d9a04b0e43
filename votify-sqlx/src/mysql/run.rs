//! Statements on a connection, with their parameters.

use sqlx::mysql::{MySqlArguments, MySqlConnection, MySqlRow};
use sqlx::{Executor, SqlSafeStr, query_with};

use crate::error::Error;

/// Collects the parameters of one statement.
pub(super) fn arguments(
    bind: impl FnOnce(&mut MySqlArguments) -> Result<(), Error>,
) -> Result<MySqlArguments, Error> {
    let mut arguments = MySqlArguments::default();
    bind(&mut arguments)?;
    Ok(arguments)
}

pub(super) async fn rows(
    connection: &mut MySqlConnection,
    statement: impl SqlSafeStr,
    arguments: MySqlArguments,
) -> Result<Vec<MySqlRow>, Error> {
    let statement = query_with(statement, arguments);
    Ok(connection.fetch_all(statement).await?)
}

/// How many rows the statement met, also those that were as it wants them already.
pub(super) async fn changed(
    connection: &mut MySqlConnection,
    statement: impl SqlSafeStr,
    arguments: MySqlArguments,
) -> Result<u64, Error> {
    let done = connection.execute(query_with(statement, arguments)).await?;
    Ok(done.rows_affected())
}
