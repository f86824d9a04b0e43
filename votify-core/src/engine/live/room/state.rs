use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::time::Instant;

use super::Room;
use super::context::RoomContext;
use super::mailbox::{Mailbox, ReloadRequest};
use crate::broadcast::InstanceId;
use crate::engine::config::VOTE_SAMPLE;
use crate::engine::live::adaptive_interval::AdaptiveInterval;
use crate::engine::live::presence::{Presence, PresenceAnnouncer};
use crate::engine::live::published_state::{DeliveryInfo, PublishedState, RoomSnapshot};
use crate::engine::loaded_poll::LoadedPoll;
use crate::id::OptionId;
use crate::poll::ResultsPolicy;
use crate::tally::{Audience, Position, TallyView, ViewPosition};
use crate::voter::VoterId;

/// The state of a room's poll, and the schedule of its publications.
pub(super) struct RoomState<'a> {
    room: &'a Room,
    context: &'a RoomContext,
    loaded: LoadedPoll,
    vote_sample: Vec<OptionId>,
    /// The audiences that voters join once the counts with their ballots are published.
    audience_changes: HashMap<VoterId, Audience>,
    presence: Presence,
    announcer: PresenceAnnouncer,
    interval: AdaptiveInterval,
    /// The time of the next publication; `None` if nothing changed.
    publish_at: Option<Instant>,
    published_at: Instant,
    /// The number of the last reload request that the state satisfies.
    reload_completed: u64,
}

/// The next step of a room's task after it applied a mailbox.
#[derive(Debug)]
pub(super) enum NextStep {
    Wait,
    /// Load the poll, and call [`RoomState::reloaded`].
    Reload(ReloadRequest),
    /// The poll is deleted. Close the room.
    Deleted,
}

impl<'a> RoomState<'a> {
    /// Creates the state and publishes it for the first time.
    pub(super) fn new(room: &'a Room, context: &'a RoomContext, loaded: LoadedPoll) -> Self {
        let config = &context.config;
        let mut state = Self {
            room,
            context,
            loaded,
            vote_sample: Vec::new(),
            audience_changes: HashMap::new(),
            presence: Presence::default(),
            announcer: PresenceAnnouncer::default(),
            interval: AdaptiveInterval::new(config.update_interval, config.max_update_interval),
            publish_at: None,
            published_at: Instant::now(),
            reload_completed: 0,
        };
        room.total_viewers
            .store(room.local_viewers(), Ordering::Relaxed);
        state.publish();
        state
    }

    pub(super) fn position(&self) -> Position {
        self.loaded.tally.position
    }

    /// Applies the events of a mailbox.
    pub(super) fn apply(&mut self, mailbox: Mailbox) -> NextStep {
        if mailbox.deleted {
            return NextStep::Deleted;
        }
        if let Some(loaded) = mailbox.definition
            && loaded.tally.position >= self.position()
            && loaded.poll.version == loaded.tally.version
        {
            self.loaded = loaded;
            self.schedule_publish();
        }
        let mut reload = mailbox.reload;
        if let Some(tally) = mailbox.tally
            && tally.position > self.position()
        {
            if tally.version == self.loaded.poll.version {
                self.loaded.tally = tally;
                self.schedule_publish();
            } else {
                reload = Some(ReloadRequest {
                    last_number: reload.map_or(0, |request| request.last_number),
                    after: None,
                });
            }
        }
        if !mailbox.audience_changes.is_empty() {
            self.audience_changes.extend(mailbox.audience_changes);
            self.schedule_publish();
        }
        if mailbox.draining {
            self.schedule_publish();
        }
        let free = VOTE_SAMPLE.saturating_sub(self.vote_sample.len());
        self.vote_sample
            .extend(mailbox.vote_sample.into_iter().take(free));
        match reload {
            None => NextStep::Wait,
            Some(request) if request.after.is_some_and(|after| self.is_at_least(after)) => {
                self.complete_reload(request.last_number);
                NextStep::Wait
            }
            Some(request) => NextStep::Reload(request),
        }
    }

    /// Replaces the state with the loaded poll if that is as new, and completes reload
    /// request `last_number`.
    pub(super) fn reloaded(&mut self, loaded: LoadedPoll, last_number: u64) {
        // Also at the same position, because a status changes by time alone.
        if loaded.tally.position >= self.position() {
            self.loaded = loaded;
            self.schedule_publish();
        }
        self.complete_reload(last_number);
    }

