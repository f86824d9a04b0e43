use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::RouteGroup;
use super::trailing_slash::DocumentedRoutes;
use crate::config::Config;
#[cfg(feature = "accounts")]
use crate::routes::accounts;
use crate::routes::{invites, join, polls, stream, votes};
use crate::state::AppState;
use crate::{health, metrics, openapi};

/// Returns the routes of the API with their documentation.
pub(super) fn api(config: &Config) -> OpenApiRouter<AppState> {
    let groups = [
        (
            RouteGroup::Creation,
            OpenApiRouter::new().documented(routes!(polls::create_poll)),
        ),
        (RouteGroup::Lists, lists()),
        (RouteGroup::Management, management()),
        (
            RouteGroup::Voting,
            OpenApiRouter::new().documented(routes!(votes::vote, votes::own_vote, votes::withdraw)),
        ),
        (
            RouteGroup::Streams,
            OpenApiRouter::new().documented(routes!(stream::stream)),
        ),
        (RouteGroup::Documents, documents(config)),
        (RouteGroup::Operations, operations()),
    ];
    let api = OpenApiRouter::with_openapi(openapi::ApiDocument::openapi())
        .documented(routes!(polls::get_poll))
        .documented(routes!(polls::get_results))
        .documented(routes!(polls::caller_state))
        .documented(routes!(join::join));
    let served = groups
        .into_iter()
        .filter(|(group, _)| config.serves(*group));
    served.fold(api, |api, (_, routes)| api.merge(routes))
}

fn lists() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .documented(routes!(polls::list_polls))
        .documented(routes!(polls::trending))
}

fn documents(config: &Config) -> OpenApiRouter<AppState> {
    let documents = OpenApiRouter::new().documented(routes!(openapi::openapi_json));
    if config.serves(RouteGroup::Streams) {
        documents.documented(routes!(openapi::asyncapi::asyncapi_json))
    } else {
        documents
    }
}

fn management() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .documented(routes!(polls::change_poll, polls::delete_poll))
        .documented(routes!(polls::close_poll))
        .documented(routes!(invites::create_invites, invites::count_invites))
}

/// Returns the routes of accounts with their documentation.
#[cfg(feature = "accounts")]
pub(super) fn accounts() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(openapi::AccountsDocument::openapi())
        .documented(routes!(accounts::register))
        .documented(routes!(accounts::login))
        .documented(routes!(accounts::logout))
        .documented(routes!(accounts::password))
        .documented(routes!(accounts::me))
}

/// Returns the routes for monitoring with their documentation.
fn operations() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .documented(routes!(health::healthz))
        .documented(routes!(health::readyz))
        .documented(routes!(metrics::metrics))
}
