//! Foreign values in the store's keys.

use futures_util::TryStreamExt;
use votify_core::poll::SealCause;
use votify_core::store::{PageRequest, PollFilter};
use votify_core::{Keyring, Outcome, Poll, PollDraft, PollId, Store, StoreError, StoreExt};
use votify_redis::redis::aio::MultiplexedConnection;
use votify_redis::{RedisStore, redis};
use votify_test_support::ballots::{NOW, ballot, cast, poll, votes};
use votify_test_support::redis::Server;

use crate::harness::open_store;

fn is_corrupt<T>(result: &Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Corrupt { .. }))
}

fn key(poll: &Poll, suffix: &str) -> String {
    format!("votify:{{{}}}:{suffix}", poll.id)
}

/// Returns a server, a store, and a connection that bypasses the store.
async fn open() -> Option<(Server, RedisStore, MultiplexedConnection)> {
    let server = Server::new()?;
    let store = open_store(&server.url()).await;
    let client = redis::Client::open(server.url()).unwrap();
    let connection = client.get_multiplexed_async_connection().await.unwrap();
    Some((server, store, connection))
}

async fn run(connection: &mut MultiplexedConnection, words: &[&[u8]]) {
    let mut command = redis::Cmd::new();
    for word in words {
        command.arg(*word);
    }
    command
        .query_async::<redis::Value>(connection)
        .await
        .unwrap();
}

async fn create_revotable_poll(store: &RedisStore) -> Poll {
    let mut draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
    draft.rules.revote = true;
    let poll = draft
        .into_poll(PollId::generate(NOW), NOW, &Keyring::ephemeral())
        .unwrap();
    store.create_poll(&poll).await.unwrap();
    poll
}

#[tokio::test]
async fn corrupt_poll_is_reported_and_does_not_affect_others() {
    let Some((_server, store, mut connection)) = open().await else {
        return;
    };
    let intact = poll(&store).await;
    for (field, garbage) in [
        ("state", &b"\x01garbage"[..]),
        ("state", b""),
        ("state", b"\x02"),
        ("definition", b"{}"),
        ("definition", b"\xff\xfe"),
    ] {
        let poll = poll(&store).await;
        let key = key(&poll, "poll");
        let words = [b"HSET", key.as_bytes(), field.as_bytes(), garbage];
        run(&mut connection, &words).await;
        let outcomes = cast(&store, &[ballot(&poll, 1), ballot(&intact, 1)]).await;
        assert!(is_corrupt(&outcomes[0]), "{outcomes:?}");
        assert!(outcomes[1].is_ok(), "{outcomes:?}");
        assert!(is_corrupt(&store.polls(&[poll.id]).await));
        assert!(is_corrupt(&store.tallies(&[poll.id]).await));
        assert!(is_corrupt(&store.audit_poll(poll.id).await));
        assert!(is_corrupt(&store.repair_poll(poll.id).await));
        assert!(is_corrupt(
            &store.change_poll(poll.id, &Default::default(), NOW).await
        ));
        assert!(is_corrupt(
            &store.seal_poll(poll.id, SealCause::Owner, NOW).await
        ));
        assert!(is_corrupt(
            &store.ballots(poll.id).try_collect::<Vec<_>>().await
        ));
    }
    assert_eq!(votes(&store, &intact).await, 1);
}

#[tokio::test]
async fn corrupt_ballot_is_reported() {
    let Some((_server, store, mut connection)) = open().await else {
        return;
    };
    let poll = create_revotable_poll(&store).await;
    let ballots = [ballot(&poll, 1), ballot(&poll, 2)];
    cast(&store, &ballots).await;
    let voter = ballots[0].voter;
    // The last one chooses the third of two options.
    let unknown_option = [&[0; 32][..], &[0x11, 2]].concat();
    for garbage in [&b""[..], b"garbage", &[7; 49], &unknown_option] {
        let key = key(&poll, "votes");
        let words = [b"HSET", key.as_bytes(), voter.as_bytes(), garbage];
        run(&mut connection, &words).await;
        assert!(is_corrupt(&cast(&store, &ballots[..1]).await[0]));
        assert!(is_corrupt(&store.ballots_of(poll.id, &[voter]).await));
        assert!(is_corrupt(
            &store.ballots(poll.id).try_collect::<Vec<_>>().await
        ));
        assert!(is_corrupt(&store.audit_poll(poll.id).await));
        let other = cast(&store, &ballots[1..]).await.remove(0);
        assert!(matches!(other, Ok(Outcome::Replayed { .. })), "{other:?}");
    }
}

