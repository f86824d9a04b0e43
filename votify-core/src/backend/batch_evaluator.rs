use std::collections::HashMap;

use super::address_usage::{AddressCounter, AddressUsage, AddressUsageChanges};
use crate::ballot::{
    ActiveBallot, Ballot, Outcome, Refusal, SupersededBallot, Verdict, VoterHistory, decide,
};
use crate::poll::PollState;
use crate::time::Timestamp;
use crate::voter::VoterId;

/// Decides the ballots of one poll in order, in memory, and collects the resulting
/// writes.
///
/// Every store uses it between a read and a write: both under the poll's lock, or a write
/// that happens only if the poll is unchanged. So a batch has the same result as its
/// ballots one at a time.
///
/// ```
/// # use std::collections::HashMap;
/// # use votify_core::backend::BatchEvaluator;
/// # use votify_core::poll::PollState;
/// # use votify_core::*;
/// # let now = Timestamp::EPOCH;
/// # let poll = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"])
/// #     .into_poll(PollId::generate(now), now, &Keyring::ephemeral())?;
/// # let ballot = Ballot {
/// #     id: BallotId::generate(now), poll: poll.id, choice: Choice::one(poll.options[0].id),
/// #     voter: VoterId::new(VoterPolicy::Browser, [7; 15]), address: None, accepted: None,
/// # };
/// // Read under the poll's lock: the state, and the histories of the batch's voters.
/// let (state, histories) = (PollState::new(poll), HashMap::new());
/// let mut evaluator = BatchEvaluator::new(state, histories, now);
/// let outcome = evaluator.cast(&ballot);
/// // Written before the lock is released.
/// let write_set = evaluator.finish();
/// assert_eq!(outcome, Outcome::Counted { revision: 1 });
/// assert_eq!(write_set.inserted[0].ballot, ballot);
/// assert_eq!(write_set.state.tally.total_votes, 1);
/// # Ok::<(), InvalidPoll>(())
/// ```
#[derive(Debug)]
pub struct BatchEvaluator {
    state: PollState,
    now: Timestamp,
    voters: HashMap<VoterId, VoterState>,
    superseded: Vec<SupersededBallot>,
    addresses: AddressCounter,
    /// Voters whose first ballot is in the batch.
    new_voters: u32,
    log_advanced: bool,
}

/// One voter's history while the batch is evaluated.
#[derive(Debug)]
struct VoterState {
    history: VoterHistory,
    had_active: bool,
    changed: bool,
}

/// The writes of a batch to one poll, for the transaction that read its state.
#[derive(Debug, Clone, PartialEq)]
pub struct WriteSet {
    /// The new state. Equal to the old one if [`is_empty`](Self::is_empty).
    pub state: PollState,
    /// Ballots of voters without an active one. If such a voter has one after all, the
    /// insert must fail the transaction: the store's unique key decides.
    pub inserted: Vec<ActiveBallot>,
    /// Ballots that replace the voter's active one.
    pub updated: Vec<ActiveBallot>,
    /// Voters whose active ballot is removed.
    pub removed: Vec<VoterId>,
    /// Accepted ballots that no longer count, to be stored for replays.
    pub superseded: Vec<SupersededBallot>,
    /// The changed address usage. Empty if the poll has no address quota.
    pub address_usage: AddressUsageChanges,
    /// True if the state has a higher [`log_position`](PollState::log_position) than
    /// before. A batch of refused ballots from a queue changes nothing else, and must be
    /// written nevertheless.
    pub log_advanced: bool,
}

impl WriteSet {
    /// Returns true if the batch changed nothing, so that nothing has to be written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inserted.is_empty()
            && self.updated.is_empty()
            && self.removed.is_empty()
            && self.superseded.is_empty()
            && !self.log_advanced
    }
}

impl BatchEvaluator {
    /// Starts from the poll's state and the histories of the batch's voters.
    ///
    /// A voter who is not in `histories` has no history.
    #[must_use]
    pub fn new(
        state: PollState,
        histories: HashMap<VoterId, VoterHistory>,
        now: Timestamp,
    ) -> Self {
        let voters = histories
            .into_iter()
            .map(|(voter, history)| (voter, VoterState::new(history)))
            .collect();
        Self {
            state,
            now,
            voters,
            superseded: Vec::new(),
            addresses: AddressCounter::default(),
            new_voters: 0,
            log_advanced: false,
        }
    }

