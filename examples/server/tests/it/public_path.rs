//! A public URL with a path: the server answers below the path, and so does a proxy that
//! removes the path.

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use futures_util::{StreamExt, stream};
use reqwest::{Client, StatusCode, redirect};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use url::Url;

use crate::program::{Server, run, votify};

/// Starts a proxy that removes `/votes` from the path, and returns its address.
async fn stripping_proxy(server: &Server) -> String {
    async fn forward(State(upstream): State<String>, request: Request) -> Response {
        let client = Client::builder().redirect(redirect::Policy::none());
        let (parts, body) = request.into_parts();
        let url = format!("{upstream}{}", parts.uri.path_and_query().unwrap());
        let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        let request = client.build().unwrap().request(parts.method, url);
        let answer = request.headers(parts.headers).body(body).send().await;
        let answer = answer.unwrap();
        let mut response = Response::new(Body::empty());
        *response.status_mut() = answer.status();
        *response.headers_mut() = answer.headers().clone();
        let chunks = stream::unfold(answer, |mut answer| async move {
            let chunk = answer.chunk().await.transpose()?;
            Some((chunk, answer))
        });
        *response.body_mut() = Body::from_stream(chunks);
        response
    }

    let upstream = server.url("");
    let forwarding = Router::new().fallback(forward).with_state(upstream);
    let app = Router::new().nest_service("/votes", forwarding);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    format!("http://{address}")
}

/// Returns a poll by invite, its `Location`, and the cookie of its owner.
async fn create(base: &Url) -> (Value, String, String) {
    let body = json!({"title": "Lunch?", "options": ["Pizza", "Sushi"], "voters": "invite"});
    let request = Client::new()
        .post(base.join("api/polls").unwrap())
        .json(&body);
    let created = request.send().await.unwrap();
    assert_eq!(created.status(), StatusCode::CREATED);
    let header = |name: &str| created.headers()[name].to_str().unwrap().to_owned();
    let (location, cookie) = (header("location"), header("set-cookie"));
    (created.json().await.unwrap(), location, cookie)
}

/// Follows the links that the server gives out below `base`, a URL that ends with a slash.
async fn follow_links(base: &str) {
    let base: Url = base.parse().unwrap();
    let client = Client::new();
    for page in [base.as_str(), base.as_str().trim_end_matches('/')] {
        let page = client.get(page).send().await.unwrap();
        assert_eq!(page.status(), StatusCode::OK);
        let text = page.text().await.unwrap();
        let own = ["href=\"/votes/polls\"", "src=\"/votes/pages/create.js\""];
        for link in own {
            assert!(text.contains(link), "{link}: {text}");
        }
    }
    for file in ["pages/create.js", "votify.js"] {
        let script = client.get(base.join(file).unwrap()).send().await;
        assert_eq!(script.unwrap().status(), StatusCode::OK, "{file}");
    }

    let (poll, location, cookie) = create(&base).await;
    let id = poll["id"].as_str().unwrap();
    assert_eq!(location, format!("/votes/api/polls/{id}"));
    assert!(cookie.contains("; Path=/votes;"), "{cookie}");
    let poll_url = base.join(&location).unwrap();
    let found = client.get(poll_url).send().await.unwrap();
    assert_eq!(found.status(), StatusCode::OK);

    let invites = client
        .post(base.join(&format!("{location}/invites")).unwrap())
        .header("cookie", cookie.split(';').next().unwrap())
        .json(&json!({"count": 1}));
    let invites: Value = invites.send().await.unwrap().json().await.unwrap();
    let url = invites["invites"][0]["url"].as_str().unwrap();
    let expected = format!("http://polls.example/votes/p/{id}?invite=");
    assert!(url.starts_with(&expected), "{url}");

    let document = base.join("api/openapi.json").unwrap();
    let openapi: Value = client
        .get(document.clone())
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let server = openapi["servers"][0]["url"].as_str().unwrap();
    assert_eq!(server, "http://polls.example/votes");

    let docs = client.get(base.join("api/docs").unwrap()).send().await;
    let docs = docs.unwrap();
    assert_eq!(docs.url().path(), "/votes/api/docs/");
    assert_eq!(docs.status(), StatusCode::OK);

    let stream = base.join(&format!("{location}/stream")).unwrap();
    let mut stream = client.get(stream).send().await.unwrap();
    let mut received = String::new();
    while !received.contains("event: poll_updated") {
        let chunk = stream.chunk().await.unwrap().unwrap();
        received.push_str(std::str::from_utf8(&chunk).unwrap());
    }
}

#[tokio::test]
async fn a_public_url_with_a_path_serves_below_the_path() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(
        directory.path(),
        &[
            "--store",
            "memory:",
            "--public-url",
            "http://polls.example/votes/",
        ],
    )
    .await;
    // Without a proxy, or behind one that passes the path on.
    follow_links(&server.url("/votes/")).await;
    // Behind a proxy that removes the path.
    let proxy = stripping_proxy(&server).await;
    follow_links(&format!("{proxy}/votes/")).await;

    let (poll, ..) = create(&server.url("/votes/").parse().unwrap()).await;
    let id = poll["id"].as_str().unwrap();
    let socket = format!("ws://{}/votes/api/polls/{id}/stream", server.address());
    let (mut socket, _) = tokio_tungstenite::connect_async(socket).await.unwrap();
    let first = socket.next().await.unwrap().unwrap();
    assert!(first.to_text().unwrap().contains("poll_updated"), "{first}");
    drop(socket);

    for (path, expected) in [
        ("/votes/healthz", 200),
        ("/healthz", 200),
        ("/votes2/healthz", 404),
        ("/votes/votes/healthz", 404),
    ] {
        let answer = reqwest::get(server.url(path)).await.unwrap();
        assert_eq!(answer.status().as_u16(), expected, "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_public_url_below_a_path_of_the_server_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let arguments = ["serve", "--public-url", "https://example.org/api"];
    let exit = run(&mut votify(directory.path(), &arguments)).await;
    let line = exit.error_line(2);
    for word in ["--public-url", "/api", "like /votes"] {
        assert!(line.contains(word), "{line}");
    }
}
