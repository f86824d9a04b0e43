//! Plans: no statement reads a whole table, or sorts rows that an index has in order.

use std::env;

use sqlx::postgres::{PgConnection, PgTransaction};
use sqlx::{AssertSqlSafe, Connection, Executor, Row};
use votify_core::store::{PollFilter, PollOrder};
use votify_core::{PollStatus, Visibility};

use super::{schema, sql};
use crate::backend::Call;
use crate::listing::{self, Source};
use crate::statement::Statement;

/// Lets the planner sort only if no index has the order.
const NO_SORTS: &str = "SET LOCAL enable_sort = off; SET LOCAL enable_incremental_sort = off; \
    SET LOCAL enable_bitmapscan = off";

async fn connection(test: &str) -> Option<PgConnection> {
    let Ok(url) = env::var("VOTIFY_TEST_POSTGRES_URL") else {
        eprintln!("SKIPPED {test}: needs VOTIFY_TEST_POSTGRES_URL");
        return None;
    };
    Some(PgConnection::connect(&url).await.unwrap())
}

/// Creates the tables in a transaction that is rolled back, with the settings of the
/// store's own connections.
async fn tables(connection: &mut PgConnection) -> PgTransaction<'_> {
    let mut transaction = connection.begin().await.unwrap();
    let settings = sql::session_settings();
    let schema = format!("votify_plans_{}", uuid::Uuid::new_v4().simple());
    for statement in [
        format!("CREATE SCHEMA {schema}; SET LOCAL search_path = {schema}"),
        settings.replace("SET ", "SET LOCAL "),
        NO_SORTS.into(),
    ] {
        transaction.execute(AssertSqlSafe(statement)).await.unwrap();
    }
    schema::MIGRATIONS.run(&mut *transaction).await.unwrap();
    transaction
}

/// Analyzes tables of 50 rows, the smallest that the server analyzes by itself.
async fn analyze_small_tables(transaction: &mut PgTransaction<'_>) {
    let statements = "INSERT INTO votify_polls (id, title, description, ballot_kind, voter_policy, results_policy, allows_revote, created_at, \
            visibility, key_id, version) SELECT gen_random_uuid(), '', '', '', '', '', false, now(), 'public', '', 1 FROM generate_series(1, 50); \
        INSERT INTO votify_tallies (poll_id, visibility, is_sealed, epoch, revision, total_votes, trending_score, log_position, vote_counts) \
            SELECT id, 'public', false, 1, 2, 2, random(), 0, '{2}' FROM votify_polls; \
        INSERT INTO votify_options SELECT id, 0, gen_random_uuid(), '' FROM votify_polls; \
        INSERT INTO votify_votes SELECT id, gen_random_uuid(), gen_random_uuid(), 1, now(), '' FROM votify_polls; \
        INSERT INTO votify_superseded_votes SELECT id, gen_random_uuid(), gen_random_uuid(), 1, '' FROM votify_polls; \
        ANALYZE votify_polls, votify_tallies, votify_options, votify_votes, votify_superseded_votes";
    transaction.execute(statements).await.unwrap();
}

async fn plan(transaction: &mut PgTransaction<'_>, statement: &str) -> String {
    let parameters = (1..).take_while(|number| statement.contains(&format!("${number}")));
    let nulls = vec!["NULL"; parameters.count()].join(", ");
    let prepared = format!("PREPARE explained AS {statement}");
    transaction.execute(AssertSqlSafe(prepared)).await.unwrap();
    let explain = format!("EXPLAIN (COSTS OFF) EXECUTE explained ({nulls})");
    let steps = sqlx::raw_sql(AssertSqlSafe(explain))
        .fetch_all(&mut **transaction)
        .await
        .unwrap();
    transaction.execute("DEALLOCATE explained").await.unwrap();
    let steps: Vec<String> = steps.iter().map(|step| step.get(0)).collect();
    steps.join("\n")
}

