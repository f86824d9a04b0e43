//! The state of a poll in words.

use votify_core::engine::PollSnapshot;
use votify_core::{PollStatus, Timestamp};

use super::moment::Moment;
use super::times::until;

/// The state of a poll, for the pill under its title.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StatusLabel {
    /// The class of the pill, and the value of `data-status`.
    pub(super) name: &'static str,
    pub(super) text: &'static str,
}

impl StatusLabel {
    pub(super) fn of(snapshot: &PollSnapshot) -> Self {
        let (name, text) = match (snapshot.status, snapshot.view.is_final()) {
            (PollStatus::Scheduled, _) => ("scheduled", "Not open yet"),
            (PollStatus::Open, _) => ("open", "Open"),
            (PollStatus::Closed, true) => ("final", "Final"),
            (PollStatus::Closed, false) => ("closed", "Closed"),
        };
        Self { name, text }
    }

    /// Returns true if no more votes are accepted.
    pub(super) fn is_closed(self) -> bool {
        self.name == "closed" || self.name == "final"
    }
}

/// A change of a poll's status: the next one, or the last one of a closed poll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StatusChange {
    /// `Opens`, `Closes`, `Opened` or `Closed`.
    pub(super) verb: &'static str,
    /// The verb with the time from now, such as `Closes in 2 hours`.
    pub(super) text: String,
    pub(super) moment: Moment,
}

impl StatusChange {
    /// Returns `None` if the owner decides when the poll closes.
    pub(super) fn of(snapshot: &PollSnapshot, now: Timestamp) -> Option<Self> {
        let poll = &snapshot.poll;
        match snapshot.status {
            PollStatus::Scheduled => Some(Self::next("Opens", poll.opens_at?, now)),
            PollStatus::Open => Some(Self::next("Closes", poll.closes_at?, now)),
            PollStatus::Closed => Some(Self::last("Closed", poll.closes_at?, now)),
        }
    }

    /// Creates the opening of a poll that is open.
    pub(super) fn opened(time: Timestamp, now: Timestamp) -> Self {
        Self::last("Opened", time, now)
    }

    fn next(verb: &'static str, time: Timestamp, now: Timestamp) -> Self {
        Self {
            verb,
            text: format!("{verb} in {}", until(time.saturating_since(now))),
            moment: time.into(),
        }
    }

    fn last(verb: &'static str, time: Timestamp, now: Timestamp) -> Self {
        Self {
            verb,
            text: format!("{verb} {} ago", until(now.saturating_since(time))),
            moment: time.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_relative_to_now() {
        let time = |text: &str| -> Timestamp { text.parse().unwrap() };
        let now = time("2026-11-28T12:00:00Z");
        let closes = StatusChange::next("Closes", time("2026-11-28T14:00:01Z"), now);
        assert_eq!(closes.text, "Closes in 2 hours");
        assert_eq!(closes.moment.text, "28 Nov 2026, 14:00 UTC");
        let opened = StatusChange::opened(time("2026-11-25T11:00:00Z"), now);
        assert_eq!(opened.text, "Opened 3 days ago");
        let late = StatusChange::next("Closes", time("2026-11-28T11:00:00Z"), now);
        assert_eq!(late.text, "Closes in less than a minute");
    }
}
