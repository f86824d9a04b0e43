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

/// Returns the state without `voter`, which is random.
async fn state(browser: &mut Browser, poll: &CreatedPoll) -> Value {
    without_voter(state_of(browser, &poll.path("/me")).await.0)
}

fn without_voter(mut state: Value) -> Value {
    let voter = state.as_object_mut().unwrap().remove("voter");
    assert!(voter.is_some());
    state
}

/// Returns the state and `voter`.
async fn state_of(browser: &mut Browser, path: &str) -> (Value, Option<String>) {
    let response = browser.get(path).await.expect_status(200);
    assert_eq!(response.header("cache-control"), "private");
    let state = response.json();
    let voter = state["voter"].as_str().map(str::to_owned);
    (state, voter)
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
    assert_eq!(
        without_voter(call(Method::GET, "/me", None).await),
        may_vote()
    );
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
        let found = without_voter(found.expect_status(200).json());
        assert_eq!(found, expected, "{code}");
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
            Some(reason) => {
                let found = without_voter(found.expect_status(200).json());
                assert_eq!(found, refused(reason));
            }
            None => drop(found.assert_problem(503, "store_unavailable")),
        }
    }
}

#[tokio::test]
async fn each_voter_has_a_tag_in_each_poll() {
    let app = crate::invites::app(|router| router.identity(ByHeader));
    let mut owner = Browser::new(&app);
    let mut other = Browser::new(&app);
    let poll = owner.create_poll(json!({})).await;
    let path = poll.path("/me");
    let (_, tag) = state_of(&mut owner, &path).await;
    assert_eq!(tag.as_ref().map(String::len), Some(16));
    assert_eq!(state_of(&mut owner, &path).await.1, tag);
    // A browser without cookies stays unknown, and its vote starts a session.
    assert_eq!(state_of(&mut other, &path).await.1, None);
    other.get(&poll.path("")).await.expect_status(200);
    let others = state_of(&mut other, &path).await.1;
    assert!(others.is_some() && others != tag);
    let second = owner.create_poll(json!({})).await;
    assert_ne!(state_of(&mut owner, &second.path("/me")).await.1, tag);

    let by_invite = owner.create_poll(json!({"voters": "invite"})).await;
    let mut tags = vec![state_of(&mut owner, &by_invite.path("/me")).await.1];
    for code in codes(&mut owner, &by_invite, 2).await {
        let path = format!("{}?invite={code}", by_invite.path("/me"));
        tags.push(state_of(&mut owner, &path).await.1);
    }
    assert!(tags[0].is_none() && tags[1].is_some() && tags[2].is_some() && tags[1] != tags[2]);

    let by_address = owner.create_poll(json!({"voters": "ip"})).await;
    assert_eq!(state_of(&mut owner, &by_address.path("/me")).await.1, None);
}

#[tokio::test]
async fn a_vote_that_names_another_voter_is_refused() {
    let app = crate::invites::app(|router| router.identity(ByHeader));
    let mut owner = Browser::new(&app);
    let fields = json!({"voters": "invite", "revote": true});
    let poll = owner.create_poll(fields).await;
    let codes = codes(&mut owner, &poll, 2).await;
    let mut tags = Vec::new();
    for code in &codes {
        let path = format!("{}?invite={code}", poll.path("/me"));
        tags.push(state_of(&mut owner, &path).await.1.unwrap());
    }
    let vote = |code: usize, tag: &str| {
        format!("{}?invite={}&voter={tag}", poll.path("/vote"), codes[code])
    };
    let body = json!({"option_id": poll.options[0]});
    let refused = owner.post(&vote(1, &tags[0]), body.clone()).await;
    refused.assert_problem(409, "voter_changed");
    let unknown = owner.post(&vote(1, "0"), body.clone()).await;
    unknown.assert_problem(409, "voter_changed");
    assert_eq!(app.total(&poll.id).await, 0);
    let own = owner.post(&vote(1, &tags[1]), body.clone()).await;
    own.expect_status(201);
    let refused = owner.call(Method::DELETE, &vote(1, &tags[0]), None).await;
    refused.assert_problem(409, "voter_changed");
    assert_eq!(app.total(&poll.id).await, 1);
    let own = owner.call(Method::DELETE, &vote(1, &tags[1]), None).await;
    own.expect_status(200);

    // A browser that lost its session is another voter.
    let poll = owner.create_poll(json!({})).await;
    let (_, tag) = state_of(&mut owner, &poll.path("/me")).await;
    let path = format!("{}?voter={}", poll.path("/vote"), tag.unwrap());
    let body = json!({"option_id": poll.options[0]});
    let lost = Browser::new(&app).post(&path, body.clone()).await;
    lost.assert_problem(409, "voter_changed");
    owner.post(&path, body).await.expect_status(201);
    assert_eq!(app.total(&poll.id).await, 1);
}
