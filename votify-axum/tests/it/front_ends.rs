//! Front ends other than Votify's pages: 60 people behind one address vote at the same
//! time, whichever way the front end begins.

use axum::http::Method;
use serde_json::json;
use votify_core::Rate;

use crate::app::App;
use crate::browser::{Browser, CreatedPoll};
use crate::invites;
use crate::server::Server;
use crate::stream_clients::EventStream;

const PEOPLE: usize = 60;
/// The address of everybody: that of the streams.
const ADDRESS: &str = "127.0.0.1";

async fn create_poll(app: &App) -> CreatedPoll {
    Browser::with_address(app, "198.51.100.1")
        .create_poll(json!({}))
        .await
}

#[cfg(feature = "ui")]
#[tokio::test]
async fn sixty_of_sixty_votes_count_from_the_page() {
    let app = App::new();
    let poll = create_poll(&app).await;
    for n in 0..PEOPLE {
        let mut person = Browser::with_address(&app, ADDRESS);
        let page = format!("/p/{}", poll.id);
        person.get(&page).await.expect_status(200);
        person.vote(&poll, n % 3).await.expect_status(201);
    }
    assert_eq!(app.total(&poll.id).await, PEOPLE as u64);
}

#[tokio::test]
async fn sixty_of_sixty_votes_count_after_reading_the_poll() {
    let app = App::new();
    let poll = create_poll(&app).await;
    for n in 0..PEOPLE {
        let mut person = Browser::with_address(&app, ADDRESS);
        person.get(&poll.path("")).await.expect_status(200);
        person.vote(&poll, n % 3).await.expect_status(201);
        // The vote started no other session.
        person
            .vote(&poll, n % 3)
            .await
            .assert_problem(409, "already_voted");
    }
    assert_eq!(app.total(&poll.id).await, PEOPLE as u64);
}

#[tokio::test]
async fn sixty_of_sixty_votes_count_beside_event_streams() {
    let server = Server::start(App::new()).await;
    let poll = create_poll(&server.app).await;
    let path = Server::stream_path(&poll, "");
    let mut streams = Vec::new();
    for n in 0..PEOPLE {
        let mut events = EventStream::open(&server, &path, &[]).await;
        let mut person = Browser::with_address(&server.app, ADDRESS);
        person.cookie.clone_from(&events.cookie);
        events.next_of("poll_updated").await;
        person.vote(&poll, n % 3).await.expect_status(201);
        person
            .vote(&poll, n % 3)
            .await
            .assert_problem(409, "already_voted");
        streams.push(events);
    }
    assert_eq!(server.app.total(&poll.id).await, PEOPLE as u64);
    let mut last = streams.remove(0);
    while last.next_of("poll_updated").await.data["total_votes"] != PEOPLE {}
}

/// A room in which everybody opens a link with a code of their own at the same time.
#[tokio::test]
async fn sixty_of_sixty_invited_people_vote() {
    let app = App::new();
    let mut owner = Browser::with_address(&app, "198.51.100.1");
    let poll = owner.create_poll(json!({"voters": "invite"})).await;
    let codes = invites::codes(&mut owner, &poll, 60).await;
    for (n, code) in codes.iter().enumerate() {
        let mut person = Browser::with_address(&app, ADDRESS);
        let with_code = |path: String| format!("{path}?invite={code}");
        if cfg!(feature = "ui") && n % 2 == 0 {
            let page = person.get(&with_code(format!("/p/{}", poll.id))).await;
            page.expect_status(200);
        } else {
            person.get(&poll.path("")).await.expect_status(200);
            let own = person.get(&with_code(poll.path("/me"))).await;
            assert_eq!(own.expect_status(200).json()["can_vote"], true);
        }
        let body = json!({"option_id": poll.options[n % 3]});
        let voted = person.post(&with_code(poll.path("/vote")), body).await;
        voted.expect_status(201);
    }
    assert_eq!(app.total(&poll.id).await, PEOPLE as u64);
}

/// The stream belongs to the session that it started.
#[tokio::test]
async fn an_event_stream_shows_counts_once_its_session_voted() {
    let server = Server::start(App::new()).await;
    let poll = Browser::new(&server.app)
        .create_poll(json!({"results": "after_vote"}))
        .await;
    let path = Server::stream_path(&poll, "");
    let mut events = EventStream::open(&server, &path, &[]).await;
    let first = events.next_of("poll_updated").await;
    assert_eq!(first.data["total_votes"], json!(null));
    let mut person = Browser::with_address(&server.app, ADDRESS);
    person.cookie.clone_from(&events.cookie);
    person.vote(&poll, 0).await.expect_status(201);
    while events.next_of("poll_updated").await.data["total_votes"] != 1 {}
}

