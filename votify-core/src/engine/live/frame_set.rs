use std::sync::{Arc, OnceLock};

use tokio::time::Instant;

use crate::engine::live::drain::Drain;
use crate::engine::live::frame::{Frame, FrameKind};

/// The frames of one publication for one audience, each made when it is first needed.
///
/// A viewer receives the frames that it lacks, never the set itself.
#[derive(Debug)]
pub(super) struct FrameSet {
    updated: Arc<Frame>,
    changed: OnceLock<Arc<Frame>>,
    closed: OnceLock<Arc<Frame>>,
    pub(super) published_at: Instant,
    /// Viewers whose join index is a multiple of this record the frame latency.
    pub(super) sample_every: u32,
    /// Set when the engine starts to disconnect all viewers.
    pub(super) drain: Option<Arc<Drain>>,
}

impl FrameSet {
    /// Creates the set from its frame of kind [`FrameKind::Updated`].
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
            precision,
            ..
        } = &*self.updated;
        Arc::new(Frame::new(
            kind,
            Arc::clone(poll),
            *status,
            view.clone(),
            *viewers,
            *precision,
            Arc::default(),
        ))
    }

    /// Returns true if a viewer that received `other` needs no frame of this set.
    pub(super) fn same_state(&self, other: &Self) -> bool {
        self.updated.same_state(&other.updated) && self.drain.is_some() == other.drain.is_some()
    }
}
