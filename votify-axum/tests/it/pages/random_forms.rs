//! Random fields in every form: each answer is a page, a table or a redirect, and no server
//! error.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::json;
use tokio::runtime::{Builder, Runtime};

use super::visitor::{ORIGIN, Visitor, form_token};
use crate::app::{App, TestResponse};

const FIELDS: &[&str] = &[
    "title",
    "options",
    "description",
    "category",
    "ballot",
    "ballot_min",
    "ballot_max",
    "voters",
    "results",
    "revote",
    "rules",
    "address_quota",
    "quota_prefix",
    "opens_at",
    "opens_at_utc",
    "closes_at",
    "closes_at_utc",
    "visibility",
    "external_ref",
    "metadata",
    "more",
    "option_id",
    "option_ids",
    "ballot_id",
    "count",
    "csv",
    "format",
    "sure",
    "name",
    "password",
    "current_password",
    "new_password",
    "next",
];

const VALUES: &[&str] = &[
    "",
    "on",
    "0",
    "1",
    "3",
    "24",
    "-1",
    "99999999999999999999",
    "single",
    "multiple",
    "browser",
    "ip",
    "account",
    "invite",
    "live",
    "after_vote",
    "after_close",
    "public",
    "unlisted",
    "csv",
    "Pizza\r\nSushi",
    "2999-01-01T00:00",
    "2999-01-01T00:00:00Z",
    "2020-02-30T25:61",
    "{\"room\": 7}",
    "0190b6e2-1111-4000-8000-00000000000a",
    "//evil.test",
];

/// The fields of a form, apart from its token.
type Fields = Vec<(String, String)>;

fn fields(option: String) -> impl Strategy<Value = Fields> {
    let name = prop_oneof![
        9 => prop::sample::select(FIELDS).prop_map(str::to_owned),
        1 => ".{0,8}",
    ];
    let value = prop_oneof![
        6 => prop::sample::select(VALUES).prop_map(str::to_owned),
        3 => ".{0,300}",
        1 => Just(option),
    ];
    let poll = prop_oneof![
        Just(Vec::new()),
        Just(vec![
            ("title".to_owned(), "Lunch?".to_owned()),
            ("options".to_owned(), "Pizza".to_owned()),
            ("options".to_owned(), "Sushi".to_owned()),
        ]),
    ];
    let random = prop::collection::vec((name, value), 0..12);
    (poll, random).prop_map(|(poll, random)| [poll, random].concat())
}

/// Sends `cases` random forms to `actions`, and returns the number of those that were
/// carried out.
fn send(
    runtime: &Runtime,
    visitor: &Visitor,
    page: &str,
    actions: &[String],
    option: &str,
    cases: u32,
) -> usize {
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let token = form_token(&runtime.block_on(visitor.clone().page(page))).to_owned();
    let done = std::cell::Cell::new(0);
    let strategy = (
        prop::sample::select(actions.to_vec()),
        fields(option.to_owned()),
        0..10,
    );
    TestRunner::new(config)
        .run(&strategy, |(action, fields, dice)| {
            let mut all: Vec<_> = fields
                .iter()
                .map(|(name, value)| (&**name, &**value))
                .collect();
            if dice > 0 {
                all.push(("form_token", &token));
            }
            let mut sender = visitor.clone();
            let response = runtime.block_on(sender.post_from(ORIGIN, &action, &all));
            prop_assert!(
                response.status.as_u16() < 500 && is_readable(&response),
                "{} {:?}: {:?} {}",
                action,
                all,
                response.headers,
                response.text
            );
            done.set(done.get() + usize::from(response.status.as_u16() < 400));
            Ok(())
        })
        .unwrap();
    done.get()
}

/// Returns true for a page, a table and a redirect.
fn is_readable(response: &TestResponse) -> bool {
    let Some(kind) = response.headers.get("content-type") else {
        return response.headers.contains_key("location");
    };
    let kind = kind.to_str().unwrap();
    ["text/html; charset=utf-8", "text/csv; charset=utf-8"]
        .iter()
        .any(|expected| kind.starts_with(expected))
}

#[test]
fn random_forms_of_polls_never_cause_a_server_error() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let (owner, polls) = runtime.block_on(async {
        let app = App::with(|router| {
            router
                .vote_rate(None)
                .poll_rate(None)
                .owner_poll_rate(None)
                .poll_bytes_rate(None)
                .invite_rate(None)
                .owner_invite_rate(None)
        });
        let mut owner = Visitor::new(&app);
        let open = owner.create_poll(json!({"revote": true})).await;
        let fields = json!({"voters": "invite", "ballot": {"kind": "multiple"}});
        let by_invite = owner.create_poll(fields).await;
        let to_close = owner.create_poll(json!({})).await;
        (owner, [open, by_invite, to_close])
    });
    let [open, by_invite, to_close] = &polls;
    let mut actions = vec!["/".to_owned(), format!("/p/{}/manage/close", to_close.id)];
    for poll in [open, by_invite] {
        for action in ["vote", "withdraw", "manage", "manage/invites"] {
            actions.push(format!("/p/{}/{action}", poll.id));
        }
    }
    let done = send(&runtime, &owner, "/", &actions, &open.options[0], 1_000);
    assert!(done > 25, "{done} forms were carried out");
}

#[cfg(feature = "accounts")]
#[test]
fn random_forms_of_accounts_never_cause_a_server_error() {
    use crate::accounts::harness::{PASSWORD, app};

    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let visitor = runtime.block_on(async {
        let mut visitor = Visitor::new(&app());
        let fields = [("name", "Ada"), ("password", PASSWORD)];
        let registered = visitor.submit("/register", "/register", &fields).await;
        registered.expect_status(303);
        visitor
    });
    let actions = ["/login", "/register", "/account", "/logout"].map(str::to_owned);
    send(&runtime, &visitor, "/account", &actions, "x", 500);
}
