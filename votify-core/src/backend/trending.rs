use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// How long until a vote is worth half as much, in microseconds: six hours.
const HALF_LIFE_MICROS: f64 = 6.0 * 3600.0 * 1e6;

/// A forward-decayed activity score, kept as a base 2 logarithm.
///
/// A vote at time *t* adds 2^(*t* / half-life) to a sum of which only the logarithm is kept. Later votes weigh more, so
/// earlier ones fade *relatively*: sorting by heat is sorting by decayed activity at any moment, with no job that ages
/// the scores, and an index on its [`rank`](Self::rank) never goes stale.
///
/// Source: Cormode, Shkapenyuk, Srivastava, Xu, "Forward Decay: A Practical Time Decay Model for Streaming Systems",
/// ICDE 2009.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TrendingScore(f64);

impl TrendingScore {
    /// The heat of a poll that was just made: that of one vote.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self(age(now))
    }

    /// Reads a stored score.
    #[must_use]
    pub const fn from_log2(score: f64) -> Self {
        Self(score)
    }

    /// The score to store.
    #[must_use]
    pub const fn as_log2(self) -> f64 {
        self.0
    }

    /// What polls are sorted by, larger is hotter: whole eighths of the score, cut off towards zero.
    ///
    /// So polls whose activity differs by less than a tenth may rank alike, and an index on the rank of a busy poll is
    /// written when its votes have grown by a tenth, not with each of them. A database computes it as
    /// `trunc(score * 8)`: both steps are exact.
    #[must_use]
    pub fn rank(self) -> f64 {
        (self.0 * 8.0).trunc()
    }

    /// The heat after `votes` more votes at `now`.
    #[must_use]
    pub fn add_votes(self, votes: u32, now: Timestamp) -> Self {
        if votes == 0 {
            return self;
        }
        let added = age(now) + f64::from(votes).log2();
        let (high, low) = if self.0 >= added {
            (self.0, added)
        } else {
            (added, self.0)
        };
        Self(high + (low - high).exp2().ln_1p() / std::f64::consts::LN_2)
    }
}

/// Half-lives since 1970: below 400 000 for any date up to 9999, so a double keeps it to a millionth of a vote's age.
#[expect(
    clippy::cast_precision_loss,
    reason = "a score, not a count; microseconds below 2^58 lose at most 32 µs"
)]
fn age(now: Timestamp) -> f64 {
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
    fn after_a_half_life_two_old_votes_weigh_as_one_new() {
        let old = TrendingScore::from_log2(-1e9).add_votes(2, START);
        let new = TrendingScore::from_log2(-1e9).add_votes(1, hours(6));
        assert!((old.as_log2() - new.as_log2()).abs() < 1e-9);
    }

    #[test]
    fn ranks_are_eighths() {
        let rank = |score| TrendingScore::from_log2(score).rank();
        assert_eq!(rank(3.0), 24.0);
        assert_eq!(rank(3.1249), 24.0);
        assert_eq!(rank(3.125), 25.0);
        assert_eq!(rank(-3.1249), -24.0);
    }

    #[test]
    fn votes_add_up() {
        let one_by_one = (0..10).fold(TrendingScore::new(START), |heat, _| {
            heat.add_votes(1, hours(1))
        });
        let at_once = TrendingScore::new(START).add_votes(10, hours(1));
        assert!((one_by_one.as_log2() - at_once.as_log2()).abs() < 1e-9);
        assert_eq!(at_once.add_votes(0, hours(99)), at_once);
    }
}