#[tokio::test]
async fn a_client_without_cookies_learns_how_to_begin_a_session() {
    let app = App::new();
    let poll = create_poll(&app).await;
    for _ in 0..10 {
        app.get(&poll.path("")).await.expect_status(200);
        Browser::new(&app).vote(&poll, 0).await.expect_status(201);
    }
    app.get(&poll.path("")).await.expect_status(200);
    let rejected = Browser::new(&app).vote(&poll, 0).await;
    let body = rejected.assert_problem(429, "rate_limited");
    let detail = body["detail"].as_str().unwrap();
    let wait = rejected.header("retry-after");
    for part in [
        "at most 10 vote attempts without a session from one network address",
        "within 60 s",
        &format!("; retry after {wait} s"),
        "GET /api/polls/{id}",
        "cookie",
        "credentials: \"include\"",
    ] {
        assert!(detail.contains(part), "{part}: {detail}");
    }
    let mut person = Browser::new(&app);
    person.get(&poll.path("")).await.expect_status(200);
    person.vote(&poll, 0).await.expect_status(201);
    for _ in 0..9 {
        person
            .vote(&poll, 0)
            .await
            .assert_problem(409, "already_voted");
    }
    let body = person
        .vote(&poll, 0)
        .await
        .assert_problem(429, "rate_limited");
    let detail = body["detail"].as_str().unwrap();
    assert!(
        detail.starts_with(
            "at most 10 vote attempts of one session are accepted within 60 s; retry after "
        ),
        "{detail}"
    );
    assert!(!detail.contains("cookie"), "{detail}");
}

#[tokio::test]
async fn only_callers_without_a_session_get_one_by_reading() {
    let app = App::new();
    let poll = create_poll(&app).await;
    let mut person = Browser::new(&app);
    let first = person.get(&poll.path("")).await.expect_status(200);
    assert!(first.header("set-cookie").starts_with("votify_session="));
    assert_eq!(first.header("cache-control"), "private");
    assert_eq!(first.header("vary"), "Cookie");
    let second = person.get(&poll.path("")).await.expect_status(200);
    assert!(!second.headers.contains_key("set-cookie"));
    assert_eq!(first.text, second.text);
    assert_eq!(first.header("etag"), second.header("etag"));

    // An unchanged poll starts a session too, for a caller without one.
    let tag = [("if-none-match", first.header("etag"))];
    let path = poll.path("");
    let unchanged = person.call_with(Method::GET, &path, None, &tag);
    let unchanged = unchanged.await.expect_status(304);
    assert!(!unchanged.headers.contains_key("set-cookie"));
    let mut without = Browser::new(&app);
    let unchanged = without.call_with(Method::GET, &path, None, &tag);
    let unchanged = unchanged.await.expect_status(304);
    assert_eq!(unchanged.header("cache-control"), "private");
    assert!(unchanged.headers.contains_key("set-cookie"));
    without.vote(&poll, 0).await.expect_status(201);

    for (path, status) in [
        ("/api/polls/0190b6e2-1111-7000-8000-00000000000a", 404),
        ("/api/polls/nonsense", 400),
    ] {
        let stream = format!("{path}/stream");
        for path in [path, &stream] {
            let response = app.get(path).await.expect_status(status);
            assert!(!response.headers.contains_key("set-cookie"), "{path}");
        }
    }
}

/// A monitor or a page rendered on a server reads often, and keeps no cookies.
#[tokio::test]
async fn reading_without_cookies_uses_up_no_sessions() {
    let app = App::with(|router| router.session_rate(Some(Rate::per_minute(3))));
    let poll = create_poll(&app).await;
    for _ in 0..20 {
        let mut reader = Browser::with_address(&app, ADDRESS);
        reader.get(&poll.path("")).await.expect_status(200);
        assert!(reader.cookie.is_some());
    }
    for n in 0..4 {
        let mut person = Browser::with_address(&app, ADDRESS);
        person.get(&poll.path("")).await.expect_status(200);
        let voted = person.vote(&poll, 0).await;
        if n < 3 {
            voted.expect_status(201);
        } else {
            voted.assert_problem(429, "rate_limited");
        }
    }
    assert_eq!(app.total(&poll.id).await, 3);
}

