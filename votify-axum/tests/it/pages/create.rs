//! The form to create a poll, without JavaScript.

use serde_json::json;
use votify_axum::{Creators, Permissions, RouteGroup};
use votify_core::PollDraft;

use crate::app::{App, TestResponse};
use crate::browser::{Browser, hidden_field};

async fn submit(browser: &mut Browser, fields: &[(&str, &str)]) -> TestResponse {
    let token = browser.hidden_field("/", "form_token").await;
    let mut all = vec![("form_token", token.as_str())];
    all.extend(fields);
    browser.post_form("/", &all).await
}

/// Returns the API's body of the poll to which a form redirected.
async fn created(browser: &mut Browser, response: &TestResponse) -> serde_json::Value {
    assert_eq!(response.status, 303, "{}", response.text);
    let location = response.header("location");
    let path = location.strip_suffix("?created=1").unwrap();
    let html = browser.get(location).await.expect_status(200).text;
    assert!(html.contains("Your poll is ready"), "{html}");
    browser
        .get(&format!("/api/polls{}", &path[2..]))
        .await
        .json()
}

const SHORT: [(&str, &str); 4] = [
    ("title", "Lunch?"),
    ("options", "Pizza"),
    ("options", ""),
    ("options", "Sushi"),
];

#[tokio::test]
async fn a_question_and_two_options_make_a_poll() {
    let app = App::new();
    let mut owner = Browser::new(&app);
    let response = submit(&mut owner, &SHORT).await;
    let body = created(&mut owner, &response).await;
    assert_eq!(body["poll"]["title"], "Lunch?");
    let texts = body["options"].as_array().unwrap().iter();
    let texts: Vec<_> = texts
        .map(|option| option["text"].as_str().unwrap())
        .collect();
    assert_eq!(texts, ["Pizza", "Sushi"], "blank rows are left out");
    assert_eq!(body["poll"]["voters"], "browser");
    assert_eq!(body["poll"]["visibility"], "public");
    assert_eq!(body["poll"]["join_code"].as_str().unwrap().len(), 6);
}

#[tokio::test]
async fn every_setting_of_the_api_is_in_the_form() {
    let app = App::new();
    let mut owner = Browser::new(&app);
    let closes = app.clock.after(7_200);
    let mut fields = SHORT.to_vec();
    fields.extend([
        ("options", "Soup"),
        ("description", "Bring\nmoney"),
        ("category", "Food"),
        ("voters", "ip"),
        ("address_quota", "3"),
        ("quota_prefix", "24"),
        ("closes_at", &closes[..16]),
        ("results", "after_vote"),
        ("visibility", "unlisted"),
        ("ballot", "multiple"),
        ("ballot_min", "1"),
        ("ballot_max", "2"),
        ("revote", "1"),
        ("external_ref", "ref-1"),
        ("metadata", "{\"a\": 1}"),
    ]);
    let response = submit(&mut owner, &fields).await;
    let body = created(&mut owner, &response).await;
    let poll = &body["poll"];
    for (field, expected) in [
        ("description", json!("Bring\nmoney")),
        ("category", json!("Food")),
        ("voters", json!("ip")),
        ("address_quota", json!({"ballots": 3, "ipv4_prefix": 24})),
        ("closes_at", json!(format!("{}:00Z", &closes[..16]))),
        ("results", json!("after_vote")),
        ("visibility", json!("unlisted")),
        ("ballot", json!({"kind": "multiple", "min": 1, "max": 2})),
        ("revote", json!(true)),
        ("external_ref", json!("ref-1")),
        ("metadata", json!({"a": 1})),
    ] {
        assert_eq!(poll[field], expected, "{field}");
    }
}

