use quick_cache::sync::Cache;
use votify_core::PollId;

/// The approximate number of polls that are tracked.
const MAX_POLLS: usize = 10_000;
/// The number of batches whose voters are looked up after the first miss of a poll. Each
/// further miss doubles it.
const MIN_BACKOFF: u16 = 16;
const MAX_BACKOFF: u16 = 1024;

/// Decides per poll whether to skip the history lookup and assume first-time voters.
///
/// Most voters are new to their poll. A batch that assumes so saves one lookup for each
/// voter: the unique index rejects its write if a voter has voted before, and the batch
/// is repeated with lookups. A poll where that happened backs off, so that voters who
/// vote twice on purpose cost the others little.
#[derive(Debug)]
pub(crate) struct FirstVoteHeuristic {
    polls: Cache<PollId, Backoff>,
}

/// The backoff of a poll with misses.
#[derive(Debug, Clone, Copy)]
struct Backoff {
    batches_left: u16,
    length: u16,
}

impl Default for FirstVoteHeuristic {
    fn default() -> Self {
        Self {
            polls: Cache::new(MAX_POLLS),
        }
    }
}

impl FirstVoteHeuristic {
    /// Returns true if the voters of the poll's next batch are assumed to be new. Call
    /// this once per batch, because it counts the batches of a backoff.
    pub(crate) fn assume_first_vote(&self, poll: PollId) -> bool {
        let Some(backoff) = self.polls.get(&poll) else {
            return true;
        };
        let Some(batches_left) = backoff.batches_left.checked_sub(1) else {
            return true;
        };
        let less = Backoff {
            batches_left,
            ..backoff
        };
        self.polls.insert(poll, less);
        false
    }

    /// Records that the assumption was right.
    pub(crate) fn record_hit(&self, poll: PollId) {
        if self.polls.peek(&poll).is_some() {
            self.polls.remove(&poll);
        }
    }

    /// Records that the assumption was wrong, or may have been.
    pub(crate) fn record_miss(&self, poll: PollId) {
        let before = self.polls.get(&poll);
        let length = before.map_or(MIN_BACKOFF, |backoff| {
            backoff.length.saturating_mul(2).min(MAX_BACKOFF)
        });
        let backoff = Backoff {
            batches_left: length,
            length,
        };
        self.polls.insert(poll, backoff);
    }
}

#[cfg(test)]
mod tests {
    use votify_core::Timestamp;

    use super::*;

    fn batches_with_lookups(heuristic: &FirstVoteHeuristic, poll: PollId) -> u16 {
        let lookups = (0..=MAX_BACKOFF).take_while(|_| !heuristic.assume_first_vote(poll));
        u16::try_from(lookups.count()).unwrap()
    }

    #[test]
    fn backoff_doubles_after_each_miss() {
        let heuristic = FirstVoteHeuristic::default();
        let poll = PollId::generate(Timestamp::EPOCH);
        assert!(heuristic.assume_first_vote(poll));
        for expected in [16, 32, 64, 128, 256, 512, 1024, 1024] {
            heuristic.record_miss(poll);
            assert_eq!(batches_with_lookups(&heuristic, poll), expected);
        }
        let other = PollId::generate(Timestamp::EPOCH);
        assert!(heuristic.assume_first_vote(other));
        heuristic.record_hit(poll);
        heuristic.record_miss(poll);
        assert_eq!(batches_with_lookups(&heuristic, poll), MIN_BACKOFF);
    }

    #[test]
    fn number_of_tracked_polls_is_bounded() {
        let heuristic = FirstVoteHeuristic::default();
        for _ in 0..3 * MAX_POLLS {
            heuristic.record_miss(PollId::generate(Timestamp::EPOCH));
        }
        assert!(heuristic.polls.len() <= 2 * MAX_POLLS);
    }
}
