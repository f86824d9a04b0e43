use std::sync::{Arc, OnceLock};

use tokio::time::Instant;

use crate::engine::live::drain::Drain;
use crate::engine::live::frame::{Frame, FrameKind};
use crate::id::OptionId;
use crate::poll::{Poll, PollStatus};
use crate::tally::TallyView;

/// The newest state of a room for one audience, with the frames that announce it.
#[derive(Debug)]
pub(super) struct RoomSnapshot {
    updated: Arc<Frame>,
    changed: OnceLock<Arc<Frame>>,
    closed: OnceLock<Arc<Frame>>,
    pub(super) delivery: DeliveryInfo,
}

/// Delivery settings of a snapshot.
#[derive(Debug, Clone)]
pub(super) struct DeliveryInfo {
    pub(super) published_at: Instant,
    /// Viewers whose join index is a multiple of this record their delivery latency.
    pub(super) sample_every: u32,
    /// Set when the engine starts to disconnect all viewers.
    pub(super) drain: Option<Arc<Drain>>,
}

impl RoomSnapshot {
    pub(super) fn new(
        poll: Arc<Poll>,
        status: PollStatus,
        view: TallyView,
        viewers: u32,
        votes: Arc<[OptionId]>,
        delivery: DeliveryInfo,
    ) -> Self {
        let updated = Arc::new(Frame::new(
            FrameKind::Updated,
            poll,
            status,
            view,
            viewers,
            votes,
        ));
        Self {
            updated,
            changed: OnceLock::new(),
            closed: OnceLock::new(),
            delivery,
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
        let (is_draining, was_draining) = (&self.delivery.drain, &other.delivery.drain);
        self.updated.same_state(&other.updated) && is_draining.is_some() == was_draining.is_some()
    }
}

/// The state that a room publishes to one audience.
///
/// Its receivers are the viewers on this instance. The engine's `Publisher` sends updates
/// to the other instances.
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
