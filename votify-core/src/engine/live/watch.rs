mod last_seen;
mod wait;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::engine::EngineError;
use crate::engine::live::frame::{Frame, FrameKind};
use crate::engine::live::frame_set::FrameSet;
use crate::engine::live::published_state::PublishedState;
use crate::engine::live::registry::{RoomRegistry, ViewerGuard};
use crate::id::PollId;
use crate::poll::ResultsPolicy;
use crate::tally::{Audience, ViewPosition};
use crate::voter::Caller;
use last_seen::LastSeen;
use wait::{VoterTracking, WakeReason, wait};

/// Minimum time between two queries of the store by the refreshes of one viewer.
const REFRESH_INTERVAL: Duration = Duration::from_secs(1);

/// One viewer's stream of frames of one poll. Dropping it ends the watch.
///
/// - The first frame is always an [`Updated`](super::FrameKind::Updated) with the newest
///   state.
/// - Frames are merged: a slow viewer gets the newest state only. It gets one
///   [`Changed`](super::FrameKind::Changed) frame if the definition changed since its last
///   frame, and always one for the closing.
/// - Positions never decrease.
/// - The state is exact within 2 s of the last change and of the last fault: twice
///   [`resync_interval`](crate::engine::EngineConfig::resync_interval), which defaults to
///   1 s.
///
/// ```
/// use votify_core::engine::live::FrameKind;
/// use votify_core::{Actor, Caller, Choice, MemoryStore, PollDraft, PollEngine, SessionId};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), votify_core::EngineError> {
/// let engine = PollEngine::new(MemoryStore::new());
/// let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
/// let poll = engine.create_poll(draft).await?;
/// let voter = Caller::session(SessionId::random());
/// let mut watch = engine.watch(poll.id, &voter, None).await?;
///
/// engine.vote(poll.id, &voter, Choice::one(poll.options[0].id)).await?;
/// engine.close_poll(poll.id, Actor::Host).await?;
/// while let Some(frame) = watch.next().await {
///     println!("{:?}: {:?} votes", frame.kind, frame.view.total_votes());
///     if frame.kind == FrameKind::Closed {
///         break;
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Watch {
    guard: ViewerGuard,
    viewer: Caller,
    /// The version of the poll whose rules `tracking` follows.
    rules_version: u64,
    published: watch::Receiver<PublishedState>,
    tracking: Option<Box<VoterTracking>>,
    last_seen: Option<LastSeen>,
    /// The frames to return next, in order.
    queued: [Option<Arc<Frame>>; 2],
    /// True if this viewer was waiting when the current state was published: its latency
    /// then measures this machine, not the viewer's client.
    was_waiting: bool,
    /// Set when the engine starts to disconnect all viewers.
    drain_at: Option<Pin<Box<Sleep>>>,
    ended: bool,
}

/// The result of [`Watch::queue_current_frames`].
enum QueueResult {
    /// The new frames are queued; there may be none.
    Queued,
    /// The voter is tracked under other rules than those of these frames.
    RulesChanged(Arc<FrameSet>),
}

impl Watch {
    /// Joins the room of a poll, and waits for its first frames.
    pub(in crate::engine) async fn join(
        rooms: &Arc<RoomRegistry>,
        poll: PollId,
        viewer: &Caller,
        after: Option<ViewPosition>,
    ) -> Result<Self, EngineError> {
        let guard = rooms.join(poll).ok_or(EngineError::ShuttingDown)?;
        let published = guard.room.subscribe(Audience::Public);
        let mut watch = Self {
            guard,
            viewer: viewer.clone(),
            rules_version: 0,
            published,
            tracking: None,
            last_seen: None,
            queued: [None, None],
            was_waiting: false,
            drain_at: None,
            ended: false,
        };
        let frames = watch.first_frames(poll).await?;
        watch.track_voter(&frames).await?;
        if let Some(after) = after {
            watch.reload_to(after).await?;
        }
        watch.published.mark_changed();
        Ok(watch)
    }

    async fn first_frames(&mut self, poll: PollId) -> Result<Arc<FrameSet>, EngineError> {
        let context = self.guard.context();
        let loaded = self
            .published
            .wait_for(|state| !matches!(state, PublishedState::Loading));
        let state = match tokio::time::timeout(context.config.store_timeout, loaded).await {
            Ok(Ok(state)) => state.clone(),
            _ => return Err(context.loader.unavailable()),
        };
        match state {
            PublishedState::Frames(frames) => Ok(frames),
            PublishedState::Deleted(_) => Err(EngineError::PollNotFound(poll)),
            PublishedState::Loading | PublishedState::Ended => Err(EngineError::ShuttingDown),
        }
    }

    /// Tracks the voter if the counts depend on their vote, and switches to the states of
    /// their audience. Replaces an earlier tracking.
    async fn track_voter(&mut self, frames: &FrameSet) -> Result<(), EngineError> {
        let loader = &self.guard.context().loader;
        let poll = &frames.updated().poll;
        self.rules_version = poll.version;
        self.tracking = None;
        let mut audience = Audience::Public;
        // A viewer who cannot be identified cannot have voted.
        if poll.rules.results == ResultsPolicy::AfterVote
            && let Ok(voter) = loader.identify(poll, &self.viewer)
        {
            audience = loader.audience_of(poll.id, voter).await?;
            self.tracking = Some(Box::new(VoterTracking {
                voter,
                audience: self.guard.room.tracked_voters.track(voter, audience),
                queried_at: Instant::now(),
            }));
        }
        self.switch_to(audience);
        Ok(())
    }

    /// Switches to the states of an audience, and marks the current one as not taken yet.
    fn switch_to(&mut self, audience: Audience) {
        self.published = self.guard.room.subscribe(audience);
        self.published.mark_changed();
    }

