use async_trait::async_trait;
use serde_json::json;
use votify_axum::ReadinessCheck;

use crate::app::App;
use crate::browser::Browser;

#[tokio::test]
async fn health_and_readiness_name_the_parts() {
    let app = App::new();
    assert_eq!(
        app.get("/healthz").await.ok(200).json(),
        json!({"status": "ok"})
    );
    let ready = app.get("/readyz").await.ok(200).json();
    assert_eq!(ready["ready"], true);
    assert_eq!(
        ready["parts"],
        json!([
            {"part": "store", "backend": "memory", "needed": true, "ready": true},
            {"part": "broadcaster", "backend": "local", "needed": false, "ready": true},
            {"part": "limiter", "backend": "local", "needed": false, "ready": true},
        ])
    );
    let unlimited = App::with(|router| router.vote_quota(None).session_quota(None));
    let ready = unlimited.get("/readyz").await.ok(200).json();
    assert_eq!(ready["parts"].as_array().unwrap().len(), 2);
}

/// Something of a host's that is away, or never answers.
#[derive(Debug)]
struct Away {
    needed: bool,
    silent: bool,
}

#[async_trait]
impl ReadinessCheck for Away {
    fn component(&self) -> &'static str {
        "cache"
    }

    fn backend(&self) -> &'static str {
        "host"
    }

    fn is_required(&self) -> bool {
        self.needed
    }

    async fn is_ready(&self) -> bool {
        if self.silent {
            std::future::pending::<()>().await;
        }
        false
    }
}

#[tokio::test]
async fn a_helper_that_is_away_is_named_and_only_a_needed_one_makes_it_unready() {
    for silent in [false, true] {
        for (needed, status) in [(false, 200), (true, 503)] {
            let app = App::with(|router| router.readiness_check(Away { needed, silent }));
            let ready = app.get("/readyz").await.ok(status).json();
            assert_eq!(ready["ready"], !needed);
            let part =
                json!({"part": "cache", "backend": "host", "needed": needed, "ready": false});
            assert_eq!(ready["parts"][3], part);
        }
    }
}

#[tokio::test]
async fn metrics_count_votes_but_none_of_hidden_polls() {
    let app = App::unlimited();
    let mut owner = Browser::new(&app);
    let hidden = owner.make(json!({"results": "after_close"})).await;
    let before = app.get("/metrics").await.ok(200);
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
        Browser::new(&app).vote(&hidden, 0).await.ok(201);
    }
    Browser::new(&app)
        .vote_as(&hidden, 0, "nonsense")
        .await
        .ok(422);
    assert_eq!(app.get("/metrics").await.text, before.text);
    let shown = owner.make(json!({})).await;
    owner.vote(&shown, 0).await.ok(201);
    let after = app.get("/metrics").await.text;
    assert!(after.contains("votify_ballots_counted_total 1"), "{after}");
}
