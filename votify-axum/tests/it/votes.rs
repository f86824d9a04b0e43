use axum::http::Method;
use serde_json::json;

use crate::app::App;
use crate::browser::Browser;

const BALLOT: &str = "0190b6e2-1111-7000-8000-00000000000a";
const OTHER: &str = "0190b6e2-1111-7000-8000-00000000000b";

#[tokio::test]
async fn votes_and_replays_are_confirmed() {
    let app = App::new();
    let mut browser = Browser::new(&app);
    let poll = browser.create_poll(json!({})).await;
    let first = browser.vote_as(&poll, 0, BALLOT).await.expect_status(201);
    let expected = json!({
        "success": true, "ballot_id": BALLOT,
        "new_counts": [
            {"id": poll.options[0], "count": 1}, {"id": poll.options[1], "count": 0},
            {"id": poll.options[2], "count": 0},
        ],
        "total_votes": 1, "epoch": 1, "revision": 1,
    });
    assert_eq!(first.json(), expected);
    Browser::new(&app).vote(&poll, 1).await.expect_status(201);
    let again = browser
        .vote_as(&poll, 0, BALLOT)
        .await
        .expect_status(200)
        .json();
    assert_eq!(
        again["total_votes"], 2,
        "the replay contains the current counts"
    );
    let own = browser
        .get(&poll.path("/vote"))
        .await
        .expect_status(200)
        .json();
    assert_eq!(own["option_id"], poll.options[0].as_str());
    assert_eq!(own["ballot_id"], BALLOT);
    assert_eq!(own["poll_id"], poll.id.as_str());
    assert!(own["cast_at"].as_str().unwrap().ends_with('Z'));
}

#[tokio::test]
async fn idempotency_key_is_equal_to_ballot_id() {
    let app = App::new();
    let mut browser = Browser::new(&app);
    let poll = browser.create_poll(json!({})).await;
    let body = json!({"option_id": poll.options[0]});
    let quoted = format!("\"{BALLOT}\"");
    let mut send = async |body: &serde_json::Value, key: &str| {
        let headers = [("idempotency-key", key)];
        let path = poll.path("/vote");
        browser
            .call_with(Method::POST, &path, Some(body.clone()), &headers)
            .await
    };
    assert_eq!(
        send(&body, BALLOT).await.expect_status(201).json()["ballot_id"],
        BALLOT
    );
    send(&body, &quoted).await.expect_status(200);
    let both = json!({"option_id": poll.options[0], "ballot_id": BALLOT});
    send(&both, BALLOT).await.expect_status(200);
    for (body, key) in [(&both, OTHER), (&body, "retry-1"), (&body, "")] {
        let response = send(body, key).await;
        response.assert_problem(422, "invalid_ballot");
        assert_eq!(response.invalid_fields(), ["Idempotency-Key"]);
    }
    assert_eq!(app.total(&poll.id).await, 1);
}

#[tokio::test]
async fn second_votes_and_reused_ids_are_rejected() {
    let app = App::new();
    let mut browser = Browser::new(&app);
    let poll = browser.create_poll(json!({})).await;
    browser.vote_as(&poll, 0, BALLOT).await.expect_status(201);
    browser
        .vote_as(&poll, 1, OTHER)
        .await
        .assert_problem(409, "already_voted");
    browser
        .vote_as(&poll, 1, BALLOT)
        .await
        .assert_problem(409, "ballot_id_reused");
    let path = poll.path("/vote");
    browser
        .call(Method::DELETE, &path, None)
        .await
        .assert_problem(409, "revote_not_allowed");
    assert_eq!(app.total(&poll.id).await, 1);
}

#[tokio::test]
async fn votes_can_be_changed_and_withdrawn_with_revote() {
    let app = App::new();
    let mut browser = Browser::new(&app);
    let poll = browser.create_poll(json!({"revote": true})).await;
    let path = poll.path("/vote");
    browser
        .call(Method::DELETE, &path, None)
        .await
        .assert_problem(404, "not_voted");
    browser.get(&path).await.assert_problem(404, "not_voted");
    browser.vote(&poll, 0).await.expect_status(201);
    let changed = browser.vote(&poll, 1).await.expect_status(201).json();
    assert_eq!(changed["new_counts"][1]["count"], 1);
    assert_eq!(changed["total_votes"], 1);
    let key = [("idempotency-key", BALLOT)];
    for _ in 0..2 {
        let withdrawn = browser
            .call_with(Method::DELETE, &path, None, &key)
            .await
            .expect_status(200)
            .json();
        assert_eq!(withdrawn["ballot_id"], BALLOT);
        assert_eq!(
            (&withdrawn["success"], &withdrawn["total_votes"]),
            (&json!(true), &json!(0))
        );
    }
    browser.get(&path).await.assert_problem(404, "not_voted");
    browser.vote(&poll, 2).await.expect_status(201);
}

