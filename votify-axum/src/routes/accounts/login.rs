use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use votify_core::AccountStore;

use super::credentials::{Credentials, CredentialsInput};
use super::rate_limits;
use super::responses::{LoginBody, login_response};
use crate::error::{ErrorCode, Problem, error_responses};
use crate::extract::caller::RequestCaller;
use crate::extract::json::JsonBody;
use crate::state::AppState;

error_responses!(LoginErrors:
    MalformedJson, InvalidLogin, OriginNotAllowed, RequestTimeout, BodyTooLarge,
    UnsupportedMediaType, InvalidAccount, RateLimited, StoreUnavailable, Overloaded, Internal);

/// Logs in.
///
/// An unknown name gets the same response as a wrong password, after the same work.
#[utoipa::path(
    post,
    path = "/api/auth/login",
    tag = "accounts",
    request_body = Credentials,
    responses((status = 200, body = LoginBody), LoginErrors)
)]
pub(crate) async fn login(
    State(state): State<AppState>,
    uri: Uri,
    caller: RequestCaller,
    headers: HeaderMap,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let auth = state.auth()?;
    let (name, password) = CredentialsInput::read(body)?.for_login();
    let rate_limit = rate_limits::login(&state, auth, &caller, name.as_ref()).await?;
    let (Some(name), Some(password)) = (name, password) else {
        // Nobody can have registered these, so an immediate response reveals no users.
        return Err(ErrorCode::InvalidLogin.into());
    };
    let user = auth.store.user_named(&name).await?;
    let stored = user.as_ref().map(|user| &user.password);
    let matches = auth.workers.check(password, stored).await?;
    let Some(user) = user.filter(|_| matches) else {
        return Err(ErrorCode::InvalidLogin.into());
    };
    let mut response = login_response(StatusCode::OK, &user, auth, &headers, &uri)?;
    if let Some(rate_limit) = rate_limit {
        rate_limit.write_to(response.headers_mut());
    }
    Ok(response)
}