    /// Waits until the room's state is as new as `after`, or as new as the store's.
    async fn reload_to(&self, after: ViewPosition) -> Result<(), EngineError> {
        let is_behind = match &*self.published.borrow() {
            PublishedState::Frames(frames) => {
                frames.updated().view.position().is_older_than(&after)
            }
            _ => false,
        };
        let context = self.guard.context();
        let timeout = context.config.store_timeout;
        if is_behind && !self.guard.room.reload_to(after, timeout).await {
            return Err(context.loader.unavailable());
        }
        Ok(())
    }

    /// Returns the next frame, or `None` if the poll is deleted or the engine ends this
    /// watch.
    ///
    /// Cancel safe.
    pub async fn next(&mut self) -> Option<Arc<Frame>> {
        loop {
            if let Some(frame) = self.queued.iter_mut().find_map(Option::take) {
                return Some(frame);
            }
            if self.ended {
                return None;
            }
            match self.wait().await {
                WakeReason::StateChanged => {}
                WakeReason::AudienceChanged(audience) => {
                    self.switch_to(audience);
                    continue;
                }
                WakeReason::End => {
                    self.ended = true;
                    continue;
                }
            }
            if let QueueResult::RulesChanged(frames) = self.queue_current_frames(true) {
                // If this call is dropped during the await, the next one starts here
                // again.
                self.published.mark_changed();
                if self.track_voter(&frames).await.is_err() {
                    self.queue_current_frames(false);
                }
            }
        }
    }

    /// Waits until there may be a new frame.
    async fn wait(&mut self) -> WakeReason {
        let is_waiting = self.published.has_changed().is_ok_and(|changed| !changed);
        let reason = wait(&mut self.published, &mut self.tracking, &mut self.drain_at).await;
        self.was_waiting = is_waiting;
        reason
    }

    /// Queues the frames of the current state and records the frame latency. Also ends
    /// the watch if the poll is deleted or the room closed, and starts the drain timer.
    ///
    /// With `check_rules`, nothing is queued if the voter must be tracked under other
    /// rules first.
    fn queue_current_frames(&mut self, check_rules: bool) -> QueueResult {
        match &*self.published.borrow_and_update() {
            PublishedState::Loading => {}
            PublishedState::Frames(frames) => {
                let frame = frames.updated();
                let needs_tracking =
                    self.tracking.is_some() || frame.poll.rules.results == ResultsPolicy::AfterVote;
                let is_outdated =
                    self.rules_version != frame.poll.version && !frame.view.is_final();
                if check_rules && needs_tracking && is_outdated {
                    return QueueResult::RulesChanged(Arc::clone(frames));
                }
                let ViewerGuard {
                    room, join_index, ..
                } = &self.guard;
                // The voter may have withdrawn their vote with this state.
                if self.tracking.as_ref().is_some_and(|t| t.has_new_audience()) {
                    return QueueResult::Queued;
                }
                if self.was_waiting && join_index.is_multiple_of(frames.sample_every) {
                    room.latency.record(frames.published_at.elapsed());
                }
                if let (Some(drain), None) = (&frames.drain, &self.drain_at) {
                    self.drain_at = Some(Box::pin(sleep_until(drain.next())));
                }
                self.queued = LastSeen::advance(&mut self.last_seen, frames);
            }
            PublishedState::Deleted(frames) => {
                self.ended = true;
                self.queued = [frames.as_ref().map(|last| last.deleted()), None];
            }
            PublishedState::Ended => self.ended = true,
        }
        QueueResult::Queued
    }

    /// Returns the current state as an [`Updated`](super::FrameKind::Updated) frame, for
    /// a client's `refresh` command.
    ///
    /// If the counts depend on whether the viewer voted, the store is queried for that,
    /// at most once a second.
    ///
    /// # Errors
    /// - [`PollNotFound`](EngineError::PollNotFound): the poll is deleted.
    /// - [`Store`](EngineError::Store): the store failed; retrying is safe.
    /// - [`ShuttingDown`](EngineError::ShuttingDown): the watch has ended; connect to
    ///   another instance.
    pub async fn refresh(&mut self) -> Result<Arc<Frame>, EngineError> {
        let new_audience = self.tracking.as_mut().and_then(|t| t.take_new_audience());
        if let Some(audience) = new_audience {
            self.switch_to(audience);
        }
        let room = &self.guard.room;
        if let Some(tracking) = &mut self.tracking
            && tracking.queried_at.elapsed() >= REFRESH_INTERVAL
        {
            tracking.queried_at = Instant::now();
            let voter = tracking.voter;
            let loader = &self.guard.context().loader;
            let audience = loader.audience_of(room.poll, voter).await?;
            room.tracked_voters.set(voter, audience);
            self.switch_to(audience);
        }
        let state = self.published.borrow().clone();
        let frames = match state {
            PublishedState::Frames(frames) => frames,
            PublishedState::Deleted(_) => {
                return Err(EngineError::PollNotFound(self.guard.room.poll));
            }
            PublishedState::Loading | PublishedState::Ended => {
                return Err(EngineError::ShuttingDown);
            }
        };
        let frame = Arc::clone(frames.updated());
        // An older queued state is obsolete; a closing still gets its own frame.
        for queued in &mut self.queued {
            queued.take_if(|queued| queued.kind == FrameKind::Updated);
        }
        if let Some(last_seen) = &mut self.last_seen {
            last_seen.record_refresh(&frame);
        }
        Ok(frame)
    }

    /// Returns the position of the last frame, for a reconnect.
    #[must_use]
    pub fn position(&self) -> Option<ViewPosition> {
        self.last_seen.map(|last_seen| last_seen.position())
    }
}