#[tokio::test]
async fn listings_are_read_in_the_order_of_an_index() {
    let Some(mut connection) = connection("listings_are_read_in_the_order_of_an_index").await
    else {
        return;
    };
    let mut tables = tables(&mut connection).await;
    for filter in listing::all_filters() {
        for (source, call) in listing::all_calls(&filter, sql::LISTING) {
            let Call::Listing(statement, _) = call else {
                panic!("{call:?}");
            };
            let plan = plan(&mut tables, &statement).await;
            let plan = format!("{filter:?}\n{statement}\n{plan}");
            // A count ends at its maximum. Without such a condition it reads any polls.
            let is_narrowed = filter.visibility == Some(Visibility::Public)
                || filter.sealed == Some(false)
                || matches!(
                    filter.status,
                    Some(PollStatus::Open | PollStatus::Scheduled)
                );
            let may_scan = statement.contains("count(*)") && !is_narrowed;
            assert!(may_scan || !plan.contains("Seq Scan"), "{plan}");
            assert!(!plan.contains("JIT"), "{plan}");
            if source != Source::Index {
                assert!(plan.contains("votify_title_words_pkey"), "{plan}");
                assert!(plan.contains("votify_polls_pkey"), "{plan}");
                continue;
            }
            // Only the polls of an owner or with an external reference are sorted.
            let narrow = [
                (!filter.owners.is_empty(), "votify_polls_owner"),
                (filter.external_ref.is_some(), "votify_polls_external_ref"),
            ];
            let is_narrow = narrow
                .iter()
                .any(|(is_set, index)| *is_set && plan.contains(index));
            assert!(is_narrow || !plan.contains("Sort"), "{plan}");
            if !filter.words.is_empty() {
                let words = "votify_title_words_by_poll";
                assert!(plan.contains(words), "{plan}");
            }
        }
    }
}

#[tokio::test]
async fn scheduled_polls_are_found_without_the_opened_ones() {
    let test = "scheduled_polls_are_found_without_the_opened_ones";
    let Some(mut connection) = connection(test).await else {
        return;
    };
    let mut tables = tables(&mut connection).await;
    for filter in listing::scheduled_by_opening() {
        for (source, call) in listing::all_calls(&filter, sql::LISTING) {
            let Call::Listing(statement, _) = call else {
                panic!("{call:?}");
            };
            if source != Source::Index || statement.contains("count(*)") {
                continue;
            }
            let plan = plan(&mut tables, &statement).await;
            let condition = plan.lines().find(|line| line.contains("Index Cond:"));
            let is_range = condition.is_some_and(|range| range.contains("opening_order"));
            assert!(is_range, "{statement}\n{plan}");
        }
    }
}

#[tokio::test]
async fn trending_open_polls_are_read_without_sealed_ones() {
    let test = "trending_open_polls_are_read_without_sealed_ones";
    let Some(mut connection) = connection(test).await else {
        return;
    };
    let mut tables = tables(&mut connection).await;
    let polls = "INSERT INTO votify_tallies \
            (poll_id, visibility, is_sealed, epoch, revision, total_votes, trending_score, \
            log_position, vote_counts) \
        SELECT gen_random_uuid(), 'public', number > 50, 1, 2, 2, random(), 0, '{2}' \
        FROM generate_series(1, 2000) AS number; ANALYZE votify_tallies";
    tables.execute(polls).await.unwrap();
    let filter = PollFilter {
        status: Some(PollStatus::Open),
        order: PollOrder::Trending,
        ..PollFilter::default()
    };
    for (_, call) in listing::all_calls(&filter, sql::LISTING) {
        let Call::Listing(statement, _) = call else {
            panic!("{call:?}");
        };
        // A count follows the closing times instead.
        if statement.contains("count(*)") {
            continue;
        }
        let plan = plan(&mut tables, &statement).await;
        assert!(plan.contains("votify_tallies_trending_unsealed"), "{plan}");
    }
}

