use axum::http::Method;
use serde_json::json;

use crate::app::App;
use crate::browser::Browser;

#[tokio::test]
async fn poll_details_have_three_parts() {
    let app = App::new();
    let mut browser = Browser::new(&app);
    let poll = browser.create_poll(json!({"category": "food"})).await;
    browser.vote(&poll, 1).await.expect_status(201);
    let response = app.get(&poll.path("")).await.expect_status(200);
    assert_eq!(response.header("cache-control"), "private");
    assert_eq!(response.header("vary"), "Cookie");
    let details = response.json();
    let mut head = poll.body.as_object().unwrap().clone();
    for elsewhere in ["options", "total_votes", "epoch", "revision"] {
        head.remove(elsewhere);
    }
    assert_eq!(details["poll"], serde_json::Value::Object(head));
    assert_eq!(
        details["options"][1],
        json!({"id": poll.options[1], "text": "Sushi", "image_url": null, "count": 1})
    );
    assert_eq!(
        details["stats"],
        json!({"total_votes": 1, "epoch": 1, "revision": 1, "viewers": 0})
    );
    assert_eq!(details.as_object().unwrap().len(), 3);
}

#[tokio::test]
async fn matching_etags_return_304() {
    let app = App::new();
    let mut browser = Browser::new(&app);
    let poll = browser.create_poll(json!({})).await;
    for (votes, suffix, total) in [
        (1, "", "/stats/total_votes"),
        (2, "/results", "/total_votes"),
    ] {
        let path = poll.path(suffix);
        let first = browser.get(&path).await.expect_status(200);
        let tag = first.header("etag").to_owned();
        let strong = tag.trim_start_matches("W/").to_owned();
        for known in [tag.clone(), strong, "*".into(), format!("\"x\", {tag}")] {
            let headers = [("if-none-match", known.as_str())];
            let again = browser
                .call_with(Method::GET, &path, None, &headers)
                .await
                .expect_status(304);
            assert_eq!(again.header("etag"), tag);
            assert_eq!(
                (again.header("cache-control"), again.header("vary")),
                ("private", "Cookie")
            );
            assert!(again.text.is_empty());
        }
        Browser::new(&app).vote(&poll, 0).await.expect_status(201);
        let headers = [("if-none-match", tag.as_str())];
        let news = browser
            .call_with(Method::GET, &path, None, &headers)
            .await
            .expect_status(200);
        assert_ne!(news.header("etag"), tag);
        assert_eq!(news.json().pointer(total), Some(&json!(votes)));
    }
}

#[tokio::test]
async fn etag_changes_when_a_poll_opens_and_closes() {
    let app = App::new();
    let window = json!({"opens_at": app.clock.after(60), "closes_at": app.clock.after(120)});
    let poll = Browser::new(&app).create_poll(window).await;
    let mut tags = Vec::new();
    for _ in 0..3 {
        tags.push(app.get(&poll.path("")).await.header("etag").to_owned());
        app.clock.advance(60);
    }
    tags.dedup();
    assert_eq!(tags.len(), 3, "{tags:?}");
}

#[tokio::test]
async fn results_contain_the_leaders() {
    let app = App::new();
    let mut browser = Browser::new(&app);
    let poll = browser.create_poll(json!({})).await;
    let before = app
        .get(&poll.path("/results"))
        .await
        .expect_status(200)
        .json();
    assert_eq!(before["leaders"], json!([]));
    browser.vote(&poll, 2).await.expect_status(201);
    let result = app
        .get(&poll.path("/results"))
        .await
        .expect_status(200)
        .json();
    let expected = json!({
        "poll_id": poll.id, "status": "open", "method": "plurality", "precision": "exact", "final": false,
        "leaders": [poll.options[2]], "options": result["options"], "total_votes": 1, "epoch": 1, "revision": 1,
    });
    assert_eq!(result, expected);
    assert_eq!(result["options"][2]["count"], 1);
    browser
        .post(&poll.path("/close"), json!({}))
        .await
        .expect_status(200);
    let last = app
        .get(&poll.path("/results"))
        .await
        .expect_status(200)
        .json();
    assert_eq!(
        (&last["final"], &last["status"]),
        (&json!(true), &json!("closed"))
    );
    let several = browser
        .create_poll(json!({"ballot": {"kind": "multiple"}}))
        .await;
    assert_eq!(
        app.get(&several.path("/results")).await.json()["method"],
        "approval"
    );
}
