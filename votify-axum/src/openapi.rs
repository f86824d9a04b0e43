//! The OpenAPI document, generated from the code.

pub(crate) mod asyncapi;
pub(crate) mod examples;
pub(crate) mod messages;
pub(crate) mod security;

use axum::Extension;
use axum::extract::{OriginalUri, State};
use axum::http::{Uri, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use utoipa::OpenApi;

use crate::config::Config;
use crate::error::{FieldErrorBody, ProblemBody};
use crate::response_memory::Uncounted;
use crate::state::{AppState, Documents};

/// The placeholder for the URL of the server.
const SERVER_URL: &str = "votify-server-url";

/// The parts of the document that the handlers do not describe.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Votify",
        description = "Realtime polls. Ids are UUIDs. Times are RFC 3339 in UTC. Errors are \
                       `application/problem+json` with a stable `code`. The page at `/api/docs` replaces \
                       the ids of the examples by those of the poll that it created last."
    ),
    // `openapi_json` replaces it.
    servers((url = "votify-server-url", description = "The server of this document")),
    components(schemas(ProblemBody, FieldErrorBody)),
    tags(
        (name = "polls", description = "Create, find, change and close polls"),
        (name = "votes", description = "Cast and take back votes"),
        (name = "streams", description = "Live results"),
        (name = "operations", description = "Monitoring"),
    )
)]
pub(crate) struct ApiDocument;

/// The part of the document about accounts.
#[cfg(feature = "accounts")]
#[derive(OpenApi)]
#[openapi(tags((name = "accounts", description = "Register, log in and log out")))]
pub(crate) struct AccountsDocument;

/// Returns this OpenAPI document.
#[utoipa::path(
    get,
    path = "/api/openapi.json",
    tag = "operations",
    responses((status = 200, body = Object, description = "OpenAPI 3.1"))
)]
pub(crate) async fn openapi_json(
    State(state): State<AppState>,
    OriginalUri(uri): OriginalUri,
) -> Response {
    let url = server_url(&state.config, &uri);
    let content_type = [(header::CONTENT_TYPE, "application/json")];
    let (shared_url, shared) = state.documents.openapi_at(&url);
    if *shared_url == url {
        return (Extension(Uncounted), content_type, shared.clone()).into_response();
    }
    (content_type, state.documents.render_openapi(&url)).into_response()
}

impl Documents {
    /// Returns the document for the first URL that was requested, and that URL. All clients
    /// share its bytes. A router has further URLs only below a path with parameters.
    fn openapi_at(&self, url: &str) -> &(String, Bytes) {
        let render = || (url.to_owned(), self.render_openapi(url).into());
        self.rendered_openapi.get_or_init(render)
    }

    fn render_openapi(&self, url: &str) -> String {
        self.openapi.replace(SERVER_URL, url)
    }
}

/// Returns the URL to which clients append the paths of the document, so it has no slash at
/// its end: the public URL, or else the path under which the router is mounted.
fn server_url(config: &Config, requested: &Uri) -> String {
    if let Some(url) = &config.public_url {
        return url.to_string();
    }
    match config.base_path(requested, "/api/openapi.json") {
        // The value that clients assume for a document without servers.
        "" => "/".to_owned(),
        base_path => base_path.to_owned(),
    }
}
