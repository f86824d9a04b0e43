//! A moment in the type that each database has for it.

/// Microseconds of Unix time. SQLite keeps the number; the others have a type for moments, with microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment(pub(crate) i64);

#[cfg(feature = "sqlite")]
mod sqlite {
    use sqlx::encode::IsNull;
    use sqlx::error::BoxDynError;
    use sqlx::sqlite::{SqliteArgumentsBuffer, SqliteTypeInfo, SqliteValueRef};
    use sqlx::{Decode, Encode, Sqlite, Type};

    use super::Moment;

    impl Type<Sqlite> for Moment {
        fn type_info() -> SqliteTypeInfo {
            <i64 as Type<Sqlite>>::type_info()
        }

        fn compatible(found: &SqliteTypeInfo) -> bool {
            <i64 as Type<Sqlite>>::compatible(found)
        }
    }

    impl Encode<'_, Sqlite> for Moment {
        fn encode_by_ref(&self, buffer: &mut SqliteArgumentsBuffer) -> Result<IsNull, BoxDynError> {
            <i64 as Encode<'_, Sqlite>>::encode_by_ref(&self.0, buffer)
        }
    }

    impl Decode<'_, Sqlite> for Moment {
        fn decode(value: SqliteValueRef<'_>) -> Result<Self, BoxDynError> {
            <i64 as Decode<'_, Sqlite>>::decode(value).map(Self)
        }
    }
}

/// PostgreSQL has `timestamptz`, MySQL `datetime(6)`, kept as UTC.
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod servers {
    use chrono::{DateTime, Utc};
    use sqlx::error::BoxDynError;

    use super::Moment;

    /// The moment is outside of what can be told as a date.
    #[derive(Debug, thiserror::Error)]
    #[error("a moment too far from now")]
    struct OutOfRange;

    impl Moment {
        fn to_date(self) -> Result<DateTime<Utc>, BoxDynError> {
            DateTime::from_timestamp_micros(self.0).ok_or_else(|| OutOfRange.into())
        }

        fn of_date(date: DateTime<Utc>) -> Self {
            Self(date.timestamp_micros())
        }
    }

    /// The database's own type for a moment, and its way there and back; `$date` is what sqlx has for that type, between
    /// which and a date in UTC `$to` and `$from` are the ways.
    macro_rules! as_date {
        ($database:ty, $type_info:ty, $buffer:ty, $value:ty, $date:ty, $to:expr, $from:expr) => {
            impl sqlx::Type<$database> for Moment {
                fn type_info() -> $type_info {
                    <$date as sqlx::Type<$database>>::type_info()
                }

                fn compatible(found: &$type_info) -> bool {
                    <$date as sqlx::Type<$database>>::compatible(found)
                }
            }

            impl sqlx::Encode<'_, $database> for Moment {
                fn encode_by_ref(
                    &self,
                    buffer: &mut $buffer,
                ) -> Result<sqlx::encode::IsNull, BoxDynError> {
                    let date: $date = $to(self.to_date()?);
                    <$date as sqlx::Encode<'_, $database>>::encode_by_ref(&date, buffer)
                }
            }

            impl sqlx::Decode<'_, $database> for Moment {
                fn decode(value: $value) -> Result<Self, BoxDynError> {
                    let date = <$date as sqlx::Decode<'_, $database>>::decode(value)?;
                    Ok(Self::of_date($from(date)))
                }
            }
        };
    }

    #[cfg(feature = "postgres")]
    as_date!(
        sqlx::Postgres,
        sqlx::postgres::PgTypeInfo,
        sqlx::postgres::PgArgumentBuffer,
        sqlx::postgres::PgValueRef<'_>,
        DateTime<Utc>,
        std::convert::identity,
        std::convert::identity
    );

    #[cfg(feature = "postgres")]
    impl sqlx::postgres::PgHasArrayType for Moment {
        fn array_type_info() -> sqlx::postgres::PgTypeInfo {
            <DateTime<Utc> as sqlx::postgres::PgHasArrayType>::array_type_info()
        }
    }

    // Not `DateTime<Utc>`, which sqlx sends as a TIMESTAMP: MariaDB takes one after the year 2038 for NULL, and reads it in
    // the session's time zone.
    #[cfg(feature = "mysql")]
    as_date!(
        sqlx::MySql,
        sqlx::mysql::MySqlTypeInfo,
        Vec<u8>,
        sqlx::mysql::MySqlValueRef<'_>,
        chrono::NaiveDateTime,
        |date: DateTime<Utc>| date.naive_utc(),
        |date: chrono::NaiveDateTime| date.and_utc()
    );
}
