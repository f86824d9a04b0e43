use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::engine::live::hub::Hub;
use crate::engine::live::room::{News, Room};
use crate::tally::Tally;
use crate::view::Audience;

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
            for room in &rooms {
                self.look_for_voters(room).await;
            }
        }
    }

    async fn compare(&self, rooms: &[Arc<Room>]) {
        let polls: Vec<_> = rooms.iter().map(|room| room.poll).collect();
        let Ok(tallies) = self.reader.store.tallies(&polls).await else {
            return;
        };
        for (room, tally) in rooms.iter().zip(tallies) {
            match tally {
                None => room.hear(News::Deleted),
                Some(tally) if room.is_past_its_end(self.reader.now(), &tally) => {
                    room.hear(News::Reread(0));
                }
                Some(tally) => room.hear(News::Tally(Arc::new(tally), Vec::new())),
            }
        }
    }

    /// Finds out which seated viewers have voted elsewhere.
    async fn look_for_voters(&self, room: &Room) {
        for voters in room.seats.waiting().chunks(CHUNK) {
            let Ok(ballots) = self.reader.store.ballots_of(room.poll, voters).await else {
                return;
            };
            for (voter, ballot) in voters.iter().zip(ballots) {
                if ballot.is_some() {
                    room.seats.set(*voter, Audience::Voted);
                }
            }
        }
    }
}

impl Room {
    /// Whether what is shown is out of date by time alone: the poll has opened or closed since.
    fn is_past_its_end(&self, now: crate::time::Timestamp, tally: &Tally) -> bool {
        match &*self.showing(Audience::Public).borrow() {
            super::stage::Showing::Stage(stage) => {
                let shown = stage.updated();
                shown.poll.version == tally.version && shown.poll.status(now) != shown.status
            }
            _ => false,
        }
    }
}
