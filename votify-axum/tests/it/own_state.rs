//! What callers learn about themselves: `GET /api/polls/{id}/me`.

use async_trait::async_trait;
use axum::http::Method;
use axum::http::request::Parts;
use serde_json::{Value, json};
use votify_axum::{Action, Authorize, Denied};
use votify_core::Caller;

use crate::app::App;
use crate::browser::{Browser, CreatedPoll};
use crate::invites::codes;
use crate::owners::ByHeader;

async fn state(browser: &mut Browser, poll: &CreatedPoll) -> Value {
    let response = browser.get(&poll.path("/me")).await.expect_status(200);
    assert_eq!(response.header("cache-control"), "private");
    response.json()
}

fn may_vote() -> Value {
    json!({"owner": false, "voted": false, "can_vote": true, "reason": null, "ballot_id": null})
}

fn refused(reason: &str) -> Value {
    json!({"owner": false, "voted": false, "can_vote": false, "reason": reason, "ballot_id": null})
}

#[tokio::test]
async fn callers_learn_whether_they_own_voted_and_may_vote() {
    let app = App::new();
    let mut owner = Browser::new(&app);
    let poll = owner.create_poll(json!({})).await;
    let own = state(&mut owner, &poll).await;
    assert_eq!(
        (&own["owner"], &own["can_vote"]),
        (&json!(true), &json!(true))
    );
    let mut voter = Browser::new(&app);
    assert_eq!(state(&mut voter, &poll).await, may_vote());
    let ballot = "0190b6e2-0000-4000-8000-000000000001";
    voter.vote_as(&poll, 0, ballot).await.expect_status(201);
    let voted = json!({
        "owner": false, "voted": true, "can_vote": false, "reason": "already_voted",
        "ballot_id": ballot,
    });
    assert_eq!(state(&mut voter, &poll).await, voted);
    assert_eq!(state(&mut Browser::new(&app), &poll).await, may_vote());
    // The poll's answer is the same for all.
    let details = async |browser: &mut Browser| browser.get(&poll.path("")).await.text;
    let public = details(&mut Browser::new(&app)).await;
    assert_eq!(details(&mut voter).await, public);
    assert_eq!(details(&mut owner).await, public);
    let none = "/api/polls/0190b6e2-0000-7000-8000-000000000001/me";
    app.get(none).await.assert_problem(404, "poll_not_found");
}

#[tokio::test]
async fn the_reason_is_the_code_that_a_vote_gets() {
    let app = App::with(|router| router.identity(ByHeader).vote_rate(None));
    let mut owner = Browser::new(&app);
    let times = || json!({"opens_at": app.clock.after(60), "closes_at": app.clock.after(120)});
    let voters = |voters: &str| json!({"voters": voters});
    for (case, reasons) in [
        ("browser", [None, None, None]),
        ("times", [Some("poll_not_open"), None, Some("poll_closed")]),
        ("account", [Some("not_logged_in"); 3]),
        ("invite", [Some("invite_invalid"); 3]),
    ] {
        let fields = if case == "times" {
            times()
        } else {
            voters(case)
        };
        let poll = owner.create_poll(fields).await;
        for (seconds, reason) in [0, 61, 60].into_iter().zip(reasons) {
            app.clock.advance(seconds);
            let mut voter = Browser::new(&app);
            let found = state(&mut voter, &poll).await;
            assert_eq!(found["reason"], json!(reason), "{case} {seconds}");
            let vote = voter.vote(&poll, 0).await.json();
            assert_eq!(vote["code"], json!(reason), "{case} {seconds}");
        }
    }
}

#[tokio::test]
async fn voters_who_may_revote_can_vote() {
    let app = App::new();
    let poll = Browser::new(&app)
        .create_poll(json!({"revote": true}))
        .await;
    let mut voter = Browser::new(&app);
    voter.vote(&poll, 0).await.expect_status(201);
    let found = state(&mut voter, &poll).await;
    let shown = (&found["voted"], &found["can_vote"], &found["reason"]);
    assert_eq!(shown, (&json!(true), &json!(true), &Value::Null));
}

#[tokio::test]
async fn accounts_learn_their_state_in_every_browser() {
    let app = App::with(|router| router.identity(ByHeader));
    let mut owner = Browser::new(&app);
    let poll = owner.create_poll(json!({"voters": "account"})).await;
    let alice = [("x-user", "alice")];
    let call = async |method, path: &str, body| {
        let path = poll.path(path);
        let response = Browser::new(&app)
            .call_with(method, &path, body, &alice)
            .await;
        response.json()
    };
    assert_eq!(call(Method::GET, "/me", None).await, may_vote());
    let vote = json!({"option_id": poll.options[0]});
    call(Method::POST, "/vote", Some(vote)).await;
    let voted = call(Method::GET, "/me", None).await;
    assert_eq!(
        (&voted["voted"], &voted["reason"]),
        (&json!(true), &json!("already_voted"))
    );
}

