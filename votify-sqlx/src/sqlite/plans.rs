//! No statement may read a whole table, or sort what an index has in order already.

use sqlx::sqlite::SqlitePool;
use sqlx::{AssertSqlSafe, Row, query};
use votify_core::store::{PollFilter, PollOrder};
use votify_core::{PollStatus, Timestamp};

use super::bulk::Bulk;
use super::store::SqliteStore;
use super::{accounts, database, places, statements};
use crate::listing::Listing;

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
                    for statement in [database::page(&listing), database::count(&listing)] {
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
        &database::page(&Listing::new(&filter, Timestamp::EPOCH)),
    )
    .await;
    assert!(
        due.contains("votify_polls_closing_unsealed (closes_order<?)"),
        "{due}"
    );
}

#[tokio::test]
async fn bulk_statements_look_rows_up() {
    let pool = pool(&store().await).await;
    let statements: [(&str, &Bulk, &str); 12] = [
        ("polls", &statements::POLLS, "SEARCH p USING INDEX"),
        (
            "votes",
            &statements::VOTES_OF,
            "SEARCH v USING INDEX votify_votes_one_per_voter (poll_id=? AND voter_id=?)",
        ),
        (
            "superseded",
            &statements::HISTORIES,
            "SEARCH s USING PRIMARY KEY (poll_id=? AND voter_id=? AND ballot_id=?)",
        ),
        (
            "standing",
            &statements::HISTORIES,
            "SEARCH v USING INDEX votify_votes_one_per_voter (poll_id=? AND voter_id=?)",
        ),
        (
            "update votes",
            &statements::UPDATE_VOTES,
            "INDEX votify_votes_one_per_voter (poll_id=? AND voter_id=?)",
        ),
        (
            "delete votes",
            &statements::DELETE_VOTES,
            "SEARCH votify_votes USING",
        ),
        (
            "update counts",
            &statements::UPDATE_COUNTS,
            "SEARCH votify_poll_options USING PRIMARY KEY (poll_id=? AND id=?)",
        ),
        (
            "update polls",
            &statements::UPDATE_POLLS,
            "INDEX sqlite_autoindex_votify_polls_1 (id=?)",
        ),
        (
            "places",
            &places::PLACES,
            "SEARCH p USING PRIMARY KEY (poll_id=? AND voter_id=?)",
        ),
        (
            "taken places",
            &places::TAKEN,
            "SEARCH p USING COVERING INDEX votify_places_by_address (poll_id=? AND address_id=?)",
        ),
        ("free places", &places::FREE, "SEARCH votify_places USING"),
        ("insert votes", &statements::INSERT_VOTES, "SCAN given"),
    ];
    for (name, bulk, expected) in statements {
        for text in bulk.texts() {
            let plan = plan(&pool, text).await;
            assert!(plan.contains(expected), "{name}\n{plan}");
            for table in [
                "votify_votes",
                "votify_polls",
                "votify_poll_options",
                "votify_superseded_votes",
                "votify_places",
            ] {
                assert!(!plan.contains(&format!("SCAN {table}")), "{name}\n{plan}");
            }
        }
    }
}

#[tokio::test]
async fn pages_and_recounts_stay_within_their_poll() {
    let pool = pool(&store().await).await;
    let page = plan(&pool, statements::VOTES_PAGE).await;
    assert!(
        page.contains("USING PRIMARY KEY (poll_id=? AND revision>? AND revision<?)"),
        "{page}"
    );
    assert!(!page.contains("TEMP B-TREE"), "{page}");
    let choices = plan(&pool, statements::CHOICES).await;
    assert!(
        choices.contains("SEARCH votify_votes USING PRIMARY KEY (poll_id=?)"),
        "{choices}"
    );
}

#[tokio::test]
async fn users_and_revocations_are_looked_up() {
    let pool = pool(&store().await).await;
    for (statement, index) in [
        (accounts::USER_NAMED, "INDEX votify_users_one_per_name"),
        (accounts::USER, "INDEX sqlite_autoindex_votify_users_1"),
        (accounts::FORGET, "INDEX votify_revoked_tokens_ending"),
    ] {
        let plan = plan(&pool, statement).await;
        assert!(plan.contains(index), "{statement}\n{plan}");
        assert!(!plan.contains("SCAN"), "{statement}\n{plan}");
    }
    for text in accounts::REVOKED.texts() {
        let plan = plan(&pool, text).await;
        assert!(plan.contains("SEARCH r USING PRIMARY KEY"), "{plan}");
    }
}