#[tokio::test]
async fn errors_are_at_their_fields_and_what_was_typed_is_kept() {
    let app = App::new();
    let mut owner = Browser::new(&app);
    let fields = [
        ("title", " "),
        ("options", "Pizza <1>"),
        ("options", ""),
        ("options", "Pizza <1>"),
        ("ballot", "multiple"),
        ("ballot_max", "many"),
        ("address_quota", "0"),
        ("metadata", "{"),
        ("description", "Bring \"money\""),
    ];
    let page = submit(&mut owner, &fields).await.expect_status(422);
    let html = &page.text;
    assert!(html.contains("role=\"alert\""), "{html}");
    for name in [
        "title",
        "options-1",
        "address_quota",
        "ballot_max",
        "metadata",
    ] {
        assert!(
            html.contains(&format!("id=\"field-{name}-error\"")),
            "{name} in {html}"
        );
    }
    // The first field gets the focus, and each names its error.
    assert_eq!(html.matches(" autofocus").count(), 1);
    let (_, title) = html.split_once("id=\"field-title\"").unwrap();
    let title = title.split('>').next().unwrap();
    assert!(
        title.contains("autofocus") && title.contains("aria-invalid=\"true\""),
        "{title}"
    );
    assert!(
        title.contains("aria-describedby=\"field-title-error\""),
        "{title}"
    );
    assert_eq!(html.matches("value=\"Pizza &#60;1&#62;\"").count(), 2);
    for kept in ["value=\"many\"", "Bring &#34;money&#34;", ">{</textarea>"] {
        assert!(html.contains(kept), "{kept} in {html}");
    }
    assert!(
        html.contains("<details class=\"card more\" open>"),
        "{html}"
    );
    assert_eq!(app.get("/api/polls").await.json()["polls"], json!([]));
}

#[tokio::test]
async fn an_expired_form_keeps_what_was_typed() {
    let app = App::new();
    let mut owner = Browser::new(&app);
    owner.get("/").await;
    let page = owner.post_form("/", &SHORT).await.expect_status(403);
    assert!(page.text.contains("value=\"Lunch?\"") && page.text.contains("value=\"Sushi\""));
    let token = hidden_field(&page.text, "form_token");
    let mut fields = SHORT.to_vec();
    fields.push(("form_token", &token));
    owner.post_form("/", &fields).await.expect_status(303);
}

#[tokio::test]
async fn rows_are_added_without_javascript() {
    let app = App::new();
    let mut owner = Browser::new(&app);
    let first = owner.get("/").await.text;
    assert_eq!(first.matches("name=\"options\"").count(), 2);
    let mut fields = SHORT.to_vec();
    fields.push(("more", "1"));
    let page = submit(&mut owner, &fields).await.expect_status(200);
    assert_eq!(page.text.matches("name=\"options\"").count(), 6);
    assert!(page.text.contains("value=\"Sushi\"") && !page.text.contains("role=\"alert\""));
}

#[tokio::test]
async fn the_largest_poll_fits_into_the_form() {
    let app = App::with(crate::app::without_creation_limits);
    let mut owner = Browser::new(&app);
    let options: Vec<_> = (0..100)
        .map(|index| format!("{}{index:03}", "😀".repeat(252)))
        .collect();
    let description = "ä".repeat(10_000);
    let mut fields = vec![("title", "Lunch?"), ("description", &description)];
    fields.extend(options.iter().map(|text| ("options", text.as_str())));
    let response = submit(&mut owner, &fields).await;
    let body = created(&mut owner, &response).await;
    assert_eq!(body["options"].as_array().unwrap().len(), 100);
}

#[tokio::test]
async fn a_poll_is_duplicated_without_what_is_hidden_from_others() {
    let app = App::new();
    let mut owner = Browser::new(&app);
    let fields = json!({
        "description": "Text", "results": "after_vote", "voters": "ip", "external_ref": "secret",
        "ballot": {"kind": "multiple", "min": 1, "max": 2},
    });
    let poll = owner.create_poll(fields).await;
    let path = format!("/?from={}", poll.id);
    let html = owner.get(&path).await.expect_status(200).text;
    for expected in [
        "value=\"Lunch?\"",
        "value=\"Soup\"",
        ">Text</textarea>",
        "value=\"secret\"",
    ] {
        assert!(html.contains(expected), "{expected} in {html}");
    }
    for checked in ["after_vote", "ip", "multiple"] {
        assert!(
            html.contains(&format!("value=\"{checked}\" checked")),
            "{checked} in {html}"
        );
    }
    let stranger = app.get(&path).await.expect_status(200).text;
    assert!(stranger.contains("value=\"Lunch?\"") && !stranger.contains("secret"));
    app.get("/?from=nonsense").await.expect_status(404);
}

#[tokio::test]
async fn callers_who_may_not_create_get_no_form() {
    let nobody = Permissions::everybody().create(Creators::Nobody);
    let app = App::with(|router| router.authorize(nobody));
    let html = app.get("/").await.expect_status(200).text;
    assert!(
        !html.contains("<form") && html.contains("Join with a code"),
        "{html}"
    );
    assert!(!html.contains(">Create</a>"), "{html}");
    assert_refused(&app).await;
    assert_eq!(app.get("/api/polls").await.json()["polls"], json!([]));
}

