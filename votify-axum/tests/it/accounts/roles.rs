//! Every call by everybody: nobody, another account, and the account that made the poll.

use std::collections::BTreeSet;

use axum::http::Method;
use serde_json::json;
use tower::ServiceExt;
use votify_core::MemoryAccountStore;

use super::scene::{PASSWORD, bearing, cheap, token, with};
use crate::app::{App, request};
use crate::browser::Made;
use crate::{calls, invites};

/// What nobody, another one and the owner are answered.
const EXPECTED: [(&str, [u16; 3]); 21] = [
    ("GET /api/auth/me", [401, 200, 200]),
    ("POST /api/auth/login", [200, 200, 200]),
    ("POST /api/auth/logout", [401, 204, 204]),
    ("POST /api/auth/register", [201, 201, 201]),
    ("GET /api/polls", [200, 200, 200]),
    ("POST /api/polls", [201, 201, 201]),
    ("GET /api/polls/{id}", [200, 200, 200]),
    ("PATCH /api/polls/{id}", [403, 403, 200]),
    ("DELETE /api/polls/{id}", [403, 403, 204]),
    ("POST /api/polls/{id}/close", [403, 403, 200]),
    // Voters of this one are not invited, which its owner alone is told.
    ("POST /api/polls/{id}/invites", [403, 403, 409]),
    ("GET /api/polls/{id}/results", [200, 200, 200]),
    ("GET /api/polls/{id}/stream", [200, 200, 200]),
    ("POST /api/polls/{id}/vote", [401, 201, 201]),
    ("GET /api/polls/{id}/vote", [401, 404, 404]),
    ("DELETE /api/polls/{id}/vote", [401, 409, 409]),
    ("GET /api/trending", [200, 200, 200]),
    ("GET /api/openapi.json", [200, 200, 200]),
    ("GET /healthz", [200, 200, 200]),
    ("GET /readyz", [200, 200, 200]),
    ("GET /metrics", [200, 200, 200]),
];

async fn make(app: &App, token: &str) -> Made {
    let draft = json!({"title": "Lunch?", "options": ["Pizza", "Sushi"], "voters": "account"});
    let made = bearing(token, Method::POST, "/api/polls", Some(draft));
    Made::from(app.send(made).await.ok(201).json())
}

#[tokio::test]
async fn every_call_is_answered_by_which_account_asks() {
    let accounts = cheap(MemoryAccountStore::new())
        .login_quota(None)
        .address_quota(None)
        .register_quota(None);
    let app = invites::app(|router| router.accounts(accounts).vote_quota(None));
    let expected: BTreeSet<String> = EXPECTED
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    assert_eq!(
        calls::names(&app).await,
        expected,
        "calls without a row, or rows without a call"
    );
    let owner = app.token_of("ada").await;
    app.token_of("bob").await;
    for (name, statuses) in EXPECTED {
        for (who, expected) in [None, Some("bob"), Some("ada")].into_iter().zip(statuses) {
            // A poll and a log-in of its own, as a call may end them.
            let poll = make(&app, &owner).await;
            let calls = calls::all(&app, &poll).await;
            let call = calls.iter().find(|call| call.name == name).unwrap();
            let mut asked = request(call.method.clone(), &call.path, call.body.clone());
            if let Some(who) = who {
                let token = token(&app.log_in(who, PASSWORD).await.ok(200));
                asked = with(asked, "authorization", &format!("Bearer {token}"));
            }
            // The body is not waited for: a stream's has no end.
            let answer = app.router.clone().oneshot(asked).await.unwrap();
            assert_eq!(answer.status().as_u16(), expected, "{name} by {who:?}");
        }
    }
}
