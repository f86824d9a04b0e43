//! Conversions between Rust types and stored values, checked in both directions.

use serde::Serialize;
use serde::de::DeserializeOwned;
use votify_core::{PollId, Timestamp, VoterId};

use crate::error::{CorruptField, Error};

/// Reads the fields of one poll's rows. Errors name that poll.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FieldReader(pub(crate) PollId);

impl FieldReader {
    pub(crate) fn checked<T>(
        self,
        field: &'static str,
        value: Option<T>,
    ) -> Result<T, CorruptField> {
        value.ok_or(CorruptField {
            poll: self.0,
            field,
        })
    }

    pub(crate) fn count(self, field: &'static str, stored: i64) -> Result<u64, CorruptField> {
        self.checked(field, u64::try_from(stored).ok())
    }

    pub(crate) fn time(self, field: &'static str, stored: i64) -> Result<Timestamp, CorruptField> {
        self.checked(field, Timestamp::from_micros(stored).ok())
    }

    pub(crate) fn opt_time(
        self,
        field: &'static str,
        stored: Option<i64>,
    ) -> Result<Option<Timestamp>, CorruptField> {
        stored.map(|micros| self.time(field, micros)).transpose()
    }

    pub(crate) fn bytes<const N: usize>(
        self,
        field: &'static str,
        stored: &[u8],
    ) -> Result<[u8; N], CorruptField> {
        self.checked(field, stored.try_into().ok())
    }

    pub(crate) fn voter(self, stored: [u8; 16]) -> Result<VoterId, CorruptField> {
        self.checked("voter id", VoterId::from_bytes(stored).ok())
    }

    pub(crate) fn json<T: DeserializeOwned>(
        self,
        field: &'static str,
        stored: &str,
    ) -> Result<T, CorruptField> {
        self.checked(field, serde_json::from_str(stored).ok())
    }

    /// Reads what [`enum_name`] wrote.
    pub(crate) fn enum_value<T: DeserializeOwned>(
        self,
        field: &'static str,
        stored: String,
    ) -> Result<T, CorruptField> {
        let value = serde_json::Value::String(stored);
        self.checked(field, serde_json::from_value(value).ok())
    }
}

/// Converts a count to the signed 64-bit integer of a database.
pub(crate) fn to_signed(count: u64) -> Result<i64, Error> {
    i64::try_from(count).map_err(|_| Error::TooLarge(count))
}

pub(crate) fn to_json<T: Serialize>(field: &'static str, value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::Encode(field, error.into()))
}

/// Returns the serialized name of an enum variant without fields.
pub(crate) fn enum_name<T: Serialize>(field: &'static str, value: &T) -> Result<String, Error> {
    to_json(field, value).map(|json| json.trim_matches('"').to_owned())
}
