use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use votify_core::AccountStore;
use votify_core::account::{Registration, User, UserId};

use super::credentials::{Credentials, CredentialsInput};
use super::new_login::NewLogin;
use super::rate_limits;
use super::responses::LoginBody;
use crate::error::{ErrorCode, Problem, RateLimitHeaders, error_responses};
use crate::extract::caller::RequestCaller;
use crate::extract::json::JsonBody;
use crate::extract::permitted::{Permitted, Register};
use crate::state::AppState;

error_responses!(RegisterErrors:
    MalformedJson, InvalidLogin, NotAllowed, OriginNotAllowed, NameTaken, RequestTimeout,
    BodyTooLarge, UnsupportedMediaType, InvalidAccount, RateLimited, StoreUnavailable, Overloaded,
    Internal);

/// Registers a user and logs the user in.
#[utoipa::path(
    post,
    path = "/api/auth/register",
    tag = "accounts",
    request_body = Credentials,
    responses((status = 201, body = LoginBody, description = "The new account is logged in"), RegisterErrors)
)]
pub(crate) async fn register(
    State(state): State<AppState>,
    Permitted(caller, ..): Permitted<Register>,
    headers: HeaderMap,
    uri: Uri,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let credentials = CredentialsInput::read(body)?;
    let (user, rate_limit) = register_user(&credentials, &caller, &state).await?;
    let login = NewLogin::issue(&user, &caller, (&headers, &uri), &state).await?;
    Ok(login.into_response(StatusCode::CREATED, rate_limit))
}

/// Stores a new user.
///
/// # Errors
/// - `invalid_account`: name or password is invalid; the response lists both.
/// - `name_taken`: another user has the name.
/// - `rate_limited`: the address registered too many users; retry later.
/// - `store_unavailable`, `overloaded`: retry later.
pub(crate) async fn register_user(
    credentials: &CredentialsInput,
    caller: &RequestCaller,
    state: &AppState,
) -> Result<(User, Option<RateLimitHeaders>), Problem> {
    let auth = state.auth()?;
    let (name, password) = credentials.for_registration()?;
    let rate_limit = rate_limits::registration(state, auth, caller).await?;
    // Checked before the expensive hash. The store checks again, against concurrent
    // registrations.
    if auth.store.user_named(&name).await?.is_some() {
        return Err(ErrorCode::NameTaken.into());
    }
    let password = auth.workers.hash(password).await?;
    let now = state.engine.now();
    let user = User {
        id: UserId::generate(now),
        name,
        password,
        created_at: now,
        token_generation: 0,
    };
    match auth.store.register(&user).await? {
        Registration::Registered => Ok((user, rate_limit)),
        Registration::NameTaken => Err(ErrorCode::NameTaken.into()),
    }
}
