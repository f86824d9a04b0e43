use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::engine::live::hub::Hub;
use crate::engine::live::room::{News, Room};
use crate::engine::live::stage::Showing;
use crate::tally::Audience;
use crate::tally::Tally;
use crate::voter::VoterId;

/// How many polls or voters one question to the store is about.
const CHUNK: usize = 500;

impl Hub {
    /// Reads every watched poll again and again, so that viewers are exact soon even where news were lost.
    pub(in crate::engine) async fn sweep(self: Arc<Self>, shutdown: CancellationToken) {
        let mut beat = tokio::time::interval(self.config.resync_interval);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = beat.tick() => {}
            }
            let round = async {
                for rooms in self.open_rooms().chunks(CHUNK) {
                    self.compare(rooms).await;
                }
            };
            if shutdown.run_until_cancelled(round).await.is_none() {
                return;
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
        let tallies = match self.reader.store.tallies(&polls).await {
            Ok(tallies) => tallies,
            // A poll that cannot be read must not keep the news from the others.
            Err(error) if !error.is_transient() && rooms.len() > 1 => {
                for room in rooms {
                    Box::pin(self.compare(std::slice::from_ref(room))).await;
                }
                return;
            }
            Err(_) => return,
        };
        for ((room, tally), voters) in rooms.iter().zip(tallies).zip(voters) {
            match tally {
                None => room.hear(News::Deleted),
                Some(tally) => {
                    if room.is_past_its_time(self.reader.now(), &tally) {
                        room.hear(News::MISSED);
                    }
                    room.hear(News::Tally(Arc::new(tally), Vec::new(), voters));
                }
            }
        }
    }

    /// Finds out which seated viewers have voted, or taken their vote back, elsewhere.
    async fn voted_elsewhere(&self, room: &Room) -> Vec<(VoterId, Audience)> {
        let mut found = Vec::new();
        for voters in room.seats.taken(room.allows_revote()).chunks(CHUNK) {
            let Ok(ballots) = self.reader.store.ballots_of(room.poll, voters).await else {
                break;
            };
            let audience = |stands: bool| {
                if stands {
                    Audience::Voted
                } else {
                    Audience::Public
                }
            };
            let ballots = ballots.iter().map(|ballot| audience(ballot.is_some()));
            found.extend(voters.iter().copied().zip(ballots));
        }
        found
    }
}

impl Room {
    fn allows_revote(&self) -> bool {
        match &*self.showing(Audience::Public).borrow() {
            Showing::Stage(stage) => stage.updated().poll.rules.revote,
            _ => false,
        }
    }

    /// Whether what is shown is out of date by time alone: the poll has opened or closed since.
    fn is_past_its_time(&self, now: crate::time::Timestamp, tally: &Tally) -> bool {
        match &*self.showing(Audience::Public).borrow() {
            Showing::Stage(stage) => {
                let shown = stage.updated();
                shown.poll.version == tally.version && shown.poll.status(now) != shown.status
            }
            _ => false,
        }
    }
}
