use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

#[cfg(feature = "accounts")]
use crate::routes::accounts;
use crate::routes::{invites, polls, stream, votes};
use crate::state::AppState;
use crate::{health, metrics, openapi};

/// Returns the routes of the API with their documentation.
pub(super) fn api() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(openapi::ApiDocument::openapi())
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
        .routes(routes!(openapi::openapi_json))
}

/// Returns the routes of accounts with their documentation.
#[cfg(feature = "accounts")]
pub(super) fn accounts() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(openapi::AccountsDocument::openapi())
        .routes(routes!(accounts::register))
        .routes(routes!(accounts::login))
        .routes(routes!(accounts::logout))
        .routes(routes!(accounts::me))
}

/// Returns the routes for monitoring with their documentation.
pub(super) fn operations() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(metrics::metrics))
}
