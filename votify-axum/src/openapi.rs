//! The OpenAPI document, generated from the code.

pub(crate) mod asyncapi;
pub(crate) mod examples;
pub(crate) mod messages;
pub(crate) mod security;

use axum::Extension;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use utoipa::OpenApi;

use crate::error::{FieldErrorBody, ProblemBody};
use crate::response_memory::Uncounted;
use crate::state::AppState;

/// The parts of the document that the handlers do not describe.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Votify",
        description = "Realtime polls. Ids are UUIDs. Times are RFC 3339 in UTC. Errors are \
                       `application/problem+json` with a stable `code`. The page at `/api/docs` replaces \
                       the ids of the examples by those of the poll that it created last."
    ),
    // Relative to this document, so that it is right under any prefix.
    servers((url = "..", description = "The server of this document")),
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
pub(crate) async fn openapi_json(State(state): State<AppState>) -> Response {
    let json = state.documents.openapi.clone();
    let content_type = [(header::CONTENT_TYPE, "application/json")];
    (Extension(Uncounted), content_type, json).into_response()
}
