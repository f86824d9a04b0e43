use std::collections::BTreeSet;

use crate::id::PollId;
use crate::poll::Poll;
use crate::time::Timestamp;

/// Maximum number of timers in memory. The soonest are retained; a later scan of the
/// store finds the others.
const MAX_TIMERS: usize = 10_000;

/// A change of status that a poll undergoes at a known time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Transition {
    Opens,
    Closes,
}

/// The upcoming transitions, ordered by time.
#[derive(Debug, Default)]
pub(super) struct Timers(BTreeSet<(Timestamp, PollId, Transition)>);

impl Timers {
    /// Adds the transitions of a poll that are still to come at `now`.
    pub(super) fn add(&mut self, poll: &Poll, now: Timestamp) {
        if poll.is_sealed() {
            return;
        }
        if let Some(opens_at) = poll.opens_at
            && opens_at > now
        {
            self.0.insert((opens_at, poll.id, Transition::Opens));
        }
        if let Some(closes_at) = poll.closes_at {
            self.0.insert((closes_at, poll.id, Transition::Closes));
        }
        while self.0.len() > MAX_TIMERS {
            self.0.pop_last();
        }
    }

    /// Returns the time of the next transition.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.0.first().map(|(time, ..)| *time)
    }

    /// Removes and returns the next transition if it is due at `now`.
    pub(super) fn pop_due(&mut self, now: Timestamp) -> Option<(Timestamp, PollId, Transition)> {
        if self.next()? > now {
            return None;
        }
        self.0.pop_first()
    }
}
