//! A server that takes no writes for some reason: nothing is half written, and all goes on afterwards.

use std::fs;

use votify_core::poll::SealCause;
use votify_core::store::SealOutcome;
use votify_core::{Outcome, Poll, Store, StoreError};

use crate::ballots::{NOW, ballot, cast, draft, poll, votes};
use crate::scene::open;
use crate::servers::{Server, Setup};

fn is_unavailable<T>(answer: &Result<T, StoreError>) -> bool {
    matches!(answer, Err(StoreError::Unavailable { .. }))
}

/// Votes and polls are refused, and what is there can be read.
async fn assert_refused(store: &dyn Store, poll: &Poll) {
    let before = votes(store, poll).await;
    let ballots: Vec<_> = (0..300).map(|number| ballot(poll, number)).collect();
    let outcomes = cast(store, &ballots).await;
    assert!(outcomes.iter().all(is_unavailable), "{:?}", outcomes[0]);
    assert!(is_unavailable(&store.create_poll(&draft("New?")).await));
    assert_eq!(votes(store, poll).await, before);
    assert_eq!(store.polls(&[poll.id]).await.unwrap(), [Some(poll.clone())]);
}

/// The votes that were refused count now, and only those.
async fn assert_counted(store: &dyn Store, poll: &Poll, before: usize) {
    let ballots: Vec<_> = (0..300).map(|number| ballot(poll, number)).collect();
    let outcomes = cast(store, &ballots).await;
    let replayed = |outcome: &&Result<_, _>| matches!(outcome, Ok(Outcome::Replayed { .. }));
    let counted = |outcome: &&Result<_, _>| matches!(outcome, Ok(Outcome::Counted { .. }));
    assert_eq!(outcomes.iter().filter(replayed).count(), before);
    assert_eq!(outcomes.iter().filter(counted).count(), 300 - before);
    assert_eq!(votes(store, poll).await, 300);
}

#[tokio::test]
async fn a_full_server_takes_no_votes_and_closes_polls() {
    let Some(server) = Server::plain() else {
        return;
    };
    let store = open(&server.url()).await;
    let (lunch, other) = (poll(&store).await, poll(&store).await);
    cast(&store, &[ballot(&lunch, 0)]).await;
    server.cli(&["CONFIG", "SET", "maxmemory", "1mb"]);
    assert_refused(&store, &lunch).await;
    let sealed = store.seal_poll(other.id, SealCause::Owner, NOW).await;
    assert!(matches!(sealed, Ok(SealOutcome::Sealed(_))), "{sealed:?}");
    store.delete_poll(other.id).await.unwrap();
    server.cli(&["CONFIG", "SET", "maxmemory", "0"]);
    assert_counted(&store, &lunch, 1).await;
}

#[tokio::test]
async fn a_server_that_becomes_full_writes_no_halves() {
    let Some(server) = Server::plain() else {
        return;
    };
    let store = open(&server.url()).await;
    let poll = poll(&store).await;
    let used = server.cli(&["INFO", "memory"]);
    let used = used
        .lines()
        .find_map(|line| line.strip_prefix("used_memory:"));
    let used: u64 = used.unwrap().trim().parse().unwrap();
    let limit = (used + 2_000_000).to_string();
    server.cli(&["CONFIG", "SET", "maxmemory", &limit]);
    let (mut counted, mut refused) = (0, 0);
    for batch in 0..100 {
        let ballots: Vec<_> = (0..500).map(|n| ballot(&poll, 500 * batch + n)).collect();
        let outcomes = cast(&store, &ballots).await;
        if outcomes.iter().all(is_unavailable) {
            refused += 1;
        } else {
            assert!(
                outcomes.iter().all(Result::is_ok),
                "a batch is refused as a whole"
            );
            counted += 500;
        }
        assert_eq!(votes(&store, &poll).await, counted);
    }
    assert!(
        refused > 0 && counted > 0,
        "{refused} refused, {counted} counted"
    );
}

#[tokio::test]
async fn a_server_that_cannot_save_takes_no_votes() {
    let Some(server) = Server::of(Setup::new().setting("save", "3600 1000000")) else {
        return;
    };
    let store = open(&server.url()).await;
    let poll = poll(&store).await;
    let file = server.folder().join("data/dump.rdb");
    fs::create_dir_all(file.join("in the way")).unwrap();
    server.cli(&["BGSAVE"]);
    while !server
        .cli(&["INFO", "persistence"])
        .contains("rdb_last_bgsave_status:err")
    {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_refused(&store, &poll).await;
    fs::remove_dir_all(&file).unwrap();
    server.cli(&["SAVE"]);
    assert_counted(&store, &poll, 0).await;
}

#[tokio::test]
async fn a_replica_takes_no_votes() {
    let Some(server) = Server::plain() else {
        return;
    };
    let store = open(&server.url()).await;
    let poll = poll(&store).await;
    server.cli(&["REPLICAOF", "127.0.0.1", "1"]);
    assert_refused(&store, &poll).await;
    server.cli(&["REPLICAOF", "NO", "ONE"]);
    assert_counted(&store, &poll, 0).await;
}

#[tokio::test]
async fn a_server_that_forgot_the_scripts_is_told_them() {
    let Some(server) = Server::plain() else {
        return;
    };
    let store = open(&server.url()).await;
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