#[tokio::test]
async fn statements_read_rows_by_index() {
    const POLLS: &str = "votify_polls_pkey";
    const TALLIES: &str = "votify_tallies_pkey";
    const OPTIONS: &str = "votify_options_pkey";
    const VOTES: &str = "votify_votes_pkey";
    const SUPERSEDED: &str = "votify_superseded_votes_pkey";
    const ADDRESSES: &str = "votify_vote_addresses_pkey";
    const BY_ADDRESS: &str = "votify_vote_addresses_by_address";
    const INVITES: &str = "votify_invites_pkey";
    let Some(mut connection) = connection("statements_read_rows_by_index").await else {
        return;
    };
    let mut tables = tables(&mut connection).await;
    let expected = [
        (Statement::LockPolls, &[TALLIES][..]),
        (Statement::TryLockPolls, &[TALLIES]),
        (Statement::ReadPolls, &[POLLS, TALLIES, OPTIONS]),
        (Statement::ReadTallies, &[POLLS, TALLIES, OPTIONS]),
        (Statement::ReadRevision, &[TALLIES, OPTIONS]),
        (Statement::ReadHistories, &[VOTES, SUPERSEDED]),
        (Statement::ReadVotes, &[VOTES, OPTIONS]),
        (Statement::ReadVotePage, &["votify_votes_in_order"]),
        (Statement::UpdateVotes, &[VOTES]),
        (Statement::DeleteVotes, &[VOTES]),
        (Statement::UpdateTallies, &[TALLIES]),
        (Statement::ReadVoteAddresses, &[ADDRESSES]),
        (Statement::CountVoteAddresses, &[BY_ADDRESS]),
        (Statement::DeleteVoteAddresses, &[ADDRESSES]),
        (Statement::DeleteVoteAddressesOfPoll, &[BY_ADDRESS]),
        (Statement::DeletePoll, &[TALLIES, POLLS]),
        (Statement::DeleteSupersededOfPoll, &[SUPERSEDED]),
        (Statement::DeleteOptions, &[OPTIONS]),
        (Statement::SealPolls, &[POLLS, TALLIES]),
        (Statement::DeleteTitleWords, &["votify_title_words_by_poll"]),
        (Statement::ReadJoinCode, &["votify_join_codes_pkey"]),
        (
            Statement::DeleteJoinCode,
            &["votify_join_codes_pkey", POLLS],
        ),
        (Statement::ReadClaims, &["votify_owner_claims_pkey"]),
        (Statement::CountClaims, &["votify_owner_claims_pkey"]),
        (Statement::ReadInvites, &[INVITES]),
        (Statement::CountInvites, &[INVITES]),
    ];
    let casts = [
        (sql::CAST, &[VOTES, TALLIES][..]),
        (sql::CAST_OPTIMISTIC, &[VOTES, SUPERSEDED, TALLIES]),
    ];
    let expected = expected.map(|(statement, indexes)| (sql::text(statement), indexes));
    for is_analyzed in [false, true] {
        if is_analyzed {
            analyze_small_tables(&mut tables).await;
        }
        for (statement, indexes) in expected.into_iter().chain(casts) {
            let plan = plan(&mut tables, statement).await;
            for index in indexes {
                assert!(plan.contains(&format!("using {index} ")), "{index}\n{plan}");
            }
            for forbidden in [
                "Seq Scan on votify",
                "Hash Join",
                "Merge Join",
                "Join Filter",
            ] {
                assert!(!plan.contains(forbidden), "{forbidden}\n{plan}");
            }
            // A scan of an index without a condition reads the whole table.
            let whole = plan.lines().zip(plan.lines().skip(1)).find(|(scan, next)| {
                scan.contains("Index") && scan.contains(" on votify") && !next.contains("Cond:")
            });
            assert!(whole.is_none(), "{whole:?}\n{plan}");
        }
    }
}

#[tokio::test]
async fn pages_and_recounts_read_one_poll_only() {
    let Some(mut connection) = connection("pages_and_recounts_read_one_poll_only").await else {
        return;
    };
    let mut tables = tables(&mut connection).await;
    let page = plan(&mut tables, sql::text(Statement::ReadVotePage)).await;
    assert!(
        page.contains("Index Cond: ((uuid_send(poll_id) = uuid_send($1)) AND (revision > $2) AND (revision <= $3))"),
        "{page}"
    );
    assert!(!page.contains("Sort"), "{page}");
    for statement in [Statement::CountChoices, Statement::DeleteVotesOfPoll] {
        let whole = plan(&mut tables, sql::text(statement)).await;
        assert!(whole.contains("Index Cond: (poll_id = $1)"), "{whole}");
    }
}

#[tokio::test]
async fn session_polls_are_counted_by_index() {
    let Some(mut connection) = connection("session_polls_are_counted_by_index").await else {
        return;
    };
    let mut tables = tables(&mut connection).await;
    let counted = plan(&mut tables, sql::text(Statement::CountSessionPolls)).await;
    assert!(counted.contains("votify_polls_of_sessions"), "{counted}");
}

#[tokio::test]
async fn users_and_revocations_are_read_by_index() {
    let Some(mut connection) = connection("users_and_revocations_are_read_by_index").await else {
        return;
    };
    let mut tables = tables(&mut connection).await;
    for (statement, index) in [
        (Statement::ReadUserByName, "votify_users_one_per_name"),
        (Statement::ReadUser, "votify_users_pkey"),
        (Statement::UpdatePassword, "votify_users_pkey"),
        (Statement::ReadTokens, "votify_users_pkey"),
        (Statement::ReadTokens, "votify_revoked_tokens_pkey"),
        (
            Statement::DeleteExpiredRevocations,
            "votify_revoked_tokens_by_expiry",
        ),
    ] {
        let plan = plan(&mut tables, sql::text(statement)).await;
        assert!(plan.contains(index), "{statement:?}\n{plan}");
        assert!(!plan.contains("Seq Scan"), "{statement:?}\n{plan}");
    }
}
