use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::engine::EngineError;
use crate::engine::live::frame::{Frame, FrameKind};
use crate::engine::live::hub::{Hub, Ticket};
use crate::engine::live::stage::{Showing, Stage};
use crate::id::PollId;
use crate::poll::{PollStatus, ResultsPolicy};
use crate::view::{Audience, ViewPosition};
use crate::voter::{Voter, VoterId};

/// The least time between two reads of the store that one viewer asks for.
const REFRESH_PAUSE: Duration = Duration::from_secs(1);

/// One viewer's stream of frames of one poll. Dropping it ends the watching.
///
/// - The first frame is always an [`Updated`](super::FrameKind::Updated) with the newest state.
/// - Frames are merged: a viewer that comes late for one gets the newest state instead, and every change of definition and
///   the closing still get a frame of their own.
/// - Positions never go down.
/// - The state is exact within two seconds of the last change and of the last fault.
#[derive(Debug)]
pub struct Watch {
    ticket: Ticket,
    viewer: Voter,
    /// The version of the poll by whose rules the viewer was seated, or not.
    seated_at: u64,
    showing: watch::Receiver<Showing>,
    seat: Option<Box<Seat>>,
    queue: VecDeque<Arc<Frame>>,
    seen: Option<Seen>,
    ended: bool,
}

/// A viewer whose counts hang on whether they voted.
#[derive(Debug)]
struct Seat {
    voter: VoterId,
    audience: watch::Receiver<Audience>,
    asked_at: Instant,
}

/// What was shown to a viewer last.
#[derive(Debug, Clone, Copy)]
struct Seen {
    position: ViewPosition,
    version: u64,
    status: PollStatus,
    closed: bool,
}

impl Watch {
    /// Enters the room of `poll` and waits until there is something to see.
    pub(in crate::engine) async fn enter(
        hub: &Arc<Hub>,
        poll: PollId,
        viewer: &Voter,
        after: Option<ViewPosition>,
    ) -> Result<Self, EngineError> {
        let ticket = hub.enter(poll);
        let showing = ticket.room.showing(Audience::Public);
        let mut watch = Self {
            ticket,
            viewer: viewer.clone(),
            seated_at: 0,
            showing,
            seat: None,
            queue: VecDeque::new(),
            seen: None,
            ended: false,
        };
        let stage = watch.first_stage(poll).await?;
        watch.sit_down(&stage).await?;
        if let Some(after) = after {
            watch.catch_up(after).await?;
        }
        watch.showing.mark_changed();
        Ok(watch)
    }

    async fn first_stage(&mut self, poll: PollId) -> Result<Arc<Stage>, EngineError> {
        let reader = &self.ticket.hub.reader;
        let loaded = self
            .showing
            .wait_for(|showing| !matches!(showing, Showing::Loading));
        let showing = match tokio::time::timeout(self.ticket.hub.config.store_timeout, loaded).await
        {
            Ok(Ok(showing)) => showing.clone(),
            _ => return Err(reader.unavailable()),
        };
        match showing {
            Showing::Stage(stage) => Ok(stage),
            Showing::Deleted(_) => Err(EngineError::PollNotFound(poll)),
            Showing::Loading | Showing::Ended => Err(EngineError::ShuttingDown),
        }
    }

    /// Takes a seat where counts hang on having voted; gives an old one up.
    async fn sit_down(&mut self, stage: &Stage) -> Result<(), EngineError> {
        let Ticket { room, hub } = &self.ticket;
        let poll = &stage.updated().poll;
        self.seated_at = poll.version;
        self.seat = None;
        let mut audience = Audience::Public;
        // A viewer who cannot be identified cannot have voted.
        if poll.rules.results == ResultsPolicy::AfterVote
            && let Ok(voter) = hub.reader.identify(poll, &self.viewer)
        {
            audience = hub.reader.audience_of(poll.id, voter).await?;
            self.seat = Some(Box::new(Seat {
                voter,
                audience: room.seats.take(voter, audience),
                asked_at: Instant::now(),
            }));
        }
        self.showing = room.showing(audience);
        self.showing.mark_changed();
        Ok(())
    }

    /// Makes sure that nothing older than `after` is shown, unless the store itself knows nothing newer.
    async fn catch_up(&self, after: ViewPosition) -> Result<(), EngineError> {
        let is_behind = match &*self.showing.borrow() {
            Showing::Stage(stage) => stage.updated().view.position().is_older_than(&after),
            _ => false,
        };
        let Ticket { room, hub } = &self.ticket;
        if is_behind && !room.reread(hub.config.store_timeout).await {
            return Err(hub.reader.unavailable());
        }
        Ok(())
    }

