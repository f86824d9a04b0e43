use axum::http::Method;
use serde_json::json;

use crate::app::App;
use crate::browser::Browser;

async fn titles(app: &App, query: &str) -> Vec<String> {
    let response = app
        .get(&format!("/api/polls{query}"))
        .await
        .expect_status(200)
        .json();
    let polls = response["polls"].as_array().unwrap();
    polls
        .iter()
        .map(|poll| poll["title"].as_str().unwrap().to_owned())
        .collect()
}

/// Creates one poll of each status, and one that closes in 10 min.
async fn app_with_polls() -> (App, Browser) {
    let app = App::new();
    let mut owner = Browser::new(&app);
    for body in [
        json!({"title": "Open lunch", "category": "food"}),
        json!({"title": "Scheduled lunch", "opens_at": app.clock.after(600)}),
        json!({"title": "Soon over", "closes_at": app.clock.after(600)}),
        json!({"title": "Closed"}),
    ] {
        let poll = owner.create_poll(body.clone()).await;
        if body["title"] == "Closed" {
            owner
                .call(Method::POST, &poll.path("/close"), None)
                .await
                .expect_status(200);
        }
        app.clock.advance(1);
    }
    (app, owner)
}

#[tokio::test]
async fn open_polls_are_listed_newest_first_by_default() {
    let (app, _) = app_with_polls().await;
    let open = ["Soon over", "Open lunch"];
    assert_eq!(titles(&app, "").await, open);
    assert_eq!(titles(&app, "?status=active").await, open);
    assert_eq!(titles(&app, "?status=open&sort=newest").await, open);
    assert_eq!(titles(&app, "?status=scheduled").await, ["Scheduled lunch"]);
    assert_eq!(titles(&app, "?status=closed").await, ["Closed"]);
    assert_eq!(titles(&app, "?status=all").await.len(), 4);
    assert_eq!(
        titles(&app, "?sort=closing").await,
        ["Soon over", "Open lunch"]
    );
    assert_eq!(titles(&app, "?category=food").await, ["Open lunch"]);
    assert_eq!(
        titles(&app, "?q=LUNCH&status=all").await,
        ["Scheduled lunch", "Open lunch"]
    );
    assert_eq!(titles(&app, "?q=lunch+open").await, ["Open lunch"]);
    assert!(titles(&app, "?q=unch").await.is_empty());
    // An empty query lists all polls.
    assert_eq!(titles(&app, "?q=+").await, open);
    let symbols = app.get("/api/polls?q=%25").await;
    symbols.assert_problem(422, "invalid_query");
}

#[tokio::test]
async fn pages_have_the_requested_size() {
    let (app, _) = app_with_polls().await;
    let page = app
        .get("/api/polls?status=all&limit=3&page=2")
        .await
        .expect_status(200)
        .json();
    assert_eq!(
        page["pagination"],
        json!({"page": 2, "limit": 3, "total": 4, "total_is_more": false, "pages": 2, "next": null})
    );
    assert_eq!(page["polls"].as_array().unwrap().len(), 1);
    let keys: Vec<&String> = page.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["pagination", "polls"]);
    assert_eq!(page["polls"][0]["total_votes"], 0);
}

const LISTS: [&str; 2] = ["/api/polls", "/api/trending"];

#[tokio::test]
async fn lists_hold_summaries() {
    let app = App::new();
    let mut owner = Browser::new(&app);
    let long = json!({"title": "long", "description": "é".repeat(301)});
    let poll = owner.create_poll(long).await;
    app.clock.advance(1);
    let short = json!({"title": "short", "description": "é".repeat(300)});
    owner.create_poll(short).await;
    for list in LISTS {
        for (query, options) in [("", None), ("?include=options", Some(3))] {
            let path = format!("{list}{query}");
            let page = app.get(&path).await.expect_status(200).json();
            for listed in page["polls"].as_array().unwrap() {
                assert_eq!(listed["description"], "é".repeat(300));
                let truncated = listed.get("description_truncated");
                let expected = (listed["title"] == "long").then_some(&json!(true));
                assert_eq!(truncated, expected, "{path}");
                let found = listed
                    .get("options")
                    .map(|all| all.as_array().unwrap().len());
                assert_eq!(found, options, "{path}");
            }
        }
    }
    let details = app.get(&poll.path("")).await.json();
    assert_eq!(details["poll"]["description"], "é".repeat(301));
}

#[tokio::test]
async fn options_are_listed_for_at_most_20_polls() {
    let (app, _) = app_with_polls().await;
    for list in LISTS {
        for limit in ["1", "20"] {
            app.get(&format!("{list}?include=options&limit={limit}"))
                .await
                .expect_status(200);
        }
        for (query, field) in [
            ("limit=21&include=options", "limit"),
            ("include=options&limit=100", "limit"),
            ("include=options&limit=0", "limit"),
            ("include=votes", "include"),
            ("include=", "include"),
            ("include=options&include=options", "include"),
        ] {
            let response = app.get(&format!("{list}?{query}")).await;
            response.assert_problem(422, "invalid_query");
            assert_eq!(response.invalid_fields(), [field], "{list}?{query}");
        }
        app.get(&format!("{list}?limit=100"))
            .await
            .expect_status(200);
    }
}

#[tokio::test]
async fn all_errors_of_a_query_are_reported_together() {
    let app = App::new();
    let response = app
        .get("/api/polls?page=0&limit=101&status=dead&sort=best&q=a%00b&x=1&category=a&category=b")
        .await;
    response.assert_problem(422, "invalid_query");
    let mut wrong = response.invalid_fields();
    wrong.sort();
    assert_eq!(
        wrong,
        ["category", "limit", "page", "q", "sort", "status", "x"]
    );
    for bad in [
        "?page=-1",
        "?page=1e3",
        "?limit=0",
        "?limit=",
        "?page=99999999999",
        "?page=10001",
    ] {
        app.get(&format!("/api/polls{bad}"))
            .await
            .assert_problem(422, "invalid_query");
    }
    let searched = app.get("/api/polls?q=a+b+c+d+e+f+g+h+a").await;
    searched.expect_status(200);
    let searched = app.get("/api/polls?q=a+b+c+d+e+f+g+h+i").await;
    searched.assert_problem(422, "invalid_query");
    assert_eq!(searched.invalid_fields(), ["q"]);
    app.get("/api/trending?limit=0")
        .await
        .assert_problem(422, "invalid_query");
    // Bytes that are no UTF-8 hold no word.
    app.get("/api/polls?q=%FF%FE")
        .await
        .assert_problem(422, "invalid_query");
}

#[tokio::test]
async fn the_polls_with_most_votes_are_trending() {
    let app = App::unlimited();
    let mut owner = Browser::new(&app);
    let mut polls = Vec::new();
    for title in ["quiet", "busy", "middling"] {
        polls.push(owner.create_poll(json!({"title": title})).await);
    }
    for (poll, votes) in [(&polls[1], 6), (&polls[2], 2)] {
        for _ in 0..votes {
            Browser::new(&app).vote(poll, 0).await.expect_status(201);
        }
    }
    let response = app
        .get("/api/trending?limit=2")
        .await
        .expect_status(200)
        .json();
    let titles: Vec<&str> = response["polls"]
        .as_array()
        .unwrap()
        .iter()
        .map(|poll| poll["title"].as_str().unwrap())
        .collect();
    assert_eq!(titles, ["busy", "middling"]);
    assert_eq!(response.as_object().unwrap().len(), 1);
}
