use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;

use crate::ballot::{ActiveBallot, Ballot, BatchReceipt, Outcome};
use crate::conformance::fixture::{Fixture, StoreFixture};
use crate::conformance::seeds::check_equal;
use crate::conformance::store::builders::{at, voter};
use crate::id::PollId;
use crate::poll::{Poll, PollChange, PollDraft, PollState, SealCause};
use crate::secret::Keyring;
use crate::store::{
    ChangeOutcome, Page, PageRequest, PollCount, PollFilter, SealOutcome, Store, StoreExt,
};
use crate::tally::{Position, Tally};
use crate::time::Timestamp;
use crate::voter::VoterId;

/// An empty store, and the calls of cases that expect no errors.
pub(crate) struct Harness {
    backend: Fixture<dyn Store>,
    keyring: Keyring,
    max_listing_delay: Duration,
}

impl Harness {
    pub(crate) async fn open(fixture: &dyn StoreFixture) -> Self {
        Self {
            backend: fixture.fresh().await,
            keyring: Keyring::ephemeral(),
            max_listing_delay: fixture.max_listing_delay(),
        }
    }

    /// Returns the same data in a reopened store. `None` if the store cannot be reopened.
    pub(crate) async fn reopen(self) -> Option<Self> {
        Some(Self {
            backend: self.backend.reopen().await?,
            ..self
        })
    }

    pub(crate) fn store(&self) -> Arc<dyn Store> {
        self.backend.instance()
    }

    /// Returns another instance on the same data, or the same one if there can be only
    /// one.
    pub(crate) async fn second_store(&self) -> Arc<dyn Store> {
        self.backend.second_instance().await
    }

    /// Returns a poll that the store does not have.
    pub(crate) fn unknown_poll(&self, draft: PollDraft) -> Poll {
        draft
            .into_poll(PollId::generate(at(0)), at(0), &self.keyring)
            .expect("a valid draft")
    }

    /// Creates a poll at time `at(0)`.
    pub(crate) async fn create_poll(&self, draft: PollDraft) -> Poll {
        let poll = self.unknown_poll(draft);
        self.store()
            .create_poll(&poll)
            .await
            .expect("create_poll succeeds");
        poll
    }

    /// Returns the poll as the store has it now.
    pub(crate) async fn stored_poll(&self, poll: &Poll) -> Poll {
        let mut polls = self
            .store()
            .polls(&[poll.id])
            .await
            .expect("polls succeeds");
        assert_eq!(polls.len(), 1, "one result per id");
        polls.remove(0).expect("the poll exists")
    }

    pub(crate) async fn cast_batch(&self, ballots: &[Ballot], now: Timestamp) -> BatchReceipt {
        self.store().cast_ballots(ballots, now).await
    }

    pub(crate) async fn cast_all(&self, ballots: &[Ballot], now: Timestamp) -> Vec<Outcome> {
        let receipt = self.cast_batch(ballots, now).await;
        assert_eq!(
            receipt.outcomes.len(),
            ballots.len(),
            "one outcome per ballot"
        );
        let outcomes = receipt.outcomes.into_iter();
        outcomes
            .map(|outcome| outcome.expect("no part of the batch fails"))
            .collect()
    }

    pub(crate) async fn cast(&self, ballot: &Ballot, now: Timestamp) -> Outcome {
        self.cast_all(std::slice::from_ref(ballot), now)
            .await
            .remove(0)
    }

    pub(crate) async fn tally(&self, poll: &Poll) -> Tally {
        let mut tallies = self
            .store()
            .tallies(&[poll.id])
            .await
            .expect("tallies succeeds");
        assert_eq!(tallies.len(), 1, "one result per id");
        tallies.remove(0).expect("the poll exists")
    }

    /// Returns the counts in the order of the poll's options.
    pub(crate) async fn counts(&self, poll: &Poll) -> Vec<u64> {
        let tally = self.tally(poll).await;
        tally.counts.iter().map(|entry| entry.count).collect()
    }

    pub(crate) async fn position(&self, poll: &Poll) -> Position {
        self.tally(poll).await.position
    }

