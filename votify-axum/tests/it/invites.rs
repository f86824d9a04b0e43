use axum::http::Method;
use serde_json::{Value, json};
use votify_axum::{RouteGroup, VotifyRouter};

use crate::app::{App, open_router, without_creation_limits};
use crate::browser::{Browser, CreatedPoll};
use crate::failing_store::FailingStore;

/// Builds an app whose store supports invites.
pub fn app(set: impl FnOnce(VotifyRouter) -> VotifyRouter) -> App {
    App::with(set)
}

/// Creates `count` invite codes as the owner.
pub async fn codes(owner: &mut Browser, poll: &CreatedPoll, count: u32) -> Vec<String> {
    let created = owner
        .post(&poll.path("/invites"), json!({"count": count}))
        .await;
    let created = created.expect_status(201).json();
    let created = created["invites"].as_array().unwrap();
    let code = |invite: &Value| invite["code"].as_str().unwrap().to_owned();
    created.iter().map(code).collect()
}

fn with(poll: &CreatedPoll, suffix: &str, code: &str) -> String {
    format!("{}?invite={code}", poll.path(suffix))
}

async fn vote(browser: &mut Browser, poll: &CreatedPoll, code: &str) -> crate::app::TestResponse {
    let body = json!({"option_id": poll.options[0]});
    browser.post(&with(poll, "/vote", code), body).await
}

#[tokio::test]
async fn several_codes_in_one_request_are_rejected() {
    let app = app(|router| router);
    let mut owner = Browser::new(&app);
    let poll = owner.create_poll(json!({"voters": "invite"})).await;
    let codes = codes(&mut owner, &poll, 2).await;
    let query = format!("?invite={}&invite={}", codes[0], codes[1]);
    let ballot = json!({"option_id": poll.options[0]});
    for (method, suffix, body) in [
        (Method::GET, "", None),
        (Method::GET, "/me", None),
        (Method::GET, "/results", None),
        (Method::GET, "/stream", None),
        (Method::GET, "/vote", None),
        (Method::POST, "/vote", Some(ballot)),
        (Method::DELETE, "/vote", None),
    ] {
        let path = format!("{}{query}", poll.path(suffix));
        let response = Browser::new(&app).call(method, &path, body).await;
        let problem = response.assert_problem(422, "invalid_query");
        let expected = json!([{"field": "invite", "problem": "must not be repeated"}]);
        assert_eq!(problem["errors"], expected, "{path}");
    }
    assert_eq!(app.total(&poll.id).await, 0);
    // Both codes are still unused.
    for code in &codes {
        vote(&mut Browser::new(&app), &poll, code)
            .await
            .expect_status(201);
    }
}

#[tokio::test]
async fn each_code_has_one_vote() {
    let app = app(|router| router);
    let mut owner = Browser::new(&app);
    let poll = owner.create_poll(json!({"voters": "invite"})).await;
    assert_eq!(poll.body["voters"], "invite");
    let codes = codes(&mut owner, &poll, 3).await;
    let mut voter = Browser::new(&app);
    let id = "0190b6e2-0000-7000-8000-000000000001";
    let ballot = json!({"option_id": poll.options[0], "ballot_id": id});
    let path = with(&poll, "/vote", &codes[0]);
    let first = voter
        .post(&path, ballot.clone())
        .await
        .expect_status(201)
        .json();
    assert_eq!(first["total_votes"], 1);
    let again = voter
        .post(&path, ballot.clone())
        .await
        .expect_status(200)
        .json();
    assert_eq!(again["total_votes"], 1);
    // Another browser with another spelling of the code is the same voter.
    let typed = codes[0].to_lowercase().replace('-', "+").replace('0', "o");
    let elsewhere = Browser::new(&app)
        .post(&with(&poll, "/vote", &typed), ballot)
        .await;
    elsewhere.expect_status(200);
    let used = vote(&mut Browser::new(&app), &poll, &codes[0]).await;
    used.assert_problem(409, "already_voted");
    // One browser may use several codes.
    vote(&mut voter, &poll, &codes[1]).await.expect_status(201);
    assert_eq!(app.total(&poll.id).await, 2);
    let own = voter
        .get(&with(&poll, "/vote", &codes[1]))
        .await
        .expect_status(200);
    assert_eq!(own.json()["option_id"], poll.options[0]);
    let own = voter.get(&with(&poll, "/vote", &codes[2])).await;
    own.assert_problem(404, "not_voted");
}

