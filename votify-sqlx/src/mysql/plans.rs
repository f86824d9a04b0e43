//! No statement may read a whole table, or sort what an index has in order already.

use sqlx::mysql::{MySqlArguments, MySqlConnection};
use sqlx::{AssertSqlSafe, Connection, Executor, Row, query_with};
use votify_core::store::{PollFilter, PollOrder};
use votify_core::{PollStatus, Timestamp};
use votify_test_support::sql::ScratchDatabase;

use super::statements::{self, Statement};
use super::{database, schema};
use crate::listing::Listing;
use crate::parameters::Parameters;

/// Empty tables, for which servers like to plan in other ways than for full ones.
struct Scene {
    connection: MySqlConnection,
    _database: ScratchDatabase,
}

/// One step of a plan: which table, by which key, and what else is to be said.
#[derive(Debug)]
struct Step {
    table: String,
    /// `ALL` for the whole table.
    way: String,
    key: String,
    extra: String,
}

impl Scene {
    /// None, after telling so, only if there is no server to ask.
    async fn new() -> Option<Self> {
        let database = ScratchDatabase::mysql().await?;
        let mut connection = MySqlConnection::connect(database.url()).await.unwrap();
        schema::migrate_within(&mut connection).await.unwrap();
        Some(Self {
            connection,
            _database: database,
        })
    }

    async fn explained(&mut self, statement: &str, arguments: MySqlArguments) -> Vec<Step> {
        let text = AssertSqlSafe(format!("EXPLAIN {statement}"));
        let rows = query_with(text, arguments);
        let rows = self.connection.fetch_all(rows).await.unwrap();
        let text = |row: &sqlx::mysql::MySqlRow, name| {
            let text: Option<String> = row.try_get_unchecked(name).unwrap();
            text.unwrap_or_default()
        };
        rows.iter()
            .map(|row| Step {
                table: text(row, "table"),
                way: text(row, "type"),
                key: text(row, "key"),
                extra: text(row, "Extra"),
            })
            .collect()
    }

    /// The steps of a statement over given rows.
    async fn over_rows(&mut self, statement: &'static Statement) -> Vec<Step> {
        self.explained(&as_text(statement), MySqlArguments::default())
            .await
    }
}

/// Over no rows.
fn as_text(statement: &Statement) -> String {
    let text = statement.with("");
    // Its mark is told behind it.
    let is_marked = text.ends_with("= ");
    if is_marked { text + "0" } else { text }
}

fn step<'s>(steps: &'s [Step], table: &str) -> &'s Step {
    let found = steps.iter().find(|step| step.table == table);
    found.unwrap_or_else(|| panic!("{table} is not in {steps:?}"))
}

#[tokio::test]
async fn every_listing_follows_its_index() {
    let Some(mut scene) = Scene::new().await else {
        return;
    };
    let statuses = [PollStatus::Scheduled, PollStatus::Open, PollStatus::Closed];
    let mut filters = Vec::new();
    for order in [
        PollOrder::Newest,
        PollOrder::Closing,
        PollOrder::Opening,
        PollOrder::Trending,
    ] {
        for status in [None].into_iter().chain(statuses.map(Some)) {
            for sealed in [None, Some(true), Some(false)] {
                // Nothing passes, and the server knows it.
                let unsealed = matches!(status, Some(PollStatus::Scheduled | PollStatus::Open));
                if unsealed && sealed == Some(true) {
                    continue;
                }
                for category in [None, Some("food".to_owned())] {
                    let words = vec!["lunch".to_owned()];
                    filters.push(PollFilter {
                        status,
                        sealed,
                        category,
                        words,
                        order,
                    });
                }
            }
        }
    }
    for filter in filters {
        let listing = Listing::new(&filter, Timestamp::EPOCH);
        for (statement, is_page) in [
            (database::page(&listing), true),
            (database::count(&listing), false),
        ] {
            let mut arguments = MySqlArguments::default();
            listing.bind(&mut arguments).unwrap();
            if is_page {
                arguments.integer(50).unwrap();
                arguments.integer(0).unwrap();
            }
            let steps = scene.explained(&statement, arguments).await;
            let polls = step(&steps, "p");
            let key = format!("votify_polls_{}", listing.index);
            // What counts all polls may as well read the rows themselves.
            let narrows = listing.index.contains('_');
            if is_page || narrows {
                assert_eq!(polls.key, key, "{filter:?}\n{statement}\n{steps:?}");
                assert_ne!(polls.way, "ALL", "{filter:?}\n{statement}\n{steps:?}");
            }
            if narrows {
                assert_ne!(polls.way, "index", "{filter:?}\n{statement}\n{steps:?}");
            }
            let sorts = steps.iter().any(|step| step.extra.contains("filesort"));
            assert!(!sorts, "{filter:?}\n{statement}\n{steps:?}");
            if is_page {
                let options = step(&steps, "o");
                let found = (&*options.way, &*options.key);
                assert_eq!(found, ("ref", "PRIMARY"), "{statement}\n{steps:?}");
            }
        }
    }
}

