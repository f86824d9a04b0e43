use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use crate::id::OptionId;
use crate::poll::{Poll, PollStatus};
use crate::tally::TallyView;

/// What a frame tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FrameKind {
    /// How things stand: always the first frame, and one after every change.
    Updated,
    /// The poll was edited or has opened; an [`Updated`](Self::Updated) follows.
    Changed,
    /// The poll is sealed, and this is its final result.
    Closed,
    /// The poll is gone; the last frame.
    Deleted,
}

/// Which of a frame's renderings is meant; each is made at most once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rendering {
    /// The bare message, for carriers that keep messages apart themselves.
    Message,
    /// The message inside of a text stream.
    TextStream,
}

/// The whole state of a poll for one audience, shared by all of its viewers.
#[derive(Debug)]
pub struct Frame {
    /// What it tells.
    pub kind: FrameKind,
    /// The definition.
    pub poll: Arc<Poll>,
    /// Where it stands.
    pub status: PollStatus,
    /// The counts as this audience sees them.
    pub view: TallyView,
    /// How many watch, over all nodes.
    pub viewers: u32,
    /// The options of some single votes since the last frame: a sample if there were many, none where counts are hidden.
    pub votes: Arc<[OptionId]>,
    renderings: [OnceLock<Bytes>; 2],
}

impl Frame {
    pub(crate) fn new(
        kind: FrameKind,
        poll: Arc<Poll>,
        status: PollStatus,
        view: TallyView,
        viewers: u32,
        votes: Arc<[OptionId]>,
    ) -> Self {
        Self {
            kind,
            poll,
            status,
            view,
            viewers,
            votes,
            renderings: [OnceLock::new(), OnceLock::new()],
        }
    }

    /// Whether this and `other` show the same state.
    pub(super) fn tells_the_same_as(&self, other: &Self) -> bool {
        self.view == other.view
            && self.status == other.status
            && self.viewers == other.viewers
            && self.poll.version == other.poll.version
    }

    /// The frame as bytes: made by whichever viewer asks first, shared by all others.
    ///
    /// `render` must be a function of the frame alone, and the same for each [`Rendering`].
    pub fn rendered(&self, rendering: Rendering, render: impl FnOnce(&Self) -> Bytes) -> Bytes {
        let [message, stream] = &self.renderings;
        let slot = match rendering {
            Rendering::Message => message,
            Rendering::TextStream => stream,
        };
        slot.get_or_init(|| render(self)).clone()
    }
}
