use serde_json::json;

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
        ready["parts"][0],
        json!({"part": "store", "backend": "memory", "ready": true})
    );
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
