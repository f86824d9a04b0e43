//! Servers that reject writes: nothing is written partially, and votes resume afterwards.

use std::fs;
use std::time::Duration;

use votify_core::poll::SealCause;
use votify_core::store::SealOutcome;
use votify_core::{Outcome, Poll, Store, StoreError, StoreExt};
use votify_test_support::ballots::{NOW, ballot, cast, draft, poll, votes};
use votify_test_support::redis::{Server, ServerConfig};

use crate::harness::open_store;

const BALLOTS: u32 = 300;

fn is_unavailable<T>(result: &Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Unavailable { .. }))
}

async fn cast_all(store: &dyn Store, poll: &Poll) -> Vec<Result<Outcome, StoreError>> {
    let ballots: Vec<_> = (0..BALLOTS).map(|number| ballot(poll, number)).collect();
    cast(store, &ballots).await
}

/// Checks that votes and new polls are rejected, and that polls can be read.
async fn assert_writes_rejected(store: &dyn Store, poll: &Poll) {
    let before = votes(store, poll).await;
    assert!(is_unavailable(&store.check_ready().await));
    let outcomes = cast_all(store, poll).await;
    assert!(outcomes.iter().all(is_unavailable), "{:?}", outcomes[0]);
    assert!(is_unavailable(&store.create_poll(&draft("New?")).await));
    assert_eq!(votes(store, poll).await, before);
    assert_eq!(store.polls(&[poll.id]).await.unwrap(), [Some(poll.clone())]);
}

/// Checks that the rejected votes count now, and that the first `before` are replays.
async fn assert_writes_accepted(store: &dyn Store, poll: &Poll, before: usize) {
    let total = BALLOTS as usize;
    store.check_ready().await.unwrap();
    let outcomes = cast_all(store, poll).await;
    let is_replayed = |outcome: &&Result<_, _>| matches!(outcome, Ok(Outcome::Replayed { .. }));
    let is_counted = |outcome: &&Result<_, _>| matches!(outcome, Ok(Outcome::Counted { .. }));
    assert_eq!(outcomes.iter().filter(is_replayed).count(), before);
    assert_eq!(outcomes.iter().filter(is_counted).count(), total - before);
    assert_eq!(votes(store, poll).await, 300);
}

#[tokio::test]
async fn full_server_rejects_votes_and_still_seals_and_deletes_polls() {
    let Some(server) = Server::new() else {
        return;
    };
    let store = open_store(&server.url()).await;
    let (lunch, other) = (poll(&store).await, poll(&store).await);
    cast(&store, &[ballot(&lunch, 0)]).await;
    server.cli(&["CONFIG", "SET", "maxmemory", "1mb"]);
    assert_writes_rejected(&store, &lunch).await;
    let sealed = store.seal_poll(other.id, SealCause::Owner, NOW).await;
    assert!(matches!(sealed, Ok(SealOutcome::Sealed(_))), "{sealed:?}");
    store.delete_poll(other.id).await.unwrap();
    server.cli(&["CONFIG", "SET", "maxmemory", "0"]);
    assert_writes_accepted(&store, &lunch, 1).await;
}

/// Casts `batches` batches of 500 ballots into a server with `free_bytes` of memory.
async fn full_server_rejects_whole_batches(free_bytes: u64, batches: u32) {
    let Some(server) = Server::new() else {
        return;
    };
    let store = open_store(&server.url()).await;
    let poll = poll(&store).await;
    let info = server.cli(&["INFO", "memory"]);
    let used = info
        .lines()
        .find_map(|line| line.strip_prefix("used_memory:"));
    let used: u64 = used.unwrap().trim().parse().unwrap();
    let limit = (used + free_bytes).to_string();
    server.cli(&["CONFIG", "SET", "maxmemory", &limit]);
    let (mut counted, mut rejected) = (0, 0);
    for batch in 0..batches {
        let ballots: Vec<_> = (0..500).map(|n| ballot(&poll, 500 * batch + n)).collect();
        let outcomes = cast(&store, &ballots).await;
        if outcomes.iter().all(is_unavailable) {
            rejected += 1;
        } else {
            assert!(
                outcomes.iter().all(Result::is_ok),
                "a batch was rejected partially"
            );
            counted += 500;
        }
        assert_eq!(votes(&store, &poll).await, counted);
    }
    assert!(
        rejected > 0 && counted > 0,
        "{rejected} batches rejected, {counted} votes counted"
    );
}

#[tokio::test]
async fn server_that_becomes_full_rejects_whole_batches_of_30() {
    full_server_rejects_whole_batches(1_000_000, 30).await;
}

mod endurance {
    #[tokio::test]
    async fn server_that_becomes_full_rejects_whole_batches_of_100() {
        super::full_server_rejects_whole_batches(2_000_000, 100).await;
    }
}

#[tokio::test]
async fn server_that_cannot_save_rejects_votes() {
    let config = ServerConfig::new().setting("save", "3600 1000000");
    let Some(server) = Server::with_config(config) else {
        return;
    };
    let store = open_store(&server.url()).await;
    let poll = poll(&store).await;
    // A folder with the name of the snapshot file makes the save fail.
    let file = server.folder().join("data/dump.rdb");
    fs::create_dir_all(file.join("blocker")).unwrap();
    server.cli(&["BGSAVE"]);
    while !server
        .cli(&["INFO", "persistence"])
        .contains("rdb_last_bgsave_status:err")
    {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_writes_rejected(&store, &poll).await;
    fs::remove_dir_all(&file).unwrap();
    server.cli(&["SAVE"]);
    assert_writes_accepted(&store, &poll, 0).await;
}

#[tokio::test]
async fn replica_rejects_votes() {
    let Some(server) = Server::new() else {
        return;
    };
    let store = open_store(&server.url()).await;
    let poll = poll(&store).await;
    server.cli(&["REPLICAOF", "127.0.0.1", "1"]);
    assert_writes_rejected(&store, &poll).await;
    server.cli(&["REPLICAOF", "NO", "ONE"]);
    assert_writes_accepted(&store, &poll, 0).await;
}

#[tokio::test]
async fn lost_scripts_are_sent_again() {
    let Some(server) = Server::new() else {
        return;
    };
    let store = open_store(&server.url()).await;
    let poll = poll(&store).await;
    for number in 0..20 {
        server.cli(&["SCRIPT", "FLUSH"]);
        let outcome = cast(&store, &[ballot(&poll, number)]).await.remove(0);
        assert!(
            matches!(outcome, Ok(Outcome::Counted { .. })),
            "{outcome:?}"
        );
    }
    server.cli(&["SCRIPT", "FLUSH"]);
    assert_eq!(votes(&store, &poll).await, 20);
}
