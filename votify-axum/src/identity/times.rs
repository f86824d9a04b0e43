use std::time::Duration;

use votify_core::Timestamp;

/// How far the clocks of whoever issues a token and whoever checks it may be apart.
pub(crate) const LEEWAY: Duration = Duration::from_secs(60);

/// When a token holds, in seconds of Unix time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TokenTimes {
    pub(crate) issued: Option<u64>,
    pub(crate) not_before: Option<u64>,
    pub(crate) expires: u64,
}

impl TokenTimes {
    /// Whether it holds: it did not expire more than `grace` ago, and neither begins nor was issued more than `ahead` from now.
    pub(crate) fn hold(self, now: Timestamp, grace: Duration, ahead: Duration) -> bool {
        let latest = seconds(now.saturating_add(ahead));
        let begun = [self.issued, self.not_before];
        self.expires.saturating_add(grace.as_secs()) > seconds(now)
            && begun.into_iter().flatten().all(|begin| begin <= latest)
    }
}

/// Whole seconds of Unix time.
pub(crate) fn seconds(moment: Timestamp) -> u64 {
    moment.as_micros().unsigned_abs() / 1_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hold(issued: Option<u64>, not_before: Option<u64>, expires: u64) -> bool {
        let now = Timestamp::from_micros(1_000_500_000).unwrap();
        let times = TokenTimes {
            issued,
            not_before,
            expires,
        };
        times.hold(now, Duration::ZERO, LEEWAY)
    }

    #[test]
    fn a_token_holds_from_its_beginning_to_its_end() {
        assert!(hold(None, None, 1_001));
        assert!(!hold(None, None, 1_000), "that second is over");
        assert!(!hold(None, None, 0));
        assert!(hold(Some(1_060), Some(1_060), u64::MAX));
        assert!(!hold(Some(1_061), None, 2_000));
        assert!(!hold(None, Some(1_061), 2_000));
        let late = TokenTimes {
            issued: None,
            not_before: None,
            expires: 990,
        };
        let now = Timestamp::from_micros(1_000_000_000).unwrap();
        for (grace, holds) in [(10, false), (11, true)] {
            assert_eq!(late.hold(now, Duration::from_secs(grace), LEEWAY), holds);
        }
    }
}
