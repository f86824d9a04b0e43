//! Pages by cursor, cursors that are invalid, and page numbers that are too high.

use serde_json::{Value, json};

use crate::app::App;
use crate::browser::Browser;

/// Creates polls of two categories, the food with words in common.
async fn app_with_polls() -> App {
    let app = App::new();
    let mut owner = Browser::new(&app);
    for n in 0..7 {
        let body = json!({"title": format!("Lunch {n}"), "category": "food"});
        owner.create_poll(body).await;
        owner
            .create_poll(json!({"title": format!("Other {n}")}))
            .await;
        app.clock.advance(1);
    }
    app
}

async fn page(app: &App, query: &str) -> Value {
    let path = format!("/api/polls?{query}");
    app.get(&path).await.expect_status(200).json()
}

fn titles(page: &Value) -> Vec<&str> {
    let polls = page["polls"].as_array().unwrap().iter();
    polls.map(|poll| poll["title"].as_str().unwrap()).collect()
}

async fn assert_invalid(app: &App, query: &str, field: &str) -> String {
    let response = app.get(&format!("/api/polls?{query}")).await;
    response.assert_problem(422, "invalid_query");
    assert_eq!(response.invalid_fields(), [field], "{query}");
    response.text
}

#[tokio::test]
async fn the_cursor_of_a_page_leads_to_the_next_one() {
    let app = app_with_polls().await;
    let first = page(&app, "category=food&limit=3").await;
    assert_eq!(titles(&first), ["Lunch 6", "Lunch 5", "Lunch 4"]);
    let next = first["pagination"]["next"].as_str().unwrap();
    // A poll that is created meanwhile neither shifts nor repeats an entry.
    let mut owner = Browser::new(&app);
    let new = json!({"title": "Lunch new", "category": "food"});
    owner.create_poll(new).await;
    // The size of a page is no part of the query.
    let second = page(&app, &format!("category=food&limit=2&after={next}")).await;
    assert_eq!(titles(&second), ["Lunch 3", "Lunch 2"]);
    assert_eq!(second["pagination"]["page"], Value::Null);
    let next = second["pagination"]["next"].as_str().unwrap();
    let last = page(&app, &format!("limit=9&after={next}&category=food")).await;
    assert_eq!(titles(&last), ["Lunch 1", "Lunch 0"]);
    assert_eq!(last["pagination"]["next"], Value::Null);
}

#[tokio::test]
async fn invalid_cursors_are_errors_of_their_field() {
    let app = app_with_polls().await;
    let first = page(&app, "limit=3").await;
    let cursor = first["pagination"]["next"].as_str().unwrap();
    let length = cursor.len();
    let changed = match &cursor[..1] {
        "0" => "1",
        _ => "0",
    };
    for invalid in [
        String::new(),
        "1".to_owned(),
        "made-up".to_owned(),
        "0".repeat(length),
        "g".repeat(length),
        "f".repeat(200),
        "%00".to_owned(),
        "%C3%A9".repeat(32),
        cursor[1..].to_owned(),
        cursor[..length - 1].to_owned(),
        cursor[..length / 2].to_owned(),
        format!("{cursor}0"),
        format!("{changed}{}", &cursor[1..]),
    ] {
        assert_invalid(&app, &format!("limit=3&after={invalid}"), "after").await;
    }
    // A cursor belongs to the filter and the order of its list.
    for other in [
        "status=all",
        "status=closed",
        "category=food",
        "q=lunch",
        "sort=closing",
        "sort=trending",
    ] {
        let query = format!("{other}&limit=3&after={cursor}");
        let text = assert_invalid(&app, &query, "after").await;
        assert!(text.contains("with the same filter and order"), "{text}");
    }
    // The same query in other words.
    page(
        &app,
        &format!("status=active&sort=newest&q=+&after={cursor}"),
    )
    .await;
    assert_invalid(&app, &format!("page=1&after={cursor}"), "after").await;
}

#[tokio::test]
async fn page_numbers_beyond_10_000_entries_name_the_cursor() {
    let app = app_with_polls().await;
    for last in ["page=100&limit=100", "page=500", "page=10000&limit=1"] {
        assert_eq!(titles(&page(&app, last).await).len(), 0);
    }
    for deep in [
        "page=101&limit=100",
        "page=501",
        "page=10001&limit=1",
        "page=4294967295&limit=100",
    ] {
        let text = assert_invalid(&app, deep, "page").await;
        assert!(
            text.contains("continue with the cursor of the previous page"),
            "{text}"
        );
    }
}
