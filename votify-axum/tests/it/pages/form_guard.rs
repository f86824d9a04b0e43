//! Form posts need this server's origin, a session cookie and a form token.

use serde_json::json;
use votify_core::Rate;

use crate::app::{App, TestResponse, request};
use crate::browser::{Browser, CreatedPoll, hidden_field};

async fn setup(app: &App) -> (Browser, CreatedPoll, String) {
    let poll = Browser::new(app).create_poll(json!({})).await;
    let mut voter = Browser::new(app);
    let page = format!("/p/{}", poll.id);
    let token = voter.hidden_field(&page, "form_token").await;
    (voter, poll, token)
}

async fn vote(voter: &mut Browser, poll: &CreatedPoll, token: Option<&str>) -> TestResponse {
    let mut fields = vec![("option_id", poll.options[1].as_str())];
    fields.extend(token.map(|token| ("form_token", token)));
    voter
        .post_form(&format!("/p/{}/vote", poll.id), &fields)
        .await
}

/// The page says what to do, has a new token, and keeps the choice.
fn assert_expired(response: &TestResponse, poll: &CreatedPoll) -> String {
    assert_eq!(response.status, 403, "{}", response.text);
    assert_eq!(response.header("content-type"), "text/html; charset=utf-8");
    assert!(response.text.contains("too old"), "{}", response.text);
    let option = &poll.options[1];
    let (_, input) = response
        .text
        .split_once(&format!("value=\"{option}\""))
        .unwrap();
    let input = input.split('>').next().unwrap();
    assert!(input.ends_with(" checked"), "{input}");
    hidden_field(&response.text, "form_token")
}

#[tokio::test]
async fn a_form_without_a_token_is_refused() {
    let app = App::new();
    let (mut voter, poll, _) = setup(&app).await;
    let response = vote(&mut voter, &poll, None).await;
    let token = assert_expired(&response, &poll);
    assert_eq!(app.total(&poll.id).await, 0);
    vote(&mut voter, &poll, Some(&token))
        .await
        .expect_status(303);
    assert_eq!(app.total(&poll.id).await, 1);
}

#[tokio::test]
async fn the_token_of_another_session_is_refused() {
    let app = App::new();
    let (_, poll, foreign) = setup(&app).await;
    let mut voter = Browser::new(&app);
    voter.get("/").await;
    for token in [foreign.as_str(), "", "nonsense"] {
        assert_expired(&vote(&mut voter, &poll, Some(token)).await, &poll);
    }
    assert_eq!(app.total(&poll.id).await, 0);
}

#[tokio::test]
async fn a_browser_without_a_cookie_is_refused_and_gets_one() {
    let app = App::new();
    let (_, poll, token) = setup(&app).await;
    let mut voter = Browser::new(&app);
    let response = vote(&mut voter, &poll, Some(&token)).await;
    let token = assert_expired(&response, &poll);
    assert!(voter.cookie.is_some());
    vote(&mut voter, &poll, Some(&token))
        .await
        .expect_status(303);
}

#[tokio::test]
async fn a_vote_beyond_the_session_rate_is_refused_until_later() {
    let app = App::with(|router| router.session_rate(Some(Rate::per_minute(1))));
    let (mut voter, poll, token) = setup(&app).await;
    let refused = vote(&mut voter, &poll, Some(&token)).await;
    assert_eq!(refused.status, 429, "{}", refused.text);
    app.clock.advance(72);
    vote(&mut voter, &poll, Some(&token))
        .await
        .expect_status(303);
}

#[tokio::test]
async fn a_token_expires_after_a_day() {
    let app = App::new();
    let (mut voter, poll, token) = setup(&app).await;
    app.clock.advance(24 * 60 * 60 - 1);
    vote(&mut voter, &poll, Some(&token))
        .await
        .expect_status(303);
    let mut voter = Browser::new(&app);
    let token = voter.hidden_field("/", "form_token").await;
    app.clock.advance(24 * 60 * 60);
    assert_expired(&vote(&mut voter, &poll, Some(&token)).await, &poll);
}

#[tokio::test]
async fn a_form_of_another_origin_is_refused_with_a_page() {
    let app = App::new();
    let (mut voter, poll, token) = setup(&app).await;
    let path = format!("/p/{}/vote", poll.id);
    let fields = [
        ("option_id", poll.options[0].as_str()),
        ("form_token", &token),
    ];
    for origin in ["https://evil.test", "null", "http://polls.test:81"] {
        let refused = voter.post_form_from(origin, &path, &fields).await;
        assert_eq!(refused.status, 403, "{origin}");
        assert_eq!(refused.header("content-type"), "text/html; charset=utf-8");
        assert!(refused.text.contains("another site"), "{}", refused.text);
    }
    assert_eq!(app.total(&poll.id).await, 0);
}

/// Pages of allowed origins use the API, not the forms: they cannot read a token.
#[tokio::test]
async fn an_allowed_origin_needs_a_token_too() {
    let app = App::with(|router| router.allowed_origins(["https://www.test".parse().unwrap()]));
    let (mut voter, poll, _) = setup(&app).await;
    let path = format!("/p/{}/vote", poll.id);
    let fields = [("option_id", poll.options[0].as_str())];
    let refused = voter
        .post_form_from("https://www.test", &path, &fields)
        .await;
    assert_eq!(refused.status, 403);
    assert_eq!(app.total(&poll.id).await, 0);
}

#[tokio::test]
async fn only_forms_are_accepted() {
    let app = App::new();
    let (mut voter, poll, _) = setup(&app).await;
    let path = format!("/p/{}/vote", poll.id);
    let body = json!({"option_id": poll.options[0]});
    let json = voter.post(&path, body).await.expect_status(415);
    assert_eq!(json.header("content-type"), "text/html; charset=utf-8");
    // And the API takes no forms.
    let mut form = request(axum::http::Method::POST, &poll.path("/vote"), None);
    *form.body_mut() = "option_id=1".into();
    let content_type = "application/x-www-form-urlencoded".parse().unwrap();
    form.headers_mut().insert("content-type", content_type);
    app.send(form)
        .await
        .assert_problem(415, "unsupported_media_type");
}

#[tokio::test]
async fn forms_are_bounded() {
    let app = App::new();
    let (mut voter, poll, token) = setup(&app).await;
    let path = format!("/p/{}/vote", poll.id);
    let long = "x".repeat(64 * 1024);
    let fields = [("form_token", token.as_str()), ("option_id", &long)];
    voter.post_form(&path, &fields).await.expect_status(413);
    let many = vec![("a", ""); 1_025];
    voter.post_form(&path, &many).await.expect_status(413);
}

#[tokio::test]
async fn a_form_is_limited_like_a_vote() {
    let app = App::with(|router| router.vote_rate(Some(Rate::per_minute(1))));
    let (mut voter, poll, token) = setup(&app).await;
    vote(&mut voter, &poll, Some(&token))
        .await
        .expect_status(303);
    let late = vote(&mut voter, &poll, Some(&token))
        .await
        .expect_status(429);
    assert!(late.headers.contains_key("retry-after"));
    assert_eq!(late.header("ratelimit-limit"), "1");
    assert_eq!(late.header("content-type"), "text/html; charset=utf-8");
}
