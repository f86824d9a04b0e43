use async_trait::async_trait;
use serde_json::json;
use votify_axum::ReadinessCheck;

use crate::app::{App, without_creation_limits};
use crate::browser::Browser;

#[tokio::test]
async fn health_and_readiness_list_the_components() {
    let app = App::new();
    assert_eq!(
        app.get("/healthz").await.expect_status(200).json(),
        json!({"status": "ok"})
    );
    let ready = app.get("/readyz").await.expect_status(200).json();
    assert_eq!(ready["ready"], true);
    assert_eq!(
        ready["parts"],
        json!([
            {"part": "store", "backend": "memory", "needed": true, "ready": true},
            {"part": "broadcaster", "backend": "local", "needed": false, "ready": true},
            {"part": "limiter", "backend": "local", "needed": false, "ready": true},
        ])
    );
    let without_votes = App::with(|router| router.vote_rate(None).session_rate(None));
    let ready = without_votes.get("/readyz").await.expect_status(200).json();
    assert_eq!(ready["parts"].as_array().unwrap().len(), 3);
    let unlimited = App::with(|router| {
        without_creation_limits(router)
            .vote_rate(None)
            .session_rate(None)
            .join_rate(None)
    });
    let ready = unlimited.get("/readyz").await.expect_status(200).json();
    assert_eq!(ready["parts"].as_array().unwrap().len(), 2);
}

/// A component of the host that is unavailable or never answers.
#[derive(Debug)]
struct Unavailable {
    required: bool,
    unresponsive: bool,
}

#[async_trait]
impl ReadinessCheck for Unavailable {
    fn component(&self) -> &'static str {
        "cache"
    }

    fn backend(&self) -> &'static str {
        "host"
    }

    fn is_required(&self) -> bool {
        self.required
    }

    async fn is_ready(&self) -> bool {
        if self.unresponsive {
            std::future::pending::<()>().await;
        }
        false
    }
}

#[tokio::test]
async fn only_required_components_affect_readiness() {
    for unresponsive in [false, true] {
        for (required, status) in [(false, 200), (true, 503)] {
            let app = App::with(|router| {
                router.readiness_check(Unavailable {
                    required,
                    unresponsive,
                })
            });
            let ready = app.get("/readyz").await.expect_status(status).json();
            assert_eq!(ready["ready"], !required);
            let component =
                json!({"part": "cache", "backend": "host", "needed": required, "ready": false});
            assert_eq!(ready["parts"][3], component);
        }
    }
}

#[tokio::test]
async fn metrics_exclude_votes_in_hidden_polls() {
    let app = App::unlimited();
    let mut owner = Browser::new(&app);
    let hidden = owner.create_poll(json!({"results": "after_close"})).await;
    let before = app.get("/metrics").await.expect_status(200);
    assert!(
        before
            .header("content-type")
            .starts_with("application/openmetrics-text")
    );
    assert!(
        before.text.contains("votify_ballots_counted_total 0"),
        "{}",
        before.text
    );
    for _ in 0..3 {
        Browser::new(&app).vote(&hidden, 0).await.expect_status(201);
    }
    Browser::new(&app)
        .vote_as(&hidden, 0, "nonsense")
        .await
        .expect_status(422);
    assert_eq!(app.get("/metrics").await.text, before.text);
    let shown = owner.create_poll(json!({})).await;
    owner.vote(&shown, 0).await.expect_status(201);
    let after = app.get("/metrics").await.text;
    assert!(after.contains("votify_ballots_counted_total 1"), "{after}");
}
