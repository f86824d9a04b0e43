use axum::http::Method;
use serde_json::{Value, json};

use crate::app::App;
use crate::browser::Browser;
use crate::failing_store::FailingStore;

#[tokio::test]
async fn a_minimal_poll_gets_the_defaults() {
    let app = App::new();
    let response = app
        .post(
            "/api/polls",
            json!({"title": " Lunch? ", "options": ["Pizza", {"text": "Sushi"}]}),
        )
        .await
        .expect_status(201);
    let poll = response.json();
    assert_eq!(
        response.header("location"),
        format!("/api/polls/{}", poll["id"].as_str().unwrap())
    );
    let mut expected = json!({
        "id": poll["id"], "title": "Lunch?", "description": "", "category": null, "status": "open",
        "ballot": {"kind": "single"}, "voters": "browser", "results": "live", "revote": false,
        "visibility": "public",
        "created_at": poll["created_at"], "opens_at": null, "closes_at": null, "join_code": poll["join_code"], "final": false,
        "options": [
            {"id": poll["options"][0]["id"], "text": "Pizza", "image_url": null, "count": 0},
            {"id": poll["options"][1]["id"], "text": "Sushi", "image_url": null, "count": 0},
        ],
        "total_votes": 0, "epoch": 1, "revision": 0,
    });
    if cfg!(feature = "ui") {
        let id = poll["id"].as_str().unwrap();
        expected["url"] = json!(format!("/p/{id}"));
    }
    assert_eq!(poll, expected);
    assert_eq!(app.get(response.header("location")).await.status, 200);
}

#[tokio::test]
async fn all_fields_can_be_set() {
    let app = App::new();
    let (opens, closes) = (app.clock.after(60), app.clock.after(120));
    let body = json!({
        "title": "t", "description": "d", "category": "food", "options": ["a", "b", "c"],
        "ballot": {"kind": "multiple", "min": 1, "max": 2}, "voters": "ip", "results": "after_vote", "revote": true,
        "opens_at": opens, "closes_at": closes, "image_id": null,
    });
    let poll = app
        .post("/api/polls", body.clone())
        .await
        .expect_status(201)
        .json();
    for field in [
        "title",
        "description",
        "category",
        "ballot",
        "voters",
        "results",
        "revote",
        "opens_at",
        "closes_at",
    ] {
        assert_eq!(poll[field], body[field], "{field}");
    }
    assert_eq!(poll["status"], "scheduled");
}

#[tokio::test]
async fn multiple_choice_bounds_have_defaults() {
    let app = App::new();
    let body = json!({"title": "t", "options": ["a", "b", "c"], "ballot": {"kind": "multiple"}});
    let poll = app.post("/api/polls", body).await.expect_status(201).json();
    assert_eq!(
        poll["ballot"],
        json!({"kind": "multiple", "min": 1, "max": 3})
    );
}

#[tokio::test]
async fn all_errors_of_a_draft_are_reported_together() {
    let app = App::new();
    let body = json!({
        "title": "", "description": 7, "options": ["same", " same ", 3, {"txt": "x"}, ""],
        "ballot": {"kind": "multiple", "min": "one", "max": 9, "most": 1}, "voters": "nobody", "results": 1,
        "revote": "yes", "opens_at": "tomorrow", "closes_at": "2001-01-01T00:00:00Z", "owner": "me",
    });
    let response = app.post("/api/polls", body).await;
    response.assert_problem(422, "invalid_poll");
    let wrong = response.invalid_fields();
    for field in [
        "title",
        "description",
        "options[1]",
        "options[2]",
        "options[3].text",
        "options[3].txt",
        "options[4]",
        "ballot.min",
        "ballot.max",
        "ballot.most",
        "voters",
        "results",
        "revote",
        "opens_at",
        "closes_at",
        "owner",
    ] {
        assert!(
            wrong.iter().any(|invalid| invalid == field),
            "{field} is not among {wrong:?}"
        );
    }
    let mut once = wrong.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), wrong.len(), "reported twice: {wrong:?}");
}

#[tokio::test]
async fn invalid_shapes_are_rejected_by_field() {
    let app = App::new();
    let cases: [(Value, &[&str]); 9] = [
        (json!([]), &[""]),
        (json!(null), &[""]),
        (json!("poll"), &[""]),
        (json!({}), &["title", "options"]),
        (
            json!({"title": null, "options": null}),
            &["title", "options"],
        ),
        (json!({"title": "t", "options": ["a"]}), &["options"]),
        (
            json!({"title": "t", "options": vec!["x"; 150]}),
            &["options"],
        ),
        (
            json!({"title": "t", "options": ["a", "b"], "ballot": "single"}),
            &["ballot"],
        ),
        (
            json!({"title": "t", "options": ["a", "b"], "ballot": {}}),
            &["ballot.kind"],
        ),
    ];
    for (body, fields) in cases {
        let response = app.post("/api/polls", body.clone()).await;
        response.assert_problem(422, "invalid_poll");
        assert_eq!(response.invalid_fields(), fields, "{body}");
    }
}

#[tokio::test]
async fn unsupported_features_are_rejected_by_field() {
    // A store without invites.
    let app = App::over(FailingStore::default(), |router| router);
    for (field, more) in [
        ("voters", json!({"voters": "invite"})),
        ("voters", json!({"voters": "account"})),
        (
            "ballot.kind",
            json!({"ballot": {"kind": "ranked", "method": "irv"}}),
        ),
        (
            "ballot.kind",
            json!({"ballot": {"kind": "score", "max": 5, "method": "star"}}),
        ),
        ("image_id", json!({"image_id": "x"})),
        (
            "options[0].image_id",
            json!({"options": [{"text": "a", "image_id": "x"}, "b"]}),
        ),
    ] {
        let mut body = json!({"title": "t", "options": ["a", "b"]});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let response = app.post("/api/polls", body).await;
        response.assert_problem(422, "invalid_poll");
        assert_eq!(response.invalid_fields(), [field]);
    }
    let listed = app.get("/api/polls?status=all").await.json();
    assert_eq!(listed["pagination"]["total"], 0);
}

#[tokio::test]
async fn the_creator_gets_one_session() {
    let app = App::new();
    let mut creator = Browser::new(&app);
    creator.create_poll(json!({})).await;
    let first = creator.cookie.clone().unwrap();
    let body = json!({"title": "t", "options": ["a", "b"]});
    let second = creator
        .call(Method::POST, "/api/polls", Some(body))
        .await
        .expect_status(201);
    assert!(!second.headers.contains_key("set-cookie"));
    assert_eq!(creator.cookie.unwrap(), first);
}
