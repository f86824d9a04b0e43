use std::time::Duration;

use votify_core::Timestamp;

/// The accepted difference between the clocks of the issuer and of this server.
pub(crate) const LEEWAY: Duration = Duration::from_secs(60);

/// The validity period of a token, in seconds of Unix time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TokenTimes {
    pub(crate) issued: Option<u64>,
    pub(crate) not_before: Option<u64>,
    pub(crate) expires: u64,
}

impl TokenTimes {
    /// Returns true if the token expired at most `grace` ago, and starts and was issued
    /// at most `ahead` in the future.
    pub(crate) fn is_valid_at(self, now: Timestamp, grace: Duration, ahead: Duration) -> bool {
        let latest = seconds(now.saturating_add(ahead));
        let starts = [self.issued, self.not_before];
        self.expires.saturating_add(grace.as_secs()) > seconds(now)
            && starts.into_iter().flatten().all(|start| start <= latest)
    }
}

/// Returns the whole seconds of Unix time.
pub(crate) fn seconds(time: Timestamp) -> u64 {
    time.as_micros().unsigned_abs() / 1_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_valid(issued: Option<u64>, not_before: Option<u64>, expires: u64) -> bool {
        let now = Timestamp::from_micros(1_000_500_000).unwrap();
        let times = TokenTimes {
            issued,
            not_before,
            expires,
        };
        times.is_valid_at(now, Duration::ZERO, LEEWAY)
    }

    #[test]
    fn a_token_is_valid_from_its_start_to_its_expiry() {
        assert!(is_valid(None, None, 1_001));
        assert!(
            !is_valid(None, None, 1_000),
            "the expiry itself is too late"
        );
        assert!(!is_valid(None, None, 0));
        assert!(is_valid(Some(1_060), Some(1_060), u64::MAX));
        assert!(!is_valid(Some(1_061), None, 2_000));
        assert!(!is_valid(None, Some(1_061), 2_000));
        let expired = TokenTimes {
            issued: None,
            not_before: None,
            expires: 990,
        };
        let now = Timestamp::from_micros(1_000_000_000).unwrap();
        for (grace, valid) in [(10, false), (11, true)] {
            assert_eq!(
                expired.is_valid_at(now, Duration::from_secs(grace), LEEWAY),
                valid
            );
        }
    }
}