#[tokio::test]
async fn invalid_ballots_are_rejected_by_field() {
    let app = App::unlimited();
    let mut browser = Browser::new(&app);
    let single = browser.create_poll(json!({})).await;
    let several = browser
        .create_poll(json!({"ballot": {"kind": "multiple", "min": 2, "max": 2}}))
        .await;
    let (s, m) = (&single.options, &several.options);
    let cases = [
        (&single, json!({}), vec!["option_id"]),
        (&single, json!([]), vec![""]),
        (&single, json!({"option_id": 7}), vec!["option_id"]),
        (
            &single,
            json!({"option_id": "x", "ballot_id": 1, "more": 1}),
            vec!["ballot_id", "option_id", "more"],
        ),
        (&single, json!({"option_id": m[0]}), vec!["option_id"]),
        (&single, json!({"option_ids": [s[0]]}), vec!["option_id"]),
        (
            &single,
            json!({"option_id": s[0], "option_ids": [s[0]]}),
            vec!["option_ids"],
        ),
        (&single, json!({"ranking": [s[0]]}), vec!["ranking"]),
        (&single, json!({"scores": {}}), vec!["scores"]),
        (&several, json!({"option_id": m[0]}), vec!["option_ids"]),
        (&several, json!({"option_ids": "all"}), vec!["option_ids"]),
        (
            &several,
            json!({"option_ids": [m[0], 3, "x"]}),
            vec!["option_ids[1]", "option_ids[2]"],
        ),
        (&several, json!({"option_ids": [m[0]]}), vec!["option_ids"]),
        (
            &several,
            json!({"option_ids": [m[0], m[0]]}),
            vec!["option_ids"],
        ),
    ];
    for (poll, body, fields) in cases {
        let response = browser.post(&poll.path("/vote"), body.clone()).await;
        response.assert_problem(422, "invalid_ballot");
        assert_eq!(response.invalid_fields(), fields, "{body}");
    }
    let fits = json!({"option_ids": [m[2], m[0]]});
    let counted = browser
        .post(&several.path("/vote"), fits)
        .await
        .expect_status(201)
        .json();
    assert_eq!(counted["total_votes"], 1);
    let own = browser.get(&several.path("/vote")).await.json();
    assert_eq!(own["option_ids"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn votes_outside_the_voting_window_are_rejected() {
    let app = App::new();
    let mut browser = Browser::new(&app);
    let window = json!({"opens_at": app.clock.after(60), "closes_at": app.clock.after(120)});
    let poll = browser.create_poll(window).await;
    let early = browser
        .vote(&poll, 0)
        .await
        .assert_problem(409, "poll_not_open");
    assert!(early["detail"].as_str().unwrap().contains("opens at"));
    app.clock.advance(60);
    browser.vote(&poll, 0).await.expect_status(201);
    app.clock.advance(60);
    Browser::new(&app)
        .vote(&poll, 0)
        .await
        .assert_problem(409, "poll_closed");
    let details = app.get(&poll.path("")).await.json();
    assert_eq!(
        (&details["poll"]["status"], &details["poll"]["final"]),
        (&json!("closed"), &json!(true))
    );
}

#[tokio::test]
async fn an_address_has_one_vote_in_ip_polls() {
    let app = App::unlimited();
    let poll = Browser::new(&app)
        .create_poll(json!({"voters": "ip"}))
        .await;
    Browser::with_address(&app, "192.0.2.7")
        .vote(&poll, 0)
        .await
        .expect_status(201);
    Browser::with_address(&app, "192.0.2.7")
        .vote(&poll, 1)
        .await
        .assert_problem(409, "already_voted");
    Browser::with_address(&app, "192.0.2.8")
        .vote(&poll, 1)
        .await
        .expect_status(201);
    Browser::with_address(&app, "2001:db8::1")
        .vote(&poll, 1)
        .await
        .expect_status(201);
    Browser::with_address(&app, "2001:db8::2")
        .vote(&poll, 1)
        .await
        .assert_problem(409, "already_voted");
    Browser::with_address(&app, "2001:db8:0:1::1")
        .vote(&poll, 1)
        .await
        .expect_status(201);
    assert_eq!(app.total(&poll.id).await, 4);
}
