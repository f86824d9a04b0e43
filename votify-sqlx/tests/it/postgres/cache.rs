//! Cached poll states are used only if the database still has the same ones.

use std::collections::HashSet;

use votify_core::poll::SealCause;
use votify_core::{Ballot, BallotId, Choice, Outcome, Poll, Refusal, Store, StoreError, StoreExt};
use votify_sqlx::PostgresStore;
use votify_sqlx::sqlx::postgres::PgPool;
use votify_sqlx::sqlx::{self, AssertSqlSafe};
use votify_test_support::ballots::{NOW, ballot, cast, draft, poll, votes};

use super::harness::{Harness, run};

/// Returns the voter's ballot for the second option.
fn ballot_for_second_option(poll: &Poll, number: u32) -> Ballot {
    Ballot {
        choice: Choice::one(poll.options[1].id),
        ..ballot(poll, number)
    }
}

async fn assert_counted(store: &PostgresStore, ballots: &[Ballot]) {
    for outcome in cast(store, ballots).await {
        assert!(
            matches!(outcome, Ok(Outcome::Counted { .. })),
            "{outcome:?}"
        );
    }
}

/// Casts a ballot and returns the version and the counts of its receipt.
async fn tally_after(store: &PostgresStore, ballot: Ballot) -> (u64, Vec<u64>) {
    let receipt = store.cast_ballots(&[ballot], NOW).await;
    assert!(
        matches!(receipt.outcomes.as_slice(), [Ok(Outcome::Counted { .. })]),
        "{receipt:?}"
    );
    let tally = &receipt.tallies[0];
    let counts = tally.counts.iter().map(|entry| entry.count);
    (tally.version, counts.collect())
}

/// Terminates all other connections to the schema.
async fn terminate_connections(harness: &Harness) {
    let terminate = format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE application_name = '{}' AND pid <> pg_backend_pid()",
        harness.name()
    );
    run(&harness.pool().await, terminate).await;
}

const BACKUP: &str = "CREATE TABLE saved_tallies AS SELECT * FROM votify_tallies; \
    CREATE TABLE saved_votes AS SELECT * FROM votify_votes";
const RESTORE: &str = "UPDATE votify_tallies t \
        SET revision = s.revision, total_votes = s.total_votes, \
            vote_counts = s.vote_counts, trending_score = s.trending_score \
        FROM saved_tallies s WHERE s.poll_id = t.poll_id; \
    DELETE FROM votify_votes; INSERT INTO votify_votes SELECT * FROM saved_votes";

/// Restores an older state and lets another store reach the same positions with other
/// votes, as after a failover to a standby that lacked the last votes.
async fn assert_restored_state_is_read(terminates_connections: bool) {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let store = harness.store().await;
    let poll = poll(&store).await;
    let pool = harness.pool().await;
    assert_counted(&store, &[ballot(&poll, 1)]).await;
    run(&pool, BACKUP).await;
    assert_counted(&store, &[ballot(&poll, 2)]).await;
    assert_counted(&store, &[ballot(&poll, 3)]).await;
    run(&pool, RESTORE).await;
    if terminates_connections {
        drop(pool);
        terminate_connections(&harness).await;
    }
    let other = PostgresStore::connect(harness.url()).await.unwrap();
    assert_counted(&other, &[ballot_for_second_option(&poll, 2)]).await;
    assert_counted(&other, &[ballot_for_second_option(&poll, 4)]).await;
    let again = cast(&store, &[ballot(&poll, 2), ballot(&poll, 5)]).await;
    // Voter 2 now has another active ballot with the same id.
    assert!(
        matches!(
            again.as_slice(),
            [
                Ok(Outcome::Refused(Refusal::BallotIdReused)),
                Ok(Outcome::Counted { revision: 4 })
            ]
        ),
        "{again:?}"
    );
    assert_eq!(votes(&store, &poll).await, 4);
    assert_eq!(votes(&other, &poll).await, 4);
}

#[tokio::test]
async fn a_restored_database_is_read_again() {
    assert_restored_state_is_read(true).await;
}

#[tokio::test]
async fn a_database_restored_under_open_connections_is_read_again() {
    assert_restored_state_is_read(false).await;
}

