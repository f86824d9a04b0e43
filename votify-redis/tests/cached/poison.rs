//! What others write over the cache is ignored, and replaced.

use std::sync::Arc;

use votify_core::{MemoryStore, Outcome, Poll, Store};
use votify_redis::redis::{self, Connection, cmd};

use crate::counting::CountingStore;
use crate::scene::{ALREADY_VOTED, Behind, apart, brief, cast, fresh, lunch};
use crate::servers::Server;

fn keys(connection: &mut Connection) -> Vec<String> {
    let mut keys: Vec<String> = cmd("KEYS").arg("*").query(connection).unwrap();
    keys.sort();
    keys
}

fn set_field(connection: &mut Connection, key: &str, field: &str, value: &[u8]) {
    let mut set = cmd("HSET");
    set.arg(key).arg(field).arg(value).exec(connection).unwrap();
}

/// Writes one kind of nonsense, in place of or among what is there.
fn poison(connection: &mut Connection, kind: usize, state: &str, voters: &str, other: &Poll) {
    let position = |epoch: u64| format!("{epoch:020}{:020}", 7);
    match kind {
        0 => [state, voters].iter().for_each(|key| {
            cmd("SET")
                .arg(key)
                .arg("nonsense")
                .exec(connection)
                .unwrap();
        }),
        1 => [state, voters].iter().for_each(|key| {
            cmd("DEL").arg(key).exec(connection).unwrap();
            cmd("RPUSH")
                .arg(key)
                .arg("a")
                .arg("b")
                .exec(connection)
                .unwrap();
        }),
        2 => set_field(connection, state, "tally", b"{\"poll\":"),
        3 => set_field(connection, state, "poll", &[0xFF; 100]),
        4 => set_field(connection, state, "position", b"nonsense"),
        5 => set_field(connection, state, "position", position(u64::MAX).as_bytes()),
        6 => set_field(connection, state, "until", b"99999999999999999999999"),
        7 => set_field(connection, state, "until", b"-1"),
        8 => set_field(connection, voters, "epoch", b""),
        9 => set_field(
            connection,
            voters,
            "epoch",
            format!("{:020}", u64::MAX).as_bytes(),
        ),
        10 => {
            let json = serde_json::to_vec(other).unwrap();
            set_field(connection, state, "poll", &json);
        }
        11 => {
            let tally = serde_json::to_vec(&votify_core::Tally::new(other)).unwrap();
            set_field(connection, state, "tally", &tally);
        }
        12 => set_field(connection, state, "tally", &vec![b'x'; 3_000_000]),
        13 => {
            let random: Vec<u8> = (0..fastrand::usize(0..200))
                .map(|_| fastrand::u8(..))
                .collect();
            for field in ["position", "tally", "poll", "until", "version"] {
                if fastrand::bool() {
                    set_field(connection, state, field, &random);
                }
            }
        }
        14 => {
            let mut entries = cmd("HGETALL");
            let fields: Vec<(Vec<u8>, Vec<u8>)> = entries.arg(voters).query(connection).unwrap();
            for (field, _) in fields {
                cmd("HSET")
                    .arg(voters)
                    .arg(field)
                    .arg("longer than a mark is")
                    .exec(connection)
                    .unwrap();
            }
        }
        _ => {
            cmd("PERSIST").arg(state).exec(connection).unwrap();
            cmd("PERSIST").arg(voters).exec(connection).unwrap();
            set_field(connection, state, "position", b"nonsense");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_is_ignored_and_replaced() {
    let Some(server) = Server::plain() else {
        return;
    };
    let redis = apart(&server.url()).await;
    let client = redis::Client::open(server.url()).unwrap();
    let mut connection = client.get_connection().unwrap();
    let store = CountingStore::of(Arc::new(MemoryStore::new()));
    let behind: Behind = store.clone();
    let mut config = brief();
    config.patience = std::time::Duration::from_secs(2);
    let cached = votify_redis::CachedStore::with_config(behind, redis, config);
    for kind in (0..16).chain([13; 40]) {
        server.flush();
        let poll = lunch(&cached).await;
        let other = crate::scene::poll(votify_core::PollDraft::single_choice("?", ["a", "b"]));
        let first = fresh(&poll, 1);
        assert_eq!(
            cast(&cached, &first).await,
            Outcome::Counted { revision: 1 }
        );
        cached.settled().await;
        let found = keys(&mut connection);
        let [state, voters] = found.as_slice() else {
            panic!("{found:?}");
        };
        poison(&mut connection, kind, state, voters, &other);

        // All is answered as the store does.
        assert_eq!(
            cast(&cached, &fresh(&poll, 1)).await,
            ALREADY_VOTED,
            "{kind}"
        );
        assert_eq!(
            cast(&cached, &first).await,
            Outcome::Replayed { revision: 1 }
        );
        let polls = cached.polls(&[poll.id]).await.unwrap();
        assert_eq!(polls, [Some(poll.clone())], "{kind}");
        assert_eq!(
            cast(&cached, &fresh(&poll, 2)).await,
            Outcome::Counted { revision: 2 }
        );
        let tallies = cached.tallies(&[poll.id]).await.unwrap();
        assert_eq!(tallies[0].as_ref().unwrap().total_votes, 2, "{kind}");
        cached.settled().await;

        // And soon the cache does its work again. What claims to be newer than all there is lasts until it is looked at.
        for _ in 0..3 {
            assert_eq!(
                cast(&cached, &fresh(&poll, 1)).await,
                ALREADY_VOTED,
                "{kind}"
            );
            cached.settled().await;
        }
        let _ = store.ballots_seen();
        assert_eq!(
            cast(&cached, &fresh(&poll, 1)).await,
            ALREADY_VOTED,
            "{kind}"
        );
        assert_eq!(store.ballots_seen(), 0, "{kind}");
        for key in keys(&mut connection) {
            let life: i64 = cmd("PTTL").arg(&key).query(&mut connection).unwrap();
            assert!(life > 0, "{kind}: {key} never expires");
        }
    }
}
