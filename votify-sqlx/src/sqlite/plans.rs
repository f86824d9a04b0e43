//! Checks the query plans: no statement reads a whole table, or sorts what an index has
//! in order.

use sqlx::sqlite::SqlitePool;
use sqlx::{AssertSqlSafe, Row, query};
use votify_core::store::{PollFilter, PollOrder};
use votify_core::{PollStatus, Timestamp};

use super::SqliteStore;
use super::connect::SqliteDatabase;
use super::sql::{self, Text};
use crate::backend::{Backend, Call, ListingSyntax, Transaction};
use crate::listing::{self, Listing, Part, Source};
use crate::statement::Statement;

const LISTING: ListingSyntax = SqliteDatabase::LISTING;

/// Indexes, with the columns that a step looks up.
const POLL: &str = "INDEX sqlite_autoindex_votify_polls_1 (id=?)";
const OF_POLL_WORDS: &str = "COVERING INDEX votify_title_words_by_poll (poll_key=?)";
const CODE: &str = "PRIMARY KEY (code=?)";
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

fn text_of(call: Call) -> String {
    match call {
        Call::Listing(text, _) => text,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn every_listing_follows_an_index() {
    let pool = pool(&store().await).await;
    for filter in listing::all_filters() {
        let name = listing::index(&filter);
        for (source, call) in listing::all_calls(&filter, LISTING) {
            let statement = text_of(call);
            let plan = plan(&pool, &statement).await.replace("COVERING ", "");
            let plan = format!("{filter:?}\n{statement}\n{plan}");
            if source != Source::Index {
                assert!(
                    plan.contains("USING PRIMARY KEY (word>? AND word<?)"),
                    "{plan}"
                );
                assert!(
                    plan.contains("SEARCH p USING INTEGER PRIMARY KEY"),
                    "{plan}"
                );
                continue;
            }
            assert!(plan.contains(&format!(" votify_polls_{name}")), "{plan}");
            // Only the polls of an owner or with an external reference are sorted.
            let is_narrow = ["owner", "external_ref"].contains(&&*name);
            assert!(is_narrow || !plan.contains("TEMP B-TREE"), "{plan}");
            assert!(!is_narrow || plan.contains("SEARCH p USING"), "{plan}");
            if !filter.words.is_empty() {
                let words = "INDEX votify_title_words_by_poll (poll_key=? AND word>? AND word<?)";
                assert!(plan.contains(words), "{plan}");
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
        ..PollFilter::all()
    };
    let listing = Listing::new(&filter, Timestamp::EPOCH, LISTING);
    let page = text_of(listing.ids_call(Source::Index, Part::All, 50, 0));
    let due = plan(&pool, &page).await;
    assert!(due.contains("votify_polls_due (closing_order<?)"), "{due}");
}

#[tokio::test]
async fn scheduled_polls_are_found_without_the_opened_ones() {
    let pool = pool(&store().await).await;
    for filter in listing::scheduled_by_opening() {
        for (source, call) in listing::all_calls(&filter, LISTING) {
            let statement = text_of(call);
            if source != Source::Index || statement.contains("count(*)") {
                continue;
            }
            let plan = plan(&pool, &statement).await;
            let is_range = ["opening_order>?)", "opening_order=? AND id<?)"];
            assert!(is_range.iter().any(|range| plan.contains(range)), "{plan}");
        }
    }
}

#[tokio::test]
async fn a_search_starts_at_a_rare_word() {
    let store = store().await;
    let pool = pool(&store).await;
    query(
        "WITH RECURSIVE numbers (number) AS \
            (SELECT 1 UNION ALL SELECT number + 1 FROM numbers LIMIT 5001) \
         INSERT INTO votify_title_words (word, poll_key) \
         SELECT 'frequent', number FROM numbers UNION ALL SELECT 'rare', 1",
    )
    .execute(&pool)
    .await
    .unwrap();
    let backend = store.ready().await.unwrap();
    for (words, expected) in [
        (vec!["frequent", "rare"], Source::Word(1)),
        (vec!["freq", "frequent"], Source::Index),
        (vec!["missing", "frequent"], Source::Word(0)),
        (vec![], Source::Index),
    ] {
        let filter = PollFilter {
            words: words.into_iter().map(str::to_owned).collect(),
            ..PollFilter::default()
        };
        let listing = Listing::new(&filter, Timestamp::EPOCH, LISTING);
        let (transaction, source) = listing.begin(backend).await.unwrap();
        transaction.rollback().await;
        assert_eq!(source, expected, "{filter:?}");
    }
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
        (Statement::TryLockPolls, "p", POLL),
        (Statement::ReadPolls, "p", POLL),
        (Statement::ReadPolls, "o", OF_POLL),
        (Statement::ReadTallies, "p", POLL),
        (Statement::ReadTallies, "o", OF_POLL),
        (Statement::InsertOptions, "p", POLL),
        (Statement::InsertTitleWords, "p", POLL),
        (Statement::SealPolls, "votify_polls", POLL),
        (Statement::ReadClaims, "c", "PRIMARY KEY (account=?)"),
        (Statement::ReadVotes, "v", VOTE),
        (Statement::ReadHistories, "v", VOTE),
        (Statement::ReadHistories, "s", BALLOT),
        // Of voters who have superseded ballots only.
        (Statement::ReadHistories, "s EXISTS", VOTER),
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
        (
            Statement::ReadTokens,
            "u",
            "INDEX sqlite_autoindex_votify_users_1 (id=?)",
        ),
        (Statement::ReadTokens, "r", "PRIMARY KEY (token_id=?)"),
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
        (
            Statement::DeleteTitleWords,
            "votify_title_words",
            OF_POLL_WORDS,
        ),
        (Statement::ReadJoinCode, "votify_join_codes", CODE),
        (
            Statement::CountClaims,
            "votify_owner_claims",
            "PRIMARY KEY (account=?)",
        ),
        (Statement::DeleteJoinCode, "votify_join_codes", CODE),
        (Statement::ReadUserByName, "votify_users", USER_BY_NAME),
        (Statement::ReadUser, "votify_users", USER),
        (Statement::UpdatePassword, "votify_users", USER),
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

#[tokio::test]
async fn session_polls_are_counted_by_index() {
    let pool = pool(&store().await).await;
    for text in texts(Statement::CountSessionPolls) {
        let plan = plan(&pool, &text).await;
        let index = "COVERING INDEX votify_polls_of_sessions (owner_kind=?)";
        let search = format!("SEARCH votify_polls USING {index}");
        assert!(plan.contains(&search), "{plan}");
    }
}
