use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A maximum number of attempts in any interval of a period. Written `10/60s`, with the
/// units `s`, `m`, `h` and `d`.
///
/// An attempt counts for the period, and up to a fifth of it longer: see
/// [`SlidingWindow`](crate::backend::SlidingWindow).
///
/// Instead of attempts, the limit may count another unit, such as bytes: an attempt then
/// takes its [cost](crate::RateLimiter::acquire).
///
/// ```
/// use std::time::Duration;
/// use votify_core::Rate;
///
/// let rate: Rate = "10/1m".parse()?;
/// assert_eq!(rate, Rate::per_minute(10));
/// assert_eq!(rate, Rate::new(10, Duration::from_secs(60))?);
/// assert_eq!(rate.to_string(), "10/60s");
/// # Ok::<(), votify_core::limit::ParseRateError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rate {
    limit: u32,
    period: Duration,
}

/// The text is not a rate, or a value is out of range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be like 10/60s: 1 to {} attempts in 1 second to 24 hours (s, m, h or d)",
    u32::MAX
)]
pub struct ParseRateError;

impl Rate {
    /// Allows `limit` attempts (1 to 4 294 967 295) in any `period` (1 s to 24 h).
    ///
    /// # Errors
    /// Returns [`ParseRateError`] if a value is out of range.
    pub fn new(limit: u32, period: Duration) -> Result<Self, ParseRateError> {
        let range = Duration::from_secs(1)..=Duration::from_secs(24 * 3600);
        if limit == 0 || !range.contains(&period) {
            return Err(ParseRateError);
        }
        Ok(Self { limit, period })
    }

    /// Allows `limit` attempts in any minute. A limit of 0 becomes 1.
    #[must_use]
    pub const fn per_minute(limit: u32) -> Self {
        Self {
            limit: if limit == 0 { 1 } else { limit },
            period: Duration::from_secs(60),
        }
    }

    /// Returns the maximum number of attempts.
    #[must_use]
    pub const fn limit(&self) -> u32 {
        self.limit
    }

    /// Returns the period.
    #[must_use]
    pub const fn period(&self) -> Duration {
        self.period
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}s", self.limit, self.period.as_secs())
    }
}

impl FromStr for Rate {
    type Err = ParseRateError;

    fn from_str(text: &str) -> Result<Self, ParseRateError> {
        let (limit, period) = text.trim().split_once('/').ok_or(ParseRateError)?;
        let unit = period.chars().last().ok_or(ParseRateError)?;
        let seconds = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 24 * 3600,
            _ => return Err(ParseRateError),
        };
        let number: u64 = period[..period.len() - 1]
            .parse()
            .map_err(|_| ParseRateError)?;
        let period = Duration::from_secs(number.checked_mul(seconds).ok_or(ParseRateError)?);
        Self::new(limit.parse().map_err(|_| ParseRateError)?, period)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_round_trip_and_invalid_texts_are_rejected() {
        assert_eq!("10/60s".parse(), Ok(Rate::per_minute(10)));
        assert_eq!(
            "10/1m".parse::<Rate>().map(|rate| rate.to_string()),
            Ok("10/60s".to_owned())
        );
        assert_eq!(
            "200/1d".parse::<Rate>().map(|rate| rate.to_string()),
            Ok("200/86400s".to_owned())
        );
        let max = "4294967295/1s".parse::<Rate>().unwrap();
        assert_eq!(
            (max.limit(), max.to_string()),
            (u32::MAX, "4294967295/1s".to_owned())
        );
        for bad in [
            "",
            "10",
            "0/60s",
            "10/0s",
            "10/60",
            "10/25h",
            "10/2d",
            "-1/60s",
            "4294967296/60s",
            "10/6ö",
        ] {
            assert_eq!(bad.parse::<Rate>(), Err(ParseRateError), "{bad}");
        }
    }
}