#[tokio::test]
async fn a_wrong_or_used_invite_code_is_reported_at_once() {
    let app = App::new();
    let mut owner = Browser::new(&app);
    let poll = owner.create_poll(json!({"voters": "invite"})).await;
    let codes = codes(&mut owner, &poll, 2).await;
    let path = |suffix: &str, code: &str| format!("{}?invite={code}", poll.path(suffix));
    let vote = json!({"option_id": poll.options[0]});
    let voted = Browser::new(&app)
        .post(&path("/vote", &codes[0]), vote)
        .await;
    let ballot = voted.expect_status(201).json()["ballot_id"].clone();
    let used = json!({
        "owner": false, "voted": true, "can_vote": false, "reason": "already_voted",
        "ballot_id": ballot,
    });
    for (code, expected) in [
        (codes[0].as_str(), used),
        (codes[1].as_str(), may_vote()),
        ("0W3G-E1R7-0W3G-E1R7", refused("invite_invalid")),
        ("nonsense", refused("invite_invalid")),
        ("", refused("invite_invalid")),
    ] {
        let found = Browser::new(&app).get(&path("/me", code)).await;
        assert_eq!(found.expect_status(200).json(), expected, "{code}");
    }
}

#[tokio::test]
async fn attempts_with_codes_are_limited() {
    let app = App::new();
    let mut owner = Browser::new(&app);
    let poll = owner.create_poll(json!({"voters": "invite"})).await;
    let path = format!("{}?invite=0W3G-E1R7-0W3G-E1R7", poll.path("/me"));
    // By address without a session, and by session otherwise.
    for (guesser, has_session) in [(&mut Browser::new(&app), false), (&mut owner, true)] {
        for _ in 0..10 {
            let attempt = guesser.get(&path).await.expect_status(200);
            assert!(attempt.headers.contains_key("ratelimit-remaining"));
        }
        let limited = guesser.get(&path).await;
        limited.assert_problem(429, "rate_limited");
        assert_eq!(!has_session, limited.text.contains("begins a session"));
        // Requests without a code do not count, and votes are counted separately.
        guesser.get(&poll.path("/me")).await.expect_status(200);
        let vote = guesser.vote(&poll, 0).await;
        vote.assert_problem(403, "invite_invalid");
    }
}

/// Neither the votes of others nor their number changes the answer.
#[tokio::test]
async fn hidden_counts_do_not_show() {
    for results in ["after_vote", "after_close"] {
        let app = App::unlimited();
        let quota = json!({"ballots": 2});
        let fields = json!({"results": results, "address_quota": quota});
        let poll = Browser::new(&app).create_poll(fields).await;
        let (mut before, mut voter) = (Browser::new(&app), Browser::new(&app));
        voter.vote(&poll, 0).await.expect_status(201);
        let voted = voter.get(&poll.path("/me")).await;
        for _ in 0..2 {
            assert_eq!(state(&mut before, &poll).await, may_vote());
            assert_eq!(voter.get(&poll.path("/me")).await.text, voted.text);
            assert!(!voted.text.contains("total") && !voted.text.contains("revision"));
            let mut other = Browser::new(&app);
            other.vote(&poll, 1).await;
        }
    }
}

/// Refuses votes, and is unavailable on request.
#[derive(Debug)]
struct NoVotes(Denied);

#[async_trait]
impl Authorize for NoVotes {
    async fn authorize(&self, _: &Parts, _: &Caller, action: Action) -> Result<(), Denied> {
        match action {
            Action::Vote(_) => Err(self.0.clone()),
            _ => Ok(()),
        }
    }
}

#[tokio::test]
async fn the_refusal_of_the_host_is_a_reason() {
    for (denied, reason) in [
        (Denied::not_allowed("members only"), Some("not_allowed")),
        (Denied::not_logged_in("members only"), Some("not_logged_in")),
        (Denied::Unavailable, None),
    ] {
        let app = App::with(|router| router.authorize(NoVotes(denied)));
        let poll = Browser::new(&app).create_poll(json!({})).await;
        let found = app.get(&poll.path("/me")).await;
        match reason {
            Some(reason) => assert_eq!(found.expect_status(200).json(), refused(reason)),
            None => drop(found.assert_problem(503, "store_unavailable")),
        }
    }
}