    /// Returns true if the state is as new as `position`, so that a read is not needed.
    fn is_at_least(&self, position: ViewPosition) -> bool {
        let tally = &self.loaded.tally;
        match position {
            ViewPosition::Shown(position) => tally.position >= position,
            ViewPosition::Hidden { epoch, version } => {
                (tally.position.epoch, tally.version) >= (epoch, version)
            }
        }
    }

    /// Marks requests up to `last_number` as complete at the next publication, so that
    /// their viewers get the state that was read for them.
    fn complete_reload(&mut self, last_number: u64) {
        if last_number > 0 {
            self.reload_completed = self.reload_completed.max(last_number);
            self.schedule_publish();
        }
    }

    /// Schedules a publication one interval after the last one.
    fn schedule_publish(&mut self) {
        self.publish_at
            .get_or_insert(self.published_at + self.interval.interval());
    }

    /// Waits until the scheduled publication is due.
    pub(super) async fn publish_due(&self) {
        match self.publish_at {
            Some(time) => tokio::time::sleep_until(time).await,
            None => std::future::pending().await,
        }
    }

    /// Publishes the state, unless the last one was delivered so slowly that the interval
    /// grew.
    pub(super) fn publish_or_delay(&mut self) {
        if let Some(latency) = self.room.latency.take() {
            self.interval.record(latency);
        }
        let due = self.published_at + self.interval.interval();
        if due > Instant::now() {
            self.publish_at = Some(due);
        } else {
            self.publish();
        }
    }

    /// Publishes the state to each audience for which it changed.
    fn publish(&mut self) {
        self.publish_at = None;
        self.published_at = Instant::now();
        let vote_sample = std::mem::take(&mut self.vote_sample);
        let public = self.snapshot(Audience::Public, &vote_sample);
        // Under other policies both audiences see the same, and share the rendered
        // frames.
        let voted = match self.loaded.poll.rules.results {
            ResultsPolicy::AfterVote if !self.loaded.tally.sealed => {
                self.snapshot(Audience::Voted, &vote_sample)
            }
            _ => Arc::clone(&public),
        };
        self.room
            .public
            .send_if_modified(|state| replace(state, &public));
        self.room
            .voted
            .send_if_modified(|state| replace(state, &voted));
        for (voter, audience) in self.audience_changes.drain() {
            self.room.tracked_voters.set(voter, audience);
        }
        let last_number = self.reload_completed;
        self.room
            .reload_completed
            .send_if_modified(|completed| std::mem::replace(completed, last_number) < last_number);
    }

    fn snapshot(&self, audience: Audience, vote_sample: &[OptionId]) -> Arc<RoomSnapshot> {
        let LoadedPoll { poll, tally } = &self.loaded;
        let view = TallyView::new(poll, tally, audience);
        let votes: Arc<[OptionId]> = if view.counts().is_some() {
            vote_sample.into()
        } else {
            Arc::default()
        };
        let status = poll.status(self.context.loader.now());
        let delivery = DeliveryInfo {
            published_at: self.published_at,
            sample_every: AdaptiveInterval::sample_every(self.room.local_viewers()),
            drain: self.context.drain.get().cloned(),
        };
        Arc::new(RoomSnapshot::new(
            Arc::clone(poll),
            status,
            view,
            self.room.total_viewers(),
            votes,
            delivery,
        ))
    }

    /// Records the number of viewers of another instance.
    pub(super) fn update_presence(&mut self, instance: InstanceId, viewers: u32) {
        if instance != self.context.instance {
            self.presence.update(instance, viewers, Instant::now());
        }
    }

    /// Sums the viewers of all instances, and schedules a publication if the sum changed.
    /// Announces this instance's number to the others if that is due.
    pub(super) fn update_viewers(&mut self) {
        let (local, now) = (self.room.local_viewers(), Instant::now());
        let total = local.saturating_add(self.presence.remote_total(now));
        if self.room.total_viewers.swap(total, Ordering::Relaxed) != total {
            self.schedule_publish();
        }
        if self.announcer.should_announce(local, now) {
            self.context
                .publisher
                .publish_viewers(self.room.poll, self.context.instance, local);
        }
    }

    /// Returns the last state of a deleted poll.
    pub(super) fn deleted(&self) -> PublishedState {
        PublishedState::Deleted(Some(self.snapshot(Audience::Public, &[])))
    }
}

/// Publishes a snapshot unless it equals the published one, and returns true if it did.
fn replace(state: &mut PublishedState, snapshot: &Arc<RoomSnapshot>) -> bool {
    let differs = match state {
        PublishedState::Snapshot(current) => !snapshot.same_state(current),
        _ => true,
    };
    if differs {
        *state = PublishedState::Snapshot(Arc::clone(snapshot));
    }
    differs
}
