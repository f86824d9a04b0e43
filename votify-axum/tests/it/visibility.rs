//! Which lists contain a poll, and who sees the fields of the host's own.

use axum::http::Method;
use serde_json::{Value, json};
use votify_axum::{Permissions, RouteGroup, VotifyRouter};
use votify_core::{PollDraft, Visibility};

use crate::app::{App, open_router};
use crate::browser::{Browser, CreatedPoll};
use crate::server::Server;
use crate::stream_clients::Socket;

const LISTS: [&str; 3] = ["/api/polls", "/api/polls?q=lunch", "/api/trending"];

async fn listed(app: &App, path: &str) -> Vec<Value> {
    let list = app.get(path).await.expect_status(200).json();
    list["polls"].as_array().unwrap().clone()
}

#[track_caller]
fn without_host_fields(poll: &Value) {
    let fields = poll.as_object().unwrap();
    assert!(!fields.contains_key("external_ref"), "{poll}");
    assert!(!fields.contains_key("metadata"), "{poll}");
}

#[tokio::test]
async fn unlisted_polls_are_in_no_list_and_open_by_id() {
    let app = App::new();
    let mut owner = Browser::new(&app);
    let unlisted = json!({"visibility": "unlisted"});
    let poll = owner.create_poll(unlisted.clone()).await;
    assert_eq!(poll.body["visibility"], "unlisted");
    owner.vote(&poll, 0).await.expect_status(201);
    let read = app.get(&poll.path("")).await.expect_status(200).json();
    assert_eq!(read["poll"]["visibility"], "unlisted");
    for path in LISTS {
        assert_eq!(listed(&app, path).await, [json!(null); 0], "{path}");
    }
    // Also after the first vote.
    for (visibility, count) in [("public", 1), ("unlisted", 0)] {
        let edit = Some(json!({"visibility": visibility}));
        let edited = owner.call(Method::PATCH, &poll.path(""), edit).await;
        assert_eq!(edited.expect_status(200).json()["visibility"], visibility);
        for path in LISTS {
            let polls = listed(&app, path).await;
            assert_eq!(polls.len(), count, "{path}");
            assert!(polls.iter().all(|poll| poll["visibility"] == visibility));
        }
    }
    let invalid = json!({"title": "t", "options": ["a", "b"], "visibility": "private"});
    let invalid = owner.post("/api/polls", invalid).await;
    invalid.assert_problem(422, "invalid_poll");
    assert_eq!(invalid.invalid_fields(), ["visibility"]);
}

#[tokio::test]
async fn the_router_decides_the_default_visibility() {
    let router = |app: &App| VotifyRouter::new(app.engine.clone());
    let app = App::new();
    let by_default = router(&app).authorize(Permissions::everybody());
    let public = router(&app)
        .authorize(Permissions::everybody())
        .default_visibility(Visibility::Public);
    for (router, default) in [(by_default, "unlisted"), (public, "public")] {
        let app = App {
            router: router.build(),
            ..app.clone()
        };
        let mut owner = Browser::new(&app);
        for (fields, expected) in [
            (json!({}), default),
            (json!({"visibility": "public"}), "public"),
            (json!({"visibility": "unlisted"}), "unlisted"),
            (json!({"voters": "invite"}), "unlisted"),
            (
                json!({"voters": "invite", "visibility": "public"}),
                "public",
            ),
        ] {
            let poll = owner.create_poll(fields.clone()).await;
            assert_eq!(poll.body["visibility"], expected, "{fields}");
        }
    }
}

fn host_fields() -> Value {
    json!({"external_ref": "Meeting 42", "metadata": {"room": 7, "tags": ["a"]}})
}

#[tokio::test]
async fn only_the_owner_sees_the_fields_of_the_host() {
    let app = App::new();
    let mut owner = Browser::new(&app);
    let poll = owner.create_poll(host_fields()).await;
    let expected = host_fields();
    let shown =
        |poll: &Value| json!({"external_ref": poll["external_ref"], "metadata": poll["metadata"]});
    assert_eq!(shown(&poll.body), expected);
    let own = owner.get(&poll.path("")).await.expect_status(200);
    assert_eq!(shown(&own.json()["poll"]), expected);
    let mut other = Browser::new(&app);
    other.create_poll(json!({})).await;
    for stranger in [&mut other, &mut Browser::new(&app)] {
        let read = stranger.get(&poll.path("")).await.expect_status(200);
        without_host_fields(&read.json()["poll"]);
        // What the owner has received does not count as current for others.
        assert_ne!(read.header("etag"), own.header("etag"));
    }
    for path in LISTS {
        for listed in listed(&app, path).await {
            without_host_fields(&listed);
        }
    }
    let edit = json!({"external_ref": null, "metadata": {"room": 8}});
    let edited = owner.call(Method::PATCH, &poll.path(""), Some(edit)).await;
    let edited = edited.expect_status(200).json();
    assert_eq!(edited["metadata"], json!({"room": 8}));
    assert!(edited.get("external_ref").is_none(), "{edited}");
    let edit = Some(json!({"metadata": null}));
    let edited = owner.call(Method::PATCH, &poll.path(""), edit).await;
    without_host_fields(&edited.expect_status(200).json());
}

