//! No statement may read a whole table, or sort what an index has in order already.

use std::env;

use sqlx::postgres::{PgConnection, PgTransaction};
use sqlx::{AssertSqlSafe, Connection, Executor, Row};
use votify_core::store::{PollFilter, PollOrder};
use votify_core::{PollStatus, Timestamp};

use super::{accounts, database, places, schema, statements};
use crate::listing::Listing;

/// Prepares the session as our own connections are, and lets the planner sort only where no index has the order.
const SESSION: &str = "SET LOCAL enable_sort = off; SET LOCAL enable_incremental_sort = off; \
    SET LOCAL enable_bitmapscan = off";

async fn connection(test: &str) -> Option<PgConnection> {
    let Ok(url) = env::var("VOTIFY_TEST_POSTGRES_URL") else {
        eprintln!("SKIPPED {test}: wants VOTIFY_TEST_POSTGRES_URL");
        return None;
    };
    Some(PgConnection::connect(&url).await.unwrap())
}

/// Tables of which nothing is left when the transaction ends.
async fn tables(connection: &mut PgConnection) -> PgTransaction<'_> {
    let mut transaction = connection.begin().await.unwrap();
    let settings = statements::for_session();
    let schema = format!("votify_plans_{}", uuid::Uuid::new_v4().simple());
    for statement in [
        format!("CREATE SCHEMA {schema}; SET LOCAL search_path = {schema}"),
        settings.replace("SET ", "SET LOCAL "),
        SESSION.into(),
    ] {
        transaction.execute(AssertSqlSafe(statement)).await.unwrap();
    }
    schema::MIGRATIONS.run(&mut *transaction).await.unwrap();
    transaction
}

/// Lets somebody look at the tables' sizes as early as the server does so by itself: after 50 rows.
async fn look_at_little(transaction: &mut PgTransaction<'_>) {
    let statements = "INSERT INTO votify_polls (id, title, title_search, description, ballot, voters, results, revote, created_at, opens_at, \
            key_id, version) SELECT gen_random_uuid(), '', '', '', '', '', '', false, now(), now(), '', 1 FROM generate_series(1, 50); \
        INSERT INTO votify_tallies SELECT id, 1, 2, 2, random() FROM votify_polls; \
        INSERT INTO votify_poll_options SELECT id, gen_random_uuid(), 0, '', 2 FROM votify_polls; \
        INSERT INTO votify_votes SELECT id, gen_random_uuid(), gen_random_uuid(), 1, now(), '' FROM votify_polls; \
        INSERT INTO votify_superseded_votes SELECT id, gen_random_uuid(), gen_random_uuid(), 1, '' FROM votify_polls; \
        ANALYZE votify_polls, votify_tallies, votify_poll_options, votify_votes, votify_superseded_votes";
    transaction.execute(statements).await.unwrap();
}

async fn plan(transaction: &mut PgTransaction<'_>, statement: &str) -> String {
    let parameters = (1..).take_while(|place| statement.contains(&format!("${place}")));
    let nothing = vec!["NULL"; parameters.count()].join(", ");
    let prepared = format!("PREPARE asked AS {statement}");
    transaction.execute(AssertSqlSafe(prepared)).await.unwrap();
    let explained = format!("EXPLAIN (COSTS OFF) EXECUTE asked ({nothing})");
    let steps = sqlx::raw_sql(AssertSqlSafe(explained))
        .fetch_all(&mut **transaction)
        .await
        .unwrap();
    transaction.execute("DEALLOCATE asked").await.unwrap();
    let steps: Vec<String> = steps.iter().map(|step| step.get(0)).collect();
    steps.join("\n")
}

#[tokio::test]
async fn every_listing_follows_an_index() {
    let Some(mut connection) = connection("every_listing_follows_an_index").await else {
        return;
    };
    let mut tables = tables(&mut connection).await;
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
                    let page = plan(&mut tables, &database::page(&listing)).await;
                    assert!(
                        !page.contains("Sort") && !page.contains("Seq Scan"),
                        "{filter:?}\n{page}"
                    );
                    let count = plan(&mut tables, &database::count(&listing)).await;
                    // Else all polls are asked, and there is nothing to look up.
                    let is_narrowed = listing.index.contains('_');
                    assert!(
                        !is_narrowed || !count.contains("Seq Scan"),
                        "{filter:?}\n{count}"
                    );
                }
            }
        }
    }
}

