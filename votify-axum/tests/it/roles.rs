//! Every call by everybody: nobody, another session or account, and the owner.

use std::collections::BTreeSet;

use serde_json::json;
use tower::ServiceExt;

use crate::app::{App, request};
use crate::browser::{Browser, Made};
use crate::owners::ByHeader;
use crate::{calls, invites};

/// What nobody, another one and the owner are answered.
const EXPECTED: [(&str, [u16; 3]); 17] = [
    ("GET /api/polls", [200, 200, 200]),
    ("POST /api/polls", [201, 201, 201]),
    ("GET /api/polls/{id}", [200, 200, 200]),
    ("PATCH /api/polls/{id}", [403, 403, 200]),
    ("DELETE /api/polls/{id}", [403, 403, 204]),
    ("POST /api/polls/{id}/close", [403, 403, 200]),
    ("POST /api/polls/{id}/invites", [403, 403, 201]),
    ("GET /api/polls/{id}/results", [200, 200, 200]),
    ("GET /api/polls/{id}/stream", [200, 200, 200]),
    // Who votes is not a matter of who made the poll: in this one, of a code that nobody brings.
    ("POST /api/polls/{id}/vote", [403, 403, 403]),
    ("GET /api/polls/{id}/vote", [403, 403, 403]),
    ("DELETE /api/polls/{id}/vote", [403, 403, 403]),
    ("GET /api/trending", [200, 200, 200]),
    ("GET /api/openapi.json", [200, 200, 200]),
    ("GET /healthz", [200, 200, 200]),
    ("GET /readyz", [200, 200, 200]),
    ("GET /metrics", [200, 200, 200]),
];

/// How somebody shows who they are.
#[derive(Debug, Clone)]
struct Somebody(Option<(&'static str, String)>);

impl Somebody {
    fn with_session(browser: &Browser) -> Self {
        assert!(browser.cookie.is_some());
        Self(browser.cookie.clone().map(|cookie| ("cookie", cookie)))
    }

    fn logged_in(name: &str) -> Self {
        Self(Some(("x-user", name.to_owned())))
    }

    async fn status(&self, app: &App, call: &calls::Call) -> u16 {
        let mut request = request(call.method.clone(), &call.path, call.body.clone());
        if let Some((name, value)) = &self.0 {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        // The body is not waited for: a stream's has no end.
        let answer = app.router.clone().oneshot(request).await.unwrap();
        answer.status().as_u16()
    }

    async fn make(&self, app: &App) -> Made {
        let body = json!({"title": "Lunch?", "options": ["Pizza", "Sushi"], "voters": "invite", "revote": true});
        let mut request = request(axum::http::Method::POST, "/api/polls", Some(body));
        if let Some((name, value)) = &self.0 {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        Made::from(app.send(request).await.ok(201).json())
    }
}

#[tokio::test]
async fn every_call_is_answered_by_who_asks() {
    let app = invites::app(|router| router.identity(ByHeader).vote_quota(None));
    let expected: BTreeSet<String> = EXPECTED
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    assert_eq!(
        calls::names(&app).await,
        expected,
        "calls that have no row here, or rows without a call"
    );
    let mut sessions = [Browser::new(&app), Browser::new(&app)];
    for browser in &mut sessions {
        browser.make(json!({})).await;
    }
    let [mine, others] = sessions.map(|browser| Somebody::with_session(&browser));
    let [alice, bob] = ["alice", "bob"].map(Somebody::logged_in);
    for (owner, others) in [
        (&mine, [&others, &bob]),
        (&alice, [&others, &bob]),
        (&alice, [&mine, &bob]),
    ] {
        for (name, [nobody, other, own]) in EXPECTED {
            let asked = async |who: &Somebody, expected: u16| {
                // One of its own, as a call may end it.
                let poll = owner.make(&app).await;
                let calls = calls::all(&app, &poll).await;
                let call = calls.iter().find(|call| call.name == name).unwrap();
                let status = who.status(&app, call).await;
                assert_eq!(status, expected, "{name} by {who:?}, of {owner:?}");
            };
            asked(&Somebody(None), nobody).await;
            for somebody in others {
                asked(somebody, other).await;
            }
            asked(owner, own).await;
        }
    }
}
