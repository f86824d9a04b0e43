//! Calls every endpoint as an anonymous caller, as another account, and as the owner.

use std::collections::BTreeSet;

use axum::http::Method;
use serde_json::json;
use tower::ServiceExt;
use votify_core::MemoryAccountStore;

use super::harness::{PASSWORD, cheap, token, with, with_bearer};
use crate::app::{App, without_creation_limits};
use crate::browser::CreatedPoll;
use crate::{endpoints, invites};

/// Expected status for an anonymous caller, another caller and the owner.
const EXPECTED: [(&str, [u16; 3]); 26] = [
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
    // This poll uses no invites, which only the owner learns.
    ("POST /api/polls/{id}/invites", [403, 403, 409]),
    ("GET /api/polls/{id}/invites", [403, 403, 409]),
    ("GET /api/polls/{id}/me", [200, 200, 200]),
    ("GET /api/polls/{id}/results", [200, 200, 200]),
    ("GET /api/polls/{id}/stream", [200, 200, 200]),
    ("POST /api/polls/{id}/vote", [401, 201, 201]),
    ("GET /api/polls/{id}/vote", [401, 404, 404]),
    ("DELETE /api/polls/{id}/vote", [401, 409, 409]),
    ("GET /api/join/{code}", [200, 200, 200]),
    ("GET /api/trending", [200, 200, 200]),
    ("GET /api/openapi.json", [200, 200, 200]),
    ("GET /api/asyncapi.json", [200, 200, 200]),
    ("GET /healthz", [200, 200, 200]),
    ("GET /readyz", [200, 200, 200]),
    ("GET /metrics", [200, 200, 200]),
    // Last, because the others log in with the first password.
    ("POST /api/auth/password", [401, 200, 200]),
];

async fn create_poll(app: &App, token: &str) -> CreatedPoll {
    let draft = json!({"title": "Lunch?", "options": ["Pizza", "Sushi"], "voters": "account"});
    let created = with_bearer(token, Method::POST, "/api/polls", Some(draft));
    CreatedPoll::from(app.send(created).await.expect_status(201).json())
}

#[tokio::test]
async fn every_endpoint_returns_the_expected_status_for_each_account() {
    let accounts = cheap(MemoryAccountStore::new())
        .login_rate(None)
        .address_login_rate(None)
        .register_rate(None);
    let app = invites::app(|router| {
        without_creation_limits(router)
            .accounts(accounts)
            .vote_rate(None)
    });
    let expected: BTreeSet<String> = EXPECTED
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    assert_eq!(
        endpoints::names(&app).await,
        expected,
        "every endpoint has one row"
    );
    let owner = app.token_of("ada").await;
    app.token_of("bob").await;
    for (name, statuses) in EXPECTED {
        for (caller, expected) in [None, Some("bob"), Some("ada")].into_iter().zip(statuses) {
            // A new poll and a new login for each request, because a request may end
            // them.
            let poll = create_poll(&app, &owner).await;
            let calls = endpoints::all(&app, &poll).await;
            let call = calls.iter().find(|call| call.name == name).unwrap();
            let mut request =
                crate::app::request(call.method.clone(), &call.path, call.body.clone());
            if let Some(caller) = caller {
                let token = token(&app.log_in(caller, PASSWORD).await.expect_status(200));
                request = with(request, "authorization", &format!("Bearer {token}"));
            }
            // Does not read the body: the body of a stream does not end.
            let response = app.router.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status().as_u16(), expected, "{name} by {caller:?}");
        }
    }
}
