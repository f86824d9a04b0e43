use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;

use crate::ballot::{ActiveBallot, Ballot, BatchReceipt, Outcome};
use crate::conformance::fixture::{FreshStore, StoreFixture};
use crate::conformance::seeds::same;
use crate::conformance::store::paper::{at, voter};
use crate::id::PollId;
use crate::poll::{Poll, PollChange, PollDraft, PollState, SealCause};
use crate::secret::Keyring;
use crate::store::{ChangeOutcome, PollFilter, SealOutcome, Store};
use crate::store::{Page, PageRequest};
use crate::tally::{Position, Tally};
use crate::time::Timestamp;
use crate::voter::VoterId;

/// A fresh store, and what a case does on it when it does not expect errors.
pub(crate) struct Scene {
    fresh: FreshStore,
    keyring: Keyring,
    listing_lag: Duration,
}

impl Scene {
    pub(crate) async fn open(fixture: &dyn StoreFixture) -> Self {
        Self {
            fresh: fixture.fresh().await,
            keyring: Keyring::ephemeral(),
            listing_lag: fixture.listings_may_lag(),
        }
    }

    /// The same data in a store that was opened anew; `None` if nothing outlives the handle.
    pub(crate) async fn reopened(self) -> Option<Self> {
        Some(Self {
            fresh: self.fresh.reopened().await?,
            ..self
        })
    }

    pub(crate) fn store(&self) -> Arc<dyn Store> {
        self.fresh.store()
    }

    /// Another handle on the same data, if there can be one.
    pub(crate) async fn another(&self) -> Arc<dyn Store> {
        self.fresh.another().await
    }

    /// A poll that the store does not know.
    pub(crate) fn unknown_poll(&self, draft: PollDraft) -> Poll {
        draft
            .into_poll(PollId::generate(at(0)), at(0), &self.keyring)
            .expect("a valid draft")
    }

    /// A poll made at `at(0)`.
    pub(crate) async fn poll(&self, draft: PollDraft) -> Poll {
        let poll = self.unknown_poll(draft);
        self.store()
            .create_poll(&poll)
            .await
            .expect("the poll is created");
        poll
    }

    /// The poll as the store has it now.
    pub(crate) async fn kept(&self, poll: &Poll) -> Poll {
        let mut polls = self.store().polls(&[poll.id]).await.expect("polls answers");
        assert_eq!(polls.len(), 1, "one answer per id");
        polls.remove(0).expect("the poll exists")
    }

    pub(crate) async fn receipt(&self, ballots: &[Ballot], now: Timestamp) -> BatchReceipt {
        self.store().cast_ballots(ballots, now).await
    }

    pub(crate) async fn cast_all(&self, ballots: &[Ballot], now: Timestamp) -> Vec<Outcome> {
        let receipt = self.receipt(ballots, now).await;
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
            .expect("tallies answers");
        assert_eq!(tallies.len(), 1, "one answer per id");
        tallies.remove(0).expect("the poll exists")
    }

    /// The counts in the poll's order.
    pub(crate) async fn counts(&self, poll: &Poll) -> Vec<u64> {
        let tally = self.tally(poll).await;
        tally.counts.iter().map(|entry| entry.count).collect()
    }

    pub(crate) async fn position(&self, poll: &Poll) -> Position {
        self.tally(poll).await.position
    }

    pub(crate) async fn standing(&self, poll: &Poll, number: u32) -> Option<ActiveBallot> {
        self.standing_of(poll, voter(number)).await
    }

    pub(crate) async fn standing_of(&self, poll: &Poll, voter: VoterId) -> Option<ActiveBallot> {
        let answer = self.store().ballots_of(poll.id, &[voter]).await;
        let mut standing = answer.expect("ballots_of answers");
        assert_eq!(standing.len(), 1, "one answer per voter");
        standing.remove(0)
    }

    /// All standing ballots, as the stream has them.
    pub(crate) async fn streamed(&self, poll: &Poll) -> Vec<ActiveBallot> {
        let store = self.store();
        let ballots = store.ballots(poll.id).try_collect().await;
        ballots.expect("the stream of ballots does not fail")
    }

    pub(crate) async fn seal(&self, poll: &Poll, cause: SealCause, now: Timestamp) -> SealOutcome {
        let sealing = self.store().seal_poll(poll.id, cause, now).await;
        sealing.expect("seal_poll answers")
    }

