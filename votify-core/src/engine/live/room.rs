pub(in crate::engine) mod context;
pub(super) mod mailbox;
mod publication;
mod state;
pub(super) mod task;

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use crate::engine::live::frame_latency::FrameLatency;
use crate::engine::live::published_state::PublishedState;
use crate::engine::live::tracked_voters::TrackedVoters;
use crate::engine::tally_change::TallyChange;
use crate::id::PollId;
use crate::tally::{Audience, Position, ViewPosition};
use crate::voter::VoterId;
use mailbox::{Mailbox, ReloadRequest};
use publication::Publication;

/// One watched poll. Its task processes the mailbox and publishes the newest state to the
/// viewers.
#[derive(Debug)]
pub(in crate::engine::live) struct Room {
    pub(in crate::engine::live) poll: PollId,
    pub(in crate::engine::live) tracked_voters: TrackedVoters,
    pub(in crate::engine::live) latency: FrameLatency,
    public: watch::Sender<PublishedState>,
    voted: watch::Sender<PublishedState>,
    local_viewers: AtomicU32,
    total_viewers: AtomicU32,
    mailbox: Mutex<Mailbox>,
    notify: Notify,
    /// The number of reloads that viewers requested.
    reload_requested: AtomicU64,
    /// The number of the last request that a completed reload satisfies.
    reload_completed: watch::Sender<u64>,
}

impl Room {
    pub(in crate::engine::live) fn new(poll: PollId) -> Self {
        Self {
            poll,
            tracked_voters: TrackedVoters::default(),
            latency: FrameLatency::default(),
            public: watch::Sender::new(PublishedState::Loading),
            voted: watch::Sender::new(PublishedState::Loading),
            local_viewers: AtomicU32::new(0),
            total_viewers: AtomicU32::new(0),
            mailbox: Mutex::default(),
            notify: Notify::new(),
            reload_requested: AtomicU64::new(0),
            reload_completed: watch::Sender::new(0),
        }
    }

    /// Counts a viewer, and returns the number of viewers before.
    pub(in crate::engine::live) fn join(&self) -> u32 {
        self.local_viewers.fetch_add(1, Ordering::Relaxed)
    }

    pub(in crate::engine::live) fn leave(&self) {
        self.local_viewers.fetch_sub(1, Ordering::Relaxed);
    }

    /// Returns the number of viewers on this instance.
    pub(in crate::engine::live) fn local_viewers(&self) -> u32 {
        self.local_viewers.load(Ordering::Relaxed)
    }

    /// Returns the number of viewers on all instances.
    pub(in crate::engine::live) fn total_viewers(&self) -> u32 {
        let total = self.total_viewers.load(Ordering::Relaxed);
        total.max(self.local_viewers())
    }

    /// Subscribes to the states that are published to an audience.
    pub(in crate::engine::live) fn subscribe(
        &self,
        audience: Audience,
    ) -> watch::Receiver<PublishedState> {
        match audience {
            Audience::Public => self.public.subscribe(),
            Audience::Voted => self.voted.subscribe(),
        }
    }

    /// Changes the mailbox and wakes the room's task.
    pub(in crate::engine::live) fn update_mailbox(&self, update: impl FnOnce(&mut Mailbox)) {
        update(&mut self.mailbox());
        self.notify.notify_one();
    }

    /// Adds a new tally to the mailbox.
    pub(in crate::engine::live) fn add_tally(&self, change: &TallyChange) {
        self.update_mailbox(|mailbox| mailbox.set_tally(change, &self.tracked_voters));
    }

    /// Requests a reload of the poll, because updates may have been lost.
    pub(in crate::engine::live) fn reload(&self) {
        self.update_mailbox(|mailbox| mailbox.request_reload(ReloadRequest::LOST_UPDATES));
    }

    /// Requests a reload of the poll, unless the room's state is as new as `after`, and
    /// waits until the result is published. Returns false after `timeout`. Concurrent
    /// calls share one read.
    pub(in crate::engine::live) async fn reload_to(
        &self,
        after: ViewPosition,
        timeout: Duration,
    ) -> bool {
        let mut completed = self.reload_completed.subscribe();
        let request = self.reload_requested.fetch_add(1, Ordering::Relaxed) + 1;
        let reload = ReloadRequest {
            last_number: request,
            after: Some(after),
        };
        self.update_mailbox(|mailbox| mailbox.request_reload(reload));
        let completed = completed.wait_for(|completed| *completed >= request);
        matches!(tokio::time::timeout(timeout, completed).await, Ok(Ok(_)))
    }

    /// Waits until the mailbox was changed.
    async fn notified(&self) {
        self.notify.notified().await;
    }

    fn take_mailbox(&self) -> Mailbox {
        std::mem::take(&mut *self.mailbox())
    }

    /// Returns the position of the tally in the mailbox, if there is one.
    fn newest_tally(&self) -> Option<Position> {
        self.mailbox().newest_tally()
    }

    /// Sends a publication to the viewers.
    fn publish(&self, publication: Publication) {
        let Publication {
            public,
            voted,
            audience_changes,
            reload_completed,
        } = publication;
        self.public.send_if_modified(|state| state.replace(public));
        // Before the counts, because these voters may not see them.
        let (withdrawn, counted): (Vec<_>, Vec<_>) = audience_changes
            .into_iter()
            .partition(|(_, audience)| *audience == Audience::Public);
        self.set_audiences(withdrawn);
        self.voted.send_if_modified(|state| state.replace(voted));
        // After the frames, because these voters and requests wait for them.
        self.set_audiences(counted);
        self.reload_completed.send_if_modified(|completed| {
            std::mem::replace(completed, reload_completed) < reload_completed
        });
    }

    fn set_audiences(&self, voters: Vec<(VoterId, Audience)>) {
        for (voter, audience) in voters {
            self.tracked_voters.set(voter, audience);
        }
    }

    fn mailbox(&self) -> MutexGuard<'_, Mailbox> {
        self.mailbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::engine::config::MAX_VOTE_SAMPLE;
    use crate::poll::PollDraft;
    use crate::secret::Keyring;
    use crate::tally::Tally;
    use crate::time::Timestamp;
    use crate::voter::{VoterId, VoterPolicy};

    #[test]
    fn unread_mailbox_stays_bounded() {
        let now = Timestamp::from_micros(0).unwrap();
        let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
        let poll = draft
            .into_poll(PollId::generate(now), now, &Keyring::ephemeral())
            .unwrap();
        let room = Room::new(poll.id);
        let voter = |bytes| VoterId::new(VoterPolicy::Browser, bytes);
        let tracked = voter([1; 15]);
        let tracking = room.tracked_voters.track(tracked, Audience::Public);
        for n in 0..10_000_u32 {
            let mut bytes = [2; 15];
            bytes[..4].copy_from_slice(&n.to_le_bytes());
            let audience_changes = [tracked, voter(bytes)].map(|voter| (voter, Audience::Voted));
            room.add_tally(&TallyChange {
                tally: Arc::new(Tally::new(&poll)),
                vote_sample: vec![poll.options[0].id; 5],
                audience_changes: audience_changes.into(),
            });
        }
        let mailbox = room.take_mailbox();
        assert_eq!(
            mailbox.audience_changes.len(),
            1,
            "only the tracked voter, once"
        );
        assert_eq!(mailbox.vote_sample.len(), MAX_VOTE_SAMPLE);
        drop(tracking);
    }
}
