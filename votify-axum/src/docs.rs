//! A page to read and try the API. All its files are in the binary.

use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use utoipa_swagger_ui::{Config, serve};

use crate::error::{ErrorCode, Problem};
use crate::response_memory::Uncounted;
use crate::router::RouteWithSlash;
use crate::state::AppState;

/// Allows inline styles, because the page's script sets styles. Everything else comes
/// from this server.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

pub(crate) fn routes() -> Router<AppState> {
    // Relative, so that it works under any prefix.
    let config = Arc::new(
        Config::new(["../openapi.json"])
            .try_it_out_enabled(true)
            .validator_url("none"),
    );
    let index = Arc::clone(&config);
    Router::new()
        .route("/api/docs", get(to_index))
        .route("/api/docs/", get(async move || file("index.html", index)))
        .route_with_slash(
            "/api/docs/{file}",
            get(async move |Path(name): Path<String>| file(&name, config)),
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

/// Lets the examples run as they stand.
const EXAMPLES: &str = include_str!("docs/examples.js");

fn file(name: &str, config: Arc<Config<'static>>) -> Response {
    if name == "examples.js" {
        return ([(header::CONTENT_TYPE, "text/javascript")], EXAMPLES).into_response();
    }
    match serve(name, config) {
        Ok(Some(file)) => {
            let mut response = match file.bytes {
                Cow::Borrowed(bytes) if name == "index.html" => with_examples(bytes),
                Cow::Borrowed(bytes) => (Extension(Uncounted), bytes).into_response(),
                Cow::Owned(bytes) => bytes.into_response(),
            };
            let headers = response.headers_mut();
            if let Ok(content_type) = HeaderValue::try_from(file.content_type) {
                headers.insert(header::CONTENT_TYPE, content_type);
            }
            headers.insert(
                header::CONTENT_SECURITY_POLICY,
                HeaderValue::from_static(POLICY),
            );
            response
        }
        Ok(None) => Problem::new(ErrorCode::NotFound).into_response(),
        Err(error) => Problem::internal(&error).into_response(),
    }
}

/// Returns the page with the script for examples, which runs before the page starts.
fn with_examples(page: &[u8]) -> Response {
    const START: &str = "<script src=\"./swagger-initializer.js\"";
    const SCRIPT: &str = "<script src=\"./examples.js\"></script>\n    ";
    let page = String::from_utf8_lossy(page);
    page.replace(START, &format!("{SCRIPT}{START}"))
        .into_response()
}