    /// Sets the address usage of the active ballots. Required if the poll has an address
    /// quota.
    #[must_use]
    pub fn with_address_usage(mut self, usage: AddressUsage) -> Self {
        self.addresses = AddressCounter::new(usage);
        self
    }

    /// Decides the next ballot of the batch, which must be for this poll, and applies the
    /// verdict.
    ///
    /// A ballot whose log position was applied before is not decided again: it is a
    /// replay, or refused with [`RefusedBefore`](Refusal::RefusedBefore).
    pub fn cast(&mut self, ballot: &Ballot) -> Outcome {
        let voter = self
            .voters
            .entry(ballot.voter)
            .or_insert_with(|| VoterState::new(VoterHistory::default()));
        let log_position = ballot.accepted.map(|accepted| accepted.log_position);
        let verdict = if log_position.is_some_and(|position| position <= self.state.log_position) {
            let replay = voter.history.replay(ballot);
            replay.unwrap_or(Verdict::Refuse(Refusal::RefusedBefore))
        } else {
            let ballots_at_address = self.addresses.used(ballot.address);
            let PollState { poll, tally, .. } = &self.state;
            decide(
                poll,
                tally.ever_had_ballots(),
                &voter.history,
                ballots_at_address,
                ballot,
                self.now,
            )
        };
        if let Some(position) = log_position.filter(|position| *position > self.state.log_position)
        {
            self.state.log_position = position;
            self.log_advanced = true;
        }
        let outcome = verdict
            .clone()
            .outcome(self.state.tally.position.revision + 1);
        if outcome.changed_tally() {
            self.apply(&verdict, ballot);
        }
        outcome
    }

    fn apply(&mut self, verdict: &Verdict, ballot: &Ballot) {
        let Some(voter) = self.voters.get_mut(&ballot.voter) else {
            return;
        };
        if self.state.poll.rules.address_quota.is_some() {
            match (verdict, ballot.address) {
                (Verdict::Count, Some(address)) => self.addresses.add(ballot.voter, address),
                (Verdict::Withdraw, _) => self.addresses.release(ballot.voter),
                _ => {}
            }
        }
        let tally = &mut self.state.tally;
        tally.position.revision += 1;
        let revision = tally.position.revision;
        voter.changed = true;
        if voter.history.is_new() {
            self.new_voters = self.new_voters.saturating_add(1);
        }
        if let Some(old) = voter.history.active.take() {
            tally.subtract(&old.ballot.choice);
            let old = SupersededBallot {
                id: old.ballot.id,
                voter: ballot.voter,
                choice: old.ballot.choice,
                revision: old.revision,
            };
            voter.history.superseded.push(old.clone());
            self.superseded.push(old);
        }
        if *verdict == Verdict::Withdraw {
            let withdrawal = SupersededBallot {
                id: ballot.id,
                voter: ballot.voter,
                choice: ballot.choice.clone(),
                revision,
            };
            voter.history.superseded.push(withdrawal.clone());
            self.superseded.push(withdrawal);
        } else {
            tally.add(&ballot.choice);
            voter.history.active = Some(ActiveBallot {
                ballot: Ballot {
                    address: None,
                    accepted: None,
                    ..ballot.clone()
                },
                revision,
                cast_at: ballot.cast_at(self.now),
            });
        }
    }

    /// Returns the writes of the batch. Its lists of ballots and voters ascend by voter.
    #[must_use]
    pub fn finish(self) -> WriteSet {
        let mut state = self.state;
        if state.counts_toward_trending() {
            state.trending = state.trending.add_voters(self.new_voters, self.now);
        }
        let (mut inserted, mut updated, mut removed) = (Vec::new(), Vec::new(), Vec::new());
        for (id, voter) in self.voters.into_iter().filter(|(_, voter)| voter.changed) {
            match (voter.history.active, voter.had_active) {
                (Some(ballot), false) => inserted.push(ballot),
                (Some(ballot), true) => updated.push(ballot),
                (None, true) => removed.push(id),
                (None, false) => {}
            }
        }
        inserted.sort_unstable_by_key(|active| active.ballot.voter);
        updated.sort_unstable_by_key(|active| active.ballot.voter);
        removed.sort_unstable();
        WriteSet {
            state,
            inserted,
            updated,
            removed,
            superseded: self.superseded,
            address_usage: self.addresses.finish(),
            log_advanced: self.log_advanced,
        }
    }
}

impl VoterState {
    const fn new(history: VoterHistory) -> Self {
        let had_active = history.active.is_some();
        Self {
            history,
            had_active,
            changed: false,
        }
    }
}

#[cfg(test)]
mod tests;
