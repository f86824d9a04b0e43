use std::sync::Arc;

use crate::engine::live::frame::Frame;
use crate::engine::live::stage::Stage;
use crate::poll::PollStatus;
use crate::tally::ViewPosition;

/// What was shown to a viewer last.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Seen {
    position: ViewPosition,
    version: u64,
    status: PollStatus,
    viewers: u32,
    closed: bool,
}

impl Seen {
    pub(super) const fn position(&self) -> ViewPosition {
        self.position
    }

    fn of(frame: &Frame) -> Self {
        Self {
            position: frame.view.position(),
            version: frame.poll.version,
            status: frame.status,
            viewers: frame.viewers,
            closed: frame.view.is_final(),
        }
    }

    /// Remembers a frame that the viewer is given in another way, unless it has seen something newer.
    pub(super) fn catch_up(&mut self, frame: &Frame) {
        if !frame.view.position().is_older_than(&self.position) {
            self.position = frame.view.position();
        }
    }

    /// The frames of a stage that are news to the viewer, in order; none if it has seen something newer.
    pub(super) fn take_in(
        seen: &mut Option<Self>,
        stage: &Stage,
    ) -> (Option<Arc<Frame>>, Option<Arc<Frame>>) {
        let updated = stage.updated();
        let now = Self::of(updated);
        let Some(before) = *seen else {
            *seen = Some(now);
            let closed = now.closed.then(|| Arc::clone(stage.closed()));
            return (Some(Arc::clone(updated)), closed);
        };
        // That all viewers are to leave is no news of the poll.
        let is_departure_only = stage.fanout.departure.is_some() && now == before;
        if is_departure_only || now.position.is_older_than(&before.position) {
            return (None, None);
        }
        *seen = Some(now);
        if now.closed && !before.closed {
            return (Some(Arc::clone(stage.closed())), None);
        }
        let updated = Arc::clone(updated);
        if (before.version, before.status) == (now.version, now.status) {
            (Some(updated), None)
        } else {
            (Some(Arc::clone(stage.changed())), Some(updated))
        }
    }
}
