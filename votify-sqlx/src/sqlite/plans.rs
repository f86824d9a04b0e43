//! Checks the query plans: no statement reads a whole table, or sorts what an index has
//! in order.

use sqlx::sqlite::SqlitePool;
use sqlx::{AssertSqlSafe, Row, query};
use votify_core::store::{PollFilter, PollOrder};
use votify_core::{PollStatus, Timestamp};

use super::SqliteStore;
use super::connect::SqliteDatabase;
use super::sql::{self, Text};
use crate::backend::{Backend, ListingSyntax};
use crate::listing::{self, Listing};
use crate::statement::Statement;

const LISTING: ListingSyntax = SqliteDatabase::LISTING;

/// Indexes, with the columns that a step looks up.
const POLL: &str = "INDEX sqlite_autoindex_votify_polls_1 (id=?)";
const OF_POLL: &str = "PRIMARY KEY (poll_key=?)";
const VOTER: &str = "PRIMARY KEY (poll_key=? AND voter_id=?)";
const BALLOT: &str = "PRIMARY KEY (poll_key=? AND voter_id=? AND ballot_id=?)";
const VOTE: &str = "INDEX votify_votes_one_per_voter (poll_key=? AND voter_id=?)";
const ADDRESS: &str = "INDEX votify_vote_addresses_by_address (poll_key=? AND address_id=?)";
const PAGE: &str = "PRIMARY KEY (poll_key=? AND revision>? AND revision<?)";
const USER: &str = "INDEX sqlite_autoindex_votify_users_1 (id=?)";
const USER_BY_NAME: &str = "INDEX votify_users_one_per_name (name_key=?)";
const BY_EXPIRY: &str = "COVERING INDEX votify_revoked_tokens_by_expiry (expires_at<?)";

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
    for filter in listing::all_filters() {
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
    let pool = pool(&store().await).await;
    let statements = [
        (Statement::LockPolls, "p", POLL),
        (Statement::ReadPolls, "p", POLL),
        (Statement::ReadPolls, "o", OF_POLL),
        (Statement::ReadTallies, "p", POLL),
        (Statement::ReadTallies, "o", OF_POLL),
        (Statement::InsertOptions, "p", POLL),
        (Statement::ReadVotes, "v", VOTE),
        (Statement::ReadHistories, "v", VOTE),
        (Statement::ReadHistories, "s", BALLOT),
        (Statement::InsertVotes, "p", POLL),
        (Statement::UpdateVotes, "votify_votes", VOTE),
        (Statement::DeleteVotes, "votify_votes", VOTE),
        (Statement::InsertSuperseded, "p", POLL),
        (Statement::UpdateTallies, "votify_polls", POLL),
        (Statement::ReadVoteAddresses, "a", VOTER),
        (Statement::CountVoteAddresses, "a", ADDRESS),
        (
            Statement::DeleteVoteAddresses,
            "votify_vote_addresses",
            VOTER,
        ),
        (Statement::InsertVoteAddresses, "p", POLL),
        (Statement::ReadInvites, "i", VOTER),
        (Statement::InsertInvites, "p", POLL),
        (Statement::ReadRevocations, "r", "PRIMARY KEY (token_id=?)"),
    ];
    for (statement, table, index) in statements {
        let expected = format!("SEARCH {table} USING {index}");
        for text in texts(statement) {
            let plan = plan(&pool, &text).await.replace("COVERING ", "");
            assert!(plan.contains(&expected), "{statement:?}\n{plan}");
            assert_reads_no_table(statement, &plan);
        }
    }
}

#[tokio::test]
async fn statements_of_one_poll_read_no_other_poll() {
    let pool = pool(&store().await).await;
    let statements = [
        (Statement::ReadVotePage, "votify_votes", PAGE),
        (Statement::CountChoices, "votify_votes", OF_POLL),
        (Statement::ReadRevision, "p", POLL),
        (Statement::CountInvites, "votify_invites", OF_POLL),
        (Statement::DeleteVotesOfPoll, "votify_votes", ""),
        (
            Statement::DeleteSupersededOfPoll,
            "votify_superseded_votes",
            OF_POLL,
        ),
        (
            Statement::DeleteVoteAddressesOfPoll,
            "votify_vote_addresses",
            "",
        ),
        (Statement::DeleteInvitesOfPoll, "votify_invites", OF_POLL),
        (Statement::DeleteOptions, "votify_options", OF_POLL),
        (Statement::ReadUserByName, "votify_users", USER_BY_NAME),
        (Statement::ReadUser, "votify_users", USER),
        (
            Statement::DeleteExpiredRevocations,
            "votify_revoked_tokens",
            BY_EXPIRY,
        ),
    ];
    for (statement, table, index) in statements {
        let expected = format!("SEARCH {table} USING {index}");
        for text in texts(statement) {
            let plan = plan(&pool, &text).await;
            assert!(plan.contains(&expected), "{statement:?}\n{plan}");
            assert_reads_no_table(statement, &plan);
            let is_page = statement == Statement::ReadVotePage;
            assert!(!is_page || !plan.contains("TEMP B-TREE"), "{plan}");
        }
    }
}
