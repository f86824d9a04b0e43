use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use votify_core::AccountStore;

use super::credentials::{Credentials, CredentialsRequest};
use super::rate_limits;
use super::responses::LoginBody;
use crate::error::{ErrorCode, Problem, error_responses};
use crate::extract::permitted::LogIn;
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
    request: CredentialsRequest<LogIn>,
) -> Result<Response, Problem> {
    let auth = state.auth()?;
    let (name, password) = request.credentials.for_login();
    let rate_limit = rate_limits::login(&state, auth, &request.caller, name.as_ref()).await?;
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
    request
        .login_response(StatusCode::OK, &user, &state, rate_limit)
        .await
}
