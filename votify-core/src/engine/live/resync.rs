use std::sync::Arc;

use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::engine::live::published_state::PublishedState;
use crate::engine::live::registry::RoomRegistry;
use crate::engine::live::room::Room;
use crate::engine::tally_change::TallyChange;
use crate::tally::{Audience, Tally};
use crate::time::Timestamp;
use crate::voter::VoterId;

/// Maximum number of polls or voters in one query of the store.
const CHUNK: usize = 500;

impl RoomRegistry {
    /// Re-reads every watched poll at an interval, so that viewers get the exact state
    /// even if updates were lost.
    pub(in crate::engine) async fn resync(self: Arc<Self>, shutdown: CancellationToken) {
        let mut interval = tokio::time::interval(self.context.config.resync_interval);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = interval.tick() => {}
            }
            let round = async {
                for rooms in self.open_rooms().chunks(CHUNK) {
                    self.resync_rooms(rooms).await;
                }
            };
            if shutdown.run_until_cancelled(round).await.is_none() {
                return;
            }
        }
    }

    async fn resync_rooms(&self, rooms: &[Arc<Room>]) {
        // Ballots before tallies, so that the tallies contain the ballots that were
        // found.
        let mut audience_changes = Vec::with_capacity(rooms.len());
        for room in rooms {
            audience_changes.push(self.refresh_voters(room).await);
        }
        let polls: Vec<_> = rooms.iter().map(|room| room.poll).collect();
        let tallies = match self.context.loader.store.tallies(&polls).await {
            Ok(tallies) => tallies,
            // One unreadable poll must not keep the other rooms from a resync.
            Err(error) if !error.is_transient() && rooms.len() > 1 => {
                for room in rooms {
                    Box::pin(self.resync_rooms(std::slice::from_ref(room))).await;
                }
                return;
            }
            Err(_) => return,
        };
        for ((room, tally), audience_changes) in rooms.iter().zip(tallies).zip(audience_changes) {
            match tally {
                None => room.update_mailbox(|mailbox| mailbox.deleted = true),
                Some(tally) => {
                    if room.status_is_stale(self.context.loader.now(), &tally) {
                        room.reload();
                    }
                    room.add_tally(&TallyChange {
                        audience_changes,
                        ..TallyChange::new(Arc::new(tally))
                    });
                }
            }
        }
    }

    /// Reads which tracked voters of a room have an active ballot, because another engine
    /// may have cast or withdrawn it.
    async fn refresh_voters(&self, room: &Room) -> Vec<(VoterId, Audience)> {
        let mut refreshed = Vec::new();
        let store = &self.context.loader.store;
        for voters in room
            .tracked_voters
            .to_refresh(room.allows_revote())
            .chunks(CHUNK)
        {
            let Ok(ballots) = store.ballots_of(room.poll, voters).await else {
                break;
            };
            let audiences = ballots
                .iter()
                .map(|ballot| Audience::of_voter(ballot.is_some()));
            refreshed.extend(voters.iter().copied().zip(audiences));
        }
        refreshed
    }
}

impl Room {
    fn allows_revote(&self) -> bool {
        match &*self.subscribe(Audience::Public).borrow() {
            PublishedState::Frames(frames) => frames.updated().poll.rules.revote,
            _ => false,
        }
    }

    /// Returns true if the poll has opened or closed since its last publication, by time
    /// alone.
    fn status_is_stale(&self, now: Timestamp, tally: &Tally) -> bool {
        match &*self.subscribe(Audience::Public).borrow() {
            PublishedState::Frames(frames) => {
                let frame = frames.updated();
                let status = frame.poll.status(now, tally.ever_had_ballots());
                frame.poll.version == tally.version && status != frame.status
            }
            _ => false,
        }
    }
}
