use axum::http::Method;
use serde_json::{Value, json};

use crate::app::App;
use crate::browser::Browser;

async fn titles(app: &App, query: &str) -> Vec<String> {
    let answer = app.get(&format!("/api/polls{query}")).await.ok(200).json();
    let polls = answer["polls"].as_array().unwrap();
    polls
        .iter()
        .map(|poll| poll["title"].as_str().unwrap().to_owned())
        .collect()
}

/// One poll of each status, and one that closes soon.
async fn filled() -> (App, Browser) {
    let app = App::new();
    let mut owner = Browser::new(&app);
    for body in [
        json!({"title": "Open lunch", "category": "food"}),
        json!({"title": "Scheduled lunch", "opens_at": app.clock.ahead(600)}),
        json!({"title": "Soon over", "closes_at": app.clock.ahead(600)}),
        json!({"title": "Closed"}),
    ] {
        let poll = owner.make(body.clone()).await;
        if body["title"] == "Closed" {
            owner
                .call(Method::POST, &poll.at("/close"), None)
                .await
                .ok(200);
        }
        app.clock.advance(1);
    }
    (app, owner)
}

#[tokio::test]
async fn open_polls_are_listed_newest_first_unless_told_otherwise() {
    let (app, _) = filled().await;
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
    assert!(titles(&app, "?q=%25").await.is_empty());
}

#[tokio::test]
async fn pages_have_the_size_that_is_asked_for() {
    let (app, _) = filled().await;
    let page = app
        .get("/api/polls?status=all&limit=3&page=2")
        .await
        .ok(200)
        .json();
    assert_eq!(
        page["pagination"],
        json!({"page": 2, "limit": 3, "total": 4, "pages": 2})
    );
    assert_eq!(page["polls"].as_array().unwrap().len(), 1);
    let keys: Vec<&String> = page.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["pagination", "polls"]);
    let listed: &Value = &page["polls"][0];
    assert_eq!(listed["options"].as_array().unwrap().len(), 3);
    assert_eq!(listed["total_votes"], 0);
}

#[tokio::test]
async fn all_problems_of_a_query_are_told_at_once() {
    let app = App::new();
    let answer = app
        .get("/api/polls?page=0&limit=101&status=dead&sort=best&q=a%00b&x=1&category=a&category=b")
        .await;
    answer.is_problem(422, "invalid_query");
    let mut wrong = answer.wrong_fields();
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
            .is_problem(422, "invalid_query");
    }
    let searched = app.get("/api/polls?q=a+b+c+d+e+f+g+h+a").await;
    searched.ok(200);
    let searched = app.get("/api/polls?q=a+b+c+d+e+f+g+h+i").await;
    searched.is_problem(422, "invalid_query");
    assert_eq!(searched.wrong_fields(), ["q"]);
    app.get("/api/trending?limit=0")
        .await
        .is_problem(422, "invalid_query");
    app.get("/api/polls?q=%FF%FE").await.ok(200);
}

#[tokio::test]
async fn the_busiest_polls_are_trending() {
    let app = App::unlimited();
    let mut owner = Browser::new(&app);
    let mut polls = Vec::new();
    for title in ["quiet", "busy", "middling"] {
        polls.push(owner.make(json!({"title": title})).await);
    }
    for (poll, votes) in [(&polls[1], 6), (&polls[2], 2)] {
        for _ in 0..votes {
            Browser::new(&app).vote(poll, 0).await.ok(201);
        }
    }
    let answer = app.get("/api/trending?limit=2").await.ok(200).json();
    let titles: Vec<&str> = answer["polls"]
        .as_array()
        .unwrap()
        .iter()
        .map(|poll| poll["title"].as_str().unwrap())
        .collect();
    assert_eq!(titles, ["busy", "middling"]);
    assert_eq!(answer.as_object().unwrap().len(), 1);
}
