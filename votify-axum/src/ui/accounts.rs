//! The pages of accounts: log in, register, and one's own account.

mod account;
mod credentials;
mod login;
mod next_path;
mod register;

use axum::Router;
use axum::routing::{get, post};

use crate::router::RouteWithSlash;
use crate::state::AppState;

/// Returns the routes of the pages. They exist only where Votify has accounts.
#[rustfmt::skip]
pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route_with_slash("/login", get(login::show).post(login::submit))
        .route_with_slash("/register", get(register::show).post(register::submit))
        .route_with_slash("/account", get(account::show).post(account::change_password))
        .route_with_slash("/logout", post(account::log_out).get(account::show))
}
