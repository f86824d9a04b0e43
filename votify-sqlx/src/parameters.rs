//! The parameters of a statement, the same on every database.

use sqlx::{Arguments, Encode, Type};
use uuid::Uuid;
use votify_core::Timestamp;

use crate::error::Error;
use crate::moment::Moment;

/// Parameters, added in the order of their places in the statement.
pub(crate) trait Parameters {
    fn id(&mut self, value: &[u8; 16]) -> Result<(), Error>;
    fn bytes(&mut self, value: &[u8]) -> Result<(), Error>;
    fn maybe_bytes(&mut self, value: Option<&[u8]>) -> Result<(), Error>;
    fn text(&mut self, value: &str) -> Result<(), Error>;
    fn maybe_text(&mut self, value: Option<&str>) -> Result<(), Error>;
    fn integer(&mut self, value: i64) -> Result<(), Error>;
    fn real(&mut self, value: f64) -> Result<(), Error>;
    fn flag(&mut self, value: bool) -> Result<(), Error>;
    fn moment(&mut self, value: Timestamp) -> Result<(), Error>;
    fn maybe_moment(&mut self, value: Option<Timestamp>) -> Result<(), Error>;
}

impl<A> Parameters for A
where
    A: Arguments,
    Uuid: for<'q> Encode<'q, A::Database> + Type<A::Database>,
    Vec<u8>: for<'q> Encode<'q, A::Database> + Type<A::Database>,
    Option<Vec<u8>>: for<'q> Encode<'q, A::Database> + Type<A::Database>,
    String: for<'q> Encode<'q, A::Database> + Type<A::Database>,
    Option<String>: for<'q> Encode<'q, A::Database> + Type<A::Database>,
    i64: for<'q> Encode<'q, A::Database> + Type<A::Database>,
    f64: for<'q> Encode<'q, A::Database> + Type<A::Database>,
    bool: for<'q> Encode<'q, A::Database> + Type<A::Database>,
    Moment: for<'q> Encode<'q, A::Database> + Type<A::Database>,
    Option<Moment>: for<'q> Encode<'q, A::Database> + Type<A::Database>,
{
    fn id(&mut self, value: &[u8; 16]) -> Result<(), Error> {
        encoded(self.add(Uuid::from_bytes(*value)))
    }

    fn bytes(&mut self, value: &[u8]) -> Result<(), Error> {
        encoded(self.add(value.to_vec()))
    }

    fn maybe_bytes(&mut self, value: Option<&[u8]>) -> Result<(), Error> {
        encoded(self.add(value.map(<[u8]>::to_vec)))
    }

    fn text(&mut self, value: &str) -> Result<(), Error> {
        encoded(self.add(value.to_owned()))
    }

    fn maybe_text(&mut self, value: Option<&str>) -> Result<(), Error> {
        encoded(self.add(value.map(str::to_owned)))
    }

    fn integer(&mut self, value: i64) -> Result<(), Error> {
        encoded(self.add(value))
    }

    fn real(&mut self, value: f64) -> Result<(), Error> {
        encoded(self.add(value))
    }

    fn flag(&mut self, value: bool) -> Result<(), Error> {
        encoded(self.add(value))
    }

    fn moment(&mut self, value: Timestamp) -> Result<(), Error> {
        encoded(self.add(Moment(value.as_micros())))
    }

    fn maybe_moment(&mut self, value: Option<Timestamp>) -> Result<(), Error> {
        encoded(self.add(value.map(|time| Moment(time.as_micros()))))
    }
}

fn encoded(added: Result<(), sqlx::error::BoxDynError>) -> Result<(), Error> {
    added.map_err(|error| sqlx::Error::Encode(error).into())
}
