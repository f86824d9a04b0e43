use std::sync::Arc;

use crate::engine::live::frame_set::FrameSet;

/// The value that a room publishes to the watches of one audience: the newest frames, or
/// that the poll is loading or deleted, or that the room is closed.
///
/// Each watch receives it, and returns those frames that its viewer lacks.
#[derive(Debug, Clone)]
pub(super) enum PublishedState {
    /// The poll is being loaded.
    Loading,
    /// The newest state of the poll.
    Frames(Arc<FrameSet>),
    /// The poll is deleted; its last frames, if it was loaded before.
    Deleted(Option<Arc<FrameSet>>),
    /// The room is closed.
    Ended,
}

impl PublishedState {
    /// Replaces the frames unless they show the same state, and returns true if it did.
    pub(super) fn replace(&mut self, frames: Arc<FrameSet>) -> bool {
        let differs = match self {
            Self::Frames(current) => !frames.same_state(current),
            _ => true,
        };
        if differs {
            *self = Self::Frames(frames);
        }
        differs
    }
}
