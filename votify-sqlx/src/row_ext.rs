//! Reads the values of rows, the same for every database.

use sqlx::{ColumnIndex, Decode, Row, Type};
use uuid::Uuid;

use crate::db_timestamp::DbTimestamp;
use crate::error::Error;

/// A row whose columns are read by index, from 0.
pub(crate) trait RowExt {
    /// Reads an id of 16 bytes.
    fn id(&self, index: usize) -> Result<[u8; 16], Error>;
    fn opt_id(&self, index: usize) -> Result<Option<[u8; 16]>, Error>;
    fn bytes(&self, index: usize) -> Result<Vec<u8>, Error>;
    fn text(&self, index: usize) -> Result<String, Error>;
    fn opt_text(&self, index: usize) -> Result<Option<String>, Error>;
    fn integer(&self, index: usize) -> Result<i64, Error>;
    fn real(&self, index: usize) -> Result<f64, Error>;
    fn flag(&self, index: usize) -> Result<bool, Error>;
    /// Reads a time in microseconds since the Unix epoch.
    fn time(&self, index: usize) -> Result<i64, Error>;
    fn opt_time(&self, index: usize) -> Result<Option<i64>, Error>;
}

impl<R> RowExt for R
where
    R: Row,
    usize: ColumnIndex<R>,
    for<'r> Uuid: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> Vec<u8>: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> String: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> i64: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> f64: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> bool: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> DbTimestamp: Decode<'r, R::Database> + Type<R::Database>,
{
    fn id(&self, index: usize) -> Result<[u8; 16], Error> {
        Ok(self.try_get::<Uuid, _>(index)?.into_bytes())
    }

    fn opt_id(&self, index: usize) -> Result<Option<[u8; 16]>, Error> {
        let id: Option<Uuid> = self.try_get(index)?;
        Ok(id.map(Uuid::into_bytes))
    }

    fn bytes(&self, index: usize) -> Result<Vec<u8>, Error> {
        Ok(self.try_get(index)?)
    }

    fn text(&self, index: usize) -> Result<String, Error> {
        Ok(self.try_get(index)?)
    }

    fn opt_text(&self, index: usize) -> Result<Option<String>, Error> {
        Ok(self.try_get(index)?)
    }

    fn integer(&self, index: usize) -> Result<i64, Error> {
        Ok(self.try_get(index)?)
    }

    fn real(&self, index: usize) -> Result<f64, Error> {
        Ok(self.try_get(index)?)
    }

    fn flag(&self, index: usize) -> Result<bool, Error> {
        Ok(self.try_get(index)?)
    }

    fn time(&self, index: usize) -> Result<i64, Error> {
        Ok(self.try_get::<DbTimestamp, _>(index)?.0)
    }

    fn opt_time(&self, index: usize) -> Result<Option<i64>, Error> {
        Ok(self
            .try_get::<Option<DbTimestamp>, _>(index)?
            .map(|DbTimestamp(micros)| micros))
    }
}
