use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use votify_core::AccountStore;

use super::responses::UserBody;
use crate::accounts::cookie;
use crate::error::{ErrorCode, Problem, error_responses};
use crate::routes::response::no_store;
use crate::state::AppState;

error_responses!(MeErrors: NotLoggedIn, InvalidLogin, StoreUnavailable, Internal);

/// Returns the logged-in user.
#[utoipa::path(
    get,
    path = "/api/auth/me",
    tag = "accounts",
    security(("login" = []), ("login_cookie" = [])),
    responses((status = 200, body = UserBody, description = "The user"), MeErrors)
)]
pub(crate) async fn me(
    State(state): State<AppState>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let auth = state.auth()?;
    let Some(login) = auth.login(&headers).await? else {
        let has_cookie = !cookie::read(&headers, auth.cookies).is_empty();
        let code = if has_cookie {
            ErrorCode::InvalidLogin
        } else {
            ErrorCode::NotLoggedIn
        };
        return Err(code.into());
    };
    let user = auth.store.user(login.user).await?;
    let user = user.ok_or(ErrorCode::InvalidLogin)?;
    Ok(no_store(Json(UserBody::from(&user))))
}
