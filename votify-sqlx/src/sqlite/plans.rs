//! Checks the query plans: no statement reads a whole table, or sorts what an index has in
//! order.

use sqlx::sqlite::SqlitePool;
use sqlx::{AssertSqlSafe, Row, query};
use votify_core::store::{PollFilter, PollOrder};
use votify_core::{PollStatus, Timestamp};

use super::SqliteStore;
use super::connect::SqliteDatabase;
use super::sql::{self, Text};
use crate::backend::{Backend, ListingSyntax};
use crate::listing::Listing;
use crate::statement::Statement;

const LISTING: ListingSyntax = SqliteDatabase::LISTING;

async fn pool(store: &SqliteStore) -> SqlitePool {
    store.migrate().await.unwrap();
    store.ready().await.unwrap().writer.clone()
}

async fn store() -> SqliteStore {
    SqliteStore::connect("sqlite::memory:").await.unwrap()
}

async fn plan(pool: &SqlitePool, statement: &str) -> String {
    let explained = format!("EXPLAIN QUERY PLAN {statement}");
    let steps = query(AssertSqlSafe(explained))
        .fetch_all(pool)
        .await
        .unwrap();
    let texts: Vec<String> = steps.iter().map(|step| step.get("detail")).collect();
    texts.join("\n")
}

