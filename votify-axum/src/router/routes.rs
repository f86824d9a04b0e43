use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::RouteGroup;
use crate::config::Config;
#[cfg(feature = "accounts")]
use crate::routes::accounts;
use crate::routes::{invites, polls, stream, votes};
use crate::state::AppState;
use crate::{health, metrics, openapi};

/// Returns the routes of the API with their documentation.
pub(super) fn api(config: &Config) -> OpenApiRouter<AppState> {
    let groups = [
        (
            RouteGroup::Creation,
            OpenApiRouter::new().routes(routes!(polls::create_poll)),
        ),
        (RouteGroup::Lists, lists()),
        (RouteGroup::Management, management()),
        (
            RouteGroup::Voting,
            OpenApiRouter::new().routes(routes!(votes::vote, votes::own_vote, votes::withdraw)),
        ),
        (
            RouteGroup::Streams,
            OpenApiRouter::new().routes(routes!(stream::stream)),
        ),
        (
            RouteGroup::Documents,
            OpenApiRouter::new().routes(routes!(openapi::openapi_json)),
        ),
        (RouteGroup::Operations, operations()),
    ];
    let api = OpenApiRouter::with_openapi(openapi::ApiDocument::openapi())
        .routes(routes!(polls::get_poll))
        .routes(routes!(polls::get_results))
        .routes(routes!(polls::caller_state));
    let served = groups
        .into_iter()
        .filter(|(group, _)| config.serves(*group));
    served.fold(api, |api, (_, routes)| api.merge(routes))
}

fn lists() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(polls::list_polls))
        .routes(routes!(polls::trending))
}

fn management() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(polls::change_poll, polls::delete_poll))
        .routes(routes!(polls::close_poll))
        .routes(routes!(invites::create_invites))
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
fn operations() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(metrics::metrics))
}
