//! The paths of the pages and of their files.

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::get;

#[cfg(feature = "accounts")]
use super::accounts;
use super::{assets, card, home, join, manage, poll, poll_list, problem_page, qr, results, room};
use crate::config::Config;
use crate::error::{ErrorCode, Problem};
use crate::router::{RouteGroup, RouteWithSlash};
use crate::state::AppState;

/// Returns the routes that every host serves: one line per page.
#[rustfmt::skip]
fn open_pages() -> Router<AppState> {
    Router::new()
        .route("/", get(home::show).post(home::submit))
        .route_with_slash("/join", get(join::show))
        .route_with_slash("/j/{code}", get(join::by_link))
        .route_with_slash("/p/{id}/results", get(results::show))
        .route_with_slash("/p/{id}/present", get(room::show))
        .route_with_slash("/p/{id}/qr.svg", get(qr::show))
        .route_with_slash("/p/{id}/card.png", get(card::show))
        .route_with_slash("/p/{id}", get(poll::show))
        .route_with_slash("/p/{id}/vote", get(poll::back).post(poll::vote))
        .route_with_slash("/p/{id}/withdraw", get(poll::back).post(poll::withdraw))
        .route_with_slash("/p/{id}/embed", get(poll::embed))
}

/// Returns the routes of lists, of owners and of accounts that the host serves.
#[rustfmt::skip]
fn served_pages(state: &AppState) -> Router<AppState> {
    let mut pages = Router::new();
    if state.config.serves(RouteGroup::Lists) {
        pages = pages
            .route_with_slash("/polls", get(poll_list::public))
            .route_with_slash("/mine", get(poll_list::mine));
    }
    if state.config.serves(RouteGroup::Management) {
        pages = pages
            .route_with_slash("/p/{id}/manage", get(manage::show).post(manage::save))
            .route_with_slash("/p/{id}/manage/invites", get(manage::back).post(manage::create_invites))
            .route_with_slash("/p/{id}/manage/close", get(manage::back).post(manage::close))
            .route_with_slash("/p/{id}/manage/delete", get(manage::back).post(manage::delete));
    }
    #[cfg(feature = "accounts")]
    if state.has_accounts() {
        pages = pages.merge(accounts::routes());
    }
    pages
}

/// Returns the routes of the pages. Their errors are pages.
pub(crate) fn pages(state: &AppState) -> Router<AppState> {
    open_pages()
        .merge(served_pages(state))
        .method_not_allowed_fallback(async || Problem::from(ErrorCode::MethodNotAllowed))
        .layer(from_fn_with_state(state.clone(), problem_page::render))
}

/// Returns the routes of the pages' files.
pub(crate) fn files(config: &Config) -> Router<AppState> {
    assets::routes(config)
}
