//! Who may do what: the rules of the router, and a host's own.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::http::Method;
use axum::http::request::Parts;
use serde_json::json;
use votify_axum::{Action, Authorize, Creators, Denied, Permissions, VotifyRouter};
use votify_core::{Caller, PollDraft, Visibility};

use crate::app::{App, request};
use crate::browser::Browser;
use crate::owners::ByHeader;
use crate::server::Server;
use crate::stream_clients::Socket;
use crate::{endpoints, invites};

fn body() -> serde_json::Value {
    json!({"title": "Lunch?", "options": ["Pizza", "Sushi"]})
}

/// The library's default.
#[tokio::test]
async fn nobody_creates_or_lists_polls_until_the_host_says_who_may() {
    let app = App::with(|router| router.authorize(Permissions::default()));
    let by_default = App {
        router: VotifyRouter::new(app.engine.clone()).build(),
        ..app.clone()
    };
    let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
    let draft = draft.visibility(Visibility::Public);
    let poll = app.engine.create_poll(draft).await.unwrap();
    let path = format!("/api/polls/{}", poll.id);
    for app in [app, by_default] {
        let problem = app.post("/api/polls", body()).await;
        problem.assert_problem(403, "not_allowed");
        for list in ["/api/polls", "/api/polls?q=lunch", "/api/trending"] {
            let problem = app.get(list).await;
            problem.assert_problem(403, "not_allowed");
            assert!(!problem.text.contains("Pizza"), "{}", problem.text);
        }
        app.get(&path).await.expect_status(200);
        app.get(&format!("{path}/results")).await.expect_status(200);
        let vote = json!({"option_id": poll.options[0].id.to_string()});
        let voted = Browser::new(&app).post(&format!("{path}/vote"), vote).await;
        voted.expect_status(201);
    }
}

#[tokio::test]
async fn logged_in_users_create_polls() {
    let permissions = Permissions::everybody().create(Creators::Accounts);
    let app = App::with(|router| router.identity(ByHeader).authorize(permissions));
    let stranger = app.post("/api/polls", body()).await;
    stranger.assert_problem(401, "not_logged_in");
    let create = |body| {
        let mut request = request(Method::POST, "/api/polls", Some(body));
        request
            .headers_mut()
            .insert("x-user", "alice".parse().unwrap());
        request
    };
    app.send(create(body())).await.expect_status(201);
    app.get("/api/polls").await.expect_status(200);
    let permissions = Permissions::everybody().create(Creators::Nobody);
    let app = App::with(|router| router.identity(ByHeader).authorize(permissions));
    let refused = app.send(create(body())).await;
    refused.assert_problem(403, "not_allowed");
}

/// Refuses everything, and records the actions.
#[derive(Debug, Default, Clone)]
struct RefuseAll {
    reply: Option<Denied>,
    asked: Arc<Mutex<Vec<Action>>>,
}

#[async_trait]
impl Authorize for RefuseAll {
    async fn authorize(&self, _: &Parts, _: &Caller, action: Action) -> Result<(), Denied> {
        self.asked.lock().unwrap().push(action);
        self.reply.clone().map_or(Ok(()), Err)
    }
}

/// The host may change its mind while a WebSocket is open.
#[tokio::test]
async fn the_host_refuses_votes_over_an_open_web_socket() {
    #[derive(Debug, Clone, Default)]
    struct NoMoreVotes(Arc<AtomicBool>);

    #[async_trait]
    impl Authorize for NoMoreVotes {
        async fn authorize(&self, _: &Parts, _: &Caller, action: Action) -> Result<(), Denied> {
            let is_vote = matches!(action, Action::Vote(_));
            if is_vote && self.0.load(Ordering::Relaxed) {
                return Err(Denied::not_allowed("the room is locked"));
            }
            Ok(())
        }
    }

    let rules = NoMoreVotes::default();
    let server = Server::start(App::with(|router| router.authorize(rules.clone()))).await;
    let mut browser = Browser::new(&server.app);
    let poll = browser.create_poll(json!({"revote": true})).await;
    let cookie = [("cookie", browser.cookie.as_deref().unwrap())];
    let mut socket = Socket::open(&server, &Server::stream_path(&poll, ""), &cookie).await;
    let vote = json!({"type": "vote", "option_id": poll.options[0]});
    socket.send(vote.clone()).await;
    socket.next_of("vote_confirmed").await;
    rules.0.store(true, Ordering::Relaxed);
    socket.send(vote).await;
    let rejected = socket.next_of("vote_rejected").await;
    assert_eq!(rejected["code"], "not_allowed");
    assert_eq!(rejected["detail"], "the room is locked");
}

/// Every route of the API asks the host, before any effect and before the body is read.
#[tokio::test]
async fn the_host_refuses_every_route() {
    let replies = [
        (Denied::not_logged_in("members only"), 401, "not_logged_in"),
        (Denied::not_allowed("members only"), 403, "not_allowed"),
        (Denied::Unavailable, 503, "store_unavailable"),
    ];
    for (reply, status, code) in replies {
        let rules = RefuseAll {
            reply: Some(reply),
            ..RefuseAll::default()
        };
        let asked = Arc::clone(&rules.asked);
        let open = invites::app(|router| router.identity(ByHeader).vote_rate(None));
        let poll = Browser::new(&open).create_poll(json!({})).await;
        let before = open.get(&poll.path("")).await.text;
        let router = VotifyRouter::new(open.engine.clone())
            .identity(ByHeader)
            .authorize(rules);
        #[cfg(feature = "accounts")]
        let router = router.accounts(crate::accounts::harness::cheap(
            votify_core::MemoryAccountStore::new(),
        ));
        let app = App {
            router: router.build(),
            ..open.clone()
        };
        for call in endpoints::all(&app, &poll).await {
            // The last two concern only the caller's own login.
            let is_open = [
                "openapi.json",
                "asyncapi.json",
                "/healthz",
                "/readyz",
                "/metrics",
                "/api/auth/me",
                "/api/auth/logout",
            ]
            .iter()
            .any(|open| call.name.contains(open));
            if is_open {
                continue;
            }
            let refused = app
                .send(request(call.method.clone(), &call.path, Some(json!([]))))
                .await;
            refused.assert_problem(status, code);
            assert_eq!(asked.lock().unwrap().len(), 1, "{}", call.name);
            let action = asked.lock().unwrap().pop().unwrap();
            let expected = match call.name.as_str() {
                "POST /api/polls" => "Create",
                "POST /api/auth/register" => "Register",
                "POST /api/auth/login" | "POST /api/auth/password" => "LogIn",
                "GET /api/polls" | "GET /api/trending" => "List",
                name if name.ends_with("/invites") => "Invite",
                name if name.ends_with("/stream") => "Watch",
                "POST /api/polls/{id}/vote" | "DELETE /api/polls/{id}/vote" => "Vote",
                name if name.starts_with("GET") => "View",
                _ => "Manage",
            };
            assert!(
                format!("{action:?}").starts_with(expected),
                "{}: {action:?}",
                call.name
            );
        }
        assert_eq!(open.get(&poll.path("")).await.text, before);
    }
}
