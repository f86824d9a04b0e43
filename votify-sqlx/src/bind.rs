//! Binds the input of statements, the same for every database.

use sqlx::{Arguments, Encode, Type};
use uuid::Uuid;

use crate::db_timestamp::DbTimestamp;
use crate::error::Error;
use crate::row_set::Value;

/// The arguments of a statement.
pub(crate) trait Bind: Default {
    /// Adds a parameter.
    fn bind(&mut self, value: Value) -> Result<(), Error>;

    /// Collects parameters.
    fn from_values(values: Vec<Value>) -> Result<Self, Error> {
        let mut arguments = Self::default();
        values
            .into_iter()
            .try_for_each(|value| arguments.bind(value))?;
        Ok(arguments)
    }
}

impl<A> Bind for A
where
    A: Arguments + Default,
    Option<Uuid>: for<'q> Encode<'q, A::Database> + Type<A::Database>,
    Option<Vec<u8>>: for<'q> Encode<'q, A::Database> + Type<A::Database>,
    Option<String>: for<'q> Encode<'q, A::Database> + Type<A::Database>,
    Option<i64>: for<'q> Encode<'q, A::Database> + Type<A::Database>,
    Option<f64>: for<'q> Encode<'q, A::Database> + Type<A::Database>,
    Option<DbTimestamp>: for<'q> Encode<'q, A::Database> + Type<A::Database>,
    Option<bool>: for<'q> Encode<'q, A::Database> + Type<A::Database>,
{
    fn bind(&mut self, value: Value) -> Result<(), Error> {
        let added = match value {
            Value::Id(id) => self.add(id),
            Value::Bytes(bytes) => self.add(bytes),
            Value::Text(text) => self.add(text),
            Value::Integer(integer) => self.add(integer),
            Value::Real(real) => self.add(real),
            Value::Flag(flag) => self.add(flag),
            Value::Time(time) => self.add(time),
        };
        added.map_err(|error| sqlx::Error::Encode(error).into())
    }
}
