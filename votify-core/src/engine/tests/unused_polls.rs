//! Removing unused polls of browser sessions, and counting the polls of sessions.

use std::sync::Mutex;

use async_trait::async_trait;

use super::*;
use crate::ballot::{Ballot, Refusal};
use crate::conformance::ForwardStore;
use crate::engine::{EngineError, Event};
use crate::id::BallotId;
use crate::poll::PollState;
use crate::store::{Page, PageRequest, PollFilter, StoreError};
use crate::voter::{AccountId, Actor, Owner, VoterId, VoterPolicy};

const DAY: u64 = 24 * 3_600;
const MAX_AGE: Duration = Duration::from_secs(30 * DAY);
/// Longer than the time before a pass, and than a pass over two pages.
const ONE_PASS: Duration = Duration::from_secs(640);

impl Harness {
    fn removing(store: impl Store) -> Self {
        Self::with(Arc::new(store), |builder| {
            builder.remove_unused_polls(MAX_AGE)
        })
    }

    async fn create_session_poll(&self) -> Arc<Poll> {
        self.create_poll_of(Owner::Session(SessionId::random()))
            .await
    }

    async fn create_poll_of(&self, owner: Owner) -> Arc<Poll> {
        self.create_poll_with(|draft| draft.owner = Some(owner))
            .await
    }

    fn advance_days(&self, days: u64) {
        self.clock.advance(Duration::from_secs(days * DAY));
    }

    async fn exists(&self, poll: &Poll) -> bool {
        let polls = self.store.polls(&[poll.id]).await.unwrap();
        polls[0].is_some()
    }
}

