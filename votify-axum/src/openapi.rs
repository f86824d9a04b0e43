//! The description of the API, made from the code.

pub(crate) mod security;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

#[cfg(feature = "accounts")]
use crate::accounts;
use crate::problem::{FieldErrorBody, ProblemBody};
use crate::shared::Shared;
use crate::{health, invites, metrics, polls, stream, votes};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Votify",
        description = "Realtime polls. Ids are UUIDs, times are RFC 3339 in UTC, refusals are `application/problem+json` \
                       with a stable `code`."
    ),
    // Relative to this description, so that calls are found below whatever prefix it was found at.
    servers((url = "..", description = "Where this description comes from")),
    components(schemas(ProblemBody, FieldErrorBody)),
    tags(
        (name = "polls", description = "Making, finding, changing and ending polls"),
        (name = "votes", description = "Voting"),
        (name = "streams", description = "Watching"),
        (name = "operations", description = "For those who run it"),
    )
)]
struct Description;

#[cfg(feature = "accounts")]
#[derive(OpenApi)]
#[openapi(tags((name = "accounts", description = "Registering, logging in and out")))]
struct AccountsDescription;

/// All calls of the API with their description.
pub(crate) fn api() -> OpenApiRouter<Shared> {
    OpenApiRouter::with_openapi(Description::openapi())
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
        .routes(routes!(invites::make_invites))
        .routes(routes!(stream::stream))
        .routes(routes!(openapi_json))
}

/// The calls of accounts, with their description.
#[cfg(feature = "accounts")]
pub(crate) fn accounts() -> OpenApiRouter<Shared> {
    OpenApiRouter::with_openapi(AccountsDescription::openapi())
        .routes(routes!(accounts::register))
        .routes(routes!(accounts::login))
        .routes(routes!(accounts::logout))
        .routes(routes!(accounts::me))
}

/// The calls for those who run it, with their description.
pub(crate) fn operations() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(metrics::metrics))
}

/// This description.
#[utoipa::path(
    get,
    path = "/api/openapi.json",
    tag = "operations",
    responses((status = 200, body = Object, description = "OpenAPI 3.1"))
)]
pub(crate) async fn openapi_json(State(shared): State<Shared>) -> Response {
    let json = shared.description.clone();
    ([(header::CONTENT_TYPE, "application/json")], json).into_response()
}
