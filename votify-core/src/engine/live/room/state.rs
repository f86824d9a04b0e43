use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::mailbox::{Mailbox, ReloadRequest};
use super::publication::{Publication, PublishInputs};
use crate::broadcast::InstanceId;
use crate::engine::Precision;
use crate::engine::config::EngineConfig;
use crate::engine::live::adaptive_interval::AdaptiveInterval;
use crate::engine::live::frame::{Frame, FrameKind};
use crate::engine::live::frame_set::FrameSet;
use crate::engine::live::presence::{Presence, PresenceAnnouncer};
use crate::engine::loaded_poll::LoadedPoll;
use crate::engine::tally_change::extend_sample;
use crate::id::OptionId;
use crate::poll::ResultsPolicy;
use crate::tally::{Audience, Position, TallyView, ViewPosition};
use crate::voter::VoterId;

/// The state of a room's poll, and the schedule of its publications.
///
/// Pure: it reads no clock and sends nothing. The room's task passes in what it received,
/// and performs what is returned.
#[derive(Debug)]
pub(super) struct RoomState {
    loaded: LoadedPoll,
    vote_sample: Vec<OptionId>,
    /// The audiences that voters join once the counts with their ballots are published.
    audience_changes: HashMap<VoterId, Audience>,
    presence: Presence,
    announcer: PresenceAnnouncer,
    /// The number of viewers on all instances at the last update.
    total_viewers: u32,
    interval: AdaptiveInterval,
    /// The time of the next publication; `None` if nothing changed.
    publish_at: Option<Instant>,
    published_at: Instant,
    /// The number of the last reload request that the state satisfies.
    reload_completed: u64,
}

impl RoomState {
    /// Creates the state of a room that has published nothing yet.
    pub(super) fn new(
        loaded: LoadedPoll,
        config: &EngineConfig,
        local_viewers: u32,
        now: Instant,
    ) -> Self {
        Self {
            loaded,
            vote_sample: Vec::new(),
            audience_changes: HashMap::new(),
            presence: Presence::default(),
            announcer: PresenceAnnouncer::default(),
            total_viewers: local_viewers,
            interval: AdaptiveInterval::new(config.update_interval, config.max_update_interval),
            publish_at: None,
            published_at: now,
            reload_completed: 0,
        }
    }

    pub(super) fn position(&self) -> Position {
        self.loaded.tally.position
    }

    /// Returns the number of viewers on all instances at the last update.
    pub(super) const fn total_viewers(&self) -> u32 {
        self.total_viewers
    }

    /// Returns the time of the next publication, or `None` if nothing changed.
    pub(super) const fn publish_due_at(&self) -> Option<Instant> {
        self.publish_at
    }

    /// Applies the messages of a mailbox.
    ///
    /// Returns a request if the poll must be loaded for [`apply_reload`](Self::apply_reload).
    /// Breaks if the poll is deleted.
    pub(super) fn apply(&mut self, mailbox: Mailbox) -> ControlFlow<(), Option<ReloadRequest>> {
        if mailbox.deleted {
            return ControlFlow::Break(());
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
            if self.audience_changes.is_empty() {
                // Reuses the mailbox's allocation.
                self.audience_changes = mailbox.audience_changes;
            } else {
                self.audience_changes.extend(mailbox.audience_changes);
            }
            self.schedule_publish();
        }
        if mailbox.draining {
            self.schedule_publish();
        }
        extend_sample(&mut self.vote_sample, &mailbox.vote_sample);
        match reload {
            Some(request) if request.after.is_some_and(|after| self.is_at_least(after)) => {
                self.complete_reload(request.last_number);
                ControlFlow::Continue(None)
            }
            reload => ControlFlow::Continue(reload),
        }
    }

    /// Replaces the state with the loaded poll if that is as new, and completes reload
    /// request `last_number`.
    pub(super) fn apply_reload(&mut self, loaded: LoadedPoll, last_number: u64) {
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

    /// Records the number of viewers of another instance.
    pub(super) fn update_presence(&mut self, instance: InstanceId, viewers: u32, now: Instant) {
        self.presence.update(instance, viewers, now);
    }

    /// Sums the viewers of all instances, and schedules a publication if the sum changed.
    /// Returns true if this instance's number should be announced to the others.
    pub(super) fn update_viewers(&mut self, local: u32, now: Instant) -> bool {
        let total = local.saturating_add(self.presence.remote_total(now));
        if std::mem::replace(&mut self.total_viewers, total) != total {
            self.schedule_publish();
        }
        self.announcer.should_announce(local, now)
    }

    /// Schedules a publication one interval after the last one.
    fn schedule_publish(&mut self) {
        self.publish_at
            .get_or_insert(self.published_at + self.interval.interval());
    }

    /// Publishes the state when the scheduled time has come. Delays the publication if
    /// the last one was delivered so slowly that the interval grew.
    ///
    /// `latency` is the mean frame latency of the last publication, if measured.
    pub(super) fn publish_or_delay(
        &mut self,
        latency: Option<Duration>,
        inputs: &PublishInputs,
    ) -> Option<Publication> {
        if let Some(latency) = latency {
            self.interval.record(latency);
        }
        let due = self.published_at + self.interval.interval();
        if due > inputs.now {
            self.publish_at = Some(due);
            return None;
        }
        Some(self.publish(inputs))
    }

    /// Publishes the state now.
    pub(super) fn publish(&mut self, inputs: &PublishInputs) -> Publication {
        self.publish_at = None;
        self.published_at = inputs.now;
        let vote_sample = std::mem::take(&mut self.vote_sample);
        let public = self.frame_set(Audience::Public, &vote_sample, inputs);
        // Under other policies both audiences see the same, and share the rendered
        // frames.
        let voted = match self.loaded.poll.rules.results {
            ResultsPolicy::AfterVote if !self.loaded.tally.sealed => {
                self.frame_set(Audience::Voted, &vote_sample, inputs)
            }
            _ => Arc::clone(&public),
        };
        Publication {
            public,
            voted,
            audience_changes: std::mem::take(&mut self.audience_changes),
            reload_completed: self.reload_completed,
        }
    }

    fn frame_set(
        &self,
        audience: Audience,
        vote_sample: &[OptionId],
        inputs: &PublishInputs,
    ) -> Arc<FrameSet> {
        let LoadedPoll { poll, tally } = &self.loaded;
        let view = TallyView::new(poll, tally, audience);
        let vote_sample: Arc<[OptionId]> = if view.counts().is_some() {
            vote_sample.into()
        } else {
            Arc::default()
        };
        let frame = Frame::new(
            FrameKind::Updated,
            Arc::clone(poll),
            self.loaded.status(inputs.time),
            view,
            // Viewers that joined since the last update count at once.
            self.total_viewers.max(inputs.local_viewers),
            Precision::new(inputs.uses_queue, tally.sealed),
            vote_sample,
        );
        Arc::new(FrameSet::new(
            frame,
            self.published_at,
            AdaptiveInterval::sample_every(inputs.local_viewers),
            inputs.drain.clone(),
        ))
    }

    /// Returns the last frames of a deleted poll.
    pub(super) fn last_frames(&self, inputs: &PublishInputs) -> Arc<FrameSet> {
        self.frame_set(Audience::Public, &[], inputs)
    }
}

#[cfg(test)]
mod tests;
