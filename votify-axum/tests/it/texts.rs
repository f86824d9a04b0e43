//! Texts of polls in every script and escaping.

use std::fmt::Write;

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};

use crate::app::{App, request, without_creation_limits};
use crate::browser::Browser;

fn raw(method: Method, path: &str, body: impl Into<Body>) -> Request<Body> {
    let mut request = request(method, path, None);
    let json = "application/json".parse().unwrap();
    request.headers_mut().insert("content-type", json);
    *request.body_mut() = body.into();
    request
}

/// Returns a JSON string in which every character is escaped.
fn escaped(text: &str) -> String {
    let mut json = String::from('"');
    for unit in text.encode_utf16() {
        write!(json, "\\u{unit:04x}").unwrap();
    }
    json + "\""
}

/// Returns a JSON string in which only quotes and control characters are escaped.
fn plain(text: &str) -> String {
    Value::from(text).to_string()
}

/// Returns the largest poll of one character. The options differ in their first three.
fn largest_poll(character: &str, spell: fn(&str) -> String) -> String {
    let options: Vec<String> = (0..100)
        .map(|number| spell(&format!("{number:03}{}", character.repeat(252))))
        .collect();
    format!(
        r#"{{"title": {}, "description": {}, "category": {}, "options": [{}]}}"#,
        spell(&character.repeat(255)),
        spell(&character.repeat(10_000)),
        spell(&character.repeat(100)),
        options.join(", ")
    )
}

#[tokio::test]
async fn the_largest_poll_is_accepted_in_every_script_and_escaping() {
    let app = App::with(without_creation_limits);
    let mut owner = Browser::new(&app);
    let poll = owner.create_poll(json!({})).await;
    for character in [
        "a",
        "\"",
        "é",
        // Each of these is one character in NFC.
        "e\u{301}",
        "\u{1112}\u{1161}\u{11AB}",
        "\u{3B1}\u{313}\u{300}\u{345}",
        "\u{16D63}\u{16D67}\u{16D67}",
        "ש",
        "م",
        "ก",
        "ह",
        "漢",
        "𠀀",
        "👩",
    ] {
        for spell in [plain as fn(&str) -> String, escaped] {
            let body = largest_poll(character, spell);
            let bytes = body.len();
            let created = app
                .send(raw(Method::POST, "/api/polls", body.clone()))
                .await;
            assert_eq!(
                created.status, 201,
                "{character}, {bytes} bytes: {}",
                created.text
            );
            let mut change = raw(Method::PATCH, &poll.path(""), body);
            let cookie = owner.cookie.as_deref().unwrap().parse().unwrap();
            change.headers_mut().insert("cookie", cookie);
            let changed = app.send(change).await.expect_status(200).json();
            let created = created.json();
            for field in ["title", "description", "category"] {
                assert_eq!(created[field], changed[field]);
            }
            let length = created["description"].as_str().unwrap().chars().count();
            assert_eq!(length, 10_000);
        }
    }
}

#[tokio::test]
async fn texts_beyond_their_limit_are_errors_of_their_field() {
    let app = App::new();
    let base = || json!({"title": "t", "options": ["a", "b"]});
    for (field, value) in [
        ("title", json!("👩".repeat(256))),
        ("title", json!("a".repeat(1_000_000))),
        ("description", json!("👩".repeat(10_001))),
        ("description", json!("a".repeat(1_500_000))),
        ("category", json!("é".repeat(101))),
        ("options[1]", json!(["a", "👩".repeat(256)])),
        ("options[1]", json!(["a", "a".repeat(1_000_000)])),
    ] {
        let mut body = base();
        body[field.split('[').next().unwrap()] = value;
        let response = app.post("/api/polls", body).await;
        response.assert_problem(422, "invalid_poll");
        assert_eq!(response.invalid_fields(), [field]);
    }
}

#[tokio::test]
async fn at_most_100_errors_are_reported() {
    let app = App::new();
    let body = json!({"title": "t", "options": vec!["\u{202E}\tb"; 100]});
    let response = app.post("/api/polls", body).await;
    response.assert_problem(422, "invalid_poll");
    assert_eq!(response.invalid_fields().len(), 100);
}

