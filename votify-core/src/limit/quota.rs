use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// At most so many attempts in any stretch of some length. Written `10/60s`; units are `s`, `m` and `h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Quota {
    limit: u16,
    period: Duration,
}

/// The text is no quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be like 10/60s: 1 to {} attempts in 1 second to 24 hours (s, m or h)",
    u16::MAX
)]
pub struct ParseQuotaError;

impl Quota {
    /// `limit` attempts (at least 1) in any `period` (1 second to 24 hours).
    ///
    /// # Errors
    /// If one of them is out of range.
    pub fn new(limit: u16, period: Duration) -> Result<Self, ParseQuotaError> {
        let range = Duration::from_secs(1)..=Duration::from_secs(24 * 3600);
        if limit == 0 || !range.contains(&period) {
            return Err(ParseQuotaError);
        }
        Ok(Self { limit, period })
    }

    /// `limit` attempts (at least 1, else 1) in any minute.
    #[must_use]
    pub const fn per_minute(limit: u16) -> Self {
        Self {
            limit: if limit == 0 { 1 } else { limit },
            period: Duration::from_secs(60),
        }
    }

    /// How many attempts.
    #[must_use]
    pub const fn limit(&self) -> u16 {
        self.limit
    }

    /// In how long a stretch.
    #[must_use]
    pub const fn period(&self) -> Duration {
        self.period
    }
}

impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}s", self.limit, self.period.as_secs())
    }
}

impl FromStr for Quota {
    type Err = ParseQuotaError;

    fn from_str(text: &str) -> Result<Self, ParseQuotaError> {
        let (limit, period) = text.trim().split_once('/').ok_or(ParseQuotaError)?;
        let unit = period.chars().last().ok_or(ParseQuotaError)?;
        let seconds = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            _ => return Err(ParseQuotaError),
        };
        let number: u64 = period[..period.len() - 1]
            .parse()
            .map_err(|_| ParseQuotaError)?;
        let period = Duration::from_secs(number.checked_mul(seconds).ok_or(ParseQuotaError)?);
        Self::new(limit.parse().map_err(|_| ParseQuotaError)?, period)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        assert_eq!("10/60s".parse(), Ok(Quota::per_minute(10)));
        assert_eq!(
            "10/1m".parse::<Quota>().map(|q| q.to_string()),
            Ok("10/60s".to_owned())
        );
        for bad in [
            "",
            "10",
            "0/60s",
            "10/0s",
            "10/60",
            "10/25h",
            "-1/60s",
            "99999/60s",
            "10/6ö",
        ] {
            assert_eq!(bad.parse::<Quota>(), Err(ParseQuotaError), "{bad}");
        }
    }
}
