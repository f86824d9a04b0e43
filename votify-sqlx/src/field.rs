//! Between Rust's types and what databases keep, checked in both directions.

use serde::Serialize;
use serde::de::DeserializeOwned;
use votify_core::{Choice, PollId, Timestamp, VoterId};

use crate::error::Error;

/// A stored value that makes no sense.
#[derive(Debug, thiserror::Error)]
#[error("invalid {field} in poll {poll}")]
pub(crate) struct Unreadable {
    pub(crate) poll: PollId,
    pub(crate) field: &'static str,
}

/// Reads the fields of one poll's rows, and names that poll where one makes no sense.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields(pub(crate) PollId);

impl Fields {
    fn checked<T>(self, field: &'static str, value: Option<T>) -> Result<T, Unreadable> {
        value.ok_or(Unreadable {
            poll: self.0,
            field,
        })
    }

    pub(crate) fn count(self, field: &'static str, stored: i64) -> Result<u64, Unreadable> {
        self.checked(field, u64::try_from(stored).ok())
    }

    pub(crate) fn time(self, field: &'static str, stored: i64) -> Result<Timestamp, Unreadable> {
        self.checked(field, Timestamp::from_micros(stored).ok())
    }

    pub(crate) fn maybe_time(
        self,
        field: &'static str,
        stored: Option<i64>,
    ) -> Result<Option<Timestamp>, Unreadable> {
        stored.map(|micros| self.time(field, micros)).transpose()
    }

    pub(crate) fn bytes<const N: usize>(
        self,
        field: &'static str,
        stored: &[u8],
    ) -> Result<[u8; N], Unreadable> {
        self.checked(field, stored.try_into().ok())
    }

    pub(crate) fn choice(self, stored: &[u8]) -> Result<Choice, Unreadable> {
        self.checked("the choice of a ballot", Choice::from_bytes(stored).ok())
    }

    pub(crate) fn voter(self, stored: &[u8]) -> Result<VoterId, Unreadable> {
        let bytes = self.bytes("a voter", stored)?;
        self.checked("a voter", VoterId::from_bytes(bytes).ok())
    }

    pub(crate) fn json<T: DeserializeOwned>(
        self,
        field: &'static str,
        stored: &str,
    ) -> Result<T, Unreadable> {
        self.checked(field, serde_json::from_str(stored).ok())
    }

    /// What [`to_word`] wrote.
    pub(crate) fn word<T: DeserializeOwned>(
        self,
        field: &'static str,
        stored: String,
    ) -> Result<T, Unreadable> {
        let value = serde_json::Value::String(stored);
        self.checked(field, serde_json::from_value(value).ok())
    }
}

/// Databases count in signed 64 bit numbers.
pub(crate) fn to_signed(count: u64) -> Result<i64, Error> {
    i64::try_from(count).map_err(|_| Error::TooLarge(count))
}

pub(crate) fn to_json<T: Serialize>(field: &'static str, value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::Unwritable(field, error))
}

/// The name of an enum's variant without fields, without the quotes that JSON gives it.
pub(crate) fn to_word<T: Serialize>(field: &'static str, value: &T) -> Result<String, Error> {
    to_json(field, value).map(|json| json.trim_matches('"').to_owned())
}
