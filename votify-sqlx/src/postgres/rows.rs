use sqlx::Arguments;
use sqlx::postgres::PgArguments;

use crate::error::Error;
use crate::row_set::{Column, RowSet};

/// Returns the arguments of a statement over rows.
pub(super) fn arguments(rows: &RowSet) -> Result<PgArguments, Error> {
    let mut arguments = PgArguments::default();
    bind_rows(&mut arguments, rows)?;
    Ok(arguments)
}

/// Binds each column as an array, so that the text of a statement does not depend on the
/// number of rows.
pub(super) fn bind_rows(arguments: &mut PgArguments, rows: &RowSet) -> Result<(), Error> {
    for column in rows.columns() {
        let added = match column {
            Column::Id(ids) => arguments.add(ids),
            Column::Bytes(bytes) => arguments.add(bytes),
            Column::Text(texts) => arguments.add(texts),
            Column::Integer(integers) => arguments.add(integers),
            Column::Real(reals) => arguments.add(reals),
            Column::Time(times) => arguments.add(times),
        };
        added.map_err(sqlx::Error::Encode)?;
    }
    Ok(())
}
