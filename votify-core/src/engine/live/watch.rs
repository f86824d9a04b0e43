mod seen;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::engine::EngineError;
use crate::engine::live::frame::{Frame, FrameKind};
use crate::engine::live::hub::{Hub, Ticket};
use crate::engine::live::stage::{Showing, Stage};
use crate::id::PollId;
use crate::poll::ResultsPolicy;
use crate::tally::{Audience, ViewPosition};
use crate::voter::{Caller, VoterId};
use seen::Seen;

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
    viewer: Caller,
    /// The version of the poll by whose rules the viewer was seated, or not.
    seated_at: u64,
    showing: watch::Receiver<Showing>,
    seat: Option<Box<Seat>>,
    seen: Option<Seen>,
    /// What the last frame is followed by.
    behind: Option<Arc<Frame>>,
    /// Whether this viewer was waiting when the state came that is on show: then it took as long as this machine needed.
    was_waiting: bool,
    /// Set once all viewers are to leave.
    leaves_at: Option<Pin<Box<Sleep>>>,
    ended: bool,
}

/// What a viewer finds on show.
enum Look {
    Frame(Arc<Frame>),
    /// The poll was edited since the viewer was seated, which only matters where counts hang on having voted.
    NewRules(Arc<Stage>),
    Nothing,
}

/// Why a viewer looks up.
enum Stir {
    Shown,
    /// Its ballot stands, or does not any more.
    Moved(Audience),
    End,
}

/// A viewer whose counts hang on whether they voted.
#[derive(Debug)]
struct Seat {
    voter: VoterId,
    audience: watch::Receiver<Audience>,
    asked_at: Instant,
}

impl Watch {
    /// Enters the room of `poll` and waits until there is something to see.
    pub(in crate::engine) async fn enter(
        hub: &Arc<Hub>,
        poll: PollId,
        viewer: &Caller,
        after: Option<ViewPosition>,
    ) -> Result<Self, EngineError> {
        let ticket = hub.enter(poll).ok_or(EngineError::ShuttingDown)?;
        let showing = ticket.room.showing(Audience::Public);
        let mut watch = Self {
            ticket,
            viewer: viewer.clone(),
            seated_at: 0,
            showing,
            seat: None,
            seen: None,
            behind: None,
            was_waiting: false,
            leaves_at: None,
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
        let Ticket { room, hub, .. } = &self.ticket;
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
        let Ticket { room, hub, .. } = &self.ticket;
        if is_behind && !room.catch_up(after, hub.config.store_timeout).await {
            return Err(hub.reader.unavailable());
        }
        Ok(())
    }

    /// The next frame. `None`: the poll is gone, or the viewer shall leave because the engine shuts down.
    ///
    /// Cancel safe.
    pub async fn next(&mut self) -> Option<Arc<Frame>> {
        loop {
            if let Some(frame) = self.behind.take() {
                return Some(frame);
            }
            if self.ended {
                return None;
            }
            match self.stir().await {
                Stir::Shown => {}
                Stir::Moved(audience) => {
                    self.showing = self.ticket.room.showing(audience);
                    self.showing.mark_changed();
                    continue;
                }
                Stir::End => {
                    self.ended = true;
                    continue;
                }
            }
            let look = match self.look(true) {
                Look::NewRules(stage) => {
                    // Should this be dropped in between, the stage is looked at again.
                    self.showing.mark_changed();
                    if self.sit_down(&stage).await.is_ok() {
                        continue;
                    }
                    self.look(false)
                }
                look => look,
            };
            if let Look::Frame(frame) = look {
                return Some(frame);
            }
        }
    }

    /// Waits until there may be something new to see.
    async fn stir(&mut self) -> Stir {
        let Self {
            showing,
            seat,
            leaves_at,
            ..
        } = self;
        let is_waiting = showing.has_changed().is_ok_and(|changed| !changed);
        let changed = async {
            match showing.changed().await {
                Ok(()) => Stir::Shown,
                Err(_) => Stir::End,
            }
        };
        let stir = if seat.is_none() && leaves_at.is_none() {
            changed.await
        } else {
            tokio::select! {
                stir = changed => stir,
                audience = moved(seat) => Stir::Moved(audience),
                () = elapsed(leaves_at) => Stir::End,
            }
        };
        self.was_waiting = is_waiting;
        stir
    }

    /// Takes what is on show, and tells how late it is if it was waited for. Rules by which the viewer may have to be seated anew are
    /// `heeded` first.
    fn look(&mut self, heeded: bool) -> Look {
        match &*self.showing.borrow_and_update() {
            Showing::Loading => Look::Nothing,
            Showing::Stage(stage) => {
                let poll = &stage.updated().poll;
                let matters = self.seat.is_some() || poll.rules.results == ResultsPolicy::AfterVote;
                let is_old = self.seated_at != poll.version && !stage.updated().view.is_final();
                if heeded && matters && is_old {
                    return Look::NewRules(Arc::clone(stage));
                }
                let fanout = &stage.fanout;
                let Ticket { room, number, .. } = &self.ticket;
                if self.was_waiting && number.is_multiple_of(fanout.witnesses) {
                    room.lateness.tell(fanout.shown_at.elapsed());
                }
                if let (Some(departure), None) = (&fanout.departure, &self.leaves_at) {
                    self.leaves_at = Some(Box::pin(sleep_until(departure.next())));
                }
                let (frame, behind) = Seen::take_in(&mut self.seen, stage);
                self.behind = behind;
                frame.map_or(Look::Nothing, Look::Frame)
            }
            Showing::Deleted(stage) => {
                self.ended = true;
                let last = stage.as_ref().map(|stage| stage.deleted());
                last.map_or(Look::Nothing, Look::Frame)
            }
            Showing::Ended => {
                self.ended = true;
                Look::Nothing
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
        let Ticket { room, hub, .. } = &self.ticket;
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
        self.behind = self
            .behind
            .take()
            .filter(|waiting| waiting.kind != FrameKind::Updated);
        if let Some(seen) = &mut self.seen {
            seen.catch_up(&frame);
        }
        Ok(frame)
    }

    /// What this viewer has been shown last.
    #[must_use]
    pub fn position(&self) -> Option<ViewPosition> {
        self.seen.map(|seen| seen.position())
    }
}

/// The audience that a seated viewer belongs to from now on.
async fn moved(seat: &mut Option<Box<Seat>>) -> Audience {
    if let Some(seat) = seat
        && seat.audience.changed().await.is_ok()
    {
        return *seat.audience.borrow_and_update();
    }
    std::future::pending().await
}

/// When a viewer who is to leave leaves.
async fn elapsed(leaves_at: &mut Option<Pin<Box<Sleep>>>) {
    match leaves_at {
        Some(leaves_at) => leaves_at.as_mut().await,
        None => std::future::pending().await,
    }
}
