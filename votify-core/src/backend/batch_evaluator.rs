use std::collections::HashMap;

use super::address_usage::{AddressCounter, AddressUsage, AddressUsageChanges};
use crate::ballot::{
    ActiveBallot, Ballot, Outcome, SupersededBallot, Verdict, VoterHistory, decide,
};
use crate::poll::PollState;
use crate::time::Timestamp;
use crate::voter::VoterId;

/// Casts the ballots of one poll one after the other, in memory, and tells what has to be written.
///
/// Every store uses it between reading under the poll's lock and writing in the same transaction, so that a batch
/// equals casting its ballots one at a time.
///
/// ```
/// # use std::collections::HashMap;
/// # use votify_core::*;
/// # use votify_core::{ballot::BatchEvaluator, poll::PollState};
/// # let now = Timestamp::EPOCH;
/// # let keyring = Keyring::ephemeral();
/// # let poll = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]).into_poll(PollId::generate(now), now, &keyring)?;
/// # let ballot = Ballot {
/// #     id: BallotId::generate(now), poll: poll.id, choice: Choice::one(poll.options[0].id),
/// #     voter: VoterId::new(VoterPolicy::Browser, [7; 15]), address: None,
/// # };
/// // Read under the poll's lock: its state, and the histories of the batch's voters.
/// let (state, histories) = (PollState::new(poll), HashMap::new());
/// let mut counting = BatchEvaluator::new(state, histories, now);
/// let outcome = counting.cast(&ballot);
/// // Written before the lock is let go.
/// let effects = counting.finish();
/// assert_eq!(outcome, Outcome::Counted { revision: 1 });
/// assert_eq!(effects.inserted[0].ballot, ballot);
/// assert_eq!(effects.state.tally.total_votes, 1);
/// # Ok::<(), InvalidPoll>(())
/// ```
#[derive(Debug)]
pub struct BatchEvaluator {
    state: PollState,
    now: Timestamp,
    voters: HashMap<VoterId, Booth>,
    superseded: Vec<SupersededBallot>,
    seating: AddressCounter,
    effective: u32,
}

/// One voter's history while the batch is being counted.
#[derive(Debug)]
struct Booth {
    history: VoterHistory,
    had_standing: bool,
    changed: bool,
}

/// What a batch did to one poll, to be written in the transaction that it was read in.
#[derive(Debug, Clone, PartialEq)]
pub struct WriteSet {
    /// The new state; equal to the old one if [`is_empty`](Self::is_empty).
    pub state: PollState,
    /// Ballots of voters who had none standing. Inserting one that is there after all must fail the transaction: the
    /// store's unique key is the judge.
    pub inserted: Vec<ActiveBallot>,
    /// Ballots of voters who had another one standing.
    pub updated: Vec<ActiveBallot>,
    /// Voters whose standing ballot is gone.
    pub removed: Vec<VoterId>,
    /// Accepted ballots that count no more, to be remembered.
    pub superseded: Vec<SupersededBallot>,
    /// Where ballots stand, if the poll has a quota for each address; else empty.
    pub address_usage: AddressUsageChanges,
}

impl WriteSet {
    /// Returns true if the batch changed nothing, so that nothing has to be written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inserted.is_empty()
            && self.updated.is_empty()
            && self.removed.is_empty()
            && self.superseded.is_empty()
    }
}

impl BatchEvaluator {
    /// Starts from the poll's state and the histories of the batch's voters; a voter who is not in `histories` has none.
    #[must_use]
    pub fn new(
        state: PollState,
        histories: HashMap<VoterId, VoterHistory>,
        now: Timestamp,
    ) -> Self {
        let voters = histories
            .into_iter()
            .map(|(voter, history)| (voter, Booth::new(history)))
            .collect();
        Self {
            state,
            now,
            voters,
            superseded: Vec::new(),
            seating: AddressCounter::default(),
            effective: 0,
        }
    }

    /// The same, knowing from where ballots stand; wanted where the poll has a quota for each address.
    #[must_use]
    pub fn with_address_usage(mut self, places: AddressUsage) -> Self {
        self.seating = AddressCounter::new(places);
        self
    }

    /// Decides on the next ballot of the batch, which must be for this poll, and carries the verdict out.
    pub fn cast(&mut self, ballot: &Ballot) -> Outcome {
        let booth = self
            .voters
            .entry(ballot.voter)
            .or_insert_with(|| Booth::new(VoterHistory::default()));
        let at_address = self.seating.taken(ballot.address);
        let poll = &self.state.poll;
        let verdict = decide(poll, &booth.history, at_address, ballot, self.now);
        let outcome = verdict
            .clone()
            .outcome(self.state.tally.position.revision + 1);
        if outcome.changed_tally() {
            self.carry_out(&verdict, ballot);
        }
        outcome
    }

    fn carry_out(&mut self, verdict: &Verdict, ballot: &Ballot) {
        let Some(booth) = self.voters.get_mut(&ballot.voter) else {
            return;
        };
        if self.state.poll.rules.address_quota.is_some() {
            match (verdict, ballot.address) {
                (Verdict::Count, Some(address)) => self.seating.take(ballot.voter, address),
                (Verdict::Withdraw, _) => self.seating.free(ballot.voter),
                _ => {}
            }
        }
        let tally = &mut self.state.tally;
        tally.position.revision += 1;
        let revision = tally.position.revision;
        booth.changed = true;
        self.effective = self.effective.saturating_add(1);
        if let Some(old) = booth.history.active.take() {
            tally.subtract(&old.ballot.choice);
            let old = SupersededBallot {
                id: old.ballot.id,
                voter: ballot.voter,
                choice: old.ballot.choice,
                revision: old.revision,
            };
            booth.history.superseded.push(old.clone());
            self.superseded.push(old);
        }
        if *verdict == Verdict::Withdraw {
            let gone = SupersededBallot {
                id: ballot.id,
                voter: ballot.voter,
                choice: ballot.choice.clone(),
                revision,
            };
            booth.history.superseded.push(gone.clone());
            self.superseded.push(gone);
        } else {
            tally.add(&ballot.choice);
            booth.history.active = Some(ActiveBallot {
                ballot: Ballot {
                    address: None,
                    ..ballot.clone()
                },
                revision,
                cast_at: self.now,
            });
        }
    }

    /// What has to be written, in ascending order of voters.
    #[must_use]
    pub fn finish(self) -> WriteSet {
        let mut state = self.state;
        if state.counts_toward_trending() {
            state.trending = state.trending.add_votes(self.effective, self.now);
        }
        let (mut inserted, mut updated, mut removed) = (Vec::new(), Vec::new(), Vec::new());
        for (voter, booth) in self.voters.into_iter().filter(|(_, booth)| booth.changed) {
            match (booth.history.active, booth.had_standing) {
                (Some(ballot), false) => inserted.push(ballot),
                (Some(ballot), true) => updated.push(ballot),
                (None, true) => removed.push(voter),
                (None, false) => {}
            }
        }
        inserted.sort_unstable_by_key(|standing| standing.ballot.voter);
        updated.sort_unstable_by_key(|standing| standing.ballot.voter);
        removed.sort_unstable();
        WriteSet {
            state,
            inserted,
            updated,
            removed,
            superseded: self.superseded,
            address_usage: self.seating.finish(),
        }
    }
}

impl Booth {
    const fn new(history: VoterHistory) -> Self {
        let had_standing = history.active.is_some();
        Self {
            history,
            had_standing,
            changed: false,
        }
    }
}

#[cfg(test)]
mod tests;
