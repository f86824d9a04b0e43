use std::sync::{Arc, OnceLock};

use tokio::time::Instant;

use crate::engine::live::drain::Drain;
use crate::engine::live::frame::{Frame, FrameKind};

/// The state of a poll at one publication, with its frames for one audience.
///
/// A viewer receives the frames that it lacks, never the snapshot itself.
#[derive(Debug)]
pub(super) struct RoomSnapshot {
    updated: Arc<Frame>,
    changed: OnceLock<Arc<Frame>>,
    closed: OnceLock<Arc<Frame>>,
    pub(super) published_at: Instant,
    /// Viewers whose join index is a multiple of this record the frame latency.
    pub(super) sample_every: u32,
    /// Set when the engine starts to disconnect all viewers.
    pub(super) drain: Option<Arc<Drain>>,
}

impl RoomSnapshot {
    /// Creates a snapshot from its frame of kind [`FrameKind::Updated`].
    pub(super) fn new(
        updated: Frame,
        published_at: Instant,
        sample_every: u32,
        drain: Option<Arc<Drain>>,
    ) -> Self {
        Self {
            updated: Arc::new(updated),
            changed: OnceLock::new(),
            closed: OnceLock::new(),
            published_at,
            sample_every,
            drain,
        }
    }

    pub(super) const fn updated(&self) -> &Arc<Frame> {
        &self.updated
    }

    pub(super) fn changed(&self) -> &Arc<Frame> {
        self.changed
            .get_or_init(|| self.with_kind(FrameKind::Changed))
    }

    pub(super) fn closed(&self) -> &Arc<Frame> {
        self.closed
            .get_or_init(|| self.with_kind(FrameKind::Closed))
    }

    pub(super) fn deleted(&self) -> Arc<Frame> {
        self.with_kind(FrameKind::Deleted)
    }

    fn with_kind(&self, kind: FrameKind) -> Arc<Frame> {
        let Frame {
            poll,
            status,
            view,
            viewers,
            ..
        } = &*self.updated;
        Arc::new(Frame::new(
            kind,
            Arc::clone(poll),
            *status,
            view.clone(),
            *viewers,
            Arc::default(),
        ))
    }

    /// Returns true if a viewer that received `other` needs no frame of this snapshot.
    pub(super) fn same_state(&self, other: &Self) -> bool {
        self.updated.same_state(&other.updated) && self.drain.is_some() == other.drain.is_some()
    }
}

/// The value that a room publishes to the watches of one audience: a snapshot, or that the
/// poll is loading or deleted, or that the room is closed.
///
/// Each watch receives it, and returns the frames of the snapshot that its viewer lacks.
#[derive(Debug, Clone)]
pub(super) enum PublishedState {
    /// The poll is being loaded.
    Loading,
    Snapshot(Arc<RoomSnapshot>),
    /// The poll is deleted; its last snapshot, if it was loaded before.
    Deleted(Option<Arc<RoomSnapshot>>),
    /// The room is closed.
    Ended,
}

impl PublishedState {
    /// Replaces the state with a snapshot unless it equals the current one, and returns
    /// true if it did.
    pub(super) fn replace(&mut self, snapshot: Arc<RoomSnapshot>) -> bool {
        let differs = match self {
            Self::Snapshot(current) => !snapshot.same_state(current),
            _ => true,
        };
        if differs {
            *self = Self::Snapshot(snapshot);
        }
        differs
    }
}
