/// Microseconds since the Unix epoch, in the type that each database has for times: an
/// integer in SQLite, `timestamptz` in PostgreSQL, `datetime(6)` in MySQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DbTimestamp(pub(crate) i64);

/// The time is outside the range of the database's type.
#[cfg(any(feature = "postgres", feature = "mysql"))]
#[derive(Debug, thiserror::Error)]
#[error("timestamp out of range")]
struct OutOfRange;

#[cfg(feature = "sqlite")]
mod sqlite {
    use sqlx::encode::IsNull;
    use sqlx::error::BoxDynError;
    use sqlx::sqlite::{SqliteArgumentsBuffer, SqliteTypeInfo, SqliteValueRef};
    use sqlx::{Decode, Encode, Sqlite, Type};

    use super::DbTimestamp;

    impl Type<Sqlite> for DbTimestamp {
        fn type_info() -> SqliteTypeInfo {
            <i64 as Type<Sqlite>>::type_info()
        }

        fn compatible(found: &SqliteTypeInfo) -> bool {
            <i64 as Type<Sqlite>>::compatible(found)
        }
    }

    impl Encode<'_, Sqlite> for DbTimestamp {
        fn encode_by_ref(&self, buffer: &mut SqliteArgumentsBuffer) -> Result<IsNull, BoxDynError> {
            <i64 as Encode<'_, Sqlite>>::encode_by_ref(&self.0, buffer)
        }
    }

    impl Decode<'_, Sqlite> for DbTimestamp {
        fn decode(value: SqliteValueRef<'_>) -> Result<Self, BoxDynError> {
            <i64 as Decode<'_, Sqlite>>::decode(value).map(Self)
        }
    }
}

#[cfg(feature = "postgres")]
mod postgres {
    use chrono::{DateTime, Utc};
    use sqlx::encode::IsNull;
    use sqlx::error::BoxDynError;
    use sqlx::postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo, PgValueRef};
    use sqlx::{Decode, Encode, Postgres, Type};

    use super::{DbTimestamp, OutOfRange};

    /// PostgreSQL's epoch, the year 2000.
    const EPOCH: i64 = 946_684_800_000_000;

    impl Type<Postgres> for DbTimestamp {
        fn type_info() -> PgTypeInfo {
            <DateTime<Utc> as Type<Postgres>>::type_info()
        }
    }

    impl PgHasArrayType for DbTimestamp {
        fn array_type_info() -> PgTypeInfo {
            <DateTime<Utc> as PgHasArrayType>::array_type_info()
        }
    }

    impl Encode<'_, Postgres> for DbTimestamp {
        fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
            // The integer of `infinity`, after all times.
            let micros = match self.0 {
                i64::MAX => i64::MAX,
                micros => micros.checked_sub(EPOCH).ok_or(OutOfRange)?,
            };
            <i64 as Encode<'_, Postgres>>::encode_by_ref(&micros, buffer)
        }
    }

    /// Decodes the integer and not a date: sqlx panics on dates out of its range, such as
    /// `infinity`.
    impl Decode<'_, Postgres> for DbTimestamp {
        fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
            let micros = <i64 as Decode<'_, Postgres>>::decode(value)?;
            Ok(Self(micros.checked_add(EPOCH).ok_or(OutOfRange)?))
        }
    }
}

/// Stored as UTC. Not a `DateTime<Utc>`, which sqlx sends as a TIMESTAMP: MariaDB
/// converts one after the year 2038 to NULL, and reads it in the session's time zone.
#[cfg(feature = "mysql")]
mod mysql {
    use chrono::{DateTime, NaiveDateTime};
    use sqlx::encode::IsNull;
    use sqlx::error::BoxDynError;
    use sqlx::mysql::{MySqlTypeInfo, MySqlValueRef};
    use sqlx::{Decode, Encode, MySql, Type};

    use super::{DbTimestamp, OutOfRange};

    impl Type<MySql> for DbTimestamp {
        fn type_info() -> MySqlTypeInfo {
            <NaiveDateTime as Type<MySql>>::type_info()
        }

        fn compatible(found: &MySqlTypeInfo) -> bool {
            <NaiveDateTime as Type<MySql>>::compatible(found)
        }
    }

    impl Encode<'_, MySql> for DbTimestamp {
        fn encode_by_ref(&self, buffer: &mut Vec<u8>) -> Result<IsNull, BoxDynError> {
            let date = DateTime::from_timestamp_micros(self.0).ok_or(OutOfRange)?;
            <NaiveDateTime as Encode<'_, MySql>>::encode_by_ref(&date.naive_utc(), buffer)
        }
    }

    impl Decode<'_, MySql> for DbTimestamp {
        fn decode(value: MySqlValueRef<'_>) -> Result<Self, BoxDynError> {
            let date = <NaiveDateTime as Decode<'_, MySql>>::decode(value)?;
            Ok(Self(date.and_utc().timestamp_micros()))
        }
    }
}
