use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A point in time, in whole microseconds of Unix time, from 1970 to the end of the year
/// 9999.
///
/// Every supported database stores whole microseconds, so storing a timestamp never
/// changes it.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use votify_core::Timestamp;
///
/// let noon: Timestamp = "2026-11-27T12:00:00Z".parse()?;
/// assert_eq!(noon.saturating_add(Duration::from_millis(5)).to_string(), "2026-11-27T12:00:00.005Z");
/// assert_eq!(Timestamp::try_from(SystemTime::from(noon))?, noon);
/// assert_eq!(Timestamp::try_from(chrono::DateTime::from(noon))?, noon);
/// # Ok::<(), votify_core::time::TimestampError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// The value is not a time between 1970 and 9999, or the text is not RFC 3339.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an RFC 3339 time between 1970 and 9999")]
pub struct TimestampError;

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);
    /// 9999-12-31T23:59:59.999999Z.
    pub const MAX: Self = Self(253_402_300_799_999_999);

    /// Creates a timestamp from microseconds since the Unix epoch.
    ///
    /// # Errors
    /// Returns [`TimestampError`] if the time is before 1970 or after 9999.
    pub const fn from_micros(micros: i64) -> Result<Self, TimestampError> {
        if micros < 0 || micros > Self::MAX.0 {
            return Err(TimestampError);
        }
        Ok(Self(micros))
    }

    /// Returns the microseconds since the Unix epoch.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Returns the whole seconds since the Unix epoch and the remaining nanoseconds.
    pub(crate) const fn to_unix_parts(self) -> (u64, u32) {
        let micros = self.0.unsigned_abs();
        #[expect(clippy::cast_possible_truncation, reason = "below 1 000 000 000")]
        let nanos = (micros % 1_000_000 * 1_000) as u32;
        (micros / 1_000_000, nanos)
    }

    /// Adds `duration`, up to [`Timestamp::MAX`]. Truncates fractions of a microsecond.
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(micros).min(Self::MAX.0))
    }

    /// Returns the time from `earlier` to this timestamp, or zero if `earlier` is later.
    #[must_use]
    pub fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0 - earlier.0).unwrap_or(0))
    }
}

impl From<Timestamp> for DateTime<Utc> {
    fn from(timestamp: Timestamp) -> Self {
        // chrono covers a larger range of years, so the default is never used.
        Self::from_timestamp_micros(timestamp.0).unwrap_or_default()
    }
}

impl TryFrom<DateTime<Utc>> for Timestamp {
    type Error = TimestampError;

    /// Truncates fractions of a microsecond.
    fn try_from(time: DateTime<Utc>) -> Result<Self, TimestampError> {
        Self::from_micros(time.timestamp_micros())
    }
}

impl From<Timestamp> for SystemTime {
    fn from(timestamp: Timestamp) -> Self {
        UNIX_EPOCH + timestamp.saturating_since(Timestamp::EPOCH)
    }
}

impl TryFrom<SystemTime> for Timestamp {
    type Error = TimestampError;

    /// Truncates fractions of a microsecond.
    fn try_from(time: SystemTime) -> Result<Self, TimestampError> {
        let since_epoch = time
            .duration_since(UNIX_EPOCH)
            .map_err(|_| TimestampError)?;
        let micros = i64::try_from(since_epoch.as_micros()).map_err(|_| TimestampError)?;
        Self::from_micros(micros)
    }
}

impl fmt::Display for Timestamp {
    /// Writes RFC 3339 in UTC with 0, 3 or 6 decimals, as many as needed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time: DateTime<Utc> = DateTime::from_timestamp_micros(self.0).ok_or(fmt::Error)?;
        f.write_str(&time.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    /// Parses RFC 3339 with any offset. Truncates fractions of a microsecond.
    fn from_str(text: &str) -> Result<Self, TimestampError> {
        let time = DateTime::parse_from_rfc3339(text).map_err(|_| TimestampError)?;
        Self::from_micros(time.timestamp_micros())
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_3339_round_trips_to_the_microsecond() {
        for text in [
            "1970-01-01T00:00:00Z",
            "2026-11-21T07:08:09.123456Z",
            "9999-12-31T23:59:59.999999Z",
        ] {
            assert_eq!(text.parse::<Timestamp>().unwrap().to_string(), text);
        }
        let offset: Timestamp = "2026-11-21T09:08:09+02:00".parse().unwrap();
        assert_eq!(offset.to_string(), "2026-11-21T07:08:09Z");
    }

    #[test]
    fn times_out_of_range_are_rejected() {
        for text in [
            "1969-12-31T23:59:59Z",
            "tomorrow",
            "2026-13-01T00:00:00Z",
            "",
        ] {
            assert_eq!(text.parse::<Timestamp>(), Err(TimestampError), "{text}");
        }
        assert_eq!(Timestamp::from_micros(-1), Err(TimestampError));
        assert_eq!(
            Timestamp::MAX.saturating_add(Duration::from_secs(1)),
            Timestamp::MAX
        );
    }

    #[test]
    fn chrono_and_system_times_round_trip() {
        for timestamp in [
            Timestamp::EPOCH,
            Timestamp::from_micros(1_795_262_889_123_456).unwrap(),
            Timestamp::MAX,
        ] {
            assert_eq!(
                Timestamp::try_from(DateTime::<Utc>::from(timestamp)),
                Ok(timestamp)
            );
            assert_eq!(
                Timestamp::try_from(SystemTime::from(timestamp)),
                Ok(timestamp)
            );
        }
        let before = UNIX_EPOCH - Duration::from_micros(1);
        assert_eq!(Timestamp::try_from(before), Err(TimestampError));
        assert_eq!(
            Timestamp::try_from(DateTime::<Utc>::MAX_UTC),
            Err(TimestampError)
        );
    }
}
