//! Listings that a killed process did not update.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::{Instant, sleep};
use votify_core::store::{PageRequest, PollFilter};
use votify_core::{Poll, PollChange, PollId, Store};
use votify_redis::redis;
use votify_test_support::ballots::{NOW, ballot, cast, poll};
use votify_test_support::redis::Server;

use crate::harness::open_store;

/// Maximum delay of listings.
const MAX_LAG: Duration = Duration::from_secs(2);

async fn list(store: &dyn Store) -> (Vec<PollId>, u32) {
    let filter = PollFilter::all();
    let page = store.list_polls(&filter, &PageRequest::FIRST, NOW).await;
    let ids = page.unwrap().items.into_iter().map(|state| state.poll.id);
    let count = store.count_polls(&filter, NOW).await.unwrap();
    (ids.collect(), count.total)
}

/// Waits until exactly these polls are listed.
async fn assert_listed(store: &dyn Store, polls: &[&Poll]) {
    let mut expected: Vec<PollId> = polls.iter().map(|poll| poll.id).collect();
    expected.sort_unstable_by(|a, b| b.cmp(a));
    let (since, total) = (Instant::now(), u32::try_from(polls.len()).unwrap());
    while list(store).await != (expected.clone(), total) {
        assert!(
            since.elapsed() < MAX_LAG,
            "expected {expected:?}, found {:?}",
            list(store).await
        );
        sleep(Duration::from_millis(20)).await;
    }
}

/// A server, and a connection that bypasses the store.
struct Harness {
    server: Server,
    connection: redis::aio::MultiplexedConnection,
}

impl Harness {
    async fn new() -> Option<Self> {
        let server = Server::new()?;
        let client = redis::Client::open(server.url()).unwrap();
        let connection = client.get_multiplexed_async_connection().await.unwrap();
        Some(Self { server, connection })
    }

    /// Deletes all listings, as if no process had written them.
    fn delete_listings(&self) {
        let keys = self.server.cli(&["KEYS", "votify:{listings}:*"]);
        for key in keys.lines() {
            self.server.cli(&["DEL", key]);
        }
    }

    /// Deletes a poll without its entries in the listings.
    fn delete_poll(&self, poll: PollId) {
        self.server
            .cli(&["DEL", &format!("votify:{{{poll}}}:poll")]);
    }

    /// Writes an intent, like a process before it creates, changes or deletes a poll.
    async fn write_intent(&mut self, poll: PollId) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let member = [poll.as_bytes().as_slice(), b"12345678"].concat();
        let mut add = redis::cmd("ZADD");
        add.arg("votify:{listings}:intents")
            .arg(u64::try_from(now.as_millis()).unwrap())
            .arg(member);
        add.query_async::<redis::Value>(&mut self.connection)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn poll_created_by_a_killed_process_is_listed() {
    let Some(mut harness) = Harness::new().await else {
        return;
    };
    let store = open_store(&harness.server.url()).await;
    let poll = poll(&store).await;
    harness.delete_listings();
    harness.write_intent(poll.id).await;
    assert_listed(&store, &[&poll]).await;
}

#[tokio::test]
async fn poll_deleted_by_a_killed_process_is_not_listed() {
    let Some(mut harness) = Harness::new().await else {
        return;
    };
    let store = open_store(&harness.server.url()).await;
    let (deleted, other) = (poll(&store).await, poll(&store).await);
    harness.delete_poll(deleted.id);
    harness.write_intent(deleted.id).await;
    assert_listed(&store, &[&other]).await;
    // Without an intent, a call that finds the deleted poll on its page removes it.
    let (deleted, next) = (other, poll(&store).await);
    harness.delete_poll(deleted.id);
    assert_eq!(list(&store).await, (vec![next.id], 1));
}

#[tokio::test]
async fn unlisted_polls_are_listed_after_a_vote_or_a_change() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let store = open_store(&harness.server.url()).await;
    let (voted, changed, untouched) = (poll(&store).await, poll(&store).await, poll(&store).await);
    assert_listed(&store, &[&voted, &changed, &untouched]).await;
    harness.delete_listings();
    assert_listed(&store, &[]).await;
    cast(&store, &[ballot(&voted, 1)]).await;
    assert_listed(&store, &[&voted]).await;
    store
        .change_poll(changed.id, &PollChange::default(), NOW)
        .await
        .unwrap();
    assert_listed(&store, &[&voted, &changed]).await;
}
