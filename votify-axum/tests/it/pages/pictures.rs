//! The QR code and the card of a poll.

use axum::body::Body;
use axum::http::{Method, Request};
use http_body_util::BodyExt;
use serde_json::json;
use tower::ServiceExt;

use crate::app::{App, request};
use crate::browser::{Browser, CreatedPoll};

#[tokio::test]
async fn search_engines_leave_out_the_cards_of_unlisted_polls() {
    let app = App::new();
    for (visibility, is_hidden) in [("public", false), ("unlisted", true)] {
        let fields = json!({"visibility": visibility});
        let poll = Browser::new(&app).create_poll(fields).await;
        let path = format!("/p/{}/card.png", poll.id);
        let request = request(Method::GET, &path, None);
        let response = app.router.clone().oneshot(request).await.unwrap();
        let tag = response.headers().get("x-robots-tag");
        assert_eq!(tag.is_some_and(|tag| tag == "noindex"), is_hidden);
    }
}

struct Picture {
    tag: String,
    bytes: Vec<u8>,
}

async fn send(app: &App, request: Request<Body>) -> Picture {
    let response = app.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(!response.headers().contains_key("set-cookie"));
    let tag = response.headers()["etag"].to_str().unwrap().to_owned();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    Picture {
        tag,
        bytes: bytes.to_vec(),
    }
}

async fn card(app: &App, poll: &CreatedPoll) -> Picture {
    let picture = send(
        app,
        request(Method::GET, &format!("/p/{}/card.png", poll.id), None),
    )
    .await;
    let decoder = png::Decoder::new(std::io::Cursor::new(&picture.bytes));
    let reader = decoder.read_info().unwrap();
    assert_eq!((reader.info().width, reader.info().height), (1200, 630));
    picture
}

#[tokio::test]
async fn a_qr_code_leads_to_the_absolute_url_of_the_poll() {
    let app = App::new();
    let poll = Browser::new(&app).create_poll(json!({})).await;
    let path = format!("/p/{}/qr.svg", poll.id);
    let code = send(&app, request(Method::GET, &path, None)).await;
    let svg = String::from_utf8(code.bytes).unwrap();
    assert!(
        svg.contains("<svg xmlns=\"http://www.w3.org/2000/svg\""),
        "{svg}"
    );
    let mut other = request(Method::GET, &path, None);
    other
        .headers_mut()
        .insert("host", "other.test".parse().unwrap());
    assert_ne!(
        send(&app, other).await.tag,
        code.tag,
        "the host is a part of the URL"
    );
    let headers = [("if-none-match", code.tag.as_str())];
    let unchanged = Browser::new(&app)
        .call_with(Method::GET, &path, None, &headers)
        .await;
    unchanged.expect_status(304);
}

#[tokio::test]
async fn a_card_changes_with_the_counts_and_the_texts() {
    let app = App::unlimited();
    let mut owner = Browser::new(&app);
    let poll = owner.create_poll(json!({})).await;
    let empty = card(&app, &poll).await;
    assert_eq!(card(&app, &poll).await.bytes, empty.bytes);
    Browser::new(&app).vote(&poll, 0).await.expect_status(201);
    let voted = card(&app, &poll).await;
    assert!(voted.tag != empty.tag && voted.bytes != empty.bytes);
    let edit = Some(json!({"title": "Dinner?"}));
    let edited = owner.call(Method::PATCH, &poll.path(""), edit).await;
    edited.expect_status(200);
    let edited = card(&app, &poll).await;
    assert!(edited.tag != voted.tag && edited.bytes != voted.bytes);
    let path = format!("/p/{}/card.png", poll.id);
    let headers = [("if-none-match", edited.tag.as_str())];
    let unchanged = owner.call_with(Method::GET, &path, None, &headers).await;
    assert!(unchanged.expect_status(304).text.is_empty());
}

#[tokio::test]
async fn a_card_shows_no_hidden_counts_to_anybody() {
    let app = App::unlimited();
    for results in ["after_close", "after_vote"] {
        let mut owner = Browser::new(&app);
        let poll = owner.create_poll(json!({"results": results})).await;
        let before = card(&app, &poll).await;
        owner.vote(&poll, 0).await.expect_status(201);
        let mut of_voter = request(Method::GET, &format!("/p/{}/card.png", poll.id), None);
        let cookie = owner.cookie.clone().unwrap().parse().unwrap();
        of_voter.headers_mut().insert("cookie", cookie);
        for after in [card(&app, &poll).await, send(&app, of_voter).await] {
            assert_eq!(after.tag, before.tag, "{results}");
            assert_eq!(after.bytes, before.bytes, "{results}");
        }
        let closed = owner.post(&poll.path("/close"), json!({})).await;
        closed.expect_status(200);
        let closed = card(&app, &poll).await;
        assert!(closed.tag != before.tag && closed.bytes != before.bytes);
    }
}

/// Texts of all scripts, the longest texts, and many options.
#[tokio::test]
async fn every_poll_has_a_card() {
    let app = App::with(crate::app::without_creation_limits);
    let long = "w".repeat(255);
    let many: Vec<String> = (0..100)
        .map(|number| format!("{number} {}", &long[..200]))
        .collect();
    let mut sizes = Vec::new();
    for (title, options) in [
        ("昼食は？", json!(["寿司", "ラーメン"])),
        ("מה לאכול?", json!(["פיצה", "سوشي"])),
        ("🍕🍣", json!(["🍕", "🍣"])),
        (long.as_str(), json!(many)),
        ("हिन्दी", json!(["a", "b"])),
    ] {
        let poll = Browser::new(&app)
            .create_poll(json!({"title": title, "options": options}))
            .await;
        sizes.push(card(&app, &poll).await.bytes.len());
    }
    assert!(
        sizes.iter().all(|size| (4_000..150_000).contains(size)),
        "{sizes:?}"
    );
}

#[tokio::test]
async fn many_requests_for_a_card_at_the_same_time_get_the_same_card() {
    let app = App::new();
    let poll = Browser::new(&app).create_poll(json!({})).await;
    let requests = (0..50).map(|_| card(&app, &poll));
    let cards = futures_util::future::join_all(requests).await;
    assert!(cards.iter().all(|other| other.bytes == cards[0].bytes));
}
