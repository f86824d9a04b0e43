use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use votify_core::AccountStore;
use votify_core::account::{Registration, User, UserId};

use super::credentials::{Credentials, CredentialsInput};
use super::rate_limits;
use super::responses::{LoginBody, login_response};
use crate::error::{ErrorCode, Problem, error_responses};
use crate::extract::caller::RequestCaller;
use crate::extract::json::JsonBody;
use crate::state::AppState;

error_responses!(RegisterErrors:
    MalformedJson, InvalidLogin, OriginNotAllowed, NameTaken, RequestTimeout, BodyTooLarge,
    UnsupportedMediaType, InvalidAccount, RateLimited, StoreUnavailable, Overloaded, Internal);

/// Registers a user and logs the user in.
#[utoipa::path(
    post,
    path = "/api/auth/register",
    tag = "accounts",
    request_body = Credentials,
    responses((status = 201, body = LoginBody), RegisterErrors)
)]
pub(crate) async fn register(
    State(state): State<AppState>,
    uri: Uri,
    caller: RequestCaller,
    headers: HeaderMap,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let auth = state.auth()?;
    let (name, password) = CredentialsInput::read(body)?.for_registration()?;
    let rate_limit = rate_limits::registration(&state, auth, &caller).await?;
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
    };
    let mut response = match auth.store.register(&user).await? {
        Registration::Registered => {
            login_response(StatusCode::CREATED, &user, auth, &headers, &uri)?
        }
        Registration::NameTaken => return Err(ErrorCode::NameTaken.into()),
    };
    if let Some(rate_limit) = rate_limit {
        rate_limit.write_to(response.headers_mut());
    }
    Ok(response)
}
