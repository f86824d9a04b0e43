//! Foreign values in the cache are ignored and replaced.

use std::sync::Arc;
use std::time::Duration;

use votify_core::{MemoryStore, Outcome, Poll, PollDraft, Store, Tally};
use votify_redis::CachedStore;
use votify_redis::redis::{self, Connection, cmd};
use votify_test_support::redis::Server;

use crate::counting_store::CountingStore;
use crate::harness::{
    ALREADY_VOTED, InnerStore, cast, connect, create_poll, new_ballot, new_poll, short_lease,
};

/// Number of kinds of corruption.
const KINDS: usize = 16;
/// The kind that writes random bytes.
const RANDOM_BYTES: usize = 13;

fn keys(connection: &mut Connection) -> Vec<String> {
    let mut keys: Vec<String> = cmd("KEYS").arg("*").query(connection).unwrap();
    keys.sort();
    keys
}

fn set_field(connection: &mut Connection, key: &str, field: &str, value: &[u8]) {
    let mut set = cmd("HSET");
    set.arg(key).arg(field).arg(value).exec(connection).unwrap();
}

/// Overwrites the cached values with one kind of corruption.
fn corrupt(connection: &mut Connection, kind: usize, state: &str, voters: &str, other: &Poll) {
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
            let tally = serde_json::to_vec(&Tally::new(other)).unwrap();
            set_field(connection, state, "tally", &tally);
        }
        12 => set_field(connection, state, "tally", &vec![b'x'; 3_000_000]),
        RANDOM_BYTES => {
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
                    .arg("longer than a fingerprint")
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
async fn corrupt_values_are_ignored_and_replaced() {
    let Some(server) = Server::new() else {
        return;
    };
    let redis = connect(&server.url()).await;
    let client = redis::Client::open(server.url()).unwrap();
    let mut connection = client.get_connection().unwrap();
    let store = CountingStore::new(Arc::new(MemoryStore::new()));
    let inner: InnerStore = store.clone();
    let mut config = short_lease();
    config.timeout = Duration::from_secs(2);
    let cached = CachedStore::with_config(inner, redis, config);
    for kind in (0..KINDS).chain([RANDOM_BYTES; 40]) {
        server.flush();
        let poll = create_poll(&cached).await;
        let other = new_poll(PollDraft::single_choice("?", ["a", "b"]));
        let first = new_ballot(&poll, 1);
        let outcome = cast(&cached, &first).await;
        assert_eq!(outcome, Outcome::Counted { revision: 1 });
        cached.flush().await;
        let stored = keys(&mut connection);
        let [state, voters] = stored.as_slice() else {
            panic!("{stored:?}");
        };
        corrupt(&mut connection, kind, state, voters, &other);

        // All answers are those of the store.
        let outcome = cast(&cached, &new_ballot(&poll, 1)).await;
        assert_eq!(outcome, ALREADY_VOTED, "{kind}");
        let outcome = cast(&cached, &first).await;
        assert_eq!(outcome, Outcome::Replayed { revision: 1 });
        let polls = cached.polls(&[poll.id]).await.unwrap();
        assert_eq!(polls, [Some(poll.clone())], "{kind}");
        let outcome = cast(&cached, &new_ballot(&poll, 2)).await;
        assert_eq!(outcome, Outcome::Counted { revision: 2 });
        let tallies = cached.tallies(&[poll.id]).await.unwrap();
        assert_eq!(tallies[0].as_ref().unwrap().total_votes, 2, "{kind}");
        cached.flush().await;

        // The cache recovers. A value with a newer position lasts until it is read.
        for _ in 0..3 {
            let outcome = cast(&cached, &new_ballot(&poll, 1)).await;
            assert_eq!(outcome, ALREADY_VOTED, "{kind}");
            cached.flush().await;
        }
        let _ = store.take_ballots();
        let outcome = cast(&cached, &new_ballot(&poll, 1)).await;
        assert_eq!(outcome, ALREADY_VOTED, "{kind}");
        assert_eq!(store.take_ballots(), 0, "{kind}");
        for key in keys(&mut connection) {
            let ttl: i64 = cmd("PTTL").arg(&key).query(&mut connection).unwrap();
            assert!(ttl > 0, "{kind}: {key} has no expiry");
        }
    }
}
