//! Members vote in polls, and the app of the club still works.

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use tower::ServiceExt;
use votify_core::Keyring;

struct Club {
    app: Router,
    pool: SqlitePool,
}

/// The session cookie of a member.
type Cookies = String;

impl Club {
    async fn new(pool: SqlitePool) -> Self {
        let keyring = Keyring::new(["a secret of the tests that is long enough"]).unwrap();
        let app = votify_embed::app(pool.clone(), keyring).await.unwrap();
        Self { app, pool }
    }

    async fn send(&self, request: Request<Body>) -> (StatusCode, Option<String>, String) {
        let response = self.app.clone().oneshot(request).await.unwrap();
        let cookie = response.headers().get(header::SET_COOKIE);
        let cookie = cookie.map(|cookie| {
            let text = cookie.to_str().unwrap();
            text.split(';').next().unwrap().to_owned()
        });
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, cookie, String::from_utf8(body.to_vec()).unwrap())
    }

    /// Requests a page of the club.
    async fn visit(&self, method: Method, path: &str, cookies: &str) -> (StatusCode, String) {
        let request = Request::builder().method(method).uri(path);
        let request = request
            .header(header::HOST, "club.example")
            .header(header::COOKIE, cookies)
            .body(Body::empty());
        let (status, _, text) = self.send(request.unwrap()).await;
        (status, text)
    }

    async fn log_in(&self, code: &str) -> (StatusCode, Cookies) {
        let request = Request::post("/login")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(format!("code={code}")));
        let (status, cookie, _) = self.send(request.unwrap()).await;
        (status, cookie.unwrap_or_default())
    }

    /// Adds a member and logs in.
    async fn member(&self, name: &str) -> Cookies {
        let code = votify_embed::join(&self.pool, name).await.unwrap();
        let (status, cookies) = self.log_in(&code).await;
        assert_eq!(status, 303);
        cookies
    }

    /// Sends a request to the API of Votify.
    async fn call(&self, cookies: &str, method: Method, path: &str, body: Value) -> (u16, Value) {
        let request = Request::builder()
            .method(method)
            .uri(format!("/votes/api{path}"))
            .header(header::HOST, "club.example")
            .header(header::COOKIE, cookies)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()));
        let (status, _, text) = self.send(request.unwrap()).await;
        (
            status.as_u16(),
            serde_json::from_str(&text).unwrap_or_default(),
        )
    }
}

async fn in_memory() -> SqlitePool {
    let pool = SqlitePoolOptions::new().max_connections(1);
    pool.connect("sqlite::memory:").await.unwrap()
}

#[tokio::test]
async fn members_vote_and_own_their_polls() {
    let club = Club::new(in_memory().await).await;
    let (ada, bob) = (club.member("Ada").await, club.member("Bob").await);
    let draft = json!({"title": "Where to?", "options": ["Sea", "Hills"], "voters": "account"});
    let (status, poll) = club.call(&ada, Method::POST, "/polls", draft).await;
    assert_eq!(status, 201, "{poll}");
    let path = format!("/polls/{}", poll["id"].as_str().unwrap());
    let vote = format!("{path}/vote");
    let ballot = json!({"option_id": poll["options"][0]["id"]});

    for cookies in [&ada, &bob] {
        let (status, receipt) = club
            .call(cookies, Method::POST, &vote, ballot.clone())
            .await;
        assert_eq!(status, 201, "{receipt}");
        let (status, again) = club
            .call(cookies, Method::POST, &vote, ballot.clone())
            .await;
        assert_eq!((status, &again["code"]), (409, &json!("already_voted")));
    }
    for cookies in ["", "club_session=forged"] {
        let (status, problem) = club
            .call(cookies, Method::POST, &vote, ballot.clone())
            .await;
        assert_eq!((status, &problem["code"]), (401, &json!("not_logged_in")));
    }

    for (cookies, status) in [("", 403), (bob.as_str(), 403), (ada.as_str(), 200)] {
        let close = format!("{path}/close");
        let (actual, body) = club.call(cookies, Method::POST, &close, json!({})).await;
        assert_eq!(actual, status, "{body}");
    }
    let (_, closed) = club.call("", Method::GET, &path, json!(null)).await;
    assert_eq!(closed["poll"]["status"], "closed");
    assert_eq!(closed["stats"]["total_votes"], 2);
}