#[tokio::test]
async fn statements_look_rows_up() {
    let Some(mut connection) = connection("statements_look_rows_up").await else {
        return;
    };
    let mut tables = tables(&mut connection).await;
    let wanted: [(&str, &[&str]); 15] = [
        (statements::LOCK, &["votify_tallies_pkey"]),
        (
            statements::POLLS,
            &[
                "votify_polls_pkey",
                "votify_tallies_pkey",
                "votify_poll_options_pkey",
            ],
        ),
        (statements::REVISION, &["votify_tallies_pkey"]),
        (
            statements::HISTORIES,
            &["votify_votes_pkey", "votify_superseded_votes_pkey"],
        ),
        (
            statements::WRITE,
            &[
                "votify_votes_pkey",
                "votify_poll_options_pkey",
                "votify_tallies_pkey",
            ],
        ),
        (
            statements::QUICK,
            &[
                "votify_votes_pkey",
                "votify_superseded_votes_pkey",
                "votify_poll_options_pkey",
                "votify_tallies_pkey",
            ],
        ),
        (statements::VOTES_OF, &["votify_votes_pkey"]),
        (statements::VOTES_PAGE, &["votify_votes_in_order"]),
        (places::PLACES, &["votify_places_pkey"]),
        (places::TAKEN, &["votify_places_by_address"]),
        (places::FREE, &["votify_places_pkey"]),
        (statements::DELETE[4], &["votify_places_by_address"]),
        (statements::DELETE[0], &["votify_tallies_pkey"]),
        (statements::DELETE[2], &["votify_superseded_votes_pkey"]),
        (statements::DELETE_OPTIONS, &["votify_poll_options_pkey"]),
    ];
    for is_known in [false, true] {
        if is_known {
            look_at_little(&mut tables).await;
        }
        for (statement, indexes) in wanted {
            let plan = plan(&mut tables, statement).await;
            for index in indexes {
                assert!(plan.contains(&format!("using {index} ")), "{index}\n{plan}");
            }
            for detour in [
                "Seq Scan on votify",
                "Hash Join",
                "Merge Join",
                "Join Filter",
            ] {
                assert!(!plan.contains(detour), "{detour}\n{plan}");
            }
            // An index that is gone through without a condition is a whole table.
            let whole = plan.lines().zip(plan.lines().skip(1)).find(|(scan, next)| {
                scan.contains("Index") && scan.contains(" on votify") && !next.contains("Cond:")
            });
            assert!(whole.is_none(), "{whole:?}\n{plan}");
        }
    }
}

#[tokio::test]
async fn pages_and_recounts_stay_within_their_poll() {
    let Some(mut connection) = connection("pages_and_recounts_stay_within_their_poll").await else {
        return;
    };
    let mut tables = tables(&mut connection).await;
    let page = plan(&mut tables, statements::VOTES_PAGE).await;
    assert!(
        page.contains("Index Cond: ((uuid_send(poll_id) = uuid_send($1)) AND (revision > $2) AND (revision <= $3))"),
        "{page}"
    );
    assert!(!page.contains("Sort"), "{page}");
    for statement in [statements::CHOICES, statements::DELETE[1]] {
        let whole = plan(&mut tables, statement).await;
        assert!(whole.contains("Index Cond: (poll_id = $1)"), "{whole}");
    }
}

#[tokio::test]
async fn users_and_revocations_are_looked_up() {
    let Some(mut connection) = connection("users_and_revocations_are_looked_up").await else {
        return;
    };
    let mut tables = tables(&mut connection).await;
    for (statement, index) in [
        (accounts::USER_NAMED, "votify_users_one_per_name"),
        (accounts::USER, "votify_users_pkey"),
        (accounts::REVOKED, "votify_revoked_tokens_pkey"),
        (accounts::FORGET, "votify_revoked_tokens_ending"),
    ] {
        let plan = plan(&mut tables, statement).await;
        assert!(plan.contains(index), "{statement}\n{plan}");
        assert!(!plan.contains("Seq Scan"), "{statement}\n{plan}");
    }
}
