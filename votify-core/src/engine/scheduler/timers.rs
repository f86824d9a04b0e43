use std::collections::BTreeSet;
use std::time::Duration;

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
#[derive(Debug)]
pub(super) struct Timers {
    timers: BTreeSet<(Timestamp, PollId, Transition)>,
    /// The time from a closing time to its timer.
    closing_delay: Duration,
}

impl Timers {
    pub(super) const fn new(closing_delay: Duration) -> Self {
        Self {
            timers: BTreeSet::new(),
            closing_delay,
        }
    }

    /// Adds the transitions of a poll that are still to come at `now`.
    pub(super) fn add(&mut self, poll: &Poll, now: Timestamp) {
        if poll.is_sealed() {
            return;
        }
        if let Some(opens_at) = poll.opens_at
            && opens_at > now
        {
            self.timers.insert((opens_at, poll.id, Transition::Opens));
        }
        if let Some(closes_at) = poll.closes_at {
            let time = closes_at.saturating_add(self.closing_delay);
            self.timers.insert((time, poll.id, Transition::Closes));
        }
        while self.timers.len() > MAX_TIMERS {
            self.timers.pop_last();
        }
    }

    /// Returns the time of the next transition.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.timers.first().map(|(time, ..)| *time)
    }

    /// Removes and returns the next transition if it is due at `now`.
    pub(super) fn pop_due(&mut self, now: Timestamp) -> Option<(Timestamp, PollId, Transition)> {
        if self.next()? > now {
            return None;
        }
        self.timers.pop_first()
    }
}
