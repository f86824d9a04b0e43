//! Logging out.

use std::sync::Arc;

use axum::http::Method;
use serde_json::json;
use votify_axum::VotifyRouter;
use votify_core::{AccountStore, MemoryAccountStore, MemoryStore};

use super::scene::{PASSWORD, app, bearing, cheap, cookies, credentials, token, with};
use crate::app::{App, SECRET, SharedClock, engine, request};
use crate::browser::Made;
use crate::live::Socket;
use crate::server::Server;

#[tokio::test]
async fn a_token_that_was_logged_out_is_over() {
    let app = app();
    let (one, other) = (app.token_of("ada").await, app.log_in("ada", PASSWORD).await);
    let answer = app.log_out(&one).await.ok(204);
    assert!(answer.headers.get("set-cookie").is_none());
    app.me(&one).await.is_problem(401, "invalid_login");
    app.log_out(&one).await.is_problem(401, "invalid_login");
    app.me(&token(&other)).await.ok(200);
    app.clock.advance(3_600);
    app.me(&one).await.is_problem(401, "invalid_login");
    app.post("/api/auth/logout", serde_json::json!({}))
        .await
        .is_problem(401, "not_logged_in");
}

#[tokio::test]
async fn a_browser_forgets_its_cookie_and_nobody_else_can_use_it() {
    let app = app();
    let entered = app
        .post("/api/auth/register", credentials("ada", PASSWORD))
        .await
        .ok(201);
    let browser =
        |method, path: &str| with(request(method, path, None), "cookie", &cookies(&entered));
    let left = app
        .send(browser(Method::POST, "/api/auth/logout"))
        .await
        .ok(204);
    let cleared = left.header("set-cookie");
    assert!(
        cleared.starts_with("votify_login=; ") && cleared.ends_with("Max-Age=0"),
        "{cleared}"
    );
    app.me(&token(&entered))
        .await
        .is_problem(401, "invalid_login");
    // A cookie that holds no more is cleared too, and does not keep its browser from anything that needs no login.
    let again = app.send(browser(Method::POST, "/api/auth/logout")).await;
    again.is_problem(401, "invalid_login");
    assert!(again.header("set-cookie").ends_with("Max-Age=0"));
    app.send(browser(Method::GET, "/api/auth/me"))
        .await
        .is_problem(401, "invalid_login");
    app.send(browser(Method::GET, "/api/polls")).await.ok(200);
}

#[tokio::test]
async fn both_of_two_logins_are_ended() {
    let app = app();
    let (ada, bob) = (app.token_of("ada").await, app.token_of("bob").await);
    let both = request(Method::POST, "/api/auth/logout", None);
    let both = with(both, "authorization", &format!("Bearer {ada}"));
    let both = with(both, "cookie", &format!("votify_login={bob}"));
    app.send(both).await.ok(204);
    for token in [ada, bob] {
        app.me(&token).await.is_problem(401, "invalid_login");
    }
}

/// Two instances over one store, their clocks the same.
#[tokio::test]
async fn other_instances_hear_of_it_within_five_seconds() {
    let accounts: Arc<dyn AccountStore> = Arc::new(MemoryAccountStore::new());
    let (polls, clock) = (Arc::new(MemoryStore::new()), SharedClock::new());
    let instance = || {
        let engine = engine(Arc::clone(&polls), &clock, &[SECRET]);
        App {
            router: VotifyRouter::new(engine.clone())
                .accounts(cheap(Arc::clone(&accounts)))
                .build(),
            engine,
            clock: clock.clone(),
        }
    };
    let (here, there) = (instance(), instance());
    let (one, other) = (here.token_of("ada").await, here.token_of("bob").await);
    // The other instance has just seen that the one is fine, and knows nothing of the other.
    there.me(&one).await.ok(200);
    for token in [&one, &other] {
        here.log_out(token).await.ok(204);
        here.me(token).await.is_problem(401, "invalid_login");
    }
    there.me(&other).await.is_problem(401, "invalid_login");
    there.me(&one).await.ok(200);
    clock.advance(5);
    there.me(&one).await.is_problem(401, "invalid_login");
}

/// A stream that was opened by somebody who has logged out since goes on showing what everybody sees, and takes no more votes.
#[tokio::test]
async fn a_socket_does_not_outlast_the_login_that_votes_over_it() {
    let app = app();
    let (ada, bob) = (app.token_of("ada").await, app.token_of("bob").await);
    let draft = json!({"title": "t", "options": ["a", "b"], "voters": "account"});
    let made = bearing(&ada, Method::POST, "/api/polls", Some(draft));
    let poll = Made::from(app.send(made).await.ok(201).json());
    let server = Server::start(app).await;
    let path = Server::stream_path(&poll, "");
    let vote = json!({"type": "vote", "option_id": poll.options[0]});
    let by_bearer = [("authorization", format!("Bearer {ada}"), "invalid_login")];
    let by_cookie = [("cookie", format!("votify_login={bob}"), "not_logged_in")];
    for ((name, value, code), token) in by_bearer.into_iter().chain(by_cookie).zip([&ada, &bob]) {
        let mut socket = Socket::open(&server, &path, &[(name, &value)]).await;
        socket.next_of("poll_updated").await;
        server.app.log_out(token).await.ok(204);
        socket.send(vote.clone()).await;
        let rejected = socket.next_of("vote_rejected").await;
        assert_eq!(rejected["code"], code);
        socket.send(json!({"type": "refresh"})).await;
        socket.next_of("poll_updated").await;
    }
    let carol = server.app.token_of("carol").await;
    let value = format!("Bearer {carol}");
    let mut socket = Socket::open(&server, &path, &[("authorization", &value)]).await;
    socket.send(vote).await;
    socket.next_of("vote_confirmed").await;
    assert_eq!(server.app.total(&poll.id).await, 1);
}