    /// The next frame. `None`: the poll is gone, or the engine shuts down.
    ///
    /// Cancel safe.
    pub async fn next(&mut self) -> Option<Arc<Frame>> {
        loop {
            if let Some(frame) = self.queue.pop_front() {
                return Some(frame);
            }
            if self.ended {
                return None;
            }
            let changed = match &mut self.seat {
                None => self.showing.changed().await,
                Some(seat) => tokio::select! {
                    changed = self.showing.changed() => changed,
                    moved = seat.audience.changed() => {
                        if moved.is_ok() {
                            let audience = *seat.audience.borrow_and_update();
                            self.showing = self.ticket.room.showing(audience);
                            self.showing.mark_changed();
                        }
                        continue;
                    }
                },
            };
            let showing = self.showing.borrow_and_update().clone();
            match (changed, showing) {
                (Ok(()), Showing::Loading) => {}
                (Ok(()), Showing::Stage(stage)) => {
                    if self.is_seated_by_old_rules(&stage) {
                        // Should this be dropped in between, the stage is looked at again.
                        self.showing.mark_changed();
                        if self.sit_down(&stage).await.is_ok() {
                            continue;
                        }
                        self.showing.borrow_and_update();
                    }
                    self.take_in(&stage);
                }
                (Ok(()), Showing::Deleted(stage)) => {
                    self.ended = true;
                    self.queue.extend(stage.map(|stage| stage.deleted()));
                }
                (Ok(()), Showing::Ended) | (Err(_), _) => self.ended = true,
            }
        }
    }

    /// Whether the poll was edited since the viewer was seated, which only matters where counts hang on having voted.
    fn is_seated_by_old_rules(&self, stage: &Stage) -> bool {
        let poll = &stage.updated().poll;
        let matters = self.seat.is_some() || poll.rules.results == ResultsPolicy::AfterVote;
        matters && self.seated_at != poll.version && !stage.updated().view.is_final()
    }

    /// Queues the frames that are news to this viewer.
    fn take_in(&mut self, stage: &Stage) {
        let frame = stage.updated();
        let position = frame.view.position();
        let closed = frame.view.is_final();
        let before = self.seen;
        if before.is_some_and(|seen| position.is_older_than(&seen.position)) {
            return;
        }
        self.seen = Some(Seen {
            position,
            version: frame.poll.version,
            status: frame.status,
            closed,
        });
        match before {
            Some(seen) if closed && !seen.closed => {
                self.queue.push_back(Arc::clone(stage.closed()));
            }
            Some(seen) => {
                if (seen.version, seen.status) != (frame.poll.version, frame.status) {
                    self.queue.push_back(Arc::clone(stage.changed()));
                }
                self.queue.push_back(Arc::clone(frame));
            }
            None => {
                self.queue.push_back(Arc::clone(frame));
                if closed {
                    self.queue.push_back(Arc::clone(stage.closed()));
                }
            }
        }
    }

    /// How things stand right now, as an [`Updated`](super::FrameKind::Updated) frame: what a client's `refresh` gets.
    ///
    /// Where counts hang on having voted, the store is asked whether this viewer has, at most once a second.
    ///
    /// # Errors
    /// If the store cannot be asked, the poll is gone, or the engine is shutting down.
    pub async fn refresh(&mut self) -> Result<Arc<Frame>, EngineError> {
        let Ticket { room, hub } = &self.ticket;
        if let Some(seat) = &mut self.seat
            && seat.asked_at.elapsed() >= REFRESH_PAUSE
        {
            seat.asked_at = Instant::now();
            let audience = hub.reader.audience_of(room.poll, seat.voter).await?;
            room.seats.set(seat.voter, audience);
            self.showing = room.showing(audience);
            // What it shows may not have been taken yet.
            self.showing.mark_changed();
        }
        let showing = self.showing.borrow().clone();
        let stage = match showing {
            Showing::Stage(stage) => stage,
            Showing::Deleted(_) => {
                return Err(EngineError::PollNotFound(self.ticket.room.poll));
            }
            Showing::Loading | Showing::Ended => return Err(EngineError::ShuttingDown),
        };
        let frame = Arc::clone(stage.updated());
        // Whatever older state still waits is told no more.
        self.queue
            .retain(|waiting| waiting.kind != FrameKind::Updated);
        if let Some(seen) = &mut self.seen
            && !frame.view.position().is_older_than(&seen.position)
        {
            seen.position = frame.view.position();
        }
        Ok(frame)
    }

    /// What this viewer has been shown last.
    #[must_use]
    pub fn position(&self) -> Option<ViewPosition> {
        self.seen.map(|seen| seen.position)
    }
}
