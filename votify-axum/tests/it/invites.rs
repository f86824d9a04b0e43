use axum::http::Method;
use serde_json::{Value, json};
use votify_axum::VotifyRouter;

use crate::app::App;
use crate::browser::{Browser, Made};
use crate::failing_store::FailingStore;

/// A server whose store supports invitations.
pub fn app(set: impl FnOnce(VotifyRouter) -> VotifyRouter) -> App {
    App::with(set)
}

/// So many codes of a poll that this browser made.
pub async fn codes(owner: &mut Browser, poll: &Made, count: u32) -> Vec<String> {
    let made = owner
        .post(&poll.at("/invites"), json!({"count": count}))
        .await;
    let made = made.ok(201).json();
    let made = made["invites"].as_array().unwrap();
    let code = |invite: &Value| invite["code"].as_str().unwrap().to_owned();
    made.iter().map(code).collect()
}

fn with(poll: &Made, below: &str, code: &str) -> String {
    format!("{}?invite={code}", poll.at(below))
}

async fn vote(browser: &mut Browser, poll: &Made, code: &str) -> crate::app::Answer {
    let body = json!({"option_id": poll.options[0]});
    browser.post(&with(poll, "/vote", code), body).await
}

#[tokio::test]
async fn each_code_is_good_for_one_vote() {
    let app = app(|router| router);
    let mut owner = Browser::new(&app);
    let poll = owner.make(json!({"voters": "invite"})).await;
    assert_eq!(poll.body["voters"], "invite");
    let codes = codes(&mut owner, &poll, 3).await;
    let mut voter = Browser::new(&app);
    let id = "0190b6e2-0000-7000-8000-000000000001";
    let ballot = json!({"option_id": poll.options[0], "ballot_id": id});
    let path = with(&poll, "/vote", &codes[0]);
    let first = voter.post(&path, ballot.clone()).await.ok(201).json();
    assert_eq!(first["total_votes"], 1);
    let again = voter.post(&path, ballot.clone()).await.ok(200).json();
    assert_eq!(again["total_votes"], 1);
    // From anywhere, and however the code is written.
    let typed = codes[0].to_lowercase().replace('-', "+").replace('0', "o");
    let elsewhere = Browser::new(&app)
        .post(&with(&poll, "/vote", &typed), ballot)
        .await;
    elsewhere.ok(200);
    let used = vote(&mut Browser::new(&app), &poll, &codes[0]).await;
    used.is_problem(409, "already_voted");
    // One browser may bring several.
    vote(&mut voter, &poll, &codes[1]).await.ok(201);
    assert_eq!(app.total(&poll.id).await, 2);
    let own = voter.get(&with(&poll, "/vote", &codes[1])).await.ok(200);
    assert_eq!(own.json()["option_id"], poll.options[0]);
    let own = voter.get(&with(&poll, "/vote", &codes[2])).await;
    own.is_problem(404, "not_voted");
}

#[tokio::test]
async fn wrong_codes_are_told_so_and_limited_as_votes_are() {
    let app = app(|router| router);
    let mut owner = Browser::new(&app);
    let poll = owner.make(json!({"voters": "invite"})).await;
    let other = owner.make(json!({"voters": "invite"})).await;
    let foreign = codes(&mut owner, &other, 1).await.remove(0);
    let mut guesser = Browser::new(&app);
    for guess in ["0W3G-E1R7-0W3G-E1R7", "", "nonsense", "%00", &foreign] {
        let refused = vote(&mut guesser, &poll, guess).await;
        refused.is_problem(403, "invite_invalid");
    }
    owner.vote(&poll, 0).await.is_problem(403, "invite_invalid");
    let own = owner.get(&poll.at("/vote")).await;
    own.is_problem(403, "invite_invalid");
    // The first attempt counted for the address, the others for the session that it began.
    for _ in 0..6 {
        vote(&mut guesser, &poll, "0W3G-E1R7-0W3G-E1R7").await;
    }
    let code = codes(&mut owner, &poll, 1).await.remove(0);
    vote(&mut guesser, &poll, &code)
        .await
        .is_problem(429, "rate_limited");
    // An attempt that failed did not use it up.
    vote(&mut Browser::new(&app), &poll, &code).await.ok(201);
}

#[tokio::test]
async fn a_vote_by_code_can_be_taken_back_and_cast_anew() {
    let app = app(|router| router);
    let mut owner = Browser::new(&app);
    let poll = owner
        .make(json!({"voters": "invite", "revote": true}))
        .await;
    let code = codes(&mut owner, &poll, 1).await.remove(0);
    vote(&mut Browser::new(&app), &poll, &code).await.ok(201);
    let mut elsewhere = Browser::new(&app);
    let taken = elsewhere
        .call(Method::DELETE, &with(&poll, "/vote", &code), None)
        .await;
    assert_eq!(taken.ok(200).json()["total_votes"], 0);
    vote(&mut elsewhere, &poll, &code).await.ok(201);
    assert_eq!(app.total(&poll.id).await, 1);
}

