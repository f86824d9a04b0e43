use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::tally::Audience;
use crate::voter::VoterId;

/// The viewers of a room whose counts hang on whether they voted.
#[derive(Debug, Default)]
pub(super) struct Seats {
    by_voter: Mutex<HashMap<VoterId, watch::Sender<Audience>>>,
}

impl Seats {
    /// Takes a seat; it tells when the voter's audience changes. Seats that nobody holds are cleared on the way.
    pub(super) fn take(&self, voter: VoterId, audience: Audience) -> watch::Receiver<Audience> {
        let mut seats = self.seats();
        let seat = seats
            .entry(voter)
            .or_insert_with(|| watch::Sender::new(audience));
        seat.send_if_modified(|now| std::mem::replace(now, audience) != audience);
        seat.subscribe()
    }

    /// Tells that a voter's ballot stands, or does not any more.
    pub(super) fn set(&self, voter: VoterId, audience: Audience) {
        if let Some(seat) = self.seats().get(&voter) {
            seat.send_if_modified(|now| std::mem::replace(now, audience) != audience);
        }
    }

    /// Those of the voters who have a seat.
    pub(super) fn seated(&self, mut voters: Vec<(VoterId, Audience)>) -> Vec<(VoterId, Audience)> {
        let seats = self.seats();
        voters.retain(|(voter, _)| seats.contains_key(voter));
        voters
    }

    /// The seated voters: those who are not known to have voted, or all of them.
    pub(super) fn taken(&self, all: bool) -> Vec<VoterId> {
        let mut seats = self.seats();
        seats.retain(|_, seat| seat.receiver_count() > 0);
        seats
            .iter()
            .filter(|(_, seat)| all || *seat.borrow() == Audience::Public)
            .map(|(voter, _)| *voter)
            .collect()
    }

    fn seats(&self) -> MutexGuard<'_, HashMap<VoterId, watch::Sender<Audience>>> {
        self.by_voter.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