#[tokio::test]
async fn the_routes_of_the_club_still_work() {
    let club = Club::new(in_memory().await).await;
    let (status, greeting) = club.visit(Method::GET, "/", "").await;
    assert_eq!((status.as_u16(), greeting.contains("Hello. ")), (200, true));
    assert_eq!(club.visit(Method::GET, "/members", "").await.0, 401);
    assert_eq!(club.log_in("wrong").await.0, 401);
    let ada = club.member("Ada").await;
    assert!(
        club.visit(Method::GET, "/", &ada)
            .await
            .1
            .contains("Hello Ada.")
    );
    assert_eq!(club.visit(Method::GET, "/members", &ada).await.1, "Ada");
    assert_eq!(club.visit(Method::GET, "/nowhere", &ada).await.0, 404);
    // Votify answers only below its prefix, and has no account endpoints of its own.
    assert_eq!(
        club.visit(Method::GET, "/votes/api/openapi.json", "")
            .await
            .0,
        200
    );
    assert_eq!(club.visit(Method::GET, "/api/polls", "").await.0, 404);
    assert_eq!(
        club.call(&ada, Method::GET, "/auth/me", json!(null))
            .await
            .0,
        404
    );

    let draft = json!({"title": "t", "options": ["a", "b"], "voters": "account"});
    let (status, poll) = club.call(&ada, Method::POST, "/polls", draft.clone()).await;
    assert_eq!(status, 201, "{poll}");
    assert_eq!(club.visit(Method::POST, "/logout", &ada).await.0, 204);
    // Only members create polls and vote in this one.
    let (_, problem) = club.call(&ada, Method::POST, "/polls", draft).await;
    assert_eq!(problem["code"], "not_logged_in");
    let vote = format!("/polls/{}/vote", poll["id"].as_str().unwrap());
    let ballot = json!({"option_id": poll["options"][0]["id"]});
    let (_, problem) = club.call(&ada, Method::POST, &vote, ballot).await;
    assert_eq!(problem["code"], "not_logged_in");
}

/// Members' polls are in no list but their own.
#[tokio::test]
async fn polls_of_members_are_unlisted() {
    let club = Club::new(in_memory().await).await;
    let (ada, bob) = (club.member("Ada").await, club.member("Bob").await);
    let draft = json!({"title": "Where to?", "options": ["Sea", "Hills"]});
    let (status, poll) = club.call(&ada, Method::POST, "/polls", draft).await;
    assert_eq!((status, &poll["visibility"]), (201, &json!("unlisted")));
    for cookies in ["", &bob, &ada] {
        let (status, problem) = club.call(cookies, Method::GET, "/polls", json!(null)).await;
        assert_eq!((status, &problem["code"]), (403, &json!("not_allowed")));
    }
    for (cookies, expected) in [("", 0), (bob.as_str(), 0), (ada.as_str(), 1)] {
        let own = club.call(cookies, Method::GET, "/polls?owner=me", json!(null));
        let (_, own) = own.await;
        assert_eq!(own["polls"].as_array().unwrap().len(), expected, "{own}");
    }
}