#[tokio::test]
async fn invalid_codes_are_rejected_and_rate_limited() {
    let app = app(|router| router);
    let mut owner = Browser::new(&app);
    let poll = owner.create_poll(json!({"voters": "invite"})).await;
    let other = owner.create_poll(json!({"voters": "invite"})).await;
    let foreign = codes(&mut owner, &other, 1).await.remove(0);
    let mut guesser = Browser::new(&app);
    for guess in ["0W3G-E1R7-0W3G-E1R7", "", "nonsense", "%00", &foreign] {
        let rejected = vote(&mut guesser, &poll, guess).await;
        rejected.assert_problem(403, "invite_invalid");
    }
    owner
        .vote(&poll, 0)
        .await
        .assert_problem(403, "invite_invalid");
    let own = owner.get(&poll.path("/vote")).await;
    own.assert_problem(403, "invite_invalid");
    // The first attempt counts for the address, the others for the session that it
    // started.
    for _ in 0..6 {
        vote(&mut guesser, &poll, "0W3G-E1R7-0W3G-E1R7").await;
    }
    let code = codes(&mut owner, &poll, 1).await.remove(0);
    vote(&mut guesser, &poll, &code)
        .await
        .assert_problem(429, "rate_limited");
    // A rejected attempt does not use the code.
    vote(&mut Browser::new(&app), &poll, &code)
        .await
        .expect_status(201);
}

#[tokio::test]
async fn a_vote_by_code_can_be_withdrawn_and_cast_again() {
    let app = app(|router| router);
    let mut owner = Browser::new(&app);
    let poll = owner
        .create_poll(json!({"voters": "invite", "revote": true}))
        .await;
    let code = codes(&mut owner, &poll, 1).await.remove(0);
    vote(&mut Browser::new(&app), &poll, &code)
        .await
        .expect_status(201);
    let mut elsewhere = Browser::new(&app);
    let withdrawn = elsewhere
        .call(Method::DELETE, &with(&poll, "/vote", &code), None)
        .await;
    assert_eq!(withdrawn.expect_status(200).json()["total_votes"], 0);
    vote(&mut elsewhere, &poll, &code).await.expect_status(201);
    assert_eq!(app.total(&poll.id).await, 1);
}

#[tokio::test]
async fn the_owner_counts_codes() {
    let app = app(|router| router);
    let mut owner = Browser::new(&app);
    let poll = owner
        .create_poll(json!({"voters": "invite", "revote": true}))
        .await;
    let path = poll.path("/invites");
    let counts = async |owner: &mut Browser| {
        let counts = owner.get(&path).await.expect_status(200);
        assert_eq!(counts.header("cache-control"), "private");
        counts.json()
    };
    let expected = json!({"made": 0, "used": 0, "left": 0});
    assert_eq!(counts(&mut owner).await, expected);
    let codes = codes(&mut owner, &poll, 3).await;
    let mut voter = Browser::new(&app);
    vote(&mut voter, &poll, &codes[0]).await.expect_status(201);
    let expected = json!({"made": 3, "used": 1, "left": 2});
    assert_eq!(counts(&mut owner).await, expected);
    // A withdrawn vote leaves the code to be used again.
    let vote = with(&poll, "/vote", &codes[0]);
    let withdrawn = voter.call(Method::DELETE, &vote, None).await;
    withdrawn.expect_status(200);
    let expected = json!({"made": 3, "used": 0, "left": 3});
    assert_eq!(counts(&mut owner).await, expected);
    for other in [&mut voter, &mut Browser::new(&app)] {
        let refused = other.get(&path).await;
        refused.assert_problem(403, "not_owner");
    }
    let browsers = owner.create_poll(json!({})).await;
    let refused = owner.get(&browsers.path("/invites")).await;
    refused.assert_problem(409, "not_by_invite");
    let unknown = "/api/polls/0190b6e2-0000-7000-8000-000000000001/invites";
    let refused = owner.get(unknown).await;
    refused.assert_problem(404, "poll_not_found");
}

