//! The OpenAPI document, generated from the code.

pub(crate) mod security;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::{FieldErrorBody, ProblemBody};
#[cfg(feature = "accounts")]
use crate::routes::accounts;
use crate::routes::{invites, polls, stream, votes};
use crate::state::AppState;
use crate::{health, metrics};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Votify",
        description = "Realtime polls. Ids are UUIDs. Times are RFC 3339 in UTC. Errors are \
                       `application/problem+json` with a stable `code`."
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
struct ApiDocument;

#[cfg(feature = "accounts")]
#[derive(OpenApi)]
#[openapi(tags((name = "accounts", description = "Register, log in and log out")))]
struct AccountsDocument;

/// Returns the routes of the API with their documentation.
pub(crate) fn api() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(ApiDocument::openapi())
        .routes(routes!(polls::create_poll, polls::list_polls))
        .routes(routes!(
            polls::get_poll,
            polls::change_poll,
            polls::delete_poll
        ))
        .routes(routes!(polls::close_poll))
        .routes(routes!(polls::get_results))
        .routes(routes!(polls::trending))
        .routes(routes!(votes::vote, votes::own_vote, votes::withdraw))
        .routes(routes!(invites::create_invites))
        .routes(routes!(stream::stream))
        .routes(routes!(openapi_json))
}

/// Returns the routes of accounts with their documentation.
#[cfg(feature = "accounts")]
pub(crate) fn accounts() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(AccountsDocument::openapi())
        .routes(routes!(accounts::register))
        .routes(routes!(accounts::login))
        .routes(routes!(accounts::logout))
        .routes(routes!(accounts::me))
}

/// Returns the routes for monitoring with their documentation.
pub(crate) fn operations() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(metrics::metrics))
}

/// Returns this OpenAPI document.
#[utoipa::path(
    get,
    path = "/api/openapi.json",
    tag = "operations",
    responses((status = 200, body = Object, description = "OpenAPI 3.1"))
)]
pub(crate) async fn openapi_json(State(state): State<AppState>) -> Response {
    let json = state.openapi.clone();
    ([(header::CONTENT_TYPE, "application/json")], json).into_response()
}
