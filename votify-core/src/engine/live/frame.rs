use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use crate::engine::Precision;
use crate::id::OptionId;
use crate::poll::{Poll, PollStatus};
use crate::tally::TallyView;

/// The kind of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FrameKind {
    /// The current state: the first frame of each watch, and one after every change.
    Updated,
    /// The poll was edited or has opened; an [`Updated`](Self::Updated) frame follows.
    Changed,
    /// The poll is sealed, and this is its final result.
    Closed,
    /// The poll is deleted; the last frame.
    Deleted,
}

/// The format of a rendered frame; each frame is rendered at most once in each format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FrameFormat {
    /// The bare message, for transports with message boundaries (WebSocket).
    Message,
    /// The message inside a text stream (server-sent events).
    TextStream,
}

/// The state of a poll for one audience, rendered at most once per format and shared by
/// its viewers.
#[derive(Debug)]
pub struct Frame {
    /// The kind.
    pub kind: FrameKind,
    /// The definition.
    pub poll: Arc<Poll>,
    /// The status.
    pub status: PollStatus,
    /// The counts as this audience sees them.
    pub view: TallyView,
    /// The number of viewers on all instances.
    pub viewers: u32,
    /// Whether acknowledged votes may be missing from the counts.
    pub precision: Precision,
    /// The options of votes with one option since the last frame: at most 32, and none if
    /// the counts are hidden.
    pub vote_sample: Arc<[OptionId]>,
    rendered: [OnceLock<Bytes>; 2],
}

impl Frame {
    pub(crate) fn new(
        kind: FrameKind,
        poll: Arc<Poll>,
        status: PollStatus,
        view: TallyView,
        viewers: u32,
        precision: Precision,
        vote_sample: Arc<[OptionId]>,
    ) -> Self {
        Self {
            kind,
            poll,
            status,
            view,
            viewers,
            precision,
            vote_sample,
            rendered: [OnceLock::new(), OnceLock::new()],
        }
    }

    /// Returns true if both frames have the same counts, status, viewers and version.
    pub(super) fn same_state(&self, other: &Self) -> bool {
        self.view == other.view
            && self.status == other.status
            && self.viewers == other.viewers
            && self.poll.version == other.poll.version
    }

    /// Returns true if the poll takes no votes any more, and queued ones are still being
    /// counted.
    #[must_use]
    pub fn is_counting(&self) -> bool {
        self.status == PollStatus::Closed && self.precision == Precision::Provisional
    }

    /// Returns the frame as bytes. The first call for a format renders it, and all
    /// viewers share the result.
    ///
    /// `render` must depend on nothing but the frame and the [`FrameFormat`].
    pub fn rendered(&self, format: FrameFormat, render: impl FnOnce(&Self) -> Bytes) -> Bytes {
        let [message, stream] = &self.rendered;
        let rendered = match format {
            FrameFormat::Message => message,
            FrameFormat::TextStream => stream,
        };
        rendered.get_or_init(|| render(self)).clone()
    }
}
