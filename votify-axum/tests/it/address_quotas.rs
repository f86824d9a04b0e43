//! Address quotas: the number of active votes of a poll from one address.

use axum::http::Method;
use serde_json::{Value, json};

use crate::app::{App, request};
use crate::browser::{Browser, CreatedPoll};
use crate::server::Server;
use crate::stream_clients::Socket;

const BALLOT: &str = "0190b6e2-1111-7000-8000-00000000000a";

async fn poll(app: &App, quota: Value, more: Value) -> CreatedPoll {
    let mut body = json!({ "address_quota": quota });
    let fields = body.as_object_mut().unwrap();
    fields.extend(more.as_object().unwrap().clone());
    Browser::new(app).create_poll(body).await
}

#[tokio::test]
async fn votes_beyond_the_quota_are_rejected() {
    let app = App::unlimited();
    let poll = poll(&app, json!({"ballots": 2}), json!({})).await;
    let quota = json!({"ballots": 2, "ipv4_prefix": 32});
    assert_eq!(poll.body["address_quota"], quota);
    let mut first = Browser::new(&app);
    first.vote_as(&poll, 0, BALLOT).await.expect_status(201);
    Browser::new(&app).vote(&poll, 1).await.expect_status(201);
    let mut third = Browser::new(&app);
    let rejected = third.vote(&poll, 0).await;
    let body = rejected.assert_problem(409, "address_quota");
    assert!(
        body["detail"].as_str().unwrap().contains("another network"),
        "{body}"
    );
    first.vote_as(&poll, 0, BALLOT).await.expect_status(200);
    third.address = "192.0.2.2".to_owned();
    third.vote(&poll, 0).await.expect_status(201);
    assert_eq!(app.total(&poll.id).await, 3);
}

#[tokio::test]
async fn a_withdrawn_vote_frees_its_slot() {
    let app = App::unlimited();
    let poll = poll(&app, json!({"ballots": 1}), json!({"revote": true})).await;
    let mut first = Browser::new(&app);
    first.vote(&poll, 0).await.expect_status(201);
    first.vote(&poll, 1).await.expect_status(201);
    let mut second = Browser::new(&app);
    second
        .vote(&poll, 0)
        .await
        .assert_problem(409, "address_quota");
    first
        .call(Method::DELETE, &poll.path("/vote"), None)
        .await
        .expect_status(200);
    second.vote(&poll, 0).await.expect_status(201);
    first
        .vote(&poll, 0)
        .await
        .assert_problem(409, "address_quota");
}

#[tokio::test]
async fn addresses_are_grouped_by_prefix_behind_trusted_proxies() {
    let proxies = ["10.0.0.0/8".parse().unwrap()];
    let app = App::with(|router| router.vote_rate(None).trusted_proxies(proxies));
    let by_block = json!({"ballots": 1, "ipv4_prefix": 24});
    let vote = async |poll: &CreatedPoll, peer: &str, forwarded_for: &str| {
        let headers = [("x-forwarded-for", forwarded_for)];
        let body = json!({"option_id": poll.options[0]});
        Browser::with_address(&app, peer)
            .call_with(Method::POST, &poll.path("/vote"), Some(body), &headers)
            .await
    };
    let quota = poll(&app, by_block, json!({})).await;
    vote(&quota, "10.0.0.1", "203.0.113.1")
        .await
        .expect_status(201);
    let rejected = [
        ("10.0.0.2", "203.0.113.200"),
        ("203.0.113.7", "198.51.100.1"),
    ];
    for (peer, forwarded_for) in rejected {
        vote(&quota, peer, forwarded_for)
            .await
            .assert_problem(409, "address_quota");
    }
    vote(&quota, "10.0.0.1", "198.51.100.1")
        .await
        .expect_status(201);
    vote(&quota, "10.0.0.1", "2001:db8:0:1::1")
        .await
        .expect_status(201);
    vote(&quota, "10.0.0.1", "2001:db8:0:1:f::")
        .await
        .assert_problem(409, "address_quota");
    vote(&quota, "10.0.0.1", "2001:db8:0:2::1")
        .await
        .expect_status(201);
}

