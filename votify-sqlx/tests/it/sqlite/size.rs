//! The size of the database.

use uuid::Uuid;
use votify_core::{Ballot, VoterId, VoterPolicy};
use votify_test_support::ballots::{ballot, cast, poll};

use super::harness::{Harness, query_integer, run};

const VOTES: u32 = 20_000;

/// A table with the same facts and nothing else: one row for each voter of a poll.
const BARE_TABLE: &str = "CREATE TABLE bare (poll_id BLOB NOT NULL, voter_id BLOB NOT NULL, \
    option_id BLOB NOT NULL, cast_at INTEGER NOT NULL, PRIMARY KEY (poll_id, voter_id)) \
    WITHOUT ROWID";

const COPY: &str = "INSERT INTO bare SELECT p.id, v.voter_id, o.id, v.cast_at \
    FROM votify_votes v JOIN votify_polls p USING (poll_key) \
    JOIN votify_options o ON o.poll_key = v.poll_key AND o.ordinal = 0 ORDER BY v.revision";

#[tokio::test]
async fn a_vote_takes_at_most_1_8_times_the_bytes_of_a_bare_row() {
    let harness = Harness::new();
    let store = harness.store().await;
    let poll = poll(&store).await;
    let pool = harness.pool().await;
    let pages = async || query_integer(&pool, "PRAGMA page_count").await;
    let empty = pages().await;
    // Real voters are random, which fills the pages of an index less than ascending ones.
    let ballots = (0..VOTES).map(|n| Ballot {
        voter: random_voter(),
        ..ballot(&poll, n)
    });
    let ballots: Vec<Ballot> = ballots.collect();
    for batch in ballots.chunks(500) {
        for outcome in cast(&store, batch).await {
            outcome.unwrap();
        }
    }
    let votes = pages().await - empty;
    run(&pool, BARE_TABLE).await;
    run(&pool, COPY).await;
    let bare = pages().await - empty - votes;
    let ratio = votes as f64 / bare as f64;
    println!("{ratio:.2} times a bare table ({votes} and {bare} pages of 2 KiB)");
    assert!(ratio <= 1.8, "{votes} pages, bare table {bare}");
}

fn random_voter() -> VoterId {
    let mut value = [0; 15];
    value.copy_from_slice(&Uuid::new_v4().as_bytes()[..15]);
    VoterId::new(VoterPolicy::Browser, value)
}