#[tokio::test]
async fn every_listing_follows_an_index() {
    let pool = pool(&store().await).await;
    let statuses = [PollStatus::Scheduled, PollStatus::Open, PollStatus::Closed];
    for order in [
        PollOrder::Newest,
        PollOrder::Closing,
        PollOrder::Opening,
        PollOrder::Trending,
    ] {
        for status in [None].into_iter().chain(statuses.map(Some)) {
            for sealed in [None, Some(true), Some(false)] {
                for category in [None, Some("food".to_owned())] {
                    let words = vec!["lunch".to_owned()];
                    let filter = PollFilter {
                        status,
                        sealed,
                        category,
                        words,
                        order,
                    };
                    let listing = Listing::new(&filter, Timestamp::EPOCH);
                    for statement in [listing.page_sql(LISTING), listing.count_sql(LISTING)] {
                        let plan = plan(&pool, &statement).await;
                        assert!(
                            !plan.contains("TEMP B-TREE"),
                            "{filter:?}\n{statement}\n{plan}"
                        );
                        assert!(plan.contains("INDEX votify_polls_"), "{filter:?}\n{plan}");
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn due_polls_are_found_without_the_others() {
    let pool = pool(&store().await).await;
    let filter = PollFilter {
        status: Some(PollStatus::Closed),
        sealed: Some(false),
        order: PollOrder::Closing,
        ..PollFilter::default()
    };
    let due = plan(
        &pool,
        &Listing::new(&filter, Timestamp::EPOCH).page_sql(LISTING),
    )
    .await;
    assert!(
        due.contains("votify_polls_closing_unsealed (closing_order<?)"),
        "{due}"
    );
}

/// Returns the texts of a statement, one for each number of rows.
fn texts(statement: Statement) -> Vec<String> {
    match sql::text(statement) {
        Text::Params(text) => vec![(*text).to_owned()],
        Text::Rows(text) => text.texts().map(str::to_owned).collect(),
    }
}

/// Every step of a plan must look rows up, except the one that reads the given rows.
fn assert_reads_no_table(statement: Statement, plan: &str) {
    for step in plan.lines().filter(|step| step.contains("SCAN")) {
        let reads_given = step.contains("given") || step.contains("CONSTANT ROW");
        assert!(reads_given, "{statement:?}\n{plan}");
    }
}

#[tokio::test]
async fn statements_over_rows_look_each_row_up() {
    const POLL: &str = "SEARCH p USING INDEX sqlite_autoindex_votify_polls_1 (id=?)";
    const VOTE: &str =
        "SEARCH v USING INDEX votify_votes_one_per_voter (poll_key=? AND voter_id=?)";
    let pool = pool(&store().await).await;
    let statements = [
        (Statement::LockPolls, POLL),
        (Statement::ReadPolls, POLL),
        (
            Statement::ReadPolls,
            "SEARCH o USING PRIMARY KEY (poll_key=?)",
        ),
        (Statement::ReadTallies, POLL),
        (
            Statement::ReadTallies,
            "SEARCH o USING PRIMARY KEY (poll_key=?)",
        ),
        (Statement::InsertOptions, POLL),
        (Statement::ReadVotes, VOTE),
        (Statement::ReadHistories, VOTE),
        (
            Statement::ReadHistories,
            "SEARCH s USING PRIMARY KEY (poll_key=? AND voter_id=? AND ballot_id=?)",
        ),
        (Statement::InsertVotes, POLL),
        (
            Statement::UpdateVotes,
            "INDEX votify_votes_one_per_voter (poll_key=? AND voter_id=?)",
        ),
        (
            Statement::DeleteVotes,
            "SEARCH votify_votes USING INDEX votify_votes_one_per_voter (poll_key=? AND voter_id=?)",
        ),
        (Statement::InsertSuperseded, POLL),
        (
            Statement::UpdateTallies,
            "SEARCH votify_polls USING INDEX sqlite_autoindex_votify_polls_1 (id=?)",
        ),
        (
            Statement::ReadVoteAddresses,
            "SEARCH a USING PRIMARY KEY (poll_key=? AND voter_id=?)",
        ),
        (
            Statement::CountVoteAddresses,
            "SEARCH a USING INDEX votify_vote_addresses_by_address \
             (poll_key=? AND address_id=?)",
        ),
        (
            Statement::DeleteVoteAddresses,
            "SEARCH votify_vote_addresses USING PRIMARY KEY (poll_key=? AND voter_id=?)",
        ),
        (Statement::InsertVoteAddresses, POLL),
        (
            Statement::ReadInvites,
            "SEARCH i USING PRIMARY KEY (poll_key=? AND voter_id=?)",
        ),
        (Statement::InsertInvites, POLL),
        (
            Statement::ReadRevocations,
            "SEARCH r USING PRIMARY KEY (token_id=?)",
        ),
    ];
    for (statement, expected) in statements {
        for text in texts(statement) {
            let plan = plan(&pool, &text).await.replace("COVERING ", "");
            assert!(plan.contains(expected), "{statement:?}\n{plan}");
            assert_reads_no_table(statement, &plan);
        }
    }
}

#[tokio::test]
async fn statements_of_one_poll_read_no_other_poll() {
    let pool = pool(&store().await).await;
    let statements = [
        (
            Statement::ReadVotePage,
            "SEARCH votify_votes USING PRIMARY KEY (poll_key=? AND revision>? AND revision<?)",
        ),
        (
            Statement::CountChoices,
            "SEARCH votify_votes USING PRIMARY KEY (poll_key=?)",
        ),
        (
            Statement::ReadRevision,
            "SEARCH p USING INDEX sqlite_autoindex_votify_polls_1 (id=?)",
        ),
        (
            Statement::CountInvites,
            "SEARCH votify_invites USING PRIMARY KEY (poll_key=?)",
        ),
        (Statement::DeleteAllVotes, "SEARCH votify_votes"),
        (
            Statement::DeleteAllSuperseded,
            "SEARCH votify_superseded_votes USING PRIMARY KEY (poll_key=?)",
        ),
        (
            Statement::DeleteAllVoteAddresses,
            "SEARCH votify_vote_addresses USING",
        ),
        (
            Statement::DeleteAllInvites,
            "SEARCH votify_invites USING PRIMARY KEY (poll_key=?)",
        ),
        (
            Statement::DeleteOptions,
            "SEARCH votify_options USING PRIMARY KEY (poll_key=?)",
        ),
        (
            Statement::ReadUserByName,
            "SEARCH votify_users USING INDEX votify_users_one_per_name (name_key=?)",
        ),
        (
            Statement::ReadUser,
            "SEARCH votify_users USING INDEX sqlite_autoindex_votify_users_1 (id=?)",
        ),
        (
            Statement::DeleteExpiredRevocations,
            "USING COVERING INDEX votify_revoked_tokens_by_expiry (expires_at<?)",
        ),
    ];
    for (statement, expected) in statements {
        for text in texts(statement) {
            let plan = plan(&pool, &text).await;
            assert!(plan.contains(expected), "{statement:?}\n{plan}");
            assert_reads_no_table(statement, &plan);
            let is_page = statement == Statement::ReadVotePage;
            assert!(!is_page || !plan.contains("TEMP B-TREE"), "{plan}");
        }
    }
}
