use std::sync::Arc;

use crate::engine::live::frame::Frame;
use crate::engine::live::frame_set::FrameSet;
use crate::poll::PollStatus;
use crate::tally::ViewPosition;

/// The state that a viewer received last.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct LastSeen {
    position: ViewPosition,
    version: u64,
    status: PollStatus,
    viewers: u32,
    closed: bool,
}

impl LastSeen {
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

    /// Records a frame that the viewer got by a refresh, unless it has received something
    /// newer.
    pub(super) fn record_refresh(&mut self, frame: &Frame) {
        if !frame.view.position().is_older_than(&self.position) {
            self.position = frame.view.position();
        }
    }

    /// Advances to the state of `frames`, and returns the new frames in order; none if the
    /// viewer has received something newer.
    pub(super) fn advance(last: &mut Option<Self>, frames: &FrameSet) -> [Option<Arc<Frame>>; 2] {
        let updated = frames.updated();
        let current = Self::of(updated);
        let Some(previous) = *last else {
            *last = Some(current);
            let closed = current.closed.then(|| Arc::clone(frames.closed()));
            return [Some(Arc::clone(updated)), closed];
        };
        // A drain changes the frame set, but not the poll.
        let is_drain_only = frames.drain.is_some() && current == previous;
        if is_drain_only || current.position.is_older_than(&previous.position) {
            return [None, None];
        }
        *last = Some(current);
        if current.closed && !previous.closed {
            return [Some(Arc::clone(frames.closed())), None];
        }
        let is_changed = (previous.version, previous.status) != (current.version, current.status);
        let changed = is_changed.then(|| Arc::clone(frames.changed()));
        [changed, Some(Arc::clone(updated))]
    }
}