    pub(crate) async fn active_ballot(&self, poll: &Poll, number: u32) -> Option<ActiveBallot> {
        self.active_ballot_of(poll, voter(number)).await
    }

    pub(crate) async fn active_ballot_of(
        &self,
        poll: &Poll,
        voter: VoterId,
    ) -> Option<ActiveBallot> {
        let ballots = self.store().ballots_of(poll.id, &[voter]).await;
        let mut ballots = ballots.expect("ballots_of succeeds");
        assert_eq!(ballots.len(), 1, "one result per voter");
        ballots.remove(0)
    }

    /// Returns all active ballots in the order of the stream.
    pub(crate) async fn streamed_ballots(&self, poll: &Poll) -> Vec<ActiveBallot> {
        let store = self.store();
        let ballots = store.ballots(poll.id).try_collect().await;
        ballots.expect("the ballot stream has no error")
    }

    pub(crate) async fn seal(&self, poll: &Poll, cause: SealCause, now: Timestamp) -> SealOutcome {
        let sealed = self.store().seal_poll(poll.id, cause, now).await;
        sealed.expect("seal_poll succeeds")
    }

    /// Closes a poll as its owner and returns the final tally.
    pub(crate) async fn close(&self, poll: &Poll, now: Timestamp) -> Tally {
        match self.seal(poll, SealCause::Owner, now).await {
            SealOutcome::Sealed(tally) => tally,
            SealOutcome::NotDue => panic!("an owner's seal is never NotDue"),
        }
    }

    pub(crate) async fn change(
        &self,
        poll: &Poll,
        change: &PollChange,
        now: Timestamp,
    ) -> ChangeOutcome {
        let changed = self.store().change_poll(poll.id, change, now).await;
        changed.expect("change_poll succeeds")
    }

    /// Returns the state after a change that must take effect.
    pub(crate) async fn apply_change(
        &self,
        poll: &Poll,
        change: &PollChange,
        now: Timestamp,
    ) -> PollState {
        match self.change(poll, change, now).await {
            ChangeOutcome::Changed(state) => *state,
            other => panic!("the change must take effect, but the outcome is {other:?}"),
        }
    }

    pub(crate) async fn list_polls(
        &self,
        filter: &PollFilter,
        page: &PageRequest,
        now: Timestamp,
    ) -> Page<PollState> {
        let listed = self.store().list_polls(filter, page, now).await;
        listed.expect("list_polls succeeds")
    }

    /// Lists all polls that match, page by page with cursors. Asserts that no poll is
    /// listed twice, so that it ends.
    pub(crate) async fn walk(
        &self,
        filter: &PollFilter,
        limit: u32,
        now: Timestamp,
    ) -> Vec<PollState> {
        let mut page = PageRequest::new(1, limit).expect("a valid page");
        let mut states: Vec<PollState> = Vec::new();
        let mut ids = HashSet::new();
        loop {
            let listed = self.list_polls(filter, &page, now).await;
            for state in &listed.items {
                assert!(ids.insert(state.poll.id), "{:?} is repeated", state.poll.id);
            }
            states.extend(listed.items);
            let Some(next) = listed.next else {
                return states;
            };
            page = PageRequest::after(next, limit).expect("a valid limit");
        }
    }

    pub(crate) async fn count_polls(&self, filter: &PollFilter, now: Timestamp) -> PollCount {
        let counted = self.store().count_polls(filter, now).await;
        counted.expect("count_polls succeeds")
    }