#[tokio::test]
async fn options_that_look_alike_are_errors_of_the_later_one() {
    let app = App::new();
    let mut owner = Browser::new(&app);
    for (first, second) in [
        ("Café", "Cafe\u{301}"),
        ("Pizza", "Ｐｉｚｚａ"),
        ("Pizza", "Piz\u{200B}za"),
        ("a b", "a\u{A0} b"),
    ] {
        let body = json!({"title": "t", "options": ["x", first, "y", {"text": second}]});
        let response = app.post("/api/polls", body).await;
        response.assert_problem(422, "invalid_poll");
        assert_eq!(response.invalid_fields(), ["options[3]"]);

        let poll = owner.create_poll(json!({"options": [first, "x"]})).await;
        let [kept, other] = [&poll.options[0], &poll.options[1]];
        let options = json!([{"id": other, "text": second}, {"id": kept}]);
        let change = Some(json!({"options": options}));
        let response = owner.call(Method::PATCH, &poll.path(""), change).await;
        response.assert_problem(422, "invalid_poll");
        assert_eq!(response.invalid_fields(), ["options[1]"]);
    }
    let family = ["Pizza", "pizza", "👨\u{200D}👩\u{200D}👧", "👨👩👧"];
    let body = json!({"title": "t", "options": family});
    let poll = app.post("/api/polls", body).await.expect_status(201).json();
    for (index, text) in family.iter().enumerate() {
        assert_eq!(poll["options"][index]["text"], *text);
    }
}

#[tokio::test]
async fn texts_that_look_empty_are_errors_of_their_field() {
    let app = App::new();
    for empty in [
        "\u{200B}",
        "\u{2800}",
        "\u{3164}",
        "\u{FFA0}",
        "\u{115F}\u{1160}",
    ] {
        let body = json!({
            "title": empty, "description": empty, "category": empty, "options": ["a", empty],
        });
        let response = app.post("/api/polls", body).await;
        response.assert_problem(422, "invalid_poll");
        let expected = ["title", "description", "category", "options[1]"];
        assert_eq!(response.invalid_fields(), expected, "{empty:?}");
    }
}

/// A text that was cut inside an emoji has half of a surrogate pair.
#[tokio::test]
async fn lone_surrogates_are_malformed() {
    let app = App::new();
    let body = |title: &str| format!(r#"{{"title": "{title}", "options": ["a", "b"]}}"#);
    for title in [r"Lunch \ud83d", r"\ude00", r"\ud83d\ud83d"] {
        let response = app.send(raw(Method::POST, "/api/polls", body(title))).await;
        let problem = response.assert_problem(400, "malformed_json");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.starts_with("lone surrogate at line 1"), "{detail}");
    }
    let poll = app
        .send(raw(Method::POST, "/api/polls", body(r"\ud83d\ude00")))
        .await
        .expect_status(201)
        .json();
    assert_eq!(poll["title"], "😀");
}

#[tokio::test]
async fn polls_are_found_in_every_script() {
    let app = App::new();
    let mut owner = Browser::new(&app);
    for (title, category, query, wanted) in [
        ("Cafe\u{301} Ｌunch", "Cafe\u{301}", "CAFÉ lun", "Caf\u{E9}"),
        ("Große STRAẞE", "Größe", "strasse", "Gro\u{308}ße"),
        ("مرحبا بالعالم", "عام", "بالعالم", "عام"),
        ("שלום עולם", "כללי", "עול", "כללי"),
        ("ร้านกาแฟที่ดีที่สุดในกรุงเทพมหานคร", "กาแฟ", "กรุงเทพมหานคร", "กาแฟ"),
        ("हिन्दी भाषा", "भाषा", "हिन्दी", "भाषा"),
        ("한국어 점심", "\u{1112}\u{1161}\u{11AB}", "한국", "한"),
        ("今天午餐吃什么", "午餐", "午餐吃什么", "午餐"),
    ] {
        let poll = owner
            .create_poll(json!({"title": title, "category": category}))
            .await;
        for (name, value) in [("q", query), ("category", wanted)] {
            let uri = format!("/api/polls?{name}={}", percent_encoded(value));
            let list = app.get(&uri).await.expect_status(200).json();
            let found: Vec<&str> = list["polls"]
                .as_array()
                .unwrap()
                .iter()
                .map(|poll| poll["id"].as_str().unwrap())
                .collect();
            assert_eq!(found, [&poll.id], "{title}: {name}={value}");
        }
    }
}

fn percent_encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        write!(encoded, "%{byte:02X}").unwrap();
    }
    encoded
}
