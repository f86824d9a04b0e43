//! Plans of all statements: none reads a whole table, or sorts what an index returns in
//! order.

use sqlx::mysql::{MySqlArguments, MySqlConnectOptions, MySqlConnection};
use sqlx::{AssertSqlSafe, Connection, Executor, Row, query_with};
use votify_core::store::{PollFilter, PollOrder};
use votify_core::{PollStatus, Timestamp};
use votify_test_support::sql::ScratchDatabase;

use super::{schema, sql};
use crate::backend::Call;
use crate::bind::Bind;
use crate::listing::{self, Listing, Part, Source};
use crate::row_set::Value;
use crate::statement::Statement;

const PRIMARY: &str = "PRIMARY";

/// A table, how it is read, and its index.
type Lookup = (&'static str, &'static str, &'static str);

/// A connection to empty tables, for which servers tend to choose other plans than for
/// large ones.
struct Harness {
    connection: MySqlConnection,
    _database: ScratchDatabase,
}

/// One step of a plan.
#[derive(Debug)]
struct Step {
    table: String,
    /// How the table is read: `ALL` for the whole table.
    access: String,
    key: String,
    extra: String,
}

impl Harness {
    /// Returns `None`, and reports the skip, without a server.
    async fn new() -> Option<Self> {
        let database = ScratchDatabase::mysql().await?;
        let options: MySqlConnectOptions = database.url().parse().unwrap();
        // Replacing a cached statement takes 40 ms.
        let options = options.statement_cache_capacity(4_000);
        let mut connection = MySqlConnection::connect_with(&options).await.unwrap();
        schema::migrate_locked(&mut connection).await.unwrap();
        Some(Self {
            connection,
            _database: database,
        })
    }

    async fn explain(&mut self, statement: &str, params: Vec<Value>) -> Vec<Step> {
        let text = AssertSqlSafe(format!("EXPLAIN {statement}"));
        let rows = query_with(text, MySqlArguments::from_values(params).unwrap());
        let rows = self.connection.fetch_all(rows).await.unwrap();
        let text = |row: &sqlx::mysql::MySqlRow, name| {
            let text: Option<String> = row.try_get_unchecked(name).unwrap();
            text.unwrap_or_default()
        };
        rows.iter()
            .map(|row| Step {
                table: text(row, "table"),
                access: text(row, "type"),
                key: text(row, "key"),
                extra: text(row, "Extra"),
            })
            .collect()
    }
}

/// Returns the texts of a statement over no rows.
fn texts(statement: Statement) -> Vec<String> {
    let id = "X'01010101010101010101010101010101'";
    let templates = sql::templates(statement).iter();
    templates
        .map(|template| template.with_rows("", id))
        .collect()
}

fn step<'s>(steps: &'s [Step], table: &str) -> &'s Step {
    let found = steps.iter().find(|step| step.table == table);
    found.unwrap_or_else(|| panic!("{table} is not in {steps:?}"))
}