/// Without client addresses, votes in polls with a quota fail instead of sharing one
/// address.
#[tokio::test]
async fn votes_without_an_address_fail() {
    let app = App::unlimited();
    let limited = poll(&app, json!({"ballots": 1}), json!({})).await;
    let free = Browser::new(&app).create_poll(json!({})).await;
    let vote = async |poll: &CreatedPoll| {
        let body = json!({"option_id": poll.options[0]});
        let mut request = request(Method::POST, &poll.path("/vote"), Some(body));
        request.extensions_mut().clear();
        app.send(request).await
    };
    let response = vote(&limited).await.assert_problem(500, "internal");
    let detail = response["detail"].as_str().unwrap();
    assert!(detail.contains("callers' addresses"), "{detail}");
    assert_eq!(app.total(&limited.id).await, 0);
    vote(&free).await.expect_status(201);
}

#[tokio::test]
async fn a_quota_can_be_changed_until_the_first_vote() {
    let app = App::unlimited();
    let mut owner = Browser::new(&app);
    let poll = owner.create_poll(json!({})).await;
    assert!(poll.body.get("address_quota").is_none());
    let mut change = async |quota: Value| {
        let body = json!({ "address_quota": quota });
        owner.call(Method::PATCH, &poll.path(""), Some(body)).await
    };
    let quota = json!({"ballots": 10_000, "ipv4_prefix": 24});
    let changed = change(quota.clone()).await.expect_status(200).json();
    assert_eq!(changed["address_quota"], quota);
    let changed = change(Value::Null).await.expect_status(200).json();
    assert!(changed.get("address_quota").is_none(), "{changed}");
    Browser::new(&app).vote(&poll, 0).await.expect_status(201);
    change(quota).await.assert_problem(409, "poll_has_votes");
}

#[tokio::test]
async fn invalid_quotas_are_rejected_by_field() {
    let app = App::new();
    for (quota, fields) in [
        (json!({}), vec!["address_quota.ballots"]),
        (json!({"ballots": 0}), vec!["address_quota.ballots"]),
        (json!({"ballots": 10_001}), vec!["address_quota.ballots"]),
        (json!({"ballots": "5"}), vec!["address_quota.ballots"]),
        (
            json!({"ballots": 5, "ipv4_prefix": 16}),
            vec!["address_quota.ipv4_prefix"],
        ),
        (
            json!({"ballots": 5, "ipv4_prefix": 280}),
            vec!["address_quota.ipv4_prefix"],
        ),
        (
            json!({"ballots": 5, "ipv6_prefix": 48}),
            vec!["address_quota.ipv6_prefix"],
        ),
        (json!(5), vec!["address_quota"]),
    ] {
        let body = json!({"title": "t", "options": ["a", "b"], "address_quota": quota});
        let response = app.post("/api/polls", body).await;
        response.assert_problem(422, "invalid_poll");
        assert_eq!(response.invalid_fields(), fields, "{quota}");
    }
}

#[tokio::test]
async fn the_quota_applies_to_votes_over_the_stream() {
    let server = Server::start(App::unlimited()).await;
    let poll = poll(&server.app, json!({"ballots": 1}), json!({})).await;
    let path = Server::stream_path(&poll, "");
    let vote = json!({"type": "vote", "option_id": poll.options[0]});
    let mut codes = Vec::new();
    for expected in ["vote_confirmed", "vote_rejected"] {
        let mut browser = Browser::new(&server.app);
        browser.create_poll(json!({})).await;
        let cookie = [("cookie", browser.cookie.as_deref().unwrap())];
        let mut socket = Socket::open(&server, &path, &cookie).await;
        socket.send(vote.clone()).await;
        codes.push(socket.next_of(expected).await["code"].clone());
    }
    assert_eq!(codes, [Value::Null, json!("address_quota")]);
    assert_eq!(server.app.total(&poll.id).await, 1);
}

/// With hidden results, the rejection contains the same fields as with public results.
#[tokio::test]
async fn quota_rejections_contain_no_counts() {
    let app = App::unlimited();
    let hidden = json!({"results": "after_close"});
    let poll = poll(&app, json!({"ballots": 1}), hidden).await;
    Browser::new(&app).vote(&poll, 0).await.expect_status(201);
    let rejected = Browser::new(&app).vote(&poll, 0).await;
    let body = rejected.assert_problem(409, "address_quota");
    let fields: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(fields, ["code", "detail", "status", "title"]);
}
