use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use votify_core::AccountStore;
use votify_core::account::User;

use super::credentials::{Credentials, CredentialsInput};
use super::new_login::NewLogin;
use super::rate_limits;
use super::responses::LoginBody;
use crate::error::{ErrorCode, Problem, RateLimitHeaders, error_responses};
use crate::extract::caller::RequestCaller;
use crate::extract::json::JsonBody;
use crate::extract::permitted::{LogIn, Permitted};
use crate::state::AppState;

error_responses!(LoginErrors:
    MalformedJson, InvalidLogin, NotAllowed, OriginNotAllowed, RequestTimeout, BodyTooLarge,
    UnsupportedMediaType, InvalidAccount, RateLimited, StoreUnavailable, Overloaded, Internal);

/// Logs in.
///
/// An unknown name gets the same response as a wrong password, and takes the same time.
#[utoipa::path(
    post,
    path = "/api/auth/login",
    tag = "accounts",
    request_body = Credentials,
    responses((status = 200, body = LoginBody, description = "Logged in"), LoginErrors)
)]
pub(crate) async fn login(
    State(state): State<AppState>,
    Permitted(caller, ..): Permitted<LogIn>,
    headers: HeaderMap,
    uri: Uri,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let credentials = CredentialsInput::read(body)?;
    let (user, rate_limit) = check_credentials(&credentials, &caller, &state).await?;
    let login = NewLogin::issue(&user, &caller, (&headers, &uri), &state).await?;
    Ok(login.into_response(StatusCode::OK, rate_limit))
}

/// Returns the user with these credentials.
///
/// # Errors
/// - `invalid_login`: no user has this name and password.
/// - `rate_limited`: too many attempts; retry later.
/// - `store_unavailable`, `overloaded`: retry later.
pub(crate) async fn check_credentials(
    credentials: &CredentialsInput,
    caller: &RequestCaller,
    state: &AppState,
) -> Result<(User, Option<RateLimitHeaders>), Problem> {
    let auth = state.auth()?;
    let (name, password) = credentials.for_login();
    let rate_limit = rate_limits::login(state, auth, caller, name.as_ref()).await?;
    let (Some(name), Some(password)) = (name, password) else {
        // Nobody can have registered these, so an immediate response reveals no users.
        return Err(ErrorCode::InvalidLogin.into());
    };
    let user = auth.store.user_named(&name).await?;
    let stored = user.as_ref().map(|user| &user.password);
    let matches = auth.workers.check(password, stored).await?;
    match user.filter(|_| matches) {
        Some(user) => Ok((user, rate_limit)),
        None => Err(ErrorCode::InvalidLogin.into()),
    }
}
