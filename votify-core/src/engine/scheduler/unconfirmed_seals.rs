use std::collections::BTreeMap;

use crate::id::PollId;
use crate::time::Timestamp;

/// Maximum number of polls in memory. The scan finds those of the others that are not
/// sealed.
const MAX_POLLS: usize = 10_000;
/// Maximum number of attempts in memory per poll. The latest are retained.
const MAX_ATTEMPTS: usize = 32;

/// The polls that this engine may have sealed without learning it: the store failed, or its
/// reply was lost. No list of unsealed polls contains them, so the scan does not find them.
#[derive(Debug, Default)]
pub(super) struct UnconfirmedSeals(BTreeMap<PollId, Vec<Timestamp>>);

impl UnconfirmedSeals {
    /// Adds an attempt to seal a poll at `time`.
    pub(super) fn add(&mut self, poll: PollId, time: Timestamp) {
        if self.0.len() >= MAX_POLLS && !self.contains(poll) {
            return;
        }
        let attempts = self.0.entry(poll).or_default();
        if attempts.contains(&time) {
            return;
        }
        if attempts.len() == MAX_ATTEMPTS {
            attempts.remove(0);
        }
        attempts.push(time);
    }

    pub(super) fn contains(&self, poll: PollId) -> bool {
        self.0.contains_key(&poll)
    }

    /// Removes a poll.
    pub(super) fn remove(&mut self, poll: PollId) {
        self.0.remove(&poll);
    }

    /// Removes a poll that was sealed at `sealed_at`. Returns true if an attempt of this
    /// engine has sealed it.
    pub(super) fn confirm(&mut self, poll: PollId, sealed_at: Option<Timestamp>) -> bool {
        let attempts = self.0.remove(&poll).unwrap_or_default();
        sealed_at.is_some_and(|time| attempts.contains(&time))
    }

    /// Returns the polls in batches of at most `size`, each with the time of its latest
    /// attempt. A repeated attempt with the same time is no new attempt.
    pub(super) fn batches(&self, size: usize) -> Vec<(Timestamp, Vec<PollId>)> {
        let mut by_time = BTreeMap::<_, Vec<PollId>>::new();
        for (poll, attempts) in &self.0 {
            if let Some(time) = attempts.last() {
                by_time.entry(*time).or_default().push(*poll);
            }
        }
        let batches = by_time.iter().flat_map(|(time, polls)| {
            let chunks = polls.chunks(size);
            chunks.map(|chunk| (*time, chunk.to_vec()))
        });
        batches.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_seals_of_own_attempts_are_confirmed() {
        let poll = PollId::from_bytes([1; 16]);
        let [first, second, third] = [1, 2, 3].map(|n| Timestamp::from_micros(n).unwrap());
        for (sealed_at, is_own) in [(first, true), (second, true), (third, false)] {
            let mut seals = UnconfirmedSeals::default();
            seals.add(poll, first);
            seals.add(poll, second);
            assert_eq!(seals.batches(50), [(second, vec![poll])]);
            assert_eq!(seals.confirm(poll, Some(sealed_at)), is_own);
            assert!(!seals.contains(poll));
        }
    }

    #[test]
    fn the_memory_is_bounded() {
        let mut seals = UnconfirmedSeals::default();
        for n in 0..2 * MAX_POLLS as u128 {
            let poll = PollId::from_bytes(n.to_be_bytes());
            seals.add(poll, Timestamp::EPOCH);
        }
        for n in 0..100 {
            let time = Timestamp::from_micros(n).unwrap();
            seals.add(PollId::from_bytes([0; 16]), time);
        }
        assert_eq!(seals.0.len(), MAX_POLLS);
        assert_eq!(seals.0[&PollId::from_bytes([0; 16])].len(), MAX_ATTEMPTS);
    }
}