#[tokio::test]
async fn the_form_is_absent_if_creation_is_left_out() {
    let app = App::with(|router| router.without([RouteGroup::Creation]));
    let html = app.get("/").await.expect_status(200).text;
    assert!(!html.contains("<form"), "{html}");
    assert_refused(&app).await;
}

/// Sends the form with a valid token, which the page of another poll has too.
async fn assert_refused(app: &App) {
    let draft = PollDraft::single_choice("t", ["a", "b"]);
    let poll = app.engine.create_poll(draft).await.unwrap();
    let mut browser = Browser::new(app);
    let page = format!("/p/{}", poll.id);
    let token = browser.hidden_field(&page, "form_token").await;
    let mut fields = SHORT.to_vec();
    fields.push(("form_token", &token));
    let refused = browser.post_form("/", &fields).await.expect_status(403);
    assert!(refused.text.contains("not allowed"), "{}", refused.text);
}

#[tokio::test]
async fn the_limits_of_the_api_hold() {
    let app = App::with(|router| router.poll_rate(Some(votify_core::Rate::per_minute(1))));
    let mut owner = Browser::new(&app);
    submit(&mut owner, &SHORT).await.expect_status(303);
    // The token of a form contains its expiry.
    app.clock.advance(1);
    let late = submit(&mut owner, &SHORT).await.expect_status(429);
    assert!(late.headers.contains_key("retry-after"));
    assert!(
        late.text.contains("value=\"Lunch?\""),
        "what was typed is kept"
    );
}

/// Returns the ids of the polls of a browser.
async fn own_polls(browser: &mut Browser) -> Vec<String> {
    let list = browser.get("/api/polls?owner=me").await.expect_status(200);
    let polls = list.json()["polls"].as_array().unwrap().clone();
    let id = |poll: &serde_json::Value| poll["id"].as_str().unwrap().to_owned();
    polls.iter().map(id).collect()
}

#[tokio::test]
async fn a_form_that_is_sent_twice_creates_one_poll() {
    let app = App::new();
    let mut owner = Browser::new(&app);
    let token = owner.hidden_field("/", "form_token").await;
    let mut fields = vec![("form_token", token.as_str())];
    fields.extend(SHORT);
    let (mut left, mut right) = (owner.clone(), owner.clone());
    let (first, second) = tokio::join!(left.post_form("/", &fields), right.post_form("/", &fields));
    let third = owner.post_form("/", &fields).await;
    for response in [&second, &third] {
        assert_eq!(response.status, 303, "{}", response.text);
        assert_eq!(response.header("location"), first.header("location"));
    }
    assert_eq!(own_polls(&mut owner).await.len(), 1);
    // The back button shows the form, and it is filled in differently.
    fields[1] = ("title", "Dinner?");
    let other = owner.post_form("/", &fields).await.expect_status(303);
    assert_ne!(other.header("location"), first.header("location"));
    // So is the form of a page that was opened again.
    app.clock.advance(1);
    submit(&mut owner, &SHORT).await.expect_status(303);
    assert_eq!(own_polls(&mut owner).await.len(), 3);
}

#[tokio::test]
async fn a_form_that_is_sent_again_after_its_poll_was_deleted_creates_another() {
    let app = App::new();
    let mut owner = Browser::new(&app);
    let token = owner.hidden_field("/", "form_token").await;
    let mut fields = vec![("form_token", token.as_str())];
    fields.extend(SHORT);
    owner.post_form("/", &fields).await.expect_status(303);
    let poll = own_polls(&mut owner).await.remove(0);
    let path = format!("/api/polls/{poll}");
    let deleted = owner.call(axum::http::Method::DELETE, &path, None).await;
    deleted.expect_status(204);
    let again = owner.post_form("/", &fields).await;
    created(&mut owner, &again).await;
}

#[tokio::test]
async fn a_session_counts_once_for_polls_and_votes() {
    let rate = votify_core::Rate::per_minute(1);
    let app = App::with(|router| router.session_rate(Some(rate)));
    let mut owner = Browser::new(&app);
    for title in ["Lunch?", "Dinner?"] {
        let mut fields = SHORT;
        fields[0].1 = title;
        let response = submit(&mut owner, &fields).await;
        let poll = created(&mut owner, &response).await;
        let path = format!("/api/polls/{}/vote", poll["poll"]["id"].as_str().unwrap());
        let body = json!({"option_id": poll["options"][0]["id"]});
        owner.post(&path, body).await.expect_status(201);
    }
}
