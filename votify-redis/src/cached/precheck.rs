use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use votify_core::backend::PollBatch;
use votify_core::ballot::{ActiveBallot, BatchReceipt, Verdict, VoterHistory, decide};
use votify_core::{Ballot, BallotId, Outcome, PollId, Refusal, Tally, Timestamp};

use super::lookup::{Look, State};
use super::mark::Mark;

/// What Redis said about the polls of a batch, and what follows from it.
pub(super) struct Sorted {
    pub(super) looks: Vec<Option<Look>>,
    /// Of each ballot, why it is refused without asking the store.
    pub(super) refusals: Vec<Option<Refusal>>,
    /// The tallies that refusals rest on.
    pub(super) tallies: HashMap<PollId, Arc<Tally>>,
}

impl Sorted {
    /// Asks the rule about each voter who is known to have voted. What else it may say than "no" only the store can.
    pub(super) fn refuse(
        &mut self,
        part: &PollBatch,
        ballots: &[Ballot],
        look: &Look,
        state: &State,
        now: Timestamp,
    ) {
        let marks = look.marks_of(state.tally.position.epoch);
        for ((place, ballot), mark) in part.indices.iter().zip(part.ballots(ballots)).zip(marks) {
            if !has_other(ballot, *mark) || state.poll.rules.revote {
                continue;
            }
            // Who has voted needs no place at an address.
            let verdict = decide(&state.poll, &history_of(ballot), 0, ballot, now);
            if let (Verdict::Refuse(refusal), Some(slot)) = (verdict, self.refusals.get_mut(*place))
            {
                *slot = Some(refusal);
            }
        }
    }

    pub(super) fn is_refused(&self, place: usize) -> bool {
        self.refusals.get(place).is_some_and(Option::is_some)
    }
}

/// Whether the voter's accepted ballot is known to be another one than this.
pub(super) fn has_other(ballot: &Ballot, mark: Option<Mark>) -> bool {
    mark.is_some_and(|mark| mark != Mark::of(ballot))
}

/// All that a voter has done who voted, by another ballot than this one, where nobody can vote anew.
///
/// What that ballot said plays no part in the rule, nor when it was cast.
fn history_of(ballot: &Ballot) -> VoterHistory {
    let other = BallotId::from_bytes(ballot.id.as_bytes().map(|byte| !byte));
    VoterHistory {
        active: Some(ActiveBallot {
            ballot: Ballot {
                id: other,
                ..ballot.clone()
            },
            revision: 0,
            cast_at: Timestamp::EPOCH,
        }),
        superseded: Vec::new(),
    }
}

/// One outcome for each ballot again, and a tally for each poll that was answered.
pub(super) fn merge(sorted: Sorted, places: &[usize], receipt: BatchReceipt) -> BatchReceipt {
    let BatchReceipt {
        outcomes,
        mut tallies,
    } = receipt;
    let mut merged = BatchReceipt::unknown_polls(sorted.refusals.len());
    for (place, outcome) in places.iter().zip(outcomes) {
        if let Some(slot) = merged.outcomes.get_mut(*place) {
            *slot = outcome;
        }
    }
    for (slot, refusal) in merged.outcomes.iter_mut().zip(sorted.refusals) {
        if let Some(refusal) = refusal {
            *slot = Ok(Outcome::Refused(refusal));
        }
    }
    let answered: HashSet<PollId> = tallies.iter().map(|tally| tally.poll).collect();
    let rest = sorted.tallies.into_iter();
    let rest = rest.filter(|(poll, _)| !answered.contains(poll));
    tallies.extend(rest.map(|(_, tally)| (*tally).clone()));
    merged.tallies = tallies;
    merged
}
