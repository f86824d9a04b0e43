use std::sync::{Arc, OnceLock};

use tokio::time::Instant;

use crate::engine::live::departure::Departure;
use crate::engine::live::frame::{Frame, FrameKind};
use crate::id::OptionId;
use crate::poll::{Poll, PollStatus};
use crate::tally::TallyView;

/// What one audience of a room can see right now: the newest state, of which each viewer takes the frames that are news
/// to it.
#[derive(Debug)]
pub(super) struct Stage {
    updated: Arc<Frame>,
    changed: OnceLock<Arc<Frame>>,
    closed: OnceLock<Arc<Frame>>,
    pub(super) fanout: Fanout,
}

/// How a stage is to reach its viewers.
#[derive(Debug, Clone)]
pub(super) struct Fanout {
    pub(super) shown_at: Instant,
    /// The viewers whose number this divides tell how late they were.
    pub(super) witnesses: u32,
    /// Set once all viewers are to leave.
    pub(super) departure: Option<Arc<Departure>>,
}

impl Stage {
    pub(super) fn new(
        poll: Arc<Poll>,
        status: PollStatus,
        view: TallyView,
        viewers: u32,
        votes: Arc<[OptionId]>,
        fanout: Fanout,
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
            fanout,
        }
    }

    pub(super) const fn updated(&self) -> &Arc<Frame> {
        &self.updated
    }

    pub(super) fn changed(&self) -> &Arc<Frame> {
        self.changed.get_or_init(|| self.retold(FrameKind::Changed))
    }

    pub(super) fn closed(&self) -> &Arc<Frame> {
        self.closed.get_or_init(|| self.retold(FrameKind::Closed))
    }

    pub(super) fn deleted(&self) -> Arc<Frame> {
        self.retold(FrameKind::Deleted)
    }

    fn retold(&self, kind: FrameKind) -> Arc<Frame> {
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

    /// Whether a viewer who has `other` would learn nothing from this.
    pub(super) fn tells_the_same_as(&self, other: &Self) -> bool {
        let (is_leaving, was_leaving) = (&self.fanout.departure, &other.fanout.departure);
        self.updated.tells_the_same_as(&other.updated)
            && is_leaving.is_some() == was_leaving.is_some()
    }
}

/// What a room shows to one audience.
#[derive(Debug, Clone)]
pub(super) enum Showing {
    /// Nothing yet: the poll is being read.
    Loading,
    /// This.
    Stage(Arc<Stage>),
    /// The poll is gone.
    Deleted(Option<Arc<Stage>>),
    /// The engine is shutting down.
    Ended,
}
