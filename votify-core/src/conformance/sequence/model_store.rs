use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::ballot::{ActiveBallot, Ballot, Outcome, Refusal};
use crate::conformance::sequence::edit::Edit;
use crate::conformance::sequence::model_poll::{Changed, ModelPoll};
use crate::id::{BallotId, PollId};
use crate::poll::{Poll, SealCause};
use crate::store::{PollFilter, PollOrder};
use crate::tally::Tally;
use crate::time::Timestamp;
use crate::voter::{OwnerId, VoterId};

/// The expected state of a store: a log of accepted ballots per poll. Every read
/// recomputes its result from the log.
///
/// It implements the laws directly and shares no code of the voting rule with the
/// library.
#[derive(Debug, Clone, Default)]
pub(crate) struct ModelStore {
    polls: BTreeMap<PollId, ModelPoll>,
}

impl ModelStore {
    /// Returns false if the poll exists already.
    pub(crate) fn create(&mut self, poll: &Poll) -> bool {
        let poll_model = ModelPoll {
            poll: poll.clone(),
            epoch: 1,
            revision: 0,
            accepted: Vec::new(),
            addresses: Vec::new(),
            log_position: 0,
        };
        if self.polls.contains_key(&poll.id) {
            return false;
        }
        self.polls.insert(poll.id, poll_model).is_none()
    }

    /// Returns false if the poll does not exist.
    pub(crate) fn delete(&mut self, id: PollId) -> bool {
        self.polls.remove(&id).is_some()
    }

    /// Returns false if a ballot was ever accepted, and `None` if the poll does not
    /// exist.
    pub(crate) fn delete_unused(&mut self, id: PollId) -> Option<bool> {
        let is_unused = self.polls.get(&id)?.accepted.is_empty();
        if is_unused {
            self.polls.remove(&id);
        }
        Some(is_unused)
    }

    pub(crate) fn poll(&self, id: PollId) -> Option<Poll> {
        Some(self.polls.get(&id)?.poll.clone())
    }

    pub(crate) fn tally(&self, id: PollId) -> Option<Tally> {
        Some(self.polls.get(&id)?.tally())
    }

    pub(crate) fn active_ballot(&self, id: PollId, voter: VoterId) -> Option<ActiveBallot> {
        self.polls.get(&id)?.active_ballot(voter)
    }

    pub(crate) fn has_accepted(&self, id: PollId, voter: VoterId, ballot: BallotId) -> bool {
        let log = self.polls.get(&id).map(|poll_model| &poll_model.accepted);
        log.into_iter()
            .flatten()
            .any(|entry| entry.ballot.voter == voter && entry.ballot.id == ballot)
    }

    /// Returns all active ballots, ordered by revision.
    pub(crate) fn ballots(&self, id: PollId) -> Vec<ActiveBallot> {
        self.polls
            .get(&id)
            .map(ModelPoll::active_ballots)
            .unwrap_or_default()
    }

    /// Returns the tallies of a receipt for these ballots, ordered by poll.
    pub(crate) fn tallies_of(&self, batch: &[Ballot]) -> Vec<Tally> {
        let polls: BTreeSet<_> = batch.iter().map(|ballot| ballot.poll).collect();
        polls.into_iter().filter_map(|id| self.tally(id)).collect()
    }

    pub(crate) fn cast(&mut self, ballot: &Ballot, now: Timestamp) -> Outcome {
        match self.polls.get_mut(&ballot.poll) {
            Some(poll_model) => poll_model.cast(ballot, now),
            None => Outcome::Refused(Refusal::PollNotFound),
        }
    }

    pub(crate) fn change(&mut self, id: PollId, edit: Edit, now: u64) -> Changed {
        match self.polls.get_mut(&id) {
            Some(poll_model) => poll_model.change(edit, now),
            None => Changed::NotFound,
        }
    }

    /// Returns `None` if the poll does not exist, and `Some(None)` if it is not due.
    pub(crate) fn seal(
        &mut self,
        id: PollId,
        cause: SealCause,
        now: Timestamp,
    ) -> Option<Option<Tally>> {
        let poll_model = self.polls.get_mut(&id)?;
        if poll_model.poll.sealed_at.is_none() {
            let end = poll_model.poll.closes_at;
            match cause {
                SealCause::Deadline if end.is_none_or(|end| now < end) => return Some(None),
                SealCause::Deadline => {}
                SealCause::Owner => {
                    poll_model.poll.closes_at = Some(end.unwrap_or(now).min(now));
                }
            }
            poll_model.poll.sealed_at = Some(now);
            poll_model.poll.version += 1;
            poll_model.revision += 1;
        }
        Some(Some(poll_model.tally()))
    }

    pub(crate) fn repair(&mut self, id: PollId) -> Option<Tally> {
        let poll_model = self.polls.get_mut(&id)?;
        poll_model.epoch += 1;
        Some(poll_model.tally())
    }

    /// Returns the polls that match a filter, in its order. Trending order is not
    /// modelled.
    pub(crate) fn list_polls(&self, filter: &PollFilter, now: Timestamp) -> Vec<Poll> {
        let owned_by = |poll: &Poll, owners: &[OwnerId]| {
            let owner = poll.owner.map(|owner| owner.id);
            owners.iter().any(|wanted| Some(*wanted) == owner)
        };
        // The titles are lower-case words of ASCII with spaces between them.
        let begins_a_word =
            |title: &str, word: &str| title.split(' ').any(|found| found.starts_with(word));
        let passes = |poll_model: &&ModelPoll| {
            let poll = &poll_model.poll;
            let status = poll_model.status(now);
            filter.status.is_none_or(|wanted| wanted == status)
                && filter
                    .sealed
                    .is_none_or(|wanted| wanted == poll.sealed_at.is_some())
                && (filter.category.is_none() || filter.category == poll.category)
                && filter
                    .visibility
                    .is_none_or(|wanted| wanted == poll.visibility)
                && (filter.external_ref.is_none() || filter.external_ref == poll.external_ref)
                && (filter.owners.is_empty() || owned_by(poll, &filter.owners))
                && filter
                    .words
                    .iter()
                    .all(|word| begins_a_word(&poll.title, word))
        };
        let mut polls: Vec<Poll> = self
            .polls
            .values()
            .filter(passes)
            .map(|poll_model| poll_model.poll.clone())
            .collect();
        polls.sort_by_key(|poll| Reverse(poll.id));
        match filter.order {
            PollOrder::Opening => {
                polls.sort_by_key(|poll| poll.opens_at.unwrap_or(poll.created_at));
            }
            PollOrder::Closing => {
                polls.sort_by_key(|poll| poll.closes_at.unwrap_or(Timestamp::MAX));
            }
            PollOrder::Newest | PollOrder::Trending => {
                polls.sort_by_key(|poll| Reverse(poll.created_at));
            }
        }
        polls
    }
}
