//! Listings that are behind, because whoever should have seen to them was killed.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use votify_core::store::PageRequest;
use votify_core::store::PollFilter;
use votify_core::{Poll, PollChange, PollId, Store};
use votify_redis::redis;

use crate::ballots::{NOW, ballot, cast, poll};
use crate::scene::open;
use crate::servers::Server;

/// How late listings may be.
const LAG: Duration = Duration::from_secs(2);

async fn listed(store: &dyn Store) -> (Vec<PollId>, u64) {
    let page = store
        .list_polls(&PollFilter::default(), &PageRequest::FIRST, NOW)
        .await;
    let page = page.unwrap();
    (page.items.iter().map(|poll| poll.id).collect(), page.total)
}

async fn assert_listed(store: &dyn Store, polls: &[&Poll]) {
    let mut expected: Vec<PollId> = polls.iter().map(|poll| poll.id).collect();
    expected.sort_unstable_by(|a, b| b.cmp(a));
    let (since, total) = (Instant::now(), polls.len() as u64);
    while listed(store).await != (expected.clone(), total) {
        assert!(
            since.elapsed() < LAG,
            "{:?} instead of {expected:?}",
            listed(store).await
        );
        sleep(Duration::from_millis(20)).await;
    }
}

struct Scene {
    server: Server,
    other: redis::aio::MultiplexedConnection,
}

impl Scene {
    async fn new() -> Option<Self> {
        let server = Server::plain()?;
        let client = redis::Client::open(server.url()).unwrap();
        let other = client.get_multiplexed_async_connection().await.unwrap();
        Some(Self { server, other })
    }

    /// Forgets all places of all polls, as if nobody had seen to them.
    fn forget(&self) {
        let keys = self.server.cli(&["KEYS", "votify:{listings}:*"]);
        for key in keys.lines() {
            self.server.cli(&["DEL", key]);
        }
    }

    /// As a process does before it makes, changes or deletes a poll.
    async fn announce(&mut self, poll: PollId) {
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap();
        let member = [poll.as_bytes().as_slice(), b"12345678"].concat();
        let mut add = redis::cmd("ZADD");
        add.arg("votify:{listings}:announced")
            .arg(u64::try_from(now.as_millis()).unwrap())
            .arg(member);
        add.query_async::<redis::Value>(&mut self.other)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_poll_of_a_killed_process_is_listed() {
    let Some(mut scene) = Scene::new().await else {
        return;
    };
    let store = open(&scene.server.url()).await;
    let poll = poll(&store).await;
    scene.forget();
    scene.announce(poll.id).await;
    assert_listed(&store, &[&poll]).await;
}

#[tokio::test]
async fn a_poll_that_a_killed_process_deleted_is_not_listed() {
    let Some(mut scene) = Scene::new().await else {
        return;
    };
    let store = open(&scene.server.url()).await;
    let (gone, kept) = (poll(&store).await, poll(&store).await);
    scene
        .server
        .cli(&["DEL", &format!("votify:{{{}}}:poll", gone.id)]);
    scene.announce(gone.id).await;
    assert_listed(&store, &[&kept]).await;
    // Whoever meets it on a page sees to it too.
    let (gone, next) = (kept, poll(&store).await);
    scene
        .server
        .cli(&["DEL", &format!("votify:{{{}}}:poll", gone.id)]);
    assert_eq!(listed(&store).await, (vec![next.id], 1));
}

#[tokio::test]
async fn forgotten_polls_are_listed_again_when_they_are_touched() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let store = open(&scene.server.url()).await;
    let (voted, changed, forgotten) = (poll(&store).await, poll(&store).await, poll(&store).await);
    assert_listed(&store, &[&voted, &changed, &forgotten]).await;
    scene.forget();
    assert_listed(&store, &[]).await;
    cast(&store, &[ballot(&voted, 1)]).await;
    assert_listed(&store, &[&voted]).await;
    store
        .change_poll(changed.id, &PollChange::default(), NOW)
        .await
        .unwrap();
    assert_listed(&store, &[&voted, &changed]).await;
}
