//! Votes through a queue: 202, the state of a ballot, provisional results, and the messages
//! of streams.

use axum::http::Method;
use serde_json::{Value, json};
use votify_core::MemoryQueue;

use crate::app::App;
use crate::browser::{Browser, CreatedPoll};
use crate::server::Server;
use crate::stream_clients::Socket;

const BALLOT: &str = "0190b6e2-1111-4000-8000-00000000000a";
const OTHER: &str = "0190b6e2-1111-4000-8000-00000000000b";

async fn state_of(browser: &mut Browser, poll: &CreatedPoll, ballot: &str) -> Value {
    let path = poll.path(&format!("/vote?ballot_id={ballot}"));
    browser.get(&path).await.expect_status(200).json()
}

/// Waits until the ballot is in this state, at most 10 s.
async fn wait_for_state(
    browser: &mut Browser,
    poll: &CreatedPoll,
    ballot: &str,
    status: &str,
) -> Value {
    for _ in 0..500 {
        let state = state_of(browser, poll, ballot).await;
        if state["status"] == status {
            return state;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("{ballot} is not {status} within 10 s");
}

#[tokio::test]
async fn queued_votes_are_accepted_and_counted_later() {
    let queue = MemoryQueue::new();
    let app = App::queued(&queue);
    let mut browser = Browser::new(&app);
    let poll = browser.create_poll(json!({})).await;
    for _ in 0..2 {
        let queued = browser.vote_as(&poll, 0, BALLOT).await.expect_status(202);
        let expected = json!({"success": true, "status": "queued", "ballot_id": BALLOT});
        assert_eq!(queued.json(), expected);
    }
    let waiting = json!({"ballot_id": BALLOT, "status": "queued"});
    assert_eq!(state_of(&mut browser, &poll, BALLOT).await, waiting);
    browser
        .get(&poll.path("/vote"))
        .await
        .assert_problem(404, "not_voted");
    let results = browser
        .get(&poll.path("/results"))
        .await
        .expect_status(200)
        .json();
    assert_eq!(results["precision"], "provisional");
    assert_eq!(
        (&results["final"], &results["total_votes"]),
        (&json!(false), &json!(0))
    );
    // A second vote and a withdrawal are decided later too.
    browser.vote_as(&poll, 1, OTHER).await.expect_status(202);
    let withdrawal = browser
        .call(Method::DELETE, &poll.path("/vote"), None)
        .await;
    withdrawal.expect_status(202);
    app.aggregate(&queue);
    let counted = wait_for_state(&mut browser, &poll, BALLOT, "counted").await;
    assert_eq!(counted, json!({"ballot_id": BALLOT, "status": "counted"}));
    let refused = wait_for_state(&mut browser, &poll, OTHER, "refused").await;
    assert_eq!(refused["code"], "already_voted");
    assert_eq!(app.total(&poll.id).await, 1);
    let own = browser
        .get(&poll.path("/vote"))
        .await
        .expect_status(200)
        .json();
    assert_eq!(own["ballot_id"], BALLOT);
}

#[tokio::test]
async fn close_is_final_once_earlier_votes_are_counted() {
    let queue = MemoryQueue::new();
    let app = App::queued(&queue);
    let mut owner = Browser::new(&app);
    let poll = owner.create_poll(json!({})).await;
    owner.vote_as(&poll, 0, BALLOT).await.expect_status(202);
    let closing = owner.post(&poll.path("/close"), json!({})).await;
    assert_eq!(closing.expect_status(200).json()["final"], false);
    owner.vote_as(&poll, 0, OTHER).await.expect_status(202);
    app.aggregate(&queue);
    let mut stranger = Browser::new(&app);
    stranger.vote_as(&poll, 1, OTHER).await;
    wait_for_state(&mut stranger, &poll, OTHER, "refused").await;
    wait_for_state(&mut owner, &poll, BALLOT, "counted").await;
    let results = owner
        .get(&poll.path("/results"))
        .await
        .expect_status(200)
        .json();
    assert_eq!(results["precision"], "exact");
    assert_eq!(
        (&results["final"], &results["total_votes"]),
        (&json!(true), &json!(1))
    );
    let closed = owner.post(&poll.path("/close"), json!({})).await;
    assert_eq!(closed.expect_status(200).json()["final"], true);
    // Once the poll is sealed, the store answers.
    for _ in 0..100 {
        let again = owner.vote_as(&poll, 0, BALLOT).await;
        if again.status == 200 {
            let late = Browser::new(&app).vote(&poll, 0).await;
            late.assert_problem(409, "poll_closed");
            return;
        }
        assert_eq!(again.status, 202);
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the engine did not learn that the poll is sealed");
}

#[tokio::test]
async fn full_queue_and_frozen_rules_are_problems() {
    let queue = MemoryQueue::with_size(1, 1);
    let app = App::queued(&queue);
    let mut owner = Browser::new(&app);
    let poll = owner.create_poll(json!({})).await;
    owner.vote_as(&poll, 0, BALLOT).await.expect_status(202);
    let full = owner.vote_as(&poll, 0, OTHER).await;
    let problem = full.assert_problem(503, "queue_unavailable");
    assert!((1..=3).contains(&problem["retry_after"].as_u64().unwrap()));
    let change = Some(json!({"revote": true}));
    let frozen = owner.call(Method::PATCH, &poll.path(""), change).await;
    let problem = frozen.assert_problem(409, "poll_has_votes");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("once the poll has opened"), "{detail}");
    for query in ["ballot_id=x", "ballot_id=", "ballot_id=1&nonsense=1"] {
        let path = poll.path(&format!("/vote?{query}"));
        owner.get(&path).await.assert_problem(422, "invalid_query");
    }
    let ready = app.get("/readyz").await;
    assert_eq!(ready.status, 503, "{}", ready.text);
}

#[tokio::test]
async fn votes_over_the_stream_are_queued_and_then_decided() {
    let queue = MemoryQueue::new();
    let server = Server::start(App::queued(&queue)).await;
    let mut owner = Browser::new(&server.app);
    let poll = owner.create_poll(json!({})).await;
    let cookie = [("cookie", owner.cookie.as_deref().unwrap())];
    let path = Server::stream_path(&poll, "");
    let mut socket = Socket::open(&server, &path, &cookie).await;
    let vote = |request: &str, option: usize, ballot: &str| {
        json!({
            "type": "vote", "request_id": request, "option_id": poll.options[option],
            "ballot_id": ballot,
        })
    };
    socket.send(vote("a", 0, BALLOT)).await;
    let queued = socket.next_of("vote_queued").await;
    let expected = json!({
        "type": "vote_queued", "request_id": "a", "success": true, "status": "queued",
        "ballot_id": BALLOT,
    });
    assert_eq!(queued, expected);
    socket.send(vote("b", 1, OTHER)).await;
    assert_eq!(socket.next_of("vote_queued").await["request_id"], "b");
    server.app.aggregate(&queue);
    let (mut confirmed, mut rejected) = (None, None);
    while confirmed.is_none() || rejected.is_none() {
        let message = socket.next().await;
        match message["type"].as_str().unwrap() {
            "vote_confirmed" => confirmed = Some(message),
            "vote_rejected" => rejected = Some(message),
            _ => {}
        }
    }
    let (confirmed, rejected) = (confirmed.unwrap(), rejected.unwrap());
    assert_eq!(
        (&confirmed["request_id"], &confirmed["total_votes"]),
        (&json!("a"), &json!(1))
    );
    assert_eq!(
        (&rejected["request_id"], &rejected["code"]),
        (&json!("b"), &json!("already_voted"))
    );
}