#[tokio::test]
async fn counts_are_visible_to_the_code_that_voted() {
    let app = app(|router| router);
    let mut owner = Browser::new(&app);
    let poll = owner
        .create_poll(json!({"voters": "invite", "results": "after_vote"}))
        .await;
    let codes = codes(&mut owner, &poll, 2).await;
    vote(&mut Browser::new(&app), &poll, &codes[0])
        .await
        .expect_status(201);
    for (code, shown) in [(codes[0].as_str(), true), (&codes[1], false), ("", false)] {
        for suffix in ["", "/results"] {
            let seen = app.get(&with(&poll, suffix, code)).await.expect_status(200);
            assert_eq!(
                seen.text.contains("\"total_votes\""),
                shown,
                "{code} {}",
                seen.text
            );
        }
    }
}

#[tokio::test]
async fn only_the_owner_may_create_codes() {
    let app = app(|router| router);
    let mut owner = Browser::new(&app);
    let poll = owner.create_poll(json!({"voters": "invite"})).await;
    let mut other = Browser::new(&app);
    other.create_poll(json!({})).await;
    for mut caller in [other, Browser::new(&app)] {
        let rejected = caller
            .post(&poll.path("/invites"), json!({"count": 1}))
            .await;
        rejected.assert_problem(403, "not_owner");
    }
    let created = owner
        .post(&poll.path("/invites"), json!({"count": 1}))
        .await
        .expect_status(201);
    assert_eq!(created.header("cache-control"), "no-store");
    let seen = owner.get(&poll.path("")).await.expect_status(200);
    let code = created.json()["invites"][0]["code"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(!seen.text.contains(&code), "the code is returned only once");
}

#[cfg(feature = "ui")]
#[tokio::test]
async fn codes_can_be_returned_as_csv() {
    let app = app(|router| router.public_url("https://polls.test/below".parse().unwrap()));
    let mut owner = Browser::new(&app);
    let poll = owner.create_poll(json!({"voters": "invite"})).await;
    let (path, body) = (poll.path("/invites"), json!({"count": 2}));
    let accepting = [("accept", "text/csv")];
    let by_header = owner
        .call_with(Method::POST, &path, Some(body.clone()), &accepting)
        .await;
    let by_query = owner
        .post(&format!("{path}?format=csv"), body.clone())
        .await;
    for table in [by_header, by_query] {
        let table = table.expect_status(201);
        assert_eq!(table.header("content-type"), "text/csv; charset=utf-8");
        let name = format!("attachment; filename=\"invites-{}.csv\"", poll.id);
        assert_eq!(table.header("content-disposition"), name);
        let mut lines = table.text.split("\r\n");
        assert_eq!(lines.next(), Some("code,url"));
        for _ in 0..2 {
            let (code, url) = lines.next().unwrap().split_once(',').unwrap();
            let page = format!("https://polls.test/below/p/{}?invite={code}", poll.id);
            assert_eq!((code.len(), url), (19, page.as_str()));
        }
        assert_eq!(lines.collect::<Vec<_>>(), [""]);
    }
    let json = owner
        .post(&path, body.clone())
        .await
        .expect_status(201)
        .json();
    let url = json["invites"][0]["url"].as_str().unwrap();
    assert!(url.starts_with("https://polls.test/below/p/"), "{url}");
    let wrong = owner.post(&format!("{path}?format=xml"), body).await;
    wrong.assert_problem(422, "invalid_query");
}

#[cfg(feature = "ui")]
#[tokio::test]
async fn links_include_the_path_of_the_router() {
    let plain = app(|router| router);
    let votify = open_router(plain.engine.clone()).build();
    let nested = App {
        router: axum::Router::new().nest("/a", votify),
        ..plain.clone()
    };
    let without = app(|router| router.without([RouteGroup::Pages]));
    for (app, root) in [(plain, Some("")), (nested, Some("/a")), (without, None)] {
        let mut owner = Browser::new(&app);
        let prefix = root.unwrap_or_default();
        let created = owner
            .post(
                &format!("{prefix}/api/polls"),
                json!({"title": "Lunch?", "options": ["Pizza", "Sushi"], "voters": "invite"}),
            )
            .await;
        let poll = CreatedPoll::from(created.expect_status(201).json());
        let path = format!("{prefix}{}", poll.path("/invites"));
        let invites = owner
            .post(&path, json!({"count": 1}))
            .await
            .expect_status(201)
            .json();
        let invite = &invites["invites"][0];
        let code = invite["code"].as_str().unwrap();
        let page = root.map(|root| format!("{root}/p/{}?invite={code}", poll.id));
        assert_eq!(invite["url"].as_str(), page.as_deref());
    }
}

#[tokio::test]
async fn invalid_invite_requests_are_rejected() {
    let app = app(|router| without_creation_limits(router).vote_rate(None));
    let mut owner = Browser::new(&app);
    let poll = owner.create_poll(json!({"voters": "invite"})).await;
    let path = poll.path("/invites");
    for (body, field) in [
        (json!({}), "count"),
        (json!({"count": 0}), "count"),
        (json!({"count": 10_001}), "count"),
        (json!({"count": 1.5}), "count"),
        (json!({"count": "7"}), "count"),
        (json!({"count": 7, "more": 1}), "more"),
        (json!([]), ""),
    ] {
        let rejected = owner.post(&path, body).await;
        rejected.assert_problem(422, "invalid_invites");
        assert_eq!(rejected.invalid_fields(), [field]);
    }
    let browsers = owner.create_poll(json!({})).await;
    let rejected = owner
        .post(&browsers.path("/invites"), json!({"count": 1}))
        .await;
    rejected.assert_problem(409, "not_by_invite");
    for _ in 0..10 {
        owner
            .post(&path, json!({"count": 10_000}))
            .await
            .expect_status(201);
    }
    let full = owner.post(&path, json!({"count": 1})).await;
    full.assert_problem(422, "invalid_invites");
    owner
        .post(&poll.path("/close"), json!({}))
        .await
        .expect_status(200);
    let closed = owner.post(&path, json!({"count": 1})).await;
    closed.assert_problem(409, "poll_closed");
    owner
        .call(Method::DELETE, &poll.path(""), None)
        .await
        .expect_status(204);
    let gone = owner.post(&path, json!({"count": 1})).await;
    gone.assert_problem(404, "poll_not_found");
}

#[tokio::test]
async fn creating_codes_is_rate_limited() {
    let app = app(|router| router);
    let mut owner = Browser::new(&app);
    let poll = owner.create_poll(json!({"voters": "invite"})).await;
    for _ in 0..10 {
        owner
            .post(&poll.path("/invites"), json!({"count": 1}))
            .await
            .expect_status(201);
    }
    let more = owner
        .post(&poll.path("/invites"), json!({"count": 1}))
        .await;
    more.assert_problem(429, "rate_limited");
}

#[tokio::test]
async fn polls_by_invite_are_invalid_without_an_invite_store() {
    let app = App::over(FailingStore::default(), |router| router);
    let mut owner = Browser::new(&app);
    let body = json!({"title": "Lunch?", "options": ["Pizza", "Sushi"], "voters": "invite"});
    let rejected = owner.post("/api/polls", body).await;
    rejected.assert_problem(422, "invalid_poll");
    assert_eq!(rejected.invalid_fields(), ["voters"]);
    let poll = owner.create_poll(json!({})).await;
    let change = Some(json!({"voters": "invite"}));
    let rejected = owner.call(Method::PATCH, &poll.path(""), change).await;
    rejected.assert_problem(422, "invalid_poll");
}

#[tokio::test]
async fn a_poll_that_is_edited_to_be_by_invite_is_in_no_list() {
    let app = app(|router| router);
    let mut owner = Browser::new(&app);
    let poll = owner.create_poll(json!({})).await;
    for (edit, listed) in [
        (json!({"voters": "browser"}), 1),
        (json!({"voters": "invite"}), 0),
        // Only the owner's explicit word publishes a poll.
        (json!({"voters": "browser"}), 0),
        (json!({"visibility": "public"}), 1),
        (json!({"voters": "invite", "visibility": "public"}), 1),
        (json!({"voters": "invite"}), 1),
    ] {
        let patch = Some(edit.clone());
        let edited = owner.call(Method::PATCH, &poll.path(""), patch).await;
        edited.expect_status(200);
        for path in ["/api/polls", "/api/trending"] {
            let list = owner.get(path).await.expect_status(200).json();
            let polls = list["polls"].as_array().unwrap();
            assert_eq!(polls.len(), listed, "{edit} {path}");
        }
    }
}