    /// The final tally of a poll that its owner closes.
    pub(crate) async fn close(&self, poll: &Poll, now: Timestamp) -> Tally {
        match self.seal(poll, SealCause::Owner, now).await {
            SealOutcome::Sealed(tally) => tally,
            SealOutcome::NotDue => panic!("an owner can close at any time"),
        }
    }

    pub(crate) async fn change(
        &self,
        poll: &Poll,
        change: &PollChange,
        now: Timestamp,
    ) -> ChangeOutcome {
        let changing = self.store().change_poll(poll.id, change, now).await;
        changing.expect("change_poll answers")
    }

    /// The state after a change that has to be carried out.
    pub(crate) async fn changed(
        &self,
        poll: &Poll,
        change: &PollChange,
        now: Timestamp,
    ) -> PollState {
        match self.change(poll, change, now).await {
            ChangeOutcome::Changed(state) => *state,
            other => panic!("the change is carried out, not {other:?}"),
        }
    }

    pub(crate) async fn listed(
        &self,
        filter: &PollFilter,
        page: &PageRequest,
        now: Timestamp,
    ) -> Page<Poll> {
        let listed = self.store().list_polls(filter, page, now).await;
        listed.expect("list_polls answers")
    }

    /// The page holds exactly these polls, in this order, at the latest when the store promises it.
    pub(crate) async fn assert_listed(
        &self,
        filter: &PollFilter,
        page: &PageRequest,
        now: Timestamp,
        expected: &[&Poll],
        total: u64,
    ) {
        if let Err(reason) = self.check_listed(filter, page, now, expected, total).await {
            panic!("{reason}");
        }
    }

    /// Exactly these polls, in this order, are all that the filter lets through.
    pub(crate) async fn assert_all_listed(
        &self,
        filter: &PollFilter,
        now: u64,
        expected: &[&Poll],
    ) {
        let page = PageRequest::new(1, 100).expect("a valid page");
        let total = expected.len() as u64;
        self.assert_listed(filter, &page, at(now), expected, total)
            .await;
    }

    pub(crate) async fn check_listed(
        &self,
        filter: &PollFilter,
        page: &PageRequest,
        now: Timestamp,
        expected: &[&Poll],
        total: u64,
    ) -> Result<(), String> {
        let since = Instant::now();
        loop {
            let listed = self.listed(filter, page, now).await;
            let items: Vec<&Poll> = listed.items.iter().collect();
            if items == expected && listed.total == total {
                return Ok(());
            }
            if since.elapsed() >= self.listing_lag {
                let titles = |polls: &[&Poll]| -> Vec<_> {
                    polls
                        .iter()
                        .map(|poll| (poll.id, poll.title.clone()))
                        .collect()
                };
                let what = format!("listed by {filter:?}, {page:?} at {now}");
                same(&what, &titles(&items), &titles(expected))?;
                same(&what, &listed.total, &total)?;
                same(&what, &items.as_slice(), &expected)?;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Law 6: the tally is the fold of the standing ballots, by this suite's own count and by the store's audit; and the
    /// stream is in the order of revisions, none of which is above the tally's.
    pub(crate) async fn assert_sound(&self, poll: &Poll) {
        let (tally, ballots) = (self.tally(poll).await, self.streamed(poll).await);
        let mut expected: Vec<(_, u64)> = self
            .kept(poll)
            .await
            .options
            .iter()
            .map(|option| (option.id, 0))
            .collect();
        for standing in &ballots {
            for chosen in standing.ballot.choice.options() {
                let entry = expected.iter_mut().find(|(option, _)| option == chosen);
                entry
                    .expect("a standing ballot is for options of the poll")
                    .1 += 1;
            }
        }
        let counted: Vec<_> = tally.counts.iter().map(|c| (c.option, c.count)).collect();
        assert_eq!(counted, expected, "counts are the fold of the ballots");
        assert_eq!(
            tally.total_votes,
            ballots.len() as u64,
            "total_votes is the number of standing ballots"
        );
        assert!(
            ballots.is_sorted_by(|a, b| a.revision < b.revision),
            "ballots come in the order of their revisions, no revision twice"
        );
        assert!(
            ballots
                .last()
                .is_none_or(|last| last.revision <= tally.position.revision),
            "no ballot is newer than the tally"
        );
        let audit = self.store().audit_poll(poll.id).await;
        let audit = audit.expect("audit_poll answers");
        assert_eq!(audit.stored, tally, "the audit shows the kept tally");
        assert_eq!(audit.recounted, tally, "the audit's recount is the same");
    }
}