/// The club creates polls in its own code, and finds them by its own table.
#[tokio::test]
async fn trips_refer_to_polls() {
    let club = Club::new(in_memory().await).await;
    let (ada, bob) = (club.member("Ada").await, club.member("Bob").await);
    let plan = async |cookies: &str, form: &'static str| {
        let request = Request::post("/trips")
            .header(header::COOKIE, cookies)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form));
        club.send(request.unwrap()).await.0
    };
    let form = "name=Summer&destinations=Sea%0AHills";
    assert_eq!(plan("", form).await, 401);
    assert_eq!(plan(&ada, "name=Summer&destinations=Sea").await, 422);
    assert_eq!(plan(&ada, form).await, 303);
    assert_eq!(club.visit(Method::GET, "/trips", "").await.0, 303);
    let (_, trips) = club.visit(Method::GET, "/trips", &bob).await;
    let (_, rest) = trips.split_once("<votify-poll poll=\"").unwrap();
    let (id, _) = rest.split_once('"').unwrap();
    let page = format!("/votes/p/{id}");
    assert_eq!(club.visit(Method::GET, &page, &bob).await.0, 200);

    let path = format!("/polls/{id}");
    let (_, details) = club.call(&bob, Method::GET, &path, json!(null)).await;
    assert_eq!(details["poll"]["url"], page);
    assert_eq!(details["poll"]["external_ref"], json!(null), "{details}");
    let ballot = json!({"option_id": details["options"][0]["id"]});
    let vote = format!("{path}/vote");
    let (status, receipt) = club.call(&bob, Method::POST, &vote, ballot).await;
    assert_eq!(status, 201, "{receipt}");
    // Ada owns the poll, and its reference is the id of the trip.
    let (_, details) = club.call(&ada, Method::GET, &path, json!(null)).await;
    let reference = details["poll"]["external_ref"].as_str().unwrap();
    let name: String = sqlx::query_scalar("SELECT name FROM club_trips WHERE id = ?")
        .bind(reference)
        .fetch_one(&club.pool)
        .await
        .unwrap();
    assert_eq!(name, "Summer");
    let (status, _) = club
        .call(&ada, Method::POST, &format!("{path}/close"), json!({}))
        .await;
    assert_eq!(status, 200);
}

/// A trip that cannot be stored leaves no poll.
#[tokio::test]
async fn a_failed_trip_has_no_poll() {
    let club = Club::new(in_memory().await).await;
    let ada = club.member("Ada").await;
    let drop = sqlx::query("DROP TABLE club_trips");
    drop.execute(&club.pool).await.unwrap();
    let request = Request::post("/trips")
        .header(header::COOKIE, &ada)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from("name=Summer&destinations=Sea%0AHills"));
    assert_eq!(club.send(request.unwrap()).await.0, 503);
    let own = "/polls?owner=me&status=all";
    let (status, list) = club.call(&ada, Method::GET, own, json!(null)).await;
    assert_eq!((status, &list["polls"]), (200, &json!([])));
}

/// A page of another site cannot log a member in, which would make the member vote as
/// somebody else.
#[tokio::test]
async fn other_sites_cannot_log_members_in() {
    let club = Club::new(in_memory().await).await;
    let code = votify_embed::join(&club.pool, "Ada").await.unwrap();
    for (origin, status) in [("https://evil.example", 403), ("https://club.example", 303)] {
        let request = Request::post("/login")
            .header(header::HOST, "club.example")
            .header(header::ORIGIN, origin)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(format!("code={code}")));
        let (found, cookie, _) = club.send(request.unwrap()).await;
        assert_eq!(found, status, "{origin}");
        assert_eq!(cookie.is_some(), status == 303);
    }
}

/// Polls are in the database file of the club and survive a restart.
#[tokio::test]
async fn polls_are_stored_in_the_database_of_the_club() {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteConnectOptions::new()
        .filename(folder.path().join("club.db"))
        .create_if_missing(true);
    let club = Club::new(SqlitePool::connect_with(options.clone()).await.unwrap()).await;
    let ada = club.member("Ada").await;
    let draft = json!({"title": "t", "options": ["a", "b"], "voters": "account"});
    let (status, poll) = club.call(&ada, Method::POST, "/polls", draft).await;
    assert_eq!(status, 201, "{poll}");
    let path = format!("/polls/{}", poll["id"].as_str().unwrap());
    club.pool.close().await;

    let again = Club::new(SqlitePool::connect_with(options).await.unwrap()).await;
    let vote = format!("{path}/vote");
    let ballot = json!({"option_id": poll["options"][1]["id"]});
    let (status, receipt) = again.call(&ada, Method::POST, &vote, ballot).await;
    assert_eq!(status, 201, "{receipt}");
    assert_eq!(
        again.call(&ada, Method::DELETE, &path, json!({})).await.0,
        204
    );
    let tables: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM sqlite_master WHERE name IN ('club_members', 'votify_polls')",
    )
    .fetch_one(&again.pool)
    .await
    .unwrap();
    assert_eq!(tables, 2);
}
