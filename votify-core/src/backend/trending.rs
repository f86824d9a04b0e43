use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// The time in which a voter loses half their weight, in microseconds: 6 hours.
const HALF_LIFE_MICROS: f64 = 6.0 * 3600.0 * 1e6;

/// A forward-decayed activity score, stored as a base 2 logarithm.
///
/// A voter whose first vote is at time *t* adds 2^(*t* / half-life) to a sum, of which only
/// the logarithm is stored. Later voters weigh more, so earlier ones decay relatively. The
/// order by score is the order by decayed activity at any moment: no job ages the scores,
/// and an index on [`rank`](Self::rank) stays valid. Replaced, withdrawn and repeated votes
/// add nothing, so one voter cannot drive a poll up.
///
/// Source: Cormode, Shkapenyuk, Srivastava, Xu, "Forward Decay: A Practical Time Decay
/// Model for Streaming Systems", ICDE 2009.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TrendingScore(f64);

impl TrendingScore {
    /// Creates the score of a new poll: that of one voter at `now`.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self(half_lives(now))
    }

    /// Reads a stored score.
    #[must_use]
    pub const fn from_log2(score: f64) -> Self {
        Self(score)
    }

    /// Returns the score to store.
    #[must_use]
    pub const fn as_log2(self) -> f64 {
        self.0
    }

    /// Returns the sort key, larger for more activity: the score in eighths, truncated
    /// toward zero.
    ///
    /// Polls whose activity differs by less than 9 % may have the same rank. In exchange,
    /// an index on the rank is written once the voters of a busy poll have grown by 9 %,
    /// not on every vote. A database computes it as `trunc(score * 8)`; both steps are
    /// exact.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a score, not a count; truncated on purpose, and below 2^28"
    )]
    pub fn rank(self) -> i64 {
        (self.0 * 8.0).trunc() as i64
    }

    /// Returns the score after `voters` more voters at `now`.
    #[must_use]
    pub fn add_voters(self, voters: u32, now: Timestamp) -> Self {
        if voters == 0 {
            return self;
        }
        let added = half_lives(now) + f64::from(voters).log2();
        let (high, low) = if self.0 >= added {
            (self.0, added)
        } else {
            (added, self.0)
        };
        Self(high + (low - high).exp2().ln_1p() / std::f64::consts::LN_2)
    }
}

/// Returns the half-lives since 1970: below 12 million until the year 9999, so the
/// rounding error of an `f64` is below 2e-9 half-lives.
#[expect(
    clippy::cast_precision_loss,
    reason = "a score, not a count; microseconds below 2^58 lose at most 32 µs"
)]
fn half_lives(now: Timestamp) -> f64 {
    now.as_micros() as f64 / HALF_LIFE_MICROS
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const START: Timestamp = Timestamp::EPOCH;

    fn hours(n: u64) -> Timestamp {
        START.saturating_add(Duration::from_secs(n * 3600))
    }

    #[test]
    fn two_voters_equal_one_a_half_life_later() {
        let old = TrendingScore::from_log2(-1e9).add_voters(2, START);
        let new = TrendingScore::from_log2(-1e9).add_voters(1, hours(6));
        assert!((old.as_log2() - new.as_log2()).abs() < 1e-9);
    }

    #[test]
    fn ranks_are_truncated_eighths() {
        let rank = |score| TrendingScore::from_log2(score).rank();
        assert_eq!(rank(3.0), 24);
        assert_eq!(rank(3.1249), 24);
        assert_eq!(rank(3.125), 25);
        assert_eq!(rank(-3.1249), -24);
    }

    #[test]
    fn voters_add_up_one_by_one_or_together() {
        let one_by_one = (0..10).fold(TrendingScore::new(START), |score, _| {
            score.add_voters(1, hours(1))
        });
        let together = TrendingScore::new(START).add_voters(10, hours(1));
        assert!((one_by_one.as_log2() - together.as_log2()).abs() < 1e-9);
        assert_eq!(together.add_voters(0, hours(99)), together);
    }
}
