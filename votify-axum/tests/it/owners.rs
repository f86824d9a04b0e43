use async_trait::async_trait;
use axum::http::Method;
use axum::http::request::Parts;
use serde_json::{Value, json};
use votify_axum::{Identity, IdentityError};
use votify_core::voter::AccountId;

use crate::app::{App, request};
use crate::browser::{Browser, CreatedPoll};

fn owner_calls(poll: &CreatedPoll) -> [(Method, String, Option<Value>); 3] {
    [
        (
            Method::PATCH,
            poll.path(""),
            Some(json!({"title": "Dinner?"})),
        ),
        (Method::POST, poll.path("/close"), None),
        (Method::DELETE, poll.path(""), None),
    ]
}

#[tokio::test]
async fn only_the_owner_may_change_a_poll() {
    let app = App::new();
    let mut owner = Browser::new(&app);
    let poll = owner.create_poll(json!({})).await;
    let mut other = Browser::new(&app);
    other.create_poll(json!({})).await;
    for (method, path, body) in owner_calls(&poll) {
        let anonymous = app.send(request(method.clone(), &path, body.clone())).await;
        anonymous.assert_problem(403, "not_owner");
        let stranger = other.call(method, &path, body).await;
        stranger.assert_problem(403, "not_owner");
    }
    let [change, close, delete] = owner_calls(&poll);
    let changed = owner
        .call(change.0, &change.1, change.2)
        .await
        .expect_status(200)
        .json();
    assert_eq!(
        (&changed["title"], &changed["revision"]),
        (&json!("Dinner?"), &json!(1))
    );
    owner.vote(&poll, 0).await.expect_status(201);
    let closed = owner
        .call(close.0, &close.1, None)
        .await
        .expect_status(200)
        .json();
    assert_eq!(
        (&closed["status"], &closed["final"], &closed["total_votes"]),
        (&json!("closed"), &json!(true), &json!(1))
    );
    let again = owner
        .post(&poll.path("/close"), json!({}))
        .await
        .expect_status(200)
        .json();
    assert_eq!(again, closed, "closing twice does not change the result");
    assert!(
        owner
            .call(delete.0, &delete.1, None)
            .await
            .expect_status(204)
            .text
            .is_empty()
    );
    owner
        .get(&poll.path(""))
        .await
        .assert_problem(404, "poll_not_found");
    owner
        .call(Method::DELETE, &poll.path(""), None)
        .await
        .assert_problem(404, "poll_not_found");
}

#[tokio::test]
async fn frozen_fields_cannot_be_changed() {
    let app = App::new();
    let mut owner = Browser::new(&app);
    let poll = owner.create_poll(json!({})).await;
    let path = poll.path("");
    let mut patch = async |body: Value| owner.call(Method::PATCH, &path, Some(body)).await;
    patch(json!({"results": "after_vote", "category": "food"}))
        .await
        .expect_status(200);
    patch(json!({"results": "live"})).await.expect_status(200);
    Browser::new(&app).vote(&poll, 0).await.expect_status(201);
    for frozen in [
        json!({"voters": "ip"}),
        json!({"results": "after_vote"}),
        json!({"revote": true}),
        json!({"ballot": {"kind": "multiple"}}),
        json!({"options": ["x", "y"]}),
        json!({"opens_at": app.clock.after(9)}),
    ] {
        let body = patch(frozen.clone())
            .await
            .assert_problem(409, "poll_has_votes");
        let field = frozen.as_object().unwrap().keys().next().unwrap().clone();
        assert!(body["detail"].as_str().unwrap().contains(&field), "{body}");
    }
    let texts: Vec<Value> = poll
        .options
        .iter()
        .map(|id| json!({"id": id, "text": format!("{id}!")}))
        .collect();
    let edited = patch(json!({"options": texts, "closes_at": app.clock.after(60)}))
        .await
        .expect_status(200)
        .json();
    assert!(edited["edited_at"].is_string() && edited["closes_at"].is_string());
    assert_eq!(edited["options"][0]["count"], 1);
    patch(json!({"closes_at": app.clock.after(0)}))
        .await
        .assert_problem(422, "invalid_poll");
    app.clock.advance(61);
    patch(json!({"title": "Too late"}))
        .await
        .assert_problem(409, "poll_closed");
}