#[tokio::test]
async fn streams_never_show_the_fields_of_the_host() {
    let server = Server::start(App::with(|router| router.show_host_fields(true))).await;
    let mut owner = Browser::new(&server.app);
    let poll = owner.create_poll(host_fields()).await;
    let mut socket = Socket::open(&server, &Server::stream_path(&poll, ""), &[]).await;
    let edit = Some(json!({"title": "Dinner?"}));
    let edited = owner.call(Method::PATCH, &poll.path(""), edit).await;
    edited.expect_status(200);
    let changed = socket.next_of("poll_changed").await;
    assert_eq!(changed["poll"]["title"], "Dinner?");
    without_host_fields(&changed["poll"]);
}

/// Both routers share the pages of the engine.
#[tokio::test]
async fn a_host_shows_its_fields_through_one_router_only() {
    let app = App::new();
    let shows = App {
        router: open_router(app.engine.clone())
            .show_host_fields(true)
            .build(),
        ..app.clone()
    };
    let poll = Browser::new(&app).create_poll(host_fields()).await;
    // The rendering of either router may be the one that is shared.
    for first_shows in [true, false] {
        Browser::new(&app).create_poll(json!({})).await;
        for path in LISTS {
            let apps = if first_shows {
                [&shows, &app]
            } else {
                [&app, &shows]
            };
            for router in apps {
                let polls = listed(router, path).await;
                let found = polls
                    .iter()
                    .find(|listed| listed["id"] == *poll.id)
                    .unwrap();
                if std::ptr::eq(router, &raw const shows) {
                    assert_eq!(found["external_ref"], "Meeting 42", "{path}");
                    assert_eq!(found["metadata"], host_fields()["metadata"], "{path}");
                } else {
                    without_host_fields(found);
                }
            }
        }
    }
    let read = shows.get(&poll.path("")).await.expect_status(200).json();
    assert_eq!(read["poll"]["external_ref"], "Meeting 42");
}

#[tokio::test]
async fn invalid_fields_of_the_host_are_reported() {
    let app = App::new();
    let mut owner = Browser::new(&app);
    let poll = owner.create_poll(json!({})).await;
    let large = json!({"a": "x".repeat(4_096)});
    for (field, value) in [
        ("external_ref", json!("x".repeat(256))),
        ("external_ref", json!("a\u{7}")),
        ("external_ref", json!(7)),
        ("metadata", json!([])),
        ("metadata", json!("{}")),
        ("metadata", large),
    ] {
        let mut body = json!({"title": "t", "options": ["a", "b"]});
        body[field] = value.clone();
        let created = owner.post("/api/polls", body).await;
        created.assert_problem(422, "invalid_poll");
        assert_eq!(created.invalid_fields(), [field], "{value}");
        let edit = Some(json!({field: value}));
        let edited = owner.call(Method::PATCH, &poll.path(""), edit).await;
        edited.assert_problem(422, "invalid_poll");
        assert_eq!(edited.invalid_fields(), [field]);
    }
}

/// Every answer with a poll.
async fn urls(app: &App) -> (CreatedPoll, Vec<Value>) {
    let mut owner = Browser::new(app);
    let poll = owner.create_poll(json!({})).await;
    let mut urls = vec![poll.body["url"].clone()];
    urls.push(owner.get(&poll.path("")).await.json()["poll"]["url"].clone());
    for path in LISTS {
        urls.push(listed(app, path).await[0]["url"].clone());
    }
    let edit = Some(json!({"title": "Late lunch?"}));
    let edited = owner.call(Method::PATCH, &poll.path(""), edit).await;
    urls.push(edited.json()["url"].clone());
    let closed = owner.post(&poll.path("/close"), json!({})).await;
    urls.push(closed.json()["url"].clone());
    (poll, urls)
}

#[cfg(feature = "ui")]
#[tokio::test]
async fn every_answer_has_the_url_of_the_page() {
    let (poll, found) = urls(&App::new()).await;
    for url in found {
        assert_eq!(url, format!("/p/{}", poll.id));
    }
    let public = "https://polls.test/votes".parse().unwrap();
    let (poll, found) = urls(&App::with(|router| router.public_url(public))).await;
    for url in found {
        assert_eq!(url, format!("https://polls.test/votes/p/{}", poll.id));
    }
    let app = App::with(|router| router.without([RouteGroup::Pages]));
    let (_, found) = urls(&app).await;
    assert_eq!(found, vec![Value::Null; found.len()]);
}

#[cfg(feature = "ui")]
#[tokio::test]
async fn the_url_follows_the_path_of_the_request() {
    let app = App::new();
    let router = || open_router(app.engine.clone()).build::<()>();
    let host = axum::Router::new()
        .nest("/api/a", router())
        .nest("/tenants/{id}", router());
    let app = App {
        router: host,
        ..app.clone()
    };
    let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
    let draft = draft.visibility(Visibility::Public);
    let id = app.engine.create_poll(draft).await.unwrap().id.to_string();
    for base in ["/api/a", "/tenants/7", "/tenants/8"] {
        let url = format!("{base}/p/{id}");
        for id in [id.clone(), id.to_uppercase()] {
            let read = app.get(&format!("{base}/api/polls/{id}")).await;
            assert_eq!(read.expect_status(200).json()["poll"]["url"], url);
        }
        for path in LISTS {
            let polls = listed(&app, &format!("{base}{path}")).await;
            assert_eq!(polls[0]["url"], url, "{path}");
        }
        app.get(&url).await.expect_status(200);
    }
}
