//! Calls every endpoint as an anonymous caller, as another session or account, and as the
//! owner.

use std::collections::BTreeSet;

use serde_json::json;
use tower::ServiceExt;

use crate::app::{App, request, without_creation_limits};
use crate::browser::{Browser, CreatedPoll};
use crate::owners::ByHeader;
use crate::{endpoints, invites};

/// Expected status for an anonymous caller, another caller and the owner.
const EXPECTED: [(&str, [u16; 3]); 21] = [
    ("GET /api/polls", [200, 200, 200]),
    ("POST /api/polls", [201, 201, 201]),
    ("GET /api/polls/{id}", [200, 200, 200]),
    ("PATCH /api/polls/{id}", [403, 403, 200]),
    ("DELETE /api/polls/{id}", [403, 403, 204]),
    ("POST /api/polls/{id}/close", [403, 403, 200]),
    ("POST /api/polls/{id}/invites", [403, 403, 201]),
    ("GET /api/polls/{id}/invites", [403, 403, 200]),
    ("GET /api/polls/{id}/me", [200, 200, 200]),
    ("GET /api/polls/{id}/results", [200, 200, 200]),
    ("GET /api/polls/{id}/stream", [200, 200, 200]),
    // This poll accepts votes only with an invite code, which no caller sends.
    ("POST /api/polls/{id}/vote", [403, 403, 403]),
    ("GET /api/polls/{id}/vote", [403, 403, 403]),
    ("DELETE /api/polls/{id}/vote", [403, 403, 403]),
    ("GET /api/join/{code}", [200, 200, 200]),
    ("GET /api/trending", [200, 200, 200]),
    ("GET /api/openapi.json", [200, 200, 200]),
    ("GET /api/asyncapi.json", [200, 200, 200]),
    ("GET /healthz", [200, 200, 200]),
    ("GET /readyz", [200, 200, 200]),
    ("GET /metrics", [200, 200, 200]),
];

/// The credential header of a caller.
#[derive(Debug, Clone)]
struct Credential(Option<(&'static str, String)>);

impl Credential {
    fn with_session(browser: &Browser) -> Self {
        assert!(browser.cookie.is_some());
        Self(browser.cookie.clone().map(|cookie| ("cookie", cookie)))
    }

    fn logged_in(name: &str) -> Self {
        Self(Some(("x-user", name.to_owned())))
    }

    async fn status(&self, app: &App, call: &endpoints::EndpointRequest) -> u16 {
        let mut request = request(call.method.clone(), &call.path, call.body.clone());
        if let Some((name, value)) = &self.0 {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        // Does not read the body: the body of a stream does not end.
        let response = app.router.clone().oneshot(request).await.unwrap();
        response.status().as_u16()
    }

    async fn create_poll(&self, app: &App) -> CreatedPoll {
        let body = json!({"title": "Lunch?", "options": ["Pizza", "Sushi"], "voters": "invite", "revote": true});
        let mut request = request(axum::http::Method::POST, "/api/polls", Some(body));
        if let Some((name, value)) = &self.0 {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        CreatedPoll::from(app.send(request).await.expect_status(201).json())
    }
}

#[tokio::test]
async fn every_endpoint_returns_the_expected_status_for_each_caller() {
    let app = invites::app(|router| {
        without_creation_limits(router)
            .identity(ByHeader)
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
    let mut sessions = [Browser::new(&app), Browser::new(&app)];
    for browser in &mut sessions {
        browser.create_poll(json!({})).await;
    }
    let [mine, others] = sessions.map(|browser| Credential::with_session(&browser));
    let [alice, bob] = ["alice", "bob"].map(Credential::logged_in);
    for (owner, others) in [
        (&mine, [&others, &bob]),
        (&alice, [&others, &bob]),
        (&alice, [&mine, &bob]),
    ] {
        for (name, [anonymous, other, own]) in EXPECTED {
            let check = async |caller: &Credential, expected: u16| {
                // A new poll for each request, because a request may close or delete it.
                let poll = owner.create_poll(&app).await;
                let calls = endpoints::all(&app, &poll).await;
                let call = calls.iter().find(|call| call.name == name).unwrap();
                let status = caller.status(&app, call).await;
                assert_eq!(status, expected, "{name} by {caller:?}, of {owner:?}");
            };
            check(&Credential(None), anonymous).await;
            for caller in others {
                check(caller, other).await;
            }
            check(owner, own).await;
        }
    }
}
