use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::tally::Audience;
use crate::voter::VoterId;

/// The viewers of a room whose counts depend on whether they voted.
#[derive(Debug, Default)]
pub(super) struct TrackedVoters {
    by_voter: Mutex<HashMap<VoterId, watch::Sender<Audience>>>,
}

impl TrackedVoters {
    /// Tracks a voter, and returns a receiver of changes of their audience.
    pub(super) fn track(&self, voter: VoterId, audience: Audience) -> watch::Receiver<Audience> {
        let mut voters = self.voters();
        let sender = voters
            .entry(voter)
            .or_insert_with(|| watch::Sender::new(audience));
        set(sender, audience);
        sender.subscribe()
    }

    /// Sets the audience of a voter, if tracked.
    pub(super) fn set(&self, voter: VoterId, audience: Audience) {
        if let Some(sender) = self.voters().get(&voter) {
            set(sender, audience);
        }
    }

    /// Adds those of the voters who are tracked to `tracked`.
    pub(super) fn collect_tracked(
        &self,
        voters: &[(VoterId, Audience)],
        tracked: &mut HashMap<VoterId, Audience>,
    ) {
        let by_voter = self.voters();
        let is_tracked = |(voter, _): &&(VoterId, Audience)| by_voter.contains_key(voter);
        tracked.extend(voters.iter().filter(is_tracked).copied());
    }

    /// Removes voters without a receiver, and returns the others: all of them, or only
    /// those who are not known to have voted.
    pub(super) fn to_refresh(&self, all: bool) -> Vec<VoterId> {
        let mut voters = self.voters();
        voters.retain(|_, sender| sender.receiver_count() > 0);
        voters
            .iter()
            .filter(|(_, sender)| all || *sender.borrow() == Audience::Public)
            .map(|(voter, _)| *voter)
            .collect()
    }

    fn voters(&self) -> MutexGuard<'_, HashMap<VoterId, watch::Sender<Audience>>> {
        self.by_voter.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn set(sender: &watch::Sender<Audience>, audience: Audience) {
    sender.send_if_modified(|current| std::mem::replace(current, audience) != audience);
}
