use async_trait::async_trait;
use axum::http::Method;
use serde_json::Value;
use votify_axum::ReadinessCheck;

use crate::app::{App, request};
use crate::browser::Browser;
use crate::response_memory::{MIB, app, counted, create_large_poll, fill, unread};

#[tokio::test]
async fn an_address_beyond_its_limit_gets_429_and_others_do_not() {
    let app = app(64, 2);
    let poll = create_large_poll(&mut Browser::new(&app)).await;
    for path in [poll.path(""), poll.path("/results")] {
        let (mut held, rejected) = fill(&app, "2001:db8::1", &path).await;
        rejected.assert_problem(429, "rate_limited");
        assert!(rejected.headers.contains_key("retry-after"));
        let used = counted(&app).await;
        assert!(used <= 2 * MIB && used > 2 * MIB - 40_000, "{used}");
        // A /64 block counts as one address.
        let same = unread(&app, "2001:db8::2", &path).await;
        assert_eq!(same.status(), 429);
        let other = unread(&app, "2001:db8:0:1::1", &path).await;
        assert_eq!(other.status(), 200);
        held.pop();
        let again = unread(&app, "2001:db8::1", &path).await;
        assert_eq!(again.status(), 200);
        drop((held, other, again));
        assert_eq!(counted(&app).await, 0);
    }
    let metrics = app.get("/metrics").await.text;
    assert!(
        metrics.contains("votify_responses_rejected_total 4\n"),
        "{metrics}"
    );
}

#[tokio::test]
async fn what_all_clients_share_is_not_counted() {
    let app = app(2, 2);
    let mut paths = vec!["/api/openapi.json", "/api/asyncapi.json"];
    #[cfg(feature = "ui")]
    paths.push("/votify.js");
    #[cfg(feature = "docs")]
    paths.extend(["/api/docs/swagger-ui-bundle.js", "/api/docs/swagger-ui.css"]);
    let mut held = Vec::new();
    for path in paths {
        for _ in 0..30 {
            let response = unread(&app, "192.0.2.1", path).await;
            assert_eq!(response.status(), 200, "{path}");
            held.push(response);
        }
    }
    assert_eq!(counted(&app).await, 0);
}

#[tokio::test]
async fn pages_of_other_origins_may_read_the_rejection() {
    let app = App::with(|router| {
        router
            .response_memory(2 * MIB)
            .allowed_origins(["https://www.example.org".parse().unwrap()])
    });
    let poll = create_large_poll(&mut Browser::new(&app)).await;
    let (held, _) = fill(&app, "192.0.2.1", &poll.path("")).await;
    let mut request = request(Method::GET, &poll.path(""), None);
    let origin = "https://www.example.org".parse().unwrap();
    request.headers_mut().insert("origin", origin);
    let rejected = app.send(request).await;
    rejected.assert_problem(503, "overloaded");
    let allowed = rejected.header("access-control-allow-origin");
    assert_eq!(allowed, "https://www.example.org");
    drop(held);
}

#[tokio::test]
async fn small_responses_are_never_rejected() {
    let app = app(2, 2);
    let mut owner = Browser::new(&app);
    let poll = create_large_poll(&mut owner).await;
    let (held, _) = fill(&app, "192.0.2.1", &poll.path("")).await;
    for path in [
        "/healthz",
        "/readyz",
        "/metrics",
        "/api/trending",
        "/api/polls",
    ] {
        app.get(path).await.expect_status(200);
    }
    let missing: Value = app.get("/api/polls/x").await.json();
    assert_eq!(missing["status"], 400);
    drop(held);
}

/// A host's checks make the readiness large.
#[tokio::test]
async fn monitoring_is_never_rejected() {
    #[derive(Debug)]
    struct Check;

    #[async_trait]
    impl ReadinessCheck for Check {
        fn component(&self) -> &'static str {
            "one of many components of the host that embeds the router"
        }

        fn backend(&self) -> &'static str {
            "http"
        }

        fn is_required(&self) -> bool {
            false
        }

        async fn is_ready(&self) -> bool {
            true
        }
    }

    let app = App::with(|router| {
        let limited = router.response_memory(2 * MIB);
        (0..100).fold(limited, |router, _| router.readiness_check(Check))
    });
    let poll = create_large_poll(&mut Browser::new(&app)).await;
    let (held, _) = fill(&app, "192.0.2.1", &poll.path("")).await;
    let mut unread_checks = Vec::new();
    for _ in 0..10 {
        let response = unread(&app, "192.0.2.1", "/readyz").await;
        assert_eq!(response.status(), 200);
        unread_checks.push(response);
    }
    let readiness = app.get("/readyz").await.expect_status(200);
    assert!(readiness.text.len() > 8 * 1024, "{}", readiness.text.len());
    drop((held, unread_checks));
}
