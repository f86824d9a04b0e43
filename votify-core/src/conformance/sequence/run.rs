use crate::ballot::{Ballot, Outcome, Refusal};
use crate::conformance::seeds::check_equal;
use crate::conformance::sequence::edit::Edit;
use crate::conformance::sequence::filters::filters;
use crate::conformance::sequence::model_poll::Changed;
use crate::conformance::sequence::model_store::ModelStore;
use crate::conformance::sequence::operation::{Operation, PollSpec, SLOTS, VOTERS, Vote, voter_by};
use crate::conformance::store::builders::{at, draft};
use crate::conformance::store::harness::Harness;
use crate::id::PollId;
use crate::poll::{ChangeRefusal, InvalidPoll, Poll, SealCause};
use crate::store::{ChangeOutcome, PageRequest, SealOutcome, StoreError};

/// A sequence applied to the store and to the model.
pub(crate) struct Run<'a> {
    harness: &'a Harness,
    model: ModelStore,
    /// The last known definition of each slot, even after a deletion. Initially of polls
    /// that were never created.
    polls: Vec<Poll>,
    /// A unique category, which separates this sequence from others in the same store.
    category: String,
    now: u64,
    sent: Vec<Ballot>,
    created: Vec<PollId>,
}

/// Converts "poll not found" to `None`.
fn not_found_as_none<T>(result: Result<T, StoreError>, id: PollId) -> Result<Option<T>, String> {
    match result {
        Ok(result) => Ok(Some(result)),
        Err(StoreError::PollNotFound(unknown)) if unknown == id => Ok(None),
        Err(error) => Err(format!("failed: {error:?}")),
    }
}

/// Removes the problems of an invalid choice, which the model does not predict.
fn without_problems(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Refused(Refusal::Invalid(_)) => Outcome::Refused(Refusal::Invalid(Vec::new())),
        other => other,
    }
}

impl<'a> Run<'a> {
    pub(crate) fn new(harness: &'a Harness) -> Self {
        Self {
            harness,
            model: ModelStore::default(),
            polls: (0..SLOTS).map(|_| harness.unknown_poll(draft())).collect(),
            category: format!("sequence {}", uuid::Uuid::new_v4()),
            now: 100,
            sent: Vec::new(),
            created: Vec::new(),
        }
    }

    /// Returns the polls that were created, whether they exist or not.
    pub(crate) fn created(&self) -> &[PollId] {
        &self.created
    }

    /// Applies an operation to both and compares the results.
    pub(crate) async fn step(&mut self, operation: &Operation) -> Result<(), String> {
        match operation {
            Operation::Create { slot, spec } => self.create(*slot, *spec).await,
            Operation::Cast(votes) => {
                let ballot_of = |vote: &Vote| vote.ballot(&self.polls[vote.slot], self.now);
                let batch: Vec<Ballot> = votes.iter().map(ballot_of).collect();
                self.sent.extend(batch.iter().cloned());
                self.cast(&batch).await
            }
            Operation::Resend(indices) => {
                let sent = self.sent.len().max(1);
                let ballots = indices.iter().filter_map(|n| self.sent.get(n % sent));
                let batch: Vec<Ballot> = ballots.cloned().collect();
                self.cast(&batch).await
            }
            Operation::Change { slot, edit } => self.change(*slot, *edit).await,
            Operation::Seal { slots, by_owner } => self.seal(slots, *by_owner).await,
            Operation::Delete { slot } => {
                let id = self.polls[*slot].id;
                let deleted = self.harness.store().delete_poll(id).await;
                let deleted = not_found_as_none(deleted, id)?.is_some();
                check_equal("deleted", &deleted, &self.model.delete(id))
            }
            Operation::DeleteUnused { slot } => {
                let id = self.polls[*slot].id;
                let deleted = self.harness.store().delete_unused_poll(id).await;
                let deleted = not_found_as_none(deleted, id)?;
                check_equal("deleted if unused", &deleted, &self.model.delete_unused(id))
            }
            Operation::Repair { slot } => {
                let id = self.polls[*slot].id;
                let repaired = self.harness.store().repair_poll(id).await;
                check_equal(
                    "repaired",
                    &not_found_as_none(repaired, id)?,
                    &self.model.repair(id),
                )
            }
            Operation::Wait(seconds) => {
                self.now = self.now.saturating_add_signed((*seconds).into());
                Ok(())
            }
        }
    }

    async fn create(&mut self, slot: usize, spec: PollSpec) -> Result<(), String> {
        let mut poll = self.harness.unknown_poll(spec.draft(self.now));
        poll.created_at = at(self.now);
        poll.category = Some(self.category.clone());
        if self.model.poll(self.polls[slot].id).is_some() {
            poll.id = self.polls[slot].id;
        }
        let created = match self.harness.store().create_poll(&poll).await {
            Ok(()) => true,
            Err(StoreError::PollExists(id)) if id == poll.id => false,
            Err(error) => return Err(format!("failed: {error:?}")),
        };
        check_equal("created", &created, &self.model.create(&poll))?;
        if created {
            self.created.push(poll.id);
            self.polls[slot] = poll;
        }
        Ok(())
    }

