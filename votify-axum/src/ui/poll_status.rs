//! The state of a poll in words.

use votify_core::PollStatus;
use votify_core::engine::PollSnapshot;

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