/// Returns the text and the parameters of a call.
fn parts_of(call: Call) -> (String, Vec<Value>) {
    match call {
        Call::Listing(text, params) => (text, params),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn every_listing_follows_its_index() {
    let Some(mut harness) = Harness::new().await else {
        return;
    };
    for filter in listing::all_filters() {
        let name = listing::index(&filter);
        for (source, call) in listing::all_calls(&filter, sql::LISTING) {
            let (statement, params) = parts_of(call);
            let steps = harness.explain(&statement, params).await;
            let plan = format!("{filter:?}\n{statement}\n{steps:?}");
            // The server finds out by itself that no poll can match.
            if steps[0].extra.contains("Impossible WHERE") {
                continue;
            }
            let polls = step(&steps, "p");
            let sorts = steps.iter().any(|step| step.extra.contains("filesort"));
            if source != Source::Index {
                let word = step(&steps, "votify_title_words");
                assert_eq!((&*word.access, &*word.key), ("range", PRIMARY), "{plan}");
                assert_eq!((&*polls.access, &*polls.key), ("eq_ref", PRIMARY), "{plan}");
                continue;
            }
            // A count ends at its maximum. Without a condition of an index, it reads any polls.
            let has_plain_index = !name.contains('_') && name != "due" && name != "owner";
            if has_plain_index && statement.contains("count(*)") {
                continue;
            }
            assert_eq!(polls.key, format!("votify_polls_{name}"), "{plan}");
            // Only the polls of an owner or with an external reference are sorted.
            let is_narrow = ["owner", "external_ref"].contains(&&*name);
            assert!(!sorts || is_narrow, "{plan}");
            if !["newest", "closing", "opening", "trending"].contains(&&*name) {
                assert!(["ref", "range"].contains(&&*polls.access), "{plan}");
            }
            for word in steps.iter().filter(|step| step.table == "v") {
                assert_eq!(word.key, "votify_title_words_by_poll", "{plan}");
                assert_ne!(word.access, "index", "{plan}");
            }
        }
    }
}

#[tokio::test]
async fn due_polls_are_found_without_the_others() {
    let Some(mut harness) = Harness::new().await else {
        return;
    };
    let filter = PollFilter {
        status: Some(PollStatus::Closed),
        sealed: Some(false),
        order: PollOrder::Closing,
        ..PollFilter::all()
    };
    let listing = Listing::new(&filter, Timestamp::EPOCH, sql::LISTING);
    let (page, params) = parts_of(listing.ids_call(Source::Index, Part::All, 50, 0));
    let steps = harness.explain(&page, params).await;
    let due = step(&steps, "p");
    let found = (&*due.access, &*due.key);
    assert_eq!(found, ("range", "votify_polls_due"), "{steps:?}");
}

#[tokio::test]
async fn scheduled_polls_are_found_without_the_opened_ones() {
    let Some(mut harness) = Harness::new().await else {
        return;
    };
    for filter in listing::scheduled_by_opening() {
        for (source, call) in listing::all_calls(&filter, sql::LISTING) {
            let (statement, params) = parts_of(call);
            if source != Source::Index || statement.contains("count(*)") {
                continue;
            }
            let steps = harness.explain(&statement, params).await;
            let polls = step(&steps, "p");
            assert_eq!(polls.access, "range", "{statement}\n{steps:?}");
        }
    }
}

#[tokio::test]
async fn rows_are_looked_up() {
    const PER_VOTER: &str = "votify_votes_one_per_voter";
    /// The lookups of a statement, for each of its texts.
    type Lookups = &'static [&'static [Lookup]];
    let Some(mut harness) = Harness::new().await else {
        return;
    };
    let expected: [(Statement, Lookups); 14] = [
        (Statement::LockPolls, &[&[("p", "eq_ref", PRIMARY)]]),
        (Statement::TryLockPolls, &[&[("p", "eq_ref", PRIMARY)]]),
        (Statement::ReadPolls, &[&[("p", "eq_ref", PRIMARY)]]),
        (Statement::ReadTallies, &[&[("p", "eq_ref", PRIMARY)]]),
        (Statement::ReadVotes, &[&[("v", "eq_ref", PER_VOTER)]]),
        (
            Statement::ReadHistories,
            &[
                &[("v", "eq_ref", PER_VOTER)],
                &[("s", "eq_ref", PRIMARY)],
                // Of voters who have superseded ballots only.
                &[("s", "ref", PRIMARY), ("v", "eq_ref", PER_VOTER)],
            ],
        ),
        (Statement::UpdateVotes, &[&[("v", "eq_ref", PER_VOTER)]]),
        (Statement::DeleteVotes, &[&[("v", "eq_ref", PER_VOTER)]]),
        (Statement::UpdateTallies, &[&[("p", "eq_ref", PRIMARY)]]),
        (Statement::ReadVoteAddresses, &[&[("a", "eq_ref", PRIMARY)]]),
        (
            Statement::DeleteVoteAddresses,
            &[&[("a", "eq_ref", PRIMARY)]],
        ),
        (Statement::ReadInvites, &[&[("i", "eq_ref", PRIMARY)]]),
        (
            Statement::ReadTokens,
            &[&[("u", "eq_ref", PRIMARY), ("t", "eq_ref", PRIMARY)]],
        ),
        (Statement::SealPolls, &[&[("p", "eq_ref", PRIMARY)]]),
    ];
    for (statement, found) in expected {
        let texts = texts(statement);
        assert_eq!(texts.len(), found.len());
        for (text, tables) in texts.iter().zip(found) {
            let steps = harness.explain(text, Vec::new()).await;
            for (table, access, key) in *tables {
                let found = step(&steps, table);
                let lookup = (&*found.access, &*found.key);
                assert_eq!(lookup, (*access, *key), "{text}\n{steps:?}");
            }
            let is_buffered = steps.iter().any(|step| step.extra.contains("join buffer"));
            assert!(!is_buffered, "{text}\n{steps:?}");
            let mut outer = steps.iter().filter(|step| step.table != "o");
            assert_eq!(outer.next().unwrap().table, "input", "{text}\n{steps:?}");
        }
    }
}

#[tokio::test]
async fn ballots_of_addresses_are_counted_by_index() {
    let Some(mut harness) = Harness::new().await else {
        return;
    };
    for text in texts(Statement::CountVoteAddresses) {
        let steps = harness.explain(&text, Vec::new()).await;
        let addresses = step(&steps, "a");
        assert_eq!(
            (&*addresses.access, &*addresses.key),
            ("ref", "votify_vote_addresses_by_address"),
            "{text}\n{steps:?}"
        );
    }
}

#[tokio::test]
async fn session_polls_are_counted_by_index() {
    let Some(mut harness) = Harness::new().await else {
        return;
    };
    let text = sql::templates(Statement::CountSessionPolls)[0].text();
    let steps = harness
        .explain(text, vec![Value::Integer(Some(100_000))])
        .await;
    let polls = step(&steps, "votify_polls");
    assert_eq!(
        (&*polls.access, &*polls.key),
        ("ref", "votify_polls_of_sessions"),
        "{steps:?}"
    );
}

#[tokio::test]
async fn pages_and_recounts_stay_within_their_poll() {
    let Some(mut harness) = Harness::new().await else {
        return;
    };
    let text = |statement| sql::templates(statement)[0].text();
    let poll = || Value::id(&[1; 16]);
    let mut params = vec![poll()];
    params.extend([0, 9, 1000].map(|number| Value::Integer(Some(number))));
    let steps = harness.explain(text(Statement::ReadVotePage), params).await;
    let page = step(&steps, "votify_votes");
    assert_eq!(
        (&*page.access, &*page.key),
        ("range", "PRIMARY"),
        "{steps:?}"
    );
    assert!(!page.extra.contains("filesort"), "{steps:?}");
    for (statement, table) in [
        (Statement::CountChoices, "votify_votes"),
        (Statement::ReadRevision, "p"),
        (Statement::DeleteOptions, "votify_options"),
        (Statement::DeleteTitleWords, "votify_title_words"),
        (Statement::DeleteJoinCode, "p"),
        (Statement::DeleteVotesOfPoll, "votify_votes"),
        (Statement::DeleteSupersededOfPoll, "votify_superseded_votes"),
        (Statement::DeleteInvitesOfPoll, "votify_invites"),
        (
            Statement::DeleteVoteAddressesOfPoll,
            "votify_vote_addresses",
        ),
        (Statement::DeletePoll, "votify_polls"),
    ] {
        let steps = harness.explain(text(statement), vec![poll()]).await;
        // The server finds out before the first step that a poll does not exist.
        if let Some(found) = steps.iter().find(|step| step.table == table) {
            assert!(
                ["ref", "range", "const"].contains(&&*found.access),
                "{statement:?}\n{steps:?}"
            );
        } else {
            let joins = [Statement::ReadRevision, Statement::DeleteJoinCode];
            assert!(joins.contains(&statement), "{statement:?}\n{steps:?}");
        }
    }
}