    /// Asserts that `expected` polls of browser sessions are counted, up to `max`, at the
    /// latest after the fixture's maximum listing delay.
    pub(crate) async fn assert_session_polls(&self, max: u64, expected: u64) {
        let start = Instant::now();
        loop {
            let counted = self.store().count_session_polls(max).await;
            let counted = counted.expect("count_session_polls succeeds");
            if counted == expected {
                return;
            }
            if start.elapsed() >= self.max_listing_delay {
                assert_eq!(counted, expected, "count_session_polls up to {max}");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Asserts that the page has exactly these polls in this order, and that `total` polls
    /// match, at the latest after the fixture's maximum listing delay.
    pub(crate) async fn assert_listed(
        &self,
        filter: &PollFilter,
        page: &PageRequest,
        now: Timestamp,
        expected: &[&Poll],
        total: usize,
    ) {
        if let Err(reason) = self.check_listed(filter, page, now, expected, total).await {
            panic!("{reason}");
        }
    }

    /// Asserts that exactly these polls match the filter, in this order.
    pub(crate) async fn assert_all_listed(
        &self,
        filter: &PollFilter,
        now: u64,
        expected: &[&Poll],
    ) {
        let (page, total) = (PageRequest::FIRST_HUNDRED, expected.len());
        self.assert_listed(filter, &page, at(now), expected, total)
            .await;
    }

    /// Returns an error if the page or the count differs from what is expected, or if a
    /// listed state has another tally than the poll.
    pub(crate) async fn check_listed(
        &self,
        filter: &PollFilter,
        page: &PageRequest,
        now: Timestamp,
        expected: &[&Poll],
        total: usize,
    ) -> Result<(), String> {
        let start = Instant::now();
        let count = PollCount::capped(total as u64);
        loop {
            let listed = self.list_polls(filter, page, now).await.items;
            let items: Vec<&Poll> = listed.iter().map(|state| &state.poll).collect();
            let found = self.count_polls(filter, now).await;
            let ids: Vec<PollId> = items.iter().map(|poll| poll.id).collect();
            let tallies = self.store().tallies(&ids).await;
            let tallies = tallies.expect("tallies succeeds");
            let listed_tallies = listed.iter().map(|state| Some(state.tally.clone()));
            let listed_tallies: Vec<_> = listed_tallies.collect();
            if items == expected && found == count && listed_tallies == tallies {
                return Ok(());
            }
            if start.elapsed() >= self.max_listing_delay {
                let titles = |polls: &[&Poll]| -> Vec<_> {
                    polls
                        .iter()
                        .map(|poll| (poll.id, poll.title.clone()))
                        .collect()
                };
                let subject = format!("list_polls by {filter:?}, {page:?} at {now}");
                check_equal(&subject, &titles(&items), &titles(expected))?;
                check_equal(&subject, &items.as_slice(), &expected)?;
                check_equal(
                    format!("count_polls by {filter:?} at {now}"),
                    &found,
                    &count,
                )?;
                check_equal(&subject, &listed_tallies, &tallies)?;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Asserts law 6: the tally equals the counts of the active ballots, counted here and by
    /// the store's audit. Also asserts that the stream is ordered by revision, and that no
    /// revision is above the tally's.
    pub(crate) async fn assert_consistent(&self, poll: &Poll) {
        let (tally, ballots) = (self.tally(poll).await, self.streamed_ballots(poll).await);
        let mut expected: Vec<(_, u64)> = self
            .stored_poll(poll)
            .await
            .options
            .iter()
            .map(|option| (option.id, 0))
            .collect();
        for active in &ballots {
            for chosen in active.ballot.choice.options() {
                let entry = expected.iter_mut().find(|(option, _)| option == chosen);
                entry
                    .expect("an active ballot chooses options of its poll")
                    .1 += 1;
            }
        }
        let counted: Vec<_> = tally.counts.iter().map(|c| (c.option, c.count)).collect();
        assert_eq!(
            counted, expected,
            "the counts equal those of the active ballots"
        );
        assert_eq!(
            tally.total_votes,
            ballots.len() as u64,
            "total_votes equals the number of active ballots"
        );
        assert!(
            ballots.is_sorted_by(|a, b| a.revision < b.revision),
            "ballots are ordered by revision, without duplicates"
        );
        assert!(
            ballots
                .last()
                .is_none_or(|last| last.revision <= tally.position.revision),
            "no ballot has a higher revision than the tally"
        );
        let audit = self.store().audit_poll(poll.id).await;
        let audit = audit.expect("audit_poll succeeds");
        assert_eq!(audit.stored, tally, "the audit returns the stored tally");
        assert_eq!(
            audit.recounted, tally,
            "the audit's recount equals the tally"
        );
    }
}
