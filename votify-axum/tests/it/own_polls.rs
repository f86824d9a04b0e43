//! Lists of the caller's own polls, and of an external reference.

use async_trait::async_trait;
use axum::http::Method;
use axum::http::request::Parts;
use serde_json::{Value, json};
use votify_axum::{Action, Authorize, Denied, Permissions};
use votify_core::Caller;

use crate::app::{App, TestResponse};
use crate::browser::Browser;
use crate::owners::ByHeader;

fn refs(list: &TestResponse) -> Vec<String> {
    let list = list.json();
    let polls = list["polls"].as_array().unwrap();
    assert_eq!(list["pagination"]["total"], polls.len());
    let mut refs: Vec<String> = polls
        .iter()
        .map(|poll| poll["external_ref"].as_str().unwrap().to_owned())
        .collect();
    refs.sort();
    refs
}

/// Creates a public and an unlisted poll, whose references begin with `name`.
async fn create_polls(browser: &mut Browser, name: &str, headers: &[(&'static str, &str)]) {
    for visibility in ["public", "unlisted"] {
        let body = json!({
            "title": "Lunch?",
            "options": ["Pizza", "Sushi"],
            "visibility": visibility,
            "external_ref": format!("{name}-{visibility}"),
        });
        let created = browser.call_with(Method::POST, "/api/polls", Some(body), headers);
        created.await.expect_status(201);
    }
}

#[tokio::test]
async fn owners_list_their_public_and_unlisted_polls() {
    let app = App::with(|router| router.identity(ByHeader));
    let (mut browser, mut other) = (Browser::new(&app), Browser::new(&app));
    create_polls(&mut browser, "browser", &[]).await;
    create_polls(&mut other, "other", &[]).await;
    create_polls(&mut Browser::new(&app), "alice", &[("x-user", "alice")]).await;
    let own = "/api/polls?owner=me";
    let of_browser = ["browser-public", "browser-unlisted"];
    let of_alice = ["alice-public", "alice-unlisted"];
    assert_eq!(refs(&browser.get(own).await.expect_status(200)), of_browser);
    let alice = [("x-user", "alice")];
    let list = async |browser: &mut Browser, path: &str| {
        let list = browser.call_with(Method::GET, path, None, &alice).await;
        refs(&list.expect_status(200))
    };
    assert_eq!(list(&mut Browser::new(&app), own).await, of_alice);
    // The other filters apply too.
    for (filter, expected) in [
        ("&q=lunch", &of_alice[..]),
        ("&q=dinner", &[]),
        ("&status=closed", &[]),
        ("&external_ref=alice-unlisted", &of_alice[1..]),
        ("&external_ref=other-unlisted", &[]),
    ] {
        let path = format!("{own}{filter}");
        assert_eq!(list(&mut Browser::new(&app), &path).await, expected);
    }
}

#[tokio::test]
async fn own_polls_are_listed_without_a_permission_to_list() {
    let app = App::with(|router| router.authorize(Permissions::everybody().list(false)));
    let mut owner = Browser::new(&app);
    create_polls(&mut owner, "a", &[]).await;
    for public in ["/api/polls", "/api/polls?external_ref=a-public"] {
        owner.get(public).await.assert_problem(403, "not_allowed");
    }
    let own = owner.get("/api/polls?owner=me").await.expect_status(200);
    assert_eq!(refs(&own), ["a-public", "a-unlisted"]);
}

#[tokio::test]
async fn the_host_may_refuse_lists_of_own_polls() {
    #[derive(Debug)]
    struct NoOwnLists;

    #[async_trait]
    impl Authorize for NoOwnLists {
        async fn authorize(&self, _: &Parts, _: &Caller, action: Action) -> Result<(), Denied> {
            match action {
                Action::ListOwn => Err(Denied::not_allowed("not here")),
                _ => Ok(()),
            }
        }
    }

    let app = App::with(|router| router.authorize(NoOwnLists));
    let mut owner = Browser::new(&app);
    create_polls(&mut owner, "a", &[]).await;
    owner.get("/api/polls").await.expect_status(200);
    let own = owner.get("/api/polls?owner=me").await;
    own.assert_problem(403, "not_allowed");
}

/// A filter without owners would match every poll.
#[tokio::test]
async fn a_caller_without_identity_owns_nothing() {
    let app = App::new();
    create_polls(&mut Browser::new(&app), "a", &[]).await;
    for page in ["", "&page=2", "&limit=1"] {
        let own = app.get(&format!("/api/polls?owner=me{page}")).await;
        assert!(refs(&own.expect_status(200)).is_empty());
    }
    let list = app.get("/api/polls?owner=me").await.json();
    let expected = json!({
        "page": 1, "limit": 20, "total": 0, "total_is_more": false, "pages": 0, "next": null,
    });
    assert_eq!(list, json!({"polls": [], "pagination": expected}));
}

#[tokio::test]
async fn other_owners_cannot_be_listed() {
    let app = App::with(|router| router.authorize(Permissions::everybody().list(false)));
    let mut owner = Browser::new(&app);
    create_polls(&mut owner, "a", &[]).await;
    for query in ["owner=you", "owner=", "owner=ME", "owners=me", "%6fwner=m"] {
        let refused = app.get(&format!("/api/polls?{query}")).await;
        refused.assert_problem(403, "not_allowed");
    }
    for query in ["owner=me&owner=you", "owner=me&owner=me"] {
        let invalid = owner.get(&format!("/api/polls?{query}")).await;
        invalid.assert_problem(422, "invalid_query");
        assert_eq!(invalid.invalid_fields(), ["owner"]);
    }
}

#[tokio::test]
async fn strangers_find_only_public_polls_by_external_reference() {
    let app = App::new();
    let mut owner = Browser::new(&app);
    create_polls(&mut owner, "a", &[]).await;
    let found = async |reference: &str| {
        let path = format!("/api/polls?external_ref={reference}");
        app.get(&path).await.expect_status(200).json()
    };
    let list = found("a-public").await;
    assert_eq!(list["pagination"]["total"], 1);
    assert_eq!(list["polls"][0]["external_ref"], Value::Null);
    for other in ["a-unlisted", "A-public", "a-publi", "a-public%20", ""] {
        assert_eq!(found(other).await["pagination"]["total"], 0, "{other}");
    }
    // References are compared as they were sent: here with a separate accent.
    let body = json!({"title": "t", "options": ["a", "b"], "external_ref": "cafe\u{301}"});
    owner.post("/api/polls", body).await.expect_status(201);
    assert_eq!(found("cafe%CC%81").await["pagination"]["total"], 1);
    assert_eq!(found("caf%C3%A9").await["pagination"]["total"], 0);
    let long = format!("/api/polls?external_ref={}", "x".repeat(256));
    let long = app.get(&long).await;
    long.assert_problem(422, "invalid_query");
    assert_eq!(long.invalid_fields(), ["external_ref"]);
}

#[tokio::test]
async fn own_polls_continue_after_a_cursor() {
    let app = App::new();
    let mut owner = Browser::new(&app);
    create_polls(&mut owner, "a", &[]).await;
    create_polls(&mut Browser::new(&app), "b", &[]).await;
    let first = owner.get("/api/polls?owner=me&limit=1").await.json();
    let next = first["pagination"]["next"].as_str().unwrap();
    let rest = format!("/api/polls?owner=me&limit=1&after={next}");
    let rest = owner.get(&rest).await.expect_status(200).json();
    assert_eq!(rest["pagination"]["next"], Value::Null);
    assert_ne!(rest["polls"][0]["id"], first["polls"][0]["id"]);
    // The cursor belongs to this list and owner.
    let public = format!("/api/polls?limit=1&after={next}");
    let public = app.get(&public).await;
    public.assert_problem(422, "invalid_query");
    assert_eq!(public.invalid_fields(), ["after"]);
}