/// The test changes a poll without changing the row of its tally, so that a receipt shows
/// whether the store used its cache or read the database.
#[tokio::test]
async fn a_new_connection_clears_the_cache() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let store = harness.store().await;
    let poll = poll(&store).await;
    let add_ten = "UPDATE votify_polls SET version = version + 10";
    assert_eq!(tally_after(&store, ballot(&poll, 1)).await, (0, vec![1, 0]));
    run(&harness.pool().await, add_ten).await;
    // The row version is unchanged, so the cache is used. Otherwise this test proves
    // nothing.
    assert_eq!(tally_after(&store, ballot(&poll, 2)).await, (0, vec![2, 0]));
    run(&harness.pool().await, add_ten).await;
    terminate_connections(&harness).await;
    assert_eq!(
        tally_after(&store, ballot(&poll, 3)).await,
        (20, vec![3, 0])
    );
}

#[tokio::test]
async fn a_deleted_and_recreated_poll_is_read_again() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let store = harness.store().await;
    let old = poll(&store).await;
    assert_counted(&store, &[ballot(&old, 1)]).await;
    let other = PostgresStore::connect(harness.url()).await.unwrap();
    other.delete_poll(old.id).await.unwrap();
    let new = Poll {
        id: old.id,
        ..draft("Dinner?")
    };
    other.create_poll(&new).await.unwrap();
    assert_counted(&other, &[ballot_for_second_option(&new, 2)]).await;
    // The new poll has the old one's position and other options.
    let outcomes = cast(&store, &[ballot(&old, 3), ballot(&new, 4)]).await;
    assert!(
        matches!(
            outcomes.as_slice(),
            [
                Ok(Outcome::Refused(Refusal::Invalid(_))),
                Ok(Outcome::Counted { revision: 2 })
            ]
        ),
        "{outcomes:?}"
    );
    assert_eq!(votes(&store, &new).await, 2);
}

/// A trigger of the host skips the update of one poll's tally.
#[tokio::test]
async fn a_write_that_changes_too_few_rows_is_rolled_back() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let store = harness.store().await;
    let (intact, damaged) = (poll(&store).await, poll(&store).await);
    // Opens enough connections: a new one would clear the cache.
    let ids = [intact.id];
    let read = tokio::join!(store.polls(&ids), store.polls(&ids), store.polls(&ids));
    assert!(read.0.is_ok() && read.1.is_ok() && read.2.is_ok());
    assert_counted(&store, &[ballot(&intact, 1), ballot(&damaged, 1)]).await;
    let skip_update = format!(
        "CREATE FUNCTION skip() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN RETURN NULL; END $$; \
         CREATE TRIGGER skip BEFORE UPDATE ON votify_tallies FOR EACH ROW \
         WHEN (OLD.poll_id = '{}') EXECUTE FUNCTION skip()",
        damaged.id
    );
    run(&harness.pool().await, skip_update).await;
    for _ in 0..2 {
        let ballots = [ballot(&damaged, 2), ballot_for_second_option(&damaged, 3)];
        let outcomes = cast(&store, &ballots).await;
        assert!(
            matches!(
                outcomes.as_slice(),
                [
                    Err(StoreError::Failed { .. }),
                    Err(StoreError::Failed { .. })
                ]
            ),
            "{outcomes:?}"
        );
    }
    let outcomes = cast(&store, &[ballot(&damaged, 2), ballot(&intact, 2)]).await;
    assert!(
        matches!(
            outcomes.as_slice(),
            [Err(StoreError::Failed { .. }), Ok(Outcome::Counted { .. })]
        ),
        "{outcomes:?}"
    );
    let voters = [
        ballot(&damaged, 1).voter,
        ballot(&damaged, 2).voter,
        ballot(&damaged, 3).voter,
    ];
    let active = store.ballots_of(damaged.id, &voters).await.unwrap();
    let active: Vec<bool> = active.iter().map(Option::is_some).collect();
    assert_eq!(active, [true, false, false]);
}

#[tokio::test]
async fn changes_of_another_instance_are_noticed() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let store = harness.store().await;
    let other = PostgresStore::connect(harness.url()).await.unwrap();
    let poll = poll(&store).await;
    assert_counted(&store, &[ballot(&poll, 1)]).await;
    assert_counted(&other, &[ballot(&poll, 2)]).await;
    let second = Ballot {
        id: BallotId::generate(NOW),
        ..ballot(&poll, 2)
    };
    let outcomes = cast(&store, &[second, ballot(&poll, 2), ballot(&poll, 3)]).await;
    assert!(
        matches!(
            outcomes.as_slice(),
            [
                Ok(Outcome::Refused(Refusal::AlreadyVoted)),
                Ok(Outcome::Replayed { revision: 2 }),
                Ok(Outcome::Counted { revision: 3 })
            ]
        ),
        "{outcomes:?}"
    );
    other
        .seal_poll(poll.id, SealCause::Owner, NOW)
        .await
        .unwrap();
    let outcomes = cast(&store, &[ballot(&poll, 3), ballot(&poll, 4)]).await;
    assert!(
        matches!(
            outcomes.as_slice(),
            [
                Ok(Outcome::Replayed { revision: 3 }),
                Ok(Outcome::Refused(Refusal::Closed))
            ]
        ),
        "{outcomes:?}"
    );
    assert_eq!(votes(&store, &poll).await, 3);
}

