//! The counts of a poll as CSV.

use axum::http::Method;
use serde_json::json;

use crate::app::{App, TestResponse};
use crate::browser::{Browser, CreatedPoll};

async fn table(browser: &mut Browser, poll: &CreatedPoll) -> TestResponse {
    browser.get(&poll.path("/results?format=csv")).await
}

#[tokio::test]
async fn counts_are_a_table_in_the_order_of_the_poll() {
    let app = App::unlimited();
    let mut owner = Browser::new(&app);
    let poll = owner
        .create_poll(json!({"options": ["Pizza", "Sushi, \"cold\"", "Süß\u{1f35c}"]}))
        .await;
    for option in [1, 1, 2] {
        Browser::new(&app)
            .vote(&poll, option)
            .await
            .expect_status(201);
    }
    let response = table(&mut owner, &poll).await.expect_status(200);
    let [first, second, third] = poll.options.first_chunk().unwrap();
    let expected = format!(
        "option_id,text,count,total_votes\r\n\
         {first},Pizza,0,3\r\n\
         {second},\"Sushi, \"\"cold\"\"\",2,3\r\n\
         {third},Süß\u{1f35c},1,3\r\n"
    );
    assert_eq!(response.text, expected);
    assert_eq!(response.header("content-type"), "text/csv; charset=utf-8");
    let name = format!("attachment; filename=\"results-{}.csv\"", poll.id);
    assert_eq!(response.header("content-disposition"), name);
    let vary = response.headers.get_all("vary").iter();
    let vary: Vec<_> = vary.map(|value| value.to_str().unwrap()).collect();
    assert!(
        vary.contains(&"Accept") && vary.contains(&"Cookie"),
        "{vary:?}"
    );
}

#[tokio::test]
async fn no_cell_begins_like_a_formula() {
    let app = App::new();
    let mut owner = Browser::new(&app);
    let formulas = ["=cmd|' /C calc'!A0", "+1", "-1+1", "@SUM(1)"];
    let poll = owner.create_poll(json!({"options": formulas})).await;
    let text = table(&mut owner, &poll).await.expect_status(200).text;
    for row in text.lines().skip(1) {
        let (_, cell) = row.split_once(',').unwrap();
        let cell = cell.trim_start_matches('"');
        assert!(!cell.starts_with(['=', '+', '-', '@']), "{row}");
    }
    assert!(text.contains(",'=cmd|' /C calc'!A0,"), "{text}");
}

#[tokio::test]
async fn the_table_has_a_tag_of_its_own() {
    let app = App::new();
    let mut owner = Browser::new(&app);
    let poll = owner.create_poll(json!({})).await;
    let tag = table(&mut owner, &poll).await.header("etag").to_owned();
    let json = owner.get(&poll.path("/results")).await;
    assert_ne!(json.header("etag"), tag);
    let headers = [("if-none-match", tag.as_str())];
    let path = poll.path("/results?format=csv");
    let unchanged = owner.call_with(Method::GET, &path, None, &headers).await;
    assert!(unchanged.expect_status(304).text.is_empty());
    Browser::new(&app).vote(&poll, 0).await.expect_status(201);
    let changed = owner.call_with(Method::GET, &path, None, &headers).await;
    changed.expect_status(200);
}

#[tokio::test]
async fn the_table_is_refused_while_counts_are_hidden() {
    let app = App::unlimited();
    let mut owner = Browser::new(&app);
    let closes_at = app.clock.after(3_600);
    let poll = owner
        .create_poll(json!({"results": "after_close", "closes_at": closes_at}))
        .await;
    let mut voter = Browser::new(&app);
    voter.vote(&poll, 0).await.expect_status(201);
    for browser in [&mut owner, &mut voter] {
        let problem = table(browser, &poll)
            .await
            .assert_problem(403, "results_hidden");
        assert!(
            problem["detail"]
                .as_str()
                .unwrap()
                .contains(&closes_at[..16]),
            "{problem}"
        );
        browser.get(&poll.path("/results")).await.expect_status(200);
    }
    owner
        .post(&poll.path("/close"), json!({}))
        .await
        .expect_status(200);
    let closed = table(&mut voter, &poll).await.expect_status(200);
    assert!(closed.text.contains(",Pizza,1,1\r\n"), "{}", closed.text);

    let poll = owner.create_poll(json!({"results": "after_vote"})).await;
    voter.vote(&poll, 0).await.expect_status(201);
    table(&mut owner, &poll)
        .await
        .assert_problem(403, "results_hidden");
    table(&mut voter, &poll).await.expect_status(200);
}

#[tokio::test]
async fn the_format_is_read_from_the_query_and_else_from_accept() {
    let app = App::new();
    let mut owner = Browser::new(&app);
    let poll = owner.create_poll(json!({})).await;
    let csv = [("accept", "text/csv")];
    for (query, headers, expected) in [
        ("", &[][..], "application/json"),
        ("", &csv[..], "text/csv; charset=utf-8"),
        ("?format=json", &csv[..], "application/json"),
    ] {
        let path = poll.path(&format!("/results{query}"));
        let response = owner.call_with(Method::GET, &path, None, headers).await;
        assert_eq!(response.expect_status(200).header("content-type"), expected);
    }
    let response = owner.get(&poll.path("/results?format=xlsx")).await;
    response.assert_problem(422, "invalid_query");
    assert_eq!(response.invalid_fields(), ["format"]);
}