/// A session counts once, if the client keeps the cookie of the answer.
#[tokio::test]
async fn a_session_counts_when_its_cookie_comes_back() {
    let app = App::with(|router| router.session_rate(Some(Rate::per_minute(2))));
    let polls = [create_poll(&app).await, create_poll(&app).await];
    let mut person = Browser::with_address(&app, ADDRESS);
    person.get(&polls[0].path("")).await.expect_status(200);
    let new = person.cookie.clone();
    person.get(&polls[0].path("")).await.expect_status(200);
    assert_eq!(person.cookie, new, "reading again sets no cookie");
    person.vote(&polls[0], 0).await.expect_status(201);
    let counted = person.cookie.clone();
    assert_ne!(counted, new);
    person.vote(&polls[1], 0).await.expect_status(201);
    assert_eq!(person.cookie, counted, "a counted session gets no cookie");

    // The first cookie is the same voter, and each of its votes counts as a new session.
    person.cookie = new;
    let again = person.vote(&polls[0], 0).await;
    again.assert_problem(409, "already_voted");
    person.cookie = counted;
    person
        .vote(&polls[0], 0)
        .await
        .assert_problem(409, "already_voted");
    let mut late = Browser::with_address(&app, ADDRESS);
    late.get(&polls[0].path("")).await.expect_status(200);
    late.vote(&polls[0], 0)
        .await
        .assert_problem(429, "rate_limited");
}

#[tokio::test]
async fn watching_works_when_the_session_rate_is_exceeded() {
    let app = App::with(|router| router.session_rate(Some(Rate::per_minute(1))));
    let server = Server::start(app).await;
    let app = &server.app;
    let poll = create_poll(app).await;
    let path = Server::stream_path(&poll, "");
    let mut first = EventStream::open(&server, &path, &[]).await;
    assert!(first.cookie.is_some());
    first.next_of("poll_updated").await;
    let mut late = Browser::with_address(app, ADDRESS);
    late.get(&poll.path("")).await.expect_status(200);
    let cookie = late.cookie.clone().unwrap();
    for cookies in [&[][..], &[("cookie", cookie.as_str())]] {
        let mut events = EventStream::open(&server, &path, cookies).await;
        assert_eq!(events.status, 200);
        assert_eq!(events.cookie, None);
        events.next_of("poll_updated").await;
    }
    let body = late
        .vote(&poll, 0)
        .await
        .assert_problem(429, "rate_limited");
    let detail = body["detail"].as_str().unwrap();
    assert!(
        detail.starts_with("at most 1 new sessions from one network address are accepted"),
        "{detail}"
    );
}

/// The stream counts a session that reading started, so that its votes set no cookie.
#[tokio::test]
async fn a_stream_counts_the_session_of_its_cookie() {
    let server = Server::start(App::new()).await;
    let poll = create_poll(&server.app).await;
    let mut person = Browser::with_address(&server.app, ADDRESS);
    person.get(&poll.path("")).await.expect_status(200);
    let new = person.cookie.clone().unwrap();
    let path = Server::stream_path(&poll, "");
    let events = EventStream::open(&server, &path, &[("cookie", &new)]).await;
    assert!(events.cookie.is_some());
    person.cookie.clone_from(&events.cookie);
    let voted = person.vote(&poll, 0).await.expect_status(201);
    assert!(!voted.headers.contains_key("set-cookie"));
}

/// The session of somebody with an invite code counts once, however often it is read.
#[tokio::test]
async fn a_session_counts_once_for_an_invite_code() {
    let app = invites::app(|router| router.session_rate(Some(Rate::per_minute(1))));
    let mut owner = Browser::with_address(&app, "198.51.100.1");
    let poll = owner.create_poll(json!({"voters": "invite"})).await;
    let code = &invites::codes(&mut owner, &poll, 1).await[0];
    let mut person = Browser::with_address(&app, ADDRESS);
    person.get(&poll.path("")).await.expect_status(200);
    let path = |suffix: &str| format!("{}?invite={code}", poll.path(suffix));
    for _ in 0..2 {
        person.get(&path("/me")).await.expect_status(200);
    }
    let body = json!({"option_id": poll.options[0]});
    let vote = person.post(&path("/vote"), body).await;
    vote.expect_status(201);
}

#[cfg(feature = "ui")]
#[tokio::test]
async fn a_session_counts_once_for_a_page_with_an_invite_code() {
    let app = invites::app(|router| router.session_rate(Some(Rate::per_minute(1))));
    let mut owner = Browser::with_address(&app, "198.51.100.1");
    let poll = owner.create_poll(json!({"voters": "invite"})).await;
    let code = &invites::codes(&mut owner, &poll, 1).await[0];
    let mut person = Browser::with_address(&app, ADDRESS);
    let page = format!("/p/{}?invite={code}", poll.id);
    for _ in 0..2 {
        let page = person.get(&page).await.expect_status(200).text;
        assert!(page.contains("name=\"option_id\""), "{page}");
    }
    let body = json!({"option_id": poll.options[0]});
    let path = format!("{}?invite={code}", poll.path("/vote"));
    person.post(&path, body).await.expect_status(201);
}