#[tokio::test]
async fn keys_of_another_type_are_reported_before_any_write() {
    let Some((_server, store, mut connection)) = open().await else {
        return;
    };
    for name in ["poll", "votes", "superseded", "revision_log:0"] {
        let poll = create_revotable_poll(&store).await;
        cast(&store, &[ballot(&poll, 1)]).await;
        let key = key(&poll, name);
        run(&mut connection, &[b"DEL", key.as_bytes()]).await;
        run(&mut connection, &[b"SADD", key.as_bytes(), b"x"]).await;
        let outcome = cast(&store, &[ballot(&poll, 2)]).await.remove(0);
        assert!(is_corrupt(&outcome), "{name}: {outcome:?}");
        if name != "poll" {
            let tally = store.tallies(&[poll.id]).await.unwrap().remove(0).unwrap();
            assert_eq!(
                (tally.total_votes, tally.position.revision),
                (1, 1),
                "{name}"
            );
        }
    }
}

#[tokio::test]
async fn lost_ballot_is_found_by_audit_and_fixed_by_repair() {
    let Some((_server, store, mut connection)) = open().await else {
        return;
    };
    let poll = poll(&store).await;
    let ballots: Vec<_> = (0..5000).map(|number| ballot(&poll, number)).collect();
    cast(&store, &ballots).await;
    let key = key(&poll, "votes");
    let words = [b"HDEL", key.as_bytes(), ballots[7].voter.as_bytes()];
    run(&mut connection, &words).await;
    let audit = store.audit_poll(poll.id).await.unwrap();
    assert_eq!(
        (audit.stored.total_votes, audit.recounted.total_votes),
        (5000, 4999)
    );
    let repaired = store.repair_poll(poll.id).await.unwrap();
    assert_eq!(repaired.total_votes, 4999);
    assert!(repaired.position.epoch > audit.stored.position.epoch);
    assert_eq!(votes(&store, &poll).await, 4999);
}

#[tokio::test]
async fn repair_counts_a_ballot_that_the_tally_lacks() {
    let Some((_server, store, mut connection)) = open().await else {
        return;
    };
    let poll = poll(&store).await;
    cast(&store, &[ballot(&poll, 1)]).await;
    // Restores the tally from before the second ballot.
    let mut old_state = redis::cmd("HGET");
    let old_state: Vec<u8> = old_state
        .arg(key(&poll, "poll"))
        .arg("state")
        .query_async(&mut connection)
        .await
        .unwrap();
    cast(&store, &[ballot(&poll, 2)]).await;
    let key = key(&poll, "poll");
    let words = [b"HSET", key.as_bytes(), b"state", &old_state];
    run(&mut connection, &words).await;
    assert!(!store.audit_poll(poll.id).await.unwrap().is_exact());
    store.repair_poll(poll.id).await.unwrap();
    assert_eq!(votes(&store, &poll).await, 2);
}

#[tokio::test]
async fn corrupt_row_is_skipped_in_listings() {
    let Some((_server, store, mut connection)) = open().await else {
        return;
    };
    let (corrupt, intact) = (poll(&store).await, poll(&store).await);
    let rows = b"votify:{listings}:rows";
    let words = [b"HSET", &rows[..], corrupt.id.as_bytes(), b"garbage"];
    run(&mut connection, &words).await;
    let filter = PollFilter {
        words: votify_core::backend::search_words("lunch"),
        ..PollFilter::all()
    };
    let page = store
        .list_polls(&filter, &PageRequest::FIRST, NOW)
        .await
        .unwrap();
    let listed = page.items.into_iter().map(|state| state.poll);
    assert_eq!(listed.collect::<Vec<_>>(), [intact]);
}