#[tokio::test]
async fn due_polls_are_found_without_the_others() {
    let Some(mut scene) = Scene::new().await else {
        return;
    };
    let filter = PollFilter {
        status: Some(PollStatus::Closed),
        sealed: Some(false),
        order: PollOrder::Closing,
        ..PollFilter::default()
    };
    let listing = Listing::new(&filter, Timestamp::EPOCH);
    let mut arguments = MySqlArguments::default();
    listing.bind(&mut arguments).unwrap();
    arguments.integer(50).unwrap();
    arguments.integer(0).unwrap();
    let page = database::page(&listing);
    let steps = scene.explained(&page, arguments).await;
    let due = step(&steps, "p");
    assert_eq!(
        (&*due.way, &*due.key),
        ("range", "votify_polls_closing_unsealed"),
        "{steps:?}"
    );
}

#[tokio::test]
async fn given_rows_are_looked_up() {
    let Some(mut scene) = Scene::new().await else {
        return;
    };
    let one_per_voter = "votify_votes_one_per_voter";
    for (statement, table, key) in [
        (&statements::LOCK_POLLS, "p", "PRIMARY"),
        (&statements::LOCKED_STAMPS, "p", "PRIMARY"),
        (&statements::LOCKED_POLLS, "p", "PRIMARY"),
        (&statements::POLLS, "p", "PRIMARY"),
        (&statements::VOTES_OF, "v", one_per_voter),
        (&statements::STANDING, "v", one_per_voter),
        (&statements::SUPERSEDED, "s", "PRIMARY"),
        (&statements::UPDATE_VOTES, "v", one_per_voter),
        (&statements::DELETE_VOTES, "v", one_per_voter),
        (&statements::UPDATE_COUNTS, "o", "PRIMARY"),
        (&statements::UPDATE_POLLS, "p", "PRIMARY"),
        (&statements::PLACES, "p", "PRIMARY"),
        (&statements::FREE_PLACES, "p", "PRIMARY"),
    ] {
        let steps = scene.over_rows(statement).await;
        let text = as_text(statement);
        let found = step(&steps, table);
        assert_eq!(
            (&*found.way, &*found.key),
            ("eq_ref", key),
            "{text}\n{steps:?}"
        );
        let joined = steps.iter().any(|step| step.extra.contains("join buffer"));
        assert!(!joined, "{text}\n{steps:?}");
        let first = steps.first().unwrap();
        assert_eq!(first.table, "given", "{text}\n{steps:?}");
    }
}

#[tokio::test]
async fn pages_and_recounts_stay_within_their_poll() {
    let Some(mut scene) = Scene::new().await else {
        return;
    };
    let mut arguments = MySqlArguments::default();
    arguments.id(&[1; 16]).unwrap();
    for value in [0, 9, 1000] {
        arguments.integer(value).unwrap();
    }
    let steps = scene.explained(statements::VOTES_PAGE, arguments).await;
    let page = step(&steps, "votify_votes");
    assert_eq!((&*page.way, &*page.key), ("range", "PRIMARY"), "{steps:?}");
    assert!(!page.extra.contains("filesort"), "{steps:?}");
    for (statement, table) in [
        (statements::CHOICES, "votify_votes"),
        (statements::REVISION, "votify_polls"),
        (statements::DELETE_OPTIONS, "votify_poll_options"),
        (statements::DELETE[0], "votify_votes"),
        (statements::DELETE[1], "votify_superseded_votes"),
        (statements::DELETE[2], "votify_invites"),
        (statements::DELETE[3], "votify_places"),
        (statements::DELETE[5], "votify_polls"),
    ] {
        let mut arguments = MySqlArguments::default();
        arguments.id(&[1; 16]).unwrap();
        let steps = scene.explained(statement, arguments).await;
        // A poll that does not exist is known not to, before any step.
        if let Some(found) = steps.iter().find(|step| step.table == table) {
            assert!(
                ["ref", "range", "const"].contains(&&*found.way),
                "{statement}\n{steps:?}"
            );
        } else {
            assert_eq!(statement, statements::REVISION, "{steps:?}");
        }
    }
}