/// Logs which statements insert votes.
const LOG_INSERTS: &str = "CREATE TABLE inserts (is_optimistic boolean); \
    CREATE FUNCTION log_insert() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
        INSERT INTO inserts VALUES (current_query() LIKE '%SKIP LOCKED%'); \
        RETURN NEW; \
    END $$; \
    CREATE TRIGGER log_insert BEFORE INSERT ON votify_votes FOR EACH ROW EXECUTE FUNCTION log_insert()";

/// Returns true if a batch was committed optimistically. Not every one is: the pool may
/// open a connection meanwhile, which clears the cache.
async fn has_optimistic_commits(harness: &Harness) -> bool {
    let any = sqlx::query_scalar("SELECT coalesce(bool_or(is_optimistic), false) FROM inserts");
    any.fetch_one(&harness.pool().await).await.unwrap()
}

/// Returns the processes of all connections to the schema.
async fn server_processes(pool: &PgPool, harness: &Harness) -> HashSet<i32> {
    let pids = sqlx::query_scalar("SELECT pid FROM pg_stat_activity WHERE application_name = $1");
    let pids = pids.bind(harness.name()).fetch_all(pool).await.unwrap();
    pids.into_iter().collect()
}

#[tokio::test]
async fn a_corrupt_poll_does_not_prevent_optimistic_commits() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let store = harness.store().await;
    let (intact, corrupt) = (poll(&store).await, poll(&store).await);
    assert_counted(&store, &[ballot(&intact, 0)]).await;
    let corrupt_row = format!(
        "UPDATE votify_polls SET voter_policy = 'martians' WHERE id = '{}'",
        corrupt.id
    );
    let pool = harness.pool().await;
    run(&pool, format!("{LOG_INSERTS}; {corrupt_row}")).await;
    for number in 1..=10 {
        let ballots = [ballot(&intact, number), ballot(&corrupt, number)];
        let outcomes = cast(&store, &ballots).await;
        assert!(
            matches!(
                outcomes.as_slice(),
                [Ok(Outcome::Counted { .. }), Err(StoreError::Corrupt { .. })]
            ),
            "{outcomes:?}"
        );
    }
    assert!(has_optimistic_commits(&harness).await);
}

#[tokio::test]
async fn new_connections_do_not_pause_optimistic_commits() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let store = harness.store().await;
    let mut polls = Vec::new();
    for _ in 0..10 {
        polls.push(poll(&store).await);
    }
    // Several batches at once open several connections.
    let casts = polls.iter().map(|poll| {
        let (store, ballot) = (store.clone(), ballot(poll, 0));
        tokio::spawn(async move { assert_counted(&store, &[ballot]).await })
    });
    for cast in casts.collect::<Vec<_>>() {
        cast.await.unwrap();
    }
    run(&harness.pool().await, LOG_INSERTS).await;
    for number in 1..=10 {
        assert_counted(&store, &[ballot(&polls[0], number)]).await;
    }
    assert!(has_optimistic_commits(&harness).await);
}

#[tokio::test]
async fn a_connection_is_reused_after_a_conflict() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let store = harness.store().await;
    let poll = poll(&store).await;
    let pool = harness.pool().await;
    assert_counted(&store, &[ballot(&poll, 1)]).await;
    let blocked = ballot(&poll, 2);
    let insert = format!(
        "INSERT INTO votify_votes (poll_id, voter_id, ballot_id, choice, revision, cast_at) \
         VALUES ('{}', '{}', '{}', '', 9, now())",
        poll.id,
        uuid::Uuid::from_bytes(*blocked.voter.as_bytes()),
        blocked.id,
    );
    let before = server_processes(&pool, &harness).await;
    let mut blocker = pool.begin().await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(insert))
        .execute(&mut *blocker)
        .await
        .unwrap();
    // The unique index waits for the other transaction, until the lock times out.
    let outcome = cast(&store, &[blocked]).await.remove(0);
    assert!(
        matches!(outcome, Err(StoreError::Unavailable { .. })),
        "{outcome:?}"
    );
    blocker.rollback().await.unwrap();
    assert_counted(&store, &[ballot(&poll, 3)]).await;
    let after = server_processes(&pool, &harness).await;
    assert!(before.is_subset(&after), "{before:?} {after:?}");
}
