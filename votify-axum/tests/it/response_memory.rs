//! Responses that clients do not read.

mod changes;
mod forms;
mod limits;
mod lists;
mod permits;
mod streams;

use axum::http::{Method, StatusCode};
use axum::response::Response;
use http_body_util::BodyExt;
use serde_json::json;
use tower::ServiceExt;
use votify_axum::VotifyRouter;

use crate::app::{App, TestResponse, from, request};
use crate::browser::{Browser, CreatedPoll};

const MIB: usize = 1 << 20;

/// Builds an app with these limits in MiB, without rate limits.
fn app(total: usize, per_address: usize) -> App {
    App::with(|router: VotifyRouter| {
        router
            .vote_rate(None)
            .response_memory(total * MIB)
            .response_memory_per_address(per_address * MIB)
    })
}

/// Creates a poll whose response has about 28 KB.
async fn create_large_poll(owner: &mut Browser) -> CreatedPoll {
    let options: Vec<String> = (100..200)
        .map(|n| format!("{n} {}", "o".repeat(180)))
        .collect();
    owner.create_poll(json!({"options": options})).await
}

/// Requests `path` from an address and leaves the response unread.
async fn unread(app: &App, address: &str, path: &str) -> Response {
    let request = from(address, request(Method::GET, path, None));
    app.router.clone().oneshot(request).await.unwrap()
}

async fn read(response: Response) -> TestResponse {
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    TestResponse {
        status: parts.status,
        headers: parts.headers,
        text: String::from_utf8(bytes.to_vec()).unwrap(),
    }
}

/// Returns the counted bytes, from the metrics.
async fn counted(app: &App) -> usize {
    let metrics = app.get("/metrics").await.text;
    let line = metrics
        .lines()
        .find_map(|line| line.strip_prefix("votify_response_bytes "));
    line.unwrap_or_else(|| panic!("{metrics}")).parse().unwrap()
}

/// Leaves responses unread until one is rejected, and returns both.
async fn fill(app: &App, address: &str, path: &str) -> (Vec<Response>, TestResponse) {
    let mut held = Vec::new();
    loop {
        let response = unread(app, address, path).await;
        if response.status() != StatusCode::OK {
            return (held, read(response).await);
        }
        held.push(response);
        assert!(held.len() < 10_000, "no response is rejected");
    }
}
