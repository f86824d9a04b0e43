//! The state of a poll in words.

use votify_core::engine::PollSnapshot;
use votify_core::{Poll, PollStatus, ResultsPolicy, Timestamp};

use super::times::absolute;

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
}

/// The next or last change of a poll's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Deadline {
    /// `Opens`, `Closes` or `Closed`.
    pub(super) verb: &'static str,
    /// RFC 3339, for `<time datetime>`.
    pub(super) machine: String,
    pub(super) text: String,
}

impl Deadline {
    /// Returns `None` if the owner decides when the poll closes.
    pub(super) fn of(snapshot: &PollSnapshot) -> Option<Self> {
        let poll = &snapshot.poll;
        let (verb, time) = match snapshot.status {
            PollStatus::Scheduled => ("Opens", poll.opens_at?),
            PollStatus::Open => ("Closes", poll.closes_at?),
            PollStatus::Closed => ("Closed", poll.closes_at?),
        };
        Some(Self::new(verb, time))
    }

    fn new(verb: &'static str, time: Timestamp) -> Self {
        Self {
            verb,
            machine: time.to_string(),
            text: absolute(time),
        }
    }
}

/// Returns when hidden counts are shown, as a sentence without its full stop.
pub(super) fn hidden_until(poll: &Poll, status: PollStatus) -> String {
    match (poll.rules.results, poll.closes_at) {
        _ if status == PollStatus::Closed => {
            "Results are shown once all votes are counted".to_owned()
        }
        (ResultsPolicy::AfterClose, Some(time)) => {
            format!("Results are hidden until {}", absolute(time))
        }
        (ResultsPolicy::AfterClose, None) => {
            "Results are hidden until the poll is closed".to_owned()
        }
        _ => "Results are shown after you vote".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use votify_core::{Keyring, PollDraft, PollId};

    use super::*;

    #[test]
    fn hidden_counts_of_a_closed_poll_are_still_being_counted() {
        let now = Timestamp::EPOCH;
        for (results, open) in [
            (ResultsPolicy::AfterVote, "Results are shown after you vote"),
            (
                ResultsPolicy::AfterClose,
                "Results are hidden until 1 Jan 1970, 00:01 UTC",
            ),
        ] {
            let mut draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
            draft.rules.results = results;
            draft.closes_at = Some(Timestamp::from_micros(60_000_000).unwrap());
            let poll = draft.into_poll(PollId::generate(now), now, &Keyring::ephemeral());
            let poll = poll.unwrap();
            assert_eq!(hidden_until(&poll, PollStatus::Open), open);
            let closed = hidden_until(&poll, PollStatus::Closed);
            assert_eq!(closed, "Results are shown once all votes are counted");
        }
    }
}