#[tokio::test]
async fn all_errors_of_a_change_are_reported_together() {
    let app = App::new();
    let mut owner = Browser::new(&app);
    let poll = owner.create_poll(json!({})).await;
    let body = json!({
        "title": "", "category": 3, "closes_at": "2001-01-01T00:00:00Z", "opens_at": "soon", "status": "open",
        "options": [{"id": "nonsense", "text": "a"}, {"id": poll.id}, {}],
    });
    let response = owner.call(Method::PATCH, &poll.path(""), Some(body)).await;
    response.assert_problem(422, "invalid_poll");
    let wrong = response.invalid_fields();
    for field in [
        "category",
        "opens_at",
        "status",
        "options[0].id",
        "options[2].text",
        "options[1].id",
    ] {
        assert!(
            wrong.iter().any(|invalid| invalid == field),
            "{field} is not among {wrong:?}"
        );
    }
    let response = owner
        .call(
            Method::PATCH,
            &poll.path(""),
            Some(json!({"title": "", "closes_at": 7})),
        )
        .await;
    assert_eq!(response.invalid_fields(), ["closes_at", "title"]);
    assert_eq!(
        app.get(&poll.path("")).await.json()["poll"]["title"],
        "Lunch?"
    );
}

/// Reads the account from `x-user`. `bad` is invalid, `down` makes the identity
/// unavailable.
#[derive(Debug)]
pub struct ByHeader;

#[async_trait]
impl Identity for ByHeader {
    async fn account(&self, request: &Parts) -> Result<Option<AccountId>, IdentityError> {
        match request
            .headers
            .get("x-user")
            .map(|user| user.to_str().unwrap())
        {
            Some("bad") => Err(IdentityError::Invalid),
            Some("down") => Err(IdentityError::Unavailable),
            user => Ok(user.map(AccountId::new)),
        }
    }
}

#[tokio::test]
async fn accounts_vote_once_and_own_their_polls() {
    let app = App::with(|router| router.identity(ByHeader).vote_rate(None));
    let (alice, bob) = ([("x-user", "alice")], [("x-user", "bob")]);
    let body = json!({"title": "t", "options": ["a", "b"], "voters": "account"});
    let created = Browser::new(&app)
        .call_with(Method::POST, "/api/polls", Some(body), &alice)
        .await
        .expect_status(201);
    assert!(
        !created.headers.contains_key("set-cookie"),
        "an account needs no session"
    );
    let poll = CreatedPoll::from(created.json());
    let vote = json!({"option_id": poll.options[0]});
    let path = poll.path("/vote");
    Browser::new(&app)
        .vote(&poll, 0)
        .await
        .assert_problem(401, "not_logged_in");
    let anonymous = app.get(&path).await;
    anonymous.assert_problem(401, "not_logged_in");
    assert!(anonymous.headers.contains_key("www-authenticate"));
    for _ in 0..2 {
        let mut browser = Browser::new(&app);
        let response = browser
            .call_with(Method::POST, &path, Some(vote.clone()), &bob)
            .await;
        assert!(
            response.status == 201 || response.assert_problem(409, "already_voted").is_object()
        );
    }
    assert_eq!(app.total(&poll.id).await, 1);
    let title = Some(json!({"title": "New"}));
    let mut browser = Browser::new(&app);
    browser
        .call_with(Method::PATCH, &poll.path(""), title.clone(), &bob)
        .await
        .assert_problem(403, "not_owner");
    browser
        .call_with(Method::PATCH, &poll.path(""), title, &alice)
        .await
        .expect_status(200);
    browser
        .call_with(Method::GET, &path, None, &[("x-user", "bad")])
        .await
        .assert_problem(401, "invalid_login");
    let down = browser
        .call_with(Method::GET, &path, None, &[("x-user", "down")])
        .await;
    down.assert_problem(503, "store_unavailable");
    assert!(down.headers.contains_key("retry-after"));
}