#[tokio::test]
async fn counts_show_to_the_code_that_voted() {
    let app = app(|router| router);
    let mut owner = Browser::new(&app);
    let poll = owner
        .make(json!({"voters": "invite", "results": "after_vote"}))
        .await;
    let codes = codes(&mut owner, &poll, 2).await;
    vote(&mut Browser::new(&app), &poll, &codes[0])
        .await
        .ok(201);
    for (code, shown) in [(codes[0].as_str(), true), (&codes[1], false), ("", false)] {
        for below in ["", "/results"] {
            let seen = app.get(&with(&poll, below, code)).await.ok(200);
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
async fn codes_are_for_the_owner_alone() {
    let app = app(|router| router);
    let mut owner = Browser::new(&app);
    let poll = owner.make(json!({"voters": "invite"})).await;
    let mut other = Browser::new(&app);
    other.make(json!({})).await;
    for mut caller in [other, Browser::new(&app)] {
        let refused = caller.post(&poll.at("/invites"), json!({"count": 1})).await;
        refused.is_problem(403, "not_owner");
    }
    let made = owner
        .post(&poll.at("/invites"), json!({"count": 1}))
        .await
        .ok(201);
    assert_eq!(made.header("cache-control"), "no-store");
    let seen = owner.get(&poll.at("")).await.ok(200);
    let code = made.json()["invites"][0]["code"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(!seen.text.contains(&code), "told once");
}

#[cfg(feature = "ui")]
#[tokio::test]
async fn codes_come_as_a_table_too() {
    let app = app(|router| router.public_url("https://polls.test/below".parse().unwrap()));
    let mut owner = Browser::new(&app);
    let poll = owner.make(json!({"voters": "invite"})).await;
    let (path, body) = (poll.at("/invites"), json!({"count": 2}));
    let accepting = [("accept", "text/csv")];
    let by_header = owner
        .call_with(Method::POST, &path, Some(body.clone()), &accepting)
        .await;
    let by_query = owner
        .post(&format!("{path}?format=csv"), body.clone())
        .await;
    for table in [by_header, by_query] {
        let table = table.ok(201);
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
    let json = owner.post(&path, body.clone()).await.ok(201).json();
    let url = json["invites"][0]["url"].as_str().unwrap();
    assert!(url.starts_with("https://polls.test/below/p/"), "{url}");
    let wrong = owner.post(&format!("{path}?format=xml"), body).await;
    wrong.is_problem(422, "invalid_query");
}

#[cfg(feature = "ui")]
#[tokio::test]
async fn links_lead_to_the_page_wherever_the_router_is_mounted() {
    let plain = app(|router| router);
    let votify = VotifyRouter::new(plain.engine.clone()).build();
    let nested = App {
        router: axum::Router::new().nest("/a", votify),
        ..plain.clone()
    };
    let without = app(|router| router.pages(false));
    for (app, root) in [(plain, Some("")), (nested, Some("/a")), (without, None)] {
        let mut owner = Browser::new(&app);
        let prefix = root.unwrap_or_default();
        let made = owner
            .post(
                &format!("{prefix}/api/polls"),
                json!({"title": "Lunch?", "options": ["Pizza", "Sushi"], "voters": "invite"}),
            )
            .await;
        let poll = Made::from(made.ok(201).json());
        let path = format!("{prefix}{}", poll.at("/invites"));
        let invites = owner.post(&path, json!({"count": 1})).await.ok(201).json();
        let invite = &invites["invites"][0];
        let code = invite["code"].as_str().unwrap();
        let page = root.map(|root| format!("{root}/p/{}?invite={code}", poll.id));
        assert_eq!(invite["url"].as_str(), page.as_deref());
    }
}

#[tokio::test]
async fn what_makes_no_codes_is_told() {
    let app = app(|router| router.vote_quota(None));
    let mut owner = Browser::new(&app);
    let poll = owner.make(json!({"voters": "invite"})).await;
    let path = poll.at("/invites");
    for (body, field) in [
        (json!({}), "count"),
        (json!({"count": 0}), "count"),
        (json!({"count": 10_001}), "count"),
        (json!({"count": 1.5}), "count"),
        (json!({"count": "7"}), "count"),
        (json!({"count": 7, "more": 1}), "more"),
        (json!([]), ""),
    ] {
        let refused = owner.post(&path, body).await;
        refused.is_problem(422, "invalid_invites");
        assert_eq!(refused.wrong_fields(), [field]);
    }
    let browsers = owner.make(json!({})).await;
    let refused = owner
        .post(&browsers.at("/invites"), json!({"count": 1}))
        .await;
    refused.is_problem(409, "not_by_invite");
    for _ in 0..10 {
        owner.post(&path, json!({"count": 10_000})).await.ok(201);
    }
    let full = owner.post(&path, json!({"count": 1})).await;
    full.is_problem(422, "invalid_invites");
    owner.post(&poll.at("/close"), json!({})).await.ok(200);
    let closed = owner.post(&path, json!({"count": 1})).await;
    closed.is_problem(409, "poll_closed");
    owner.call(Method::DELETE, &poll.at(""), None).await.ok(204);
    let gone = owner.post(&path, json!({"count": 1})).await;
    gone.is_problem(404, "poll_not_found");
}

#[tokio::test]
async fn making_codes_is_limited() {
    let app = app(|router| router);
    let mut owner = Browser::new(&app);
    let poll = owner.make(json!({"voters": "invite"})).await;
    for _ in 0..10 {
        owner
            .post(&poll.at("/invites"), json!({"count": 1}))
            .await
            .ok(201);
    }
    let more = owner.post(&poll.at("/invites"), json!({"count": 1})).await;
    more.is_problem(429, "rate_limited");
}

#[tokio::test]
async fn polls_by_invite_are_invalid_without_an_invite_store() {
    let app = App::over(FailingStore::default(), |router| router);
    let mut owner = Browser::new(&app);
    let body = json!({"title": "Lunch?", "options": ["Pizza", "Sushi"], "voters": "invite"});
    let refused = owner.post("/api/polls", body).await;
    refused.is_problem(422, "invalid_poll");
    assert_eq!(refused.wrong_fields(), ["voters"]);
    let poll = owner.make(json!({})).await;
    let change = Some(json!({"voters": "invite"}));
    let refused = owner.call(Method::PATCH, &poll.at(""), change).await;
    refused.is_problem(422, "invalid_poll");
}