    async fn cast(&mut self, batch: &[Ballot]) -> Result<(), String> {
        let receipt = self.harness.cast_batch(batch, at(self.now)).await;
        check_equal("outcomes", &receipt.outcomes.len(), &batch.len())?;
        for (index, (ballot, outcome)) in batch.iter().zip(receipt.outcomes).enumerate() {
            let outcome = outcome.map_err(|error| format!("ballot {index} failed: {error:?}"))?;
            let expected = self.model.cast(ballot, at(self.now));
            check_equal(
                format!("ballot {index}"),
                &without_problems(outcome),
                &expected,
            )?;
        }
        let mut tallies = receipt.tallies;
        tallies.sort_unstable_by_key(|tally| tally.poll);
        let expected = self.model.tallies_of(batch);
        check_equal("the receipt's tallies", &tallies, &expected)
    }

    async fn change(&mut self, slot: usize, edit: Edit) -> Result<(), String> {
        let id = self.polls[slot].id;
        let change = edit.change(&self.polls[slot], self.now);
        let changed = self
            .harness
            .store()
            .change_poll(id, &change, at(self.now))
            .await;
        let changed = match not_found_as_none(changed, id)? {
            None => Changed::NotFound,
            Some(ChangeOutcome::Changed(state)) => Changed::Done(state.poll, state.tally),
            Some(ChangeOutcome::Unchanged(state)) => Changed::Unchanged(state.poll, state.tally),
            Some(ChangeOutcome::Refused(ChangeRefusal::Invalid(_))) => {
                Changed::Refused(ChangeRefusal::Invalid(InvalidPoll::default()))
            }
            Some(ChangeOutcome::Refused(refusal)) => Changed::Refused(refusal),
        };
        check_equal(
            "the change",
            &changed,
            &self.model.change(id, edit, self.now),
        )?;
        if let Some(poll) = self.model.poll(id) {
            self.polls[slot] = poll;
        }
        Ok(())
    }

    async fn seal(&mut self, slots: &[usize], by_owner: bool) -> Result<(), String> {
        let ids: Vec<PollId> = slots.iter().map(|slot| self.polls[*slot].id).collect();
        let cause = match by_owner {
            true => SealCause::Owner,
            false => SealCause::Deadline,
        };
        let store = self.harness.store();
        let sealed = store.seal_polls(&ids, cause, at(self.now)).await;
        check_equal("seals", &sealed.len(), &ids.len())?;
        for (id, sealed) in ids.into_iter().zip(sealed) {
            let sealed = not_found_as_none(sealed, id)?.map(|sealed| match sealed {
                SealOutcome::Sealed(tally) => Some(tally),
                SealOutcome::NotDue => None,
            });
            let expected = self.model.seal(id, cause, at(self.now));
            check_equal("the seal", &sealed, &expected)?;
        }
        Ok(())
    }

    /// Compares polls, tallies and the voters' ballots with the model.
    pub(crate) async fn compare(&self) -> Result<(), String> {
        let store = self.harness.store();
        let ids: Vec<PollId> = self.polls.iter().map(|poll| poll.id).collect();
        let polls = store.polls(&ids).await;
        let expected = ids.iter().map(|id| self.model.poll(*id)).collect();
        check_equal("polls", &polls.expect("polls succeeds"), &expected)?;
        let tallies = store.tallies(&ids).await;
        let expected = ids.iter().map(|id| self.model.tally(*id)).collect();
        check_equal("tallies", &tallies.expect("tallies succeeds"), &expected)?;
        let voters = |by_ip| (0..VOTERS).map(move |number| voter_by(number, by_ip));
        let voters: Vec<_> = voters(false).chain(voters(true)).collect();
        for id in ids {
            let active = store.ballots_of(id, &voters).await;
            let expected = voters
                .iter()
                .map(|voter| self.model.active_ballot(id, *voter));
            let active = active.expect("ballots_of succeeds");
            check_equal("ballots_of", &active, &expected.collect())?;
            let sent: Vec<_> = self
                .sent
                .iter()
                .map(|ballot| (ballot.voter, ballot.id))
                .collect();
            let accepted = store.accepted(id, &sent).await;
            let expected = sent
                .iter()
                .map(|(voter, ballot)| self.model.has_accepted(id, *voter, *ballot));
            let accepted = accepted.expect("accepted succeeds");
            check_equal("accepted", &accepted, &expected.collect())?;
        }
        Ok(())
    }

    /// Compares streams, audits and listings with the model.
    pub(crate) async fn compare_all(&self) -> Result<(), String> {
        let store = self.harness.store();
        for poll in &self.polls {
            let streamed = self.harness.streamed_ballots(poll).await;
            check_equal("the stream", &streamed, &self.model.ballots(poll.id))?;
            let audit = not_found_as_none(store.audit_poll(poll.id).await, poll.id)?;
            let tally = self.model.tally(poll.id);
            let (stored, recounted) = audit.map(|audit| (audit.stored, audit.recounted)).unzip();
            check_equal("the audit's stored tally", &stored, &tally)?;
            check_equal("the audit's recount", &recounted, &tally)?;
        }
        for filter in filters(&self.polls, &self.category) {
            let expected = self.model.list_polls(&filter, at(self.now));
            let expected: Vec<&Poll> = expected.iter().collect();
            let total = expected.len();
            let harness = self.harness;
            harness
                .check_listed(&filter, &PageRequest::FIRST, at(self.now), &expected, total)
                .await?;
            let walked = harness.walk(&filter, 1, at(self.now)).await;
            let walked: Vec<PollId> = walked.iter().map(|state| state.poll.id).collect();
            let expected: Vec<PollId> = expected.iter().map(|poll| poll.id).collect();
            check_equal(format!("pages by {filter:?}"), &walked, &expected)?;
        }
        Ok(())
    }
}
