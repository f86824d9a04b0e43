//! A page to read and try the API: Swagger UI, whose files are in the binary.

mod archive;

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};

use crate::error::{ErrorCode, Problem};
use crate::response_memory::Uncounted;
use crate::router::RouteWithSlash;
use crate::state::AppState;

/// Allows inline styles, because the page's script sets styles. Everything else comes
/// from this server.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

const PAGE: &[u8] = include_bytes!("docs/index.html");
/// Starts Swagger UI with the document of this server, and lets its examples run as they
/// stand.
const START: &[u8] = include_bytes!("docs/start.js");

pub(crate) fn routes() -> Router<AppState> {
    Router::new()
        .route("/api/docs", get(to_index))
        .route("/api/docs/", get(async || file("index.html")))
        .route_with_slash(
            "/api/docs/{file}",
            get(async |Path(name): Path<String>| file(&name)),
        )
}

/// Redirects to the path with a slash: the page's links are relative to it.
async fn to_index() -> Response {
    (
        StatusCode::PERMANENT_REDIRECT,
        [(header::LOCATION, "docs/")],
    )
        .into_response()
}

fn file(name: &str) -> Response {
    let (content_type, bytes) = match name {
        "index.html" => ("text/html; charset=utf-8", PAGE),
        "start.js" => ("text/javascript", START),
        _ => match archive::file(name) {
            Ok(Some(file)) => (file.content_type, &*file.bytes),
            Ok(None) => return Problem::new(ErrorCode::NotFound).into_response(),
            Err(error) => return Problem::internal(error).into_response(),
        },
    };
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::CONTENT_SECURITY_POLICY, POLICY),
    ];
    (headers, Extension(Uncounted), bytes).into_response()
}
