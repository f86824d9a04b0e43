//! What somebody else wrote into the store's keys.

use futures_util::TryStreamExt;
use votify_core::poll::SealCause;
use votify_core::store::PageRequest;
use votify_core::store::PollFilter;
use votify_core::{Keyring, Outcome, Poll, PollDraft, PollId, Store, StoreError};
use votify_redis::{RedisStore, redis};

use crate::ballots::{NOW, ballot, cast, poll, votes};
use crate::scene::open;
use crate::servers::Server;

fn is_corrupt<T>(answer: &Result<T, StoreError>) -> bool {
    matches!(answer, Err(StoreError::Corrupt { .. }))
}

fn key(poll: &Poll, rest: &str) -> String {
    format!("votify:{{{}}}:{rest}", poll.id)
}

/// The store, and somebody else.
async fn scene() -> Option<(Server, RedisStore, redis::aio::MultiplexedConnection)> {
    let server = Server::plain()?;
    let store = open(&server.url()).await;
    let client = redis::Client::open(server.url()).unwrap();
    let other = client.get_multiplexed_async_connection().await.unwrap();
    Some((server, store, other))
}

async fn say(other: &mut redis::aio::MultiplexedConnection, words: &[&[u8]]) {
    let mut command = redis::Cmd::new();
    for word in words {
        command.arg(*word);
    }
    command.query_async::<redis::Value>(other).await.unwrap();
}

async fn revotable(store: &RedisStore) -> Poll {
    let mut draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
    draft.rules.revote = true;
    let poll = draft
        .into_poll(PollId::generate(NOW), NOW, &Keyring::ephemeral())
        .unwrap();
    store.create_poll(&poll).await.unwrap();
    poll
}

#[tokio::test]
async fn a_poll_that_cannot_be_read_is_told_of_and_takes_nothing_with_it() {
    let Some((_server, store, mut other)) = scene().await else {
        return;
    };
    let sound = poll(&store).await;
    for (field, garbage) in [
        ("state", &b"\x01garbage"[..]),
        ("state", b""),
        ("state", b"\x02"),
        ("definition", b"{}"),
        ("definition", b"\xff\xfe"),
    ] {
        let poll = poll(&store).await;
        say(
            &mut other,
            &[
                b"HSET",
                key(&poll, "poll").as_bytes(),
                field.as_bytes(),
                garbage,
            ],
        )
        .await;
        let outcomes = cast(&store, &[ballot(&poll, 1), ballot(&sound, 1)]).await;
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
    assert_eq!(votes(&store, &sound).await, 1);
}

#[tokio::test]
async fn a_ballot_that_cannot_be_read_is_told_of() {
    let Some((_server, store, mut other)) = scene().await else {
        return;
    };
    let poll = revotable(&store).await;
    let ballots = [ballot(&poll, 1), ballot(&poll, 2)];
    cast(&store, &ballots).await;
    let voter = ballots[0].voter;
    for garbage in [&b""[..], b"garbage", &[7; 49]] {
        say(
            &mut other,
            &[
                b"HSET",
                key(&poll, "votes").as_bytes(),
                voter.as_bytes(),
                garbage,
            ],
        )
        .await;
        assert!(is_corrupt(&cast(&store, &ballots[..1]).await[0]));
        assert!(is_corrupt(&store.ballots_of(poll.id, &[voter]).await));
        assert!(is_corrupt(
            &store.ballots(poll.id).try_collect::<Vec<_>>().await
        ));
        assert!(is_corrupt(&store.audit_poll(poll.id).await));
        let others = cast(&store, &ballots[1..]).await.remove(0);
        assert!(matches!(others, Ok(Outcome::Replayed { .. })), "{others:?}");
    }
}

#[tokio::test]
async fn keys_of_another_kind_are_told_of_before_anything_is_written() {
    let Some((_server, store, mut other)) = scene().await else {
        return;
    };
    for name in ["poll", "votes", "superseded", "order:0"] {
        let poll = revotable(&store).await;
        cast(&store, &[ballot(&poll, 1)]).await;
        let key = key(&poll, name);
        say(&mut other, &[b"DEL", key.as_bytes()]).await;
        say(&mut other, &[b"SADD", key.as_bytes(), b"x"]).await;
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
async fn a_lost_ballot_is_found_by_the_audit_and_mended_by_the_repair() {
    let Some((_server, store, mut other)) = scene().await else {
        return;
    };
    let poll = poll(&store).await;
    let ballots: Vec<_> = (0..5000).map(|number| ballot(&poll, number)).collect();
    cast(&store, &ballots).await;
    say(
        &mut other,
        &[
            b"HDEL",
            key(&poll, "votes").as_bytes(),
            ballots[7].voter.as_bytes(),
        ],
    )
    .await;
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
async fn a_ballot_from_nowhere_is_never_written_over() {
    let Some((_server, store, mut other)) = scene().await else {
        return;
    };
    let poll = poll(&store).await;
    cast(&store, &[ballot(&poll, 1)]).await;
    // As if the tally were of another moment than the ballots.
    let mut old = redis::cmd("HGET");
    let old: Vec<u8> = old
        .arg(key(&poll, "poll"))
        .arg("state")
        .query_async(&mut other)
        .await
        .unwrap();
    cast(&store, &[ballot(&poll, 2)]).await;
    say(
        &mut other,
        &[b"HSET", key(&poll, "poll").as_bytes(), b"state", &old],
    )
    .await;
    assert!(!store.audit_poll(poll.id).await.unwrap().is_exact());
    store.repair_poll(poll.id).await.unwrap();
    assert_eq!(votes(&store, &poll).await, 2);
}

#[tokio::test]
async fn a_row_that_cannot_be_read_takes_no_listing_with_it() {
    let Some((_server, store, mut other)) = scene().await else {
        return;
    };
    let (gone, sound) = (poll(&store).await, poll(&store).await);
    let rows = b"votify:{listings}:rows";
    say(&mut other, &[b"HSET", rows, gone.id.as_bytes(), b"garbage"]).await;
    let filter = PollFilter {
        words: votify_core::backend::search_terms("lunch"),
        ..PollFilter::default()
    };
    let page = store
        .list_polls(&filter, &PageRequest::FIRST, NOW)
        .await
        .unwrap();
    assert_eq!(page.items, [sound]);
}