#[tokio::test(start_paused = true)]
async fn old_and_closed_polls_without_ballots_are_removed() {
    let harness = Harness::removing(MemoryStore::new());
    let engine = &harness.engine;
    let old = harness.create_session_poll().await;
    let voted = harness.create_session_poll().await;
    engine
        .vote(voted.id, &browser(1), first_option(&voted))
        .await
        .unwrap();
    let withdrawn = harness
        .create_poll_with(|draft| {
            draft.owner = Some(Owner::Session(SessionId::random()));
            draft.rules.revote = true;
        })
        .await;
    for choice in [first_option(&withdrawn), Choice::withdraw()] {
        engine
            .vote(withdrawn.id, &browser(1), choice)
            .await
            .unwrap();
    }
    let of_host = harness.create_poll().await;
    let of_account = harness
        .create_poll_of(Owner::Account(AccountId::new("ada")))
        .await;
    let opens_at = harness.in_seconds(29 * DAY);
    let opened_later = harness
        .create_poll_with(|draft| {
            draft.owner = Some(Owner::Session(SessionId::random()));
            draft.opens_at = Some(opens_at);
        })
        .await;
    harness.advance_days(30);
    let new = harness.create_session_poll().await;
    let closed = harness.create_session_poll().await;
    engine.close_poll(closed.id, Actor::Host).await.unwrap();
    // More than one page of polls is read.
    for _ in 0..100 {
        harness.create_poll().await;
    }
    let mut events = engine.events();
    let mut watch = harness.watch(old.id, &browser(2)).await;
    next_frame(&mut watch).await;

    tokio::time::sleep(ONE_PASS).await;
    for removed in [&old, &closed] {
        assert!(!harness.exists(removed).await);
        let read = engine.poll(removed.id, &browser(1)).await;
        assert!(
            matches!(read, Err(EngineError::PollNotFound(_))),
            "{read:?}"
        );
    }
    for kept in [
        &voted,
        &withdrawn,
        &of_host,
        &of_account,
        &opened_later,
        &new,
    ] {
        assert!(harness.exists(kept).await, "{kept:?}");
    }
    let mut deleted = Vec::new();
    while let Ok(event) = events.try_recv() {
        if let Event::PollDeleted { poll } = event {
            deleted.push(poll);
        }
    }
    deleted.sort_unstable();
    let mut expected = [old.id, closed.id];
    expected.sort_unstable();
    assert_eq!(deleted, expected);
    while watch.next().await.is_some() {}
    let vote = engine.vote(old.id, &browser(1), first_option(&old)).await;
    assert!(
        matches!(
            vote,
            Err(EngineError::PollNotFound(_) | EngineError::Refused(Refusal::PollNotFound))
        ),
        "{vote:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_is_removed_by_default() {
    let harness = Harness::new();
    let poll = harness.create_session_poll().await;
    harness.advance_days(365);
    tokio::time::sleep(ONE_PASS).await;
    assert!(harness.exists(&poll).await);
}

/// Casts a ballot after each page was read, as another instance could.
#[derive(Debug, Default)]
struct VotesAfterPages {
    inner: MemoryStore,
    ballot: Mutex<Option<Ballot>>,
}

#[async_trait]
impl ForwardStore for VotesAfterPages {
    fn inner(&self) -> &dyn Store {
        &self.inner
    }

    async fn list_polls(
        &self,
        filter: &PollFilter,
        page: &PageRequest,
        now: Timestamp,
    ) -> Result<Page<PollState>, StoreError> {
        let listed = self.inner.list_polls(filter, page, now).await;
        let ballot = self.ballot.lock().unwrap().clone();
        if let Some(ballot) = ballot {
            let receipt = self.inner.cast_ballots(&[ballot], now).await;
            receipt.outcomes[0].as_ref().unwrap();
        }
        listed
    }
}

#[tokio::test(start_paused = true)]
async fn a_ballot_after_the_page_was_read_keeps_the_poll() {
    let store = Arc::new(VotesAfterPages::default());
    let harness = Harness::removing(Arc::clone(&store));
    let poll = harness.create_session_poll().await;
    harness.advance_days(31);
    *store.ballot.lock().unwrap() = Some(Ballot {
        id: BallotId::from_bytes([7; 16]),
        poll: poll.id,
        voter: VoterId::new(VoterPolicy::default(), [7; 15]),
        choice: first_option(&poll),
        address: None,
        accepted: None,
    });
    tokio::time::sleep(ONE_PASS).await;
    assert!(harness.exists(&poll).await);
    let tally = harness.store.tallies(&[poll.id]).await.unwrap();
    assert_eq!(tally[0].as_ref().unwrap().total_votes, 1);
}

/// Counts the reads of the number of polls of sessions.
#[derive(Debug, Default)]
struct CountedCounts {
    inner: MemoryStore,
    calls: std::sync::atomic::AtomicU32,
}

#[async_trait]
impl ForwardStore for CountedCounts {
    fn inner(&self) -> &dyn Store {
        &self.inner
    }

    async fn before_call(&self) -> Result<(), StoreError> {
        self.calls
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn session_polls_are_counted_once_in_five_seconds() {
    let store = Arc::new(CountedCounts::default());
    let harness = Harness::with(Arc::clone(&store) as Arc<dyn Store>, |builder| builder);
    let engine = &harness.engine;
    let count = async || engine.count_session_polls(10).await.unwrap();
    assert_eq!(count().await, 0);
    let polls = [
        harness.create_session_poll().await,
        harness.create_session_poll().await,
    ];
    harness.create_poll().await;
    let calls = store.calls.load(std::sync::atomic::Ordering::Relaxed);
    // The polls that this engine created are added without a read.
    for _ in 0..100 {
        assert_eq!(count().await, 2);
    }
    let after = store.calls.load(std::sync::atomic::Ordering::Relaxed);
    assert_eq!(calls, after);
    engine.delete_poll(polls[0].id, Actor::Host).await.unwrap();
    tokio::time::advance(Duration::from_secs(5)).await;
    assert_eq!(count().await, 1);
    assert_eq!(engine.count_session_polls(0).await.unwrap(), 0);
}
