use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::engine::live::hub::Hub;
use crate::engine::live::room::{News, Room};
use crate::tally::Tally;
use crate::view::Audience;
use crate::voter::VoterId;

/// How many polls or voters one question to the store is about.
const CHUNK: usize = 500;

impl Hub {
    /// Reads every watched poll again and again, so that viewers are exact soon even where news were lost.
    pub(in crate::engine) async fn sweep(self: Arc<Self>, shutdown: CancellationToken) {
        let mut beat = tokio::time::interval(self.config.refresh);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = beat.tick() => {}
            }
            let rooms = self.open_rooms();
            for rooms in rooms.chunks(CHUNK) {
                self.compare(rooms).await;
            }
        }
    }

    async fn compare(&self, rooms: &[Arc<Room>]) {
        // Asked before the counts are read, so that who is found to have voted is in them.
        let mut voters = Vec::with_capacity(rooms.len());
        for room in rooms {
            voters.push(self.voted_elsewhere(room).await);
        }
        let polls: Vec<_> = rooms.iter().map(|room| room.poll).collect();
        let Ok(tallies) = self.reader.store.tallies(&polls).await else {
            return;
        };
        for ((room, tally), voters) in rooms.iter().zip(tallies).zip(voters) {
            match tally {
                None => room.hear(News::Deleted),
                Some(tally) => {
                    if room.is_past_its_time(self.reader.now(), &tally) {
                        room.hear(News::Reread(0));
                    }
                    room.hear(News::Tally(Arc::new(tally), Vec::new(), voters));
                }
            }
        }
    }

    /// Finds out which seated viewers have voted elsewhere.
    async fn voted_elsewhere(&self, room: &Room) -> Vec<(VoterId, Audience)> {
        let mut voted = Vec::new();
        for voters in room.seats.waiting().chunks(CHUNK) {
            let Ok(ballots) = self.reader.store.ballots_of(room.poll, voters).await else {
                break;
            };
            let standing = voters
                .iter()
                .zip(ballots)
                .filter(|(_, ballot)| ballot.is_some());
            voted.extend(standing.map(|(voter, _)| (*voter, Audience::Voted)));
        }
        voted
    }
}

impl Room {
    /// Whether what is shown is out of date by time alone: the poll has opened or closed since.
    fn is_past_its_time(&self, now: crate::time::Timestamp, tally: &Tally) -> bool {
        match &*self.showing(Audience::Public).borrow() {
            super::stage::Showing::Stage(stage) => {
                let shown = stage.updated();
                shown.poll.version == tally.version && shown.poll.status(now) != shown.status
            }
            _ => false,
        }
    }
}
