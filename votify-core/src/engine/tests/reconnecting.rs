//! Crowds that come at once, and what is left of a room when all are gone.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use futures_util::future::join_all;
use futures_util::stream::BoxStream;
use tokio::time::sleep;

use super::*;
use crate::ballot::{ActiveBallot, Ballot, BatchReceipt};
use crate::poll::{PollChange, SealCause};
use crate::store::{Audit, ChangeOutcome, PollFilter, SealOutcome, StoreError};
use crate::store::{Page, PageRequest};
use crate::tally::ViewPosition;
use crate::tally::{Position, Tally};
use crate::voter::VoterId;

/// A store that counts how often it is asked how a poll stands.
#[derive(Debug, Default)]
struct Asked {
    inner: MemoryStore,
    polls: AtomicUsize,
    tallies: AtomicUsize,
}

impl Asked {
    /// Since this was last called.
    fn times(&self) -> (usize, usize) {
        let take = |counter: &AtomicUsize| counter.swap(0, Ordering::Relaxed);
        (take(&self.polls), take(&self.tallies))
    }
}

#[async_trait]
impl Store for Asked {
    fn backend(&self) -> &'static str {
        "asked"
    }
    async fn create_poll(&self, poll: &Poll) -> Result<(), StoreError> {
        self.inner.create_poll(poll).await
    }
    async fn polls(&self, ids: &[PollId]) -> Result<Vec<Option<Poll>>, StoreError> {
        self.polls.fetch_add(1, Ordering::Relaxed);
        self.inner.polls(ids).await
    }
    async fn list_polls(
        &self,
        filter: &PollFilter,
        page: &PageRequest,
        now: Timestamp,
    ) -> Result<Page<Poll>, StoreError> {
        self.inner.list_polls(filter, page, now).await
    }
    async fn change_poll(
        &self,
        id: PollId,
        change: &PollChange,
        now: Timestamp,
    ) -> Result<ChangeOutcome, StoreError> {
        self.inner.change_poll(id, change, now).await
    }
    async fn seal_poll(
        &self,
        id: PollId,
        cause: SealCause,
        now: Timestamp,
    ) -> Result<SealOutcome, StoreError> {
        self.inner.seal_poll(id, cause, now).await
    }
    async fn delete_poll(&self, id: PollId) -> Result<(), StoreError> {
        self.inner.delete_poll(id).await
    }
    async fn cast_ballots(&self, ballots: &[Ballot], now: Timestamp) -> BatchReceipt {
        self.inner.cast_ballots(ballots, now).await
    }
    async fn ballots_of(
        &self,
        poll: PollId,
        voters: &[VoterId],
    ) -> Result<Vec<Option<ActiveBallot>>, StoreError> {
        self.inner.ballots_of(poll, voters).await
    }
    async fn tallies(&self, polls: &[PollId]) -> Result<Vec<Option<Tally>>, StoreError> {
        self.tallies.fetch_add(1, Ordering::Relaxed);
        self.inner.tallies(polls).await
    }
    fn ballots(&self, poll: PollId) -> BoxStream<'_, Result<ActiveBallot, StoreError>> {
        self.inner.ballots(poll)
    }
    async fn audit_poll(&self, id: PollId) -> Result<Audit, StoreError> {
        self.inner.audit_poll(id).await
    }
    async fn repair_poll(&self, id: PollId) -> Result<Tally, StoreError> {
        self.inner.repair_poll(id).await
    }
}

const CROWD: usize = 2_000;

async fn crowd(world: &World, poll: PollId, after: ViewPosition) -> Vec<Watch> {
    let viewer = browser(9);
    let entering = (0..CROWD).map(|_| world.engine.watch(poll, &viewer, Some(after)));
    let entered = join_all(entering).await;
    entered.into_iter().map(Result::unwrap).collect()
}

#[tokio::test(start_paused = true)]
async fn a_crowd_that_comes_back_at_once_shares_one_read_of_the_store() {
    let store = Arc::new(Asked::default());
    // The sweep reads watched polls as well, and is not meant here.
    let world = World::with(Arc::clone(&store) as Arc<dyn Store>, |builder| {
        builder.config(EngineConfig {
            resync_interval: Duration::from_secs(3_600),
            ..config()
        })
    });
    let elsewhere = World::on(Arc::clone(&world.store), MemoryBroadcaster::new());
    let poll = world.lunch().await;
    let seen = |revision| ViewPosition::Shown(Position { epoch: 1, revision });
    // The sweep's first round is over.
    sleep(Duration::from_secs(1)).await;
    store.times();
    let mut first_time = crowd(&world, poll.id, seen(0)).await;
    assert!(store.times().1 <= 1, "for a room that opens");
    elsewhere
        .engine
        .vote(poll.id, &browser(1), first(&poll))
        .await
        .unwrap();
    store.times();
    let mut second_time = crowd(&world, poll.id, seen(1)).await;
    let (polls, tallies) = store.times();
    assert!(polls + tallies <= 1, "{polls} and {tallies} reads");
    for watch in second_time.iter_mut().chain(&mut first_time) {
        let newest = frame_where(watch, |frame| frame.view.total_votes() == Some(1)).await;
        assert_eq!(newest.view.position(), seen(1));
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_left_of_a_room_that_nobody_is_in() {
    let news = MemoryBroadcaster::new();
    let world = World::on(Arc::new(MemoryStore::new()), news.clone());
    let tasks = world.engine.inner.tasks.len();
    for n in 0..50 {
        let poll = world.lunch().await;
        let mut watch = world.watch(poll.id, &browser(n)).await;
        let voted = world.engine.vote(poll.id, &browser(n), first(&poll)).await;
        voted.unwrap();
        frame_where(&mut watch, |frame| frame.view.total_votes() == Some(1)).await;
    }
    sleep(Duration::from_secs(30)).await;
    let stats = world.engine.stats();
    assert_eq!((stats.viewers, stats.watched_polls), (0, 0));
    assert_eq!(news.topic_count(), 0, "subscriptions");
    assert_eq!(world.engine.inner.tasks.len(), tasks, "tasks");
    let announced = world.engine.inner.herald.announcer.polls();
    assert_eq!(announced, 0, "polls that may have something to tell");
}
